package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/operator"
)

// runCommand runs the controllers until the program is told to end.
func runCommand() *cobra.Command {
	var o operator.Options
	cmd := &cobra.Command{
		Use: "run", Short: "Run the operator of a region", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := operator.Run(cmd.Context(), o)
			if errors.Is(err, operator.ErrLeaseLost) {
				return anew(err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&o.Region, "region", "", "name of the region that this cluster is")
	cmd.Flags().StringVar(&o.Namespace, "namespace", "ringspan-system", "namespace of the operator")
	cmd.Flags().StringVar(&o.Agent, "agent-image", datacenter.AgentImage(), "image of the agent for datacenters that name none")
	_ = cmd.MarkFlagRequired("region")
	return cmd
}

// anew begins this program from the start, as the same process: nothing of the one
// before goes on, and it waits for the lease at once. Were the container to end instead,
// an API server that was away for a while would find it minutes later, when the kubelet
// starts it again.
func anew(why error) error {
	fmt.Fprintln(os.Stderr, "ringspan-operator:", why, "- it begins anew")
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, os.Environ()) //nolint:gosec // this program, as it was called
	}
	return errors.Join(why, err)
}
