package main

import (
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/operator"
)

// runCommand runs the controllers until the program is told to end.
func runCommand() *cobra.Command {
	var o operator.Options
	cmd := &cobra.Command{
		Use: "run", Short: "Run the operator of a region", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return operator.Run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Region, "region", "", "name of the region that this cluster is")
	cmd.Flags().StringVar(&o.Namespace, "namespace", "ringspan-system", "namespace of the operator")
	cmd.Flags().StringVar(&o.Agent, "agent-image", datacenter.AgentImage(), "image of the agent for datacenters that name none")
	_ = cmd.MarkFlagRequired("region")
	return cmd
}
