package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// Exit codes of the program, beside those of nodetool, which are passed on.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// exitError ends the program with a code of its own, without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a wrong call.
type usageError struct {
	err  error
	verb string
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

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
}

func exitCode(ctx context.Context, cmd *cobra.Command, err error, stderr io.Writer) int {
	var exit exitError
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "Error: %v\nSee `%s --help`.\n", err, usage.verb)
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "Interrupted.%s\n", afterInterrupt[cmd.Name()])
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "Error:", err)
	return exitFailed
}

func newRoot() *cobra.Command {
	o := &options{}
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
	root.PersistentFlags().StringVar(&o.fleet, "fleet", "", "use the fleet of this `NAME` (default: the only one on this machine)")
	_ = root.RegisterFlagCompletionFunc("fleet", completeFleets)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err, cmd.CommandPath()} })
	root.AddGroup(&cobra.Group{ID: groupFleet, Title: "Fleets:"}, &cobra.Group{ID: groupAWS, Title: "Fleets in AWS:"}, &cobra.Group{ID: groupRing, Title: "Rings:"}, &cobra.Group{ID: groupObjects, Title: "Objects of several regions:"})
	add(root, groupFleet, planCommand(o), upCommand(o), downCommand(o), kubeconfigCommand(o), doctorCommand(o))
	add(root, groupAWS, costCommand(o), policyCommand(), imagesCommand(), gcCommand(o), tokenCommand())
	add(root, groupRing, statusCommand(o), cqlCommand(o), nodetoolCommand(o), logsCommand(o))
	add(root, groupObjects, propagateCommand(o), importCommand())
	add(root, "", versionCommand())
	markUsageErrors(root)
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

// one is the argument check of a verb that takes just one.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs a %s", cmd.CommandPath(), what)
		case len(args) > 1:
			return fmt.Errorf("%s takes one %s, and there are %d: %s", cmd.CommandPath(), what, len(args), strings.Join(args, " "))
		}
		return nil
	}
}

// none is the argument check of a verb that takes none.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument, and %q is one", cmd.CommandPath(), args[0])
	}
	return nil
}

// markUsageErrors makes what the argument checks of all verbs say usage errors.
func markUsageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err, cmd.CommandPath()}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		markUsageErrors(child)
	}
}

// oneOf checks a flag's value.
func oneOf(cmd *cobra.Command, flag, value string, allowed ...string) error { //nolint:unparam // that it is -o is said where it is
	if slices.Contains(allowed, value) {
		return nil
	}
	return usageError{fmt.Errorf("%s %q: there are %s", flag, value, listed("and", allowed)), cmd.CommandPath()}
}

// outputFlag adds -o.
func outputFlag(cmd *cobra.Command, value *string, allowed ...string) {
	cmd.Flags().StringVarP(value, "output", "o", allowed[0], "print as `FORMAT`: "+listed("or", allowed))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp))
}

// listed is "a, b and c", or with another word before the last.
func listed(word string, all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " " + word + " " + all[last]
}
