package cli

import (
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/operator"
)

// operatorCommand is what runs in each region's cluster; people don't call it.
func operatorCommand() *cobra.Command {
	var o operator.Options
	cmd := &cobra.Command{
		Use: "operator", Short: "Run the operator of a region", Args: none, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return operator.Run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Region, "region", "", "name of the region that this cluster is")
	cmd.Flags().StringVar(&o.Namespace, "namespace", "ringspan-system", "namespace of the operator")
	_ = cmd.MarkFlagRequired("region")
	return cmd
}
