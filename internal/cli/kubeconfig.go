package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func kubeconfigCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of a kubeconfig with one context per region", Args: none,
		Long: `Kubeconfig prints the path of a file that kubectl and every other Kubernetes client
understand: one context per region, named like the region. The file holds the
keys of an administrator; only its owner can read it.`,
		Example: "  export KUBECONFIG=$(ringspan kubeconfig)\n  kubectl --context eu-west-1 get pods -A -o wide",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.known()
			if err != nil {
				return err
			}
			if !exists(c.Kubeconfig()) {
				return fmt.Errorf("fleet %s has no clusters yet; `ringspan up FILE` makes them", c.Name())
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Kubeconfig())
			return err
		},
	}
}
