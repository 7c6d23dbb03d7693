package cli

import (
	"errors"

	"github.com/spf13/cobra"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/region"
)

func nodetoolCommand(f *invocation.Fleet) *cobra.Command {
	var n invocation.Node
	cmd := &cobra.Command{
		Use: "nodetool [--region REGION] [--node POD] ARGS...", Short: "Run Cassandra's nodetool on a node", DisableFlagsInUseLine: true,
		Long: `Nodetool runs in the Cassandra container of a pod, as the real one; its output and
its exit code are passed on. Flags of ringspan stand before nodetool's
own words; what comes after the first of those is nodetool's.`,
		Example: `  ringspan nodetool status
  ringspan nodetool --region eu-central-1 info
  ringspan nodetool --node multi-region-dc1-rack2-sts-0 tablestats -H system_auth`,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, all, err := f.Running(cmd.Context())
			if err != nil {
				return err
			}
			t, err := n.Pick(cmd.Context(), all)
			if err != nil {
				return err
			}
			return runIn(cmd, t, append([]string{"nodetool"}, args...))
		},
	}
	n.Flags(cmd, f)
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// runIn runs a command in the pod's Cassandra container.
func runIn(cmd *cobra.Command, t region.Node, command []string) error {
	err := t.Exec(cmd.Context(), command, cmd.OutOrStdout(), cmd.ErrOrStderr())
	if exit, ok := errors.AsType[utilexec.CodeExitError](err); ok {
		return invocation.Exit(exit.Code)
	}
	return err
}
