package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// exitError ends the program with a code of its own, without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Run runs the program and returns its exit code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	klog.SetOutput(io.Discard) // what a library logs is in the error too
	klog.LogToStderr(false)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "Interrupted. Nothing is lost: run the same command again to go on.")
		return 130
	}
	fmt.Fprintln(stderr, "Error:", err)
	return 1
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "ringspan",
		Short: "One Cassandra ring across Kubernetes clusters, regions and clouds",
		Long: `ringspan brings one Apache Cassandra ring up over several regions: networks that
reach each other, a Kubernetes cluster in each region, an operator in each
cluster, and the ring's datacenters. One file says what is wanted, and one
command makes it so:

  ringspan up examples/article.yaml

The default provider is this machine: real Kubernetes clusters and real Cassandra
nodes as plain processes, in network namespaces of their own.`,
		Example: `  ringspan up examples/article.yaml      # from nothing to a serving ring
  ringspan status                        # the ring, like nodetool status
  ringspan cql -e "SELECT * FROM system.local"
  ringspan nodetool --region eu-west-1 -- info
  export KUBECONFIG=$(ringspan kubeconfig)
  ringspan down                          # back to nothing`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&o.fleet, "fleet", "", "name of the fleet (default: the only one on this machine)")
	root.AddCommand(upCommand(o), statusCommand(o), downCommand(o), kubeconfigCommand(o), nodetoolCommand(o), cqlCommand(o), versionCommand(), operatorCommand())
	return root
}
