package task

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/task"
)

func commandsCommand() *cobra.Command {
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "commands", Short: "List what tasks can do, with the flags of each", Args: invocation.None,
		Example: "  ringspan task commands\n  ringspan task commands -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), task.Commands())
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "COMMAND\tWHAT IT DOES\tFLAGS")
			for _, c := range task.Commands() {
				var flags []string
				for _, name := range c.Arguments {
					flags = append(flags, flagOf(name))
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", c.Name, c.About, strings.Join(flags, " "))
			}
			return w.Flush()
		},
	}
	output.Flag(cmd, "table", "json")
	return cmd
}
