package propagate

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

func (p *call) statusCommand() *cobra.Command {
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "status [PROPAGATION]", Short: "Show what each region made of Propagations", Args: cobra.MaximumNArgs(1),
		Long: `Status shows a line for each Propagation and region, with the reason when a region
hasn't what it should. What a region says of itself counts; of one that doesn't
answer is told what the others say.`,
		Example: "  ringspan propagate status\n  ringspan propagate status configmap-front -n shop -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			regions, err := p.regions(cmd)
			if err != nil {
				return err
			}
			rows, away, err := client.Status(cmd.Context(), regions, p.namespace, strings.Join(args, ""))
			if err != nil {
				return err
			}
			for _, err := range away {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
			}
			return printRows(cmd, output.Format, rows)
		},
	}
	p.namespaceFlag(cmd, "", "of the Propagations (default: all)")
	output.Flag(cmd, "table", "json", "yaml")
	return cmd
}

func printRows(cmd *cobra.Command, output string, rows []client.Row) error {
	switch output {
	case "json":
		return invocation.PrintJSON(cmd.OutOrStdout(), rows)
	case "yaml":
		data, err := yaml.Marshal(rows)
		if err == nil {
			_, err = cmd.OutOrStdout().Write(data)
		}
		return err
	}
	return client.Table(cmd.OutOrStdout(), rows)
}
