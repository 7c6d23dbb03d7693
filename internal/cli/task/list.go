package task

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/task/client"
)

func (c *call) listCommand() *cobra.Command {
	var output invocation.Output
	var namespace string
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the tasks of all regions", Args: invocation.None,
		Long: `List shows a line for each task. Those that the operators made for a K8ssandraTask are
shown in its line; --all lists them too. A task that has ended stays for a day,
unless it says otherwise.`,
		Example: "  ringspan task list\n  ringspan task list -o json | jq '.[] | select(.state == \"failed\")'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			_, seen, err := c.look(cmd, client.About{Rings: true, Tasks: true})
			if err != nil {
				return err
			}
			views := slices.DeleteFunc(seen.Views(), func(v client.View) bool {
				return !all && v.PartOf != "" || namespace != "" && v.Namespace != namespace
			})
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), views)
			}
			return client.Table(cmd.OutOrStdout(), views)
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "`NAMESPACE` of the tasks (default: all)")
	cmd.Flags().BoolVar(&all, "all", false, "list also the CassandraTasks of K8ssandraTasks")
	output.Flag(cmd, "table", "json")
	return cmd
}
