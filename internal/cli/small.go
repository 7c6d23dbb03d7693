package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/operator"
	"github.com/ringspan/ringspan/internal/version"
)

func kubeconfigCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of a kubeconfig with one context a region", Args: cobra.NoArgs,
		Example: "  export KUBECONFIG=$(ringspan kubeconfig)\n  kubectl --context eu-west-1 get pods -A -o wide",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.cloud()
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.Kubeconfig()); err != nil {
				return fmt.Errorf("the fleet has no kubeconfig yet: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.Kubeconfig())
			return err
		},
	}
}

func versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := map[string]string{"ringspan": version.Version, "cassandra": version.Cassandra, "go": runtime.Version()}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ringspan %s (Cassandra %s, %s)\n", v["ringspan"], v["cassandra"], v["go"])
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func operatorCommand() *cobra.Command {
	var o operator.Options
	cmd := &cobra.Command{
		Use: "operator", Short: "Run the operator of a region", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return operator.Run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Region, "region", "", "name of the region that this cluster is")
	cmd.Flags().StringVar(&o.Namespace, "namespace", "ringspan-system", "namespace of the operator")
	_ = cmd.MarkFlagRequired("region")
	return cmd
}
