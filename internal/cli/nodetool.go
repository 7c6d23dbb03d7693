package cli

import (
	"errors"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
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
	kube, err := kubernetes.NewForConfig(t.Region.Config)
	if err != nil {
		return err
	}
	request := kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.Pod.Namespace).Name(t.Pod.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "cassandra", Command: command, Stdout: true, Stderr: true}, clientgoscheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(t.Region.Config, "POST", request.URL())
	if err != nil {
		return err
	}
	err = executor.StreamWithContext(cmd.Context(), remotecommand.StreamOptions{Stdout: cmd.OutOrStdout(), Stderr: cmd.ErrOrStderr()})
	if exit, ok := errors.AsType[utilexec.CodeExitError](err); ok {
		return invocation.Exit(exit.Code)
	}
	return err
}
