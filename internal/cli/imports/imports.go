package imports

import (
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
)

// Command is the verb import.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import", Short: "Turn what other programs have into objects of Ringspan",
		Long: `Import reads files of other programs and prints objects that Ringspan acts on. No
cluster is asked or changed.`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(federatedCommand())
	return cmd
}
