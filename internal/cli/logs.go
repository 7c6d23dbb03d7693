package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/region"
)

// logsRun is one call of `logs`.
type logsRun struct {
	node     invocation.Node
	operator bool
	options  corev1.PodLogOptions
}

func logsCommand(f *invocation.Fleet) *cobra.Command {
	l := &logsRun{}
	var tail int64
	cmd := &cobra.Command{
		Use: "logs [--region REGION] [--node POD | --operator] [flags]", Short: "Show the log of a node, or of a region's operator", Args: invocation.None, DisableFlagsInUseLine: true,
		Long: `Logs shows what Cassandra and its agent log in a pod, or what a region's operator
logs, one JSON object a line. Without --follow it ends with the last line.`,
		Example: `  ringspan logs --node multi-region-dc1-rack1-sts-0 --follow
  ringspan logs --operator --region eu-west-1 --tail 100`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if tail < 0 {
				return invocation.Usage(cmd, fmt.Errorf("--tail %d: it must be 0 or more", tail))
			}
			if l.operator && l.node.Pod != "" {
				return invocation.Usage(cmd, errors.New("--node and --operator exclude each other"))
			}
			_, all, err := f.Running(cmd.Context())
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("tail") {
				l.options.TailLines = &tail
			}
			return l.show(cmd.Context(), all, cmd.OutOrStdout())
		},
	}
	l.node.Flags(cmd, f)
	cmd.Flags().BoolVar(&l.operator, "operator", false, "show the log of the region's operator")
	cmd.Flags().BoolVarP(&l.options.Follow, "follow", "f", false, "go on with what is logged from now on")
	cmd.Flags().BoolVar(&l.options.Previous, "previous", false, "show the log of the container before its last restart")
	cmd.Flags().Int64Var(&tail, "tail", 0, "show only the last `LINES` (default: all)")
	return cmd
}

func (l *logsRun) show(ctx context.Context, all []region.Region, out io.Writer) error {
	r, pod, err := l.find(ctx, all)
	if err != nil {
		return err
	}
	kube, err := kubernetes.NewForConfig(r.Config)
	if err != nil {
		return err
	}
	stream, err := kube.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &l.options).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = io.Copy(out, stream)
	return err
}

// find chooses the pod and the container.
func (l *logsRun) find(ctx context.Context, all []region.Region) (region.Region, corev1.Pod, error) {
	if !l.operator {
		l.options.Container = "cassandra"
		t, err := l.node.Pick(ctx, all)
		return t.Region, t.Pod, err
	}
	for _, r := range all {
		if l.node.Region != "" && r.Name != l.node.Region {
			continue
		}
		var pods corev1.PodList
		if err := r.Client.List(ctx, &pods, client.InNamespace("ringspan-system"), client.MatchingLabels{"app.kubernetes.io/name": "ringspan-operator"}); err != nil {
			return r, corev1.Pod{}, fmt.Errorf("region %s: %w", r.Name, err)
		}
		if len(pods.Items) > 0 {
			return r, pods.Items[0], nil
		}
	}
	return region.Region{}, corev1.Pod{}, fmt.Errorf("no operator runs; the fleet's regions are %s", region.Names(all))
}
