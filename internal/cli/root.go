package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/ringspan/ringspan/internal/cli/config"
	"github.com/ringspan/ringspan/internal/cli/cql"
	"github.com/ringspan/ringspan/internal/cli/doctor"
	"github.com/ringspan/ringspan/internal/cli/down"
	"github.com/ringspan/ringspan/internal/cli/images"
	"github.com/ringspan/ringspan/internal/cli/imports"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/plan"
	"github.com/ringspan/ringspan/internal/cli/propagate"
	"github.com/ringspan/ringspan/internal/cli/rollout"
	"github.com/ringspan/ringspan/internal/cli/status"
	"github.com/ringspan/ringspan/internal/cli/task"
	"github.com/ringspan/ringspan/internal/cli/up"
)

// Run runs the program and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	klog.SetOutput(io.Discard) // what a library logs is in the error too
	klog.LogToStderr(false)
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return exitCode(ctx, cmd, err, stderr)
}

// afterInterrupt is what to do when a verb was interrupted that leaves things half done.
var afterInterrupt = map[string]string{
	"up":   " What was made stays: run up again, and it goes on from there, or down to take it away.",
	"down": " Part of it may be left: run down again, and it goes on from there.",
	"gc":   " Part of it may be left: run gc again, and it goes on from there.",

	"undo": " If the ring was edited, that goes on: ringspan status shows it, and the same command waits for it.",

	"run": " The task goes on, if it was made: ringspan task list shows it.",

	"orphan": " If the change was written, it stays: run it again to see whether all regions show it.",
}

func exitCode(ctx context.Context, cmd *cobra.Command, err error, stderr io.Writer) int {
	var exit invocation.Exit
	var usage invocation.UsageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "Error: %v\nSee `%s --help`.\n", err, usage.Verb)
		return invocation.ExitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "Interrupted.%s\n", afterInterrupt[cmd.Name()])
		return invocation.ExitInterrupted
	}
	fmt.Fprintln(stderr, "Error:", err)
	return invocation.ExitFailed
}

func newRoot() *cobra.Command {
	f := &invocation.Fleet{}
	root := &cobra.Command{
		Use:   "ringspan",
		Short: "One Cassandra ring across Kubernetes clusters, regions and clouds",
		Long: `ringspan brings one Apache Cassandra ring up over several regions: networks that
reach each other, a Kubernetes cluster in each region, an operator in each
cluster, and the ring's datacenters. One file says what is wanted, and one
command brings it about.

The default provider is this machine: real Kubernetes clusters and real Cassandra
nodes as plain processes, in network namespaces of their own.`,
		Example: `  ringspan plan examples/article.yaml    # what up would make
  ringspan up examples/article.yaml      # from nothing to a serving ring
  ringspan status                        # the ring, like nodetool status
  ringspan cql -e "SELECT * FROM system.local"
  ringspan nodetool --region eu-west-1 info
  export KUBECONFIG=$(ringspan kubeconfig)
  ringspan down                          # back to nothing`,
		SilenceUsage: true, SilenceErrors: true,
	}
	f.Flag(root)
	root.SetFlagErrorFunc(invocation.Usage)
	root.AddGroup(&cobra.Group{ID: groupFleet, Title: "Fleets:"}, &cobra.Group{ID: groupAWS, Title: "Fleets in AWS:"}, &cobra.Group{ID: groupRing, Title: "Rings:"}, &cobra.Group{ID: groupObjects, Title: "Objects of several regions:"})
	add(root, groupFleet, plan.Command(f), up.Command(f), down.Command(f), kubeconfigCommand(f), doctor.Command(f))
	add(root, groupAWS, costCommand(f), policyCommand(), images.Command(), gcCommand(f), tokenCommand())
	add(root, groupRing, status.Command(f), config.Command(f), cql.Command(f), nodetoolCommand(f), logsCommand(f), task.Command(f), rollout.Command(f))
	add(root, groupObjects, propagate.Command(f), imports.Command())
	add(root, "", versionCommand())
	invocation.MarkUsageErrors(root)
	return root
}

// Groups of verbs in the root's help.
const (
	groupFleet   = "fleet"
	groupAWS     = "aws"
	groupRing    = "ring"
	groupObjects = "objects"
)

func add(root *cobra.Command, group string, all ...*cobra.Command) {
	for _, cmd := range all {
		cmd.GroupID = group
		root.AddCommand(cmd)
	}
}
