package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
)

func kubeconfigCommand(f *invocation.Fleet) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of a kubeconfig with one context per region", Args: invocation.None,
		Long: `Kubeconfig prints the path of a file that kubectl and every other Kubernetes client
understand: one context per region, named like the region. The file holds the
keys of an administrator; only its owner can read it.`,
		Example: "  export KUBECONFIG=$(ringspan kubeconfig)\n  kubectl --context eu-west-1 get pods -A -o wide",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.Known()
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.Kubeconfig()); err != nil {
				return fmt.Errorf("fleet %s has no clusters yet; `ringspan up FILE` makes them", c.Name())
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Kubeconfig())
			return err
		},
	}
}
