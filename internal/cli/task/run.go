package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/task"
	"github.com/ringspan/ringspan/internal/task/client"
)

// running is one call of `task run`.
type running struct {
	*call

	request client.Request
	jobs    int
	maxPods int
	wait    bool
	timeout time.Duration
	output  invocation.Output
}

func (c *call) runCommand() *cobra.Command {
	r := &running{call: c}
	cmd := &cobra.Command{
		Use: "run COMMAND", Short: "Run a command over nodes, and follow it", Args: invocation.One("COMMAND"),
		Long: `Run makes a task and follows it until it has ended: with the nodes of one datacenter
a CassandraTask, in the region of the datacenter; else a K8ssandraTask, which takes
the datacenters one after another, in the order in which they are named or, when none
is, all of the ring.

The task goes on when run ends before it. The exit code is 0 when all nodes have ended
well, and 1 when one has not, or when the time is over.`,
		Example: `  ringspan task run cleanup                              # all datacenters of the ring
  ringspan task run restart --datacenter dc1 --rack rack2
  ringspan task run scrub --pod ring-dc1-rack1-sts-0 --keyspace shop --tables orders
  ringspan task run rebuild --datacenter dc3 --source-datacenter dc1 --wait=false
  ringspan task run flush --datacenter dc2,dc1 --parallel -o json`,
		ValidArgsFunction: completeCommands,
		RunE:              r.run,
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&r.request.Datacenters, "datacenter", nil, "`DATACENTERS` by the names of their objects, separated by commas (default: all of the ring)")
	flags.StringVar(&r.request.Ring, "ring", "", "`RING` that the datacenters are of (default: the only one)")
	flags.StringVarP(&r.request.Namespace, "namespace", "n", "", "`NAMESPACE` of the ring or the datacenters (default: any)")
	flags.StringVar(&r.request.Name, "name", "", "`NAME` of the task (default: COMMAND-TIME)")
	flags.BoolVar(&r.request.Together, "parallel", false, "take the datacenters together, not one after another")
	flags.IntVar(&r.maxPods, "max-pods", api.DefaultMaxConcurrentPods, "`N` pods of one rack work at a time (0: all)")
	flags.BoolVar(&r.wait, "wait", true, "follow the task until it has ended; --wait=false returns when it is made")
	flags.DurationVar(&r.timeout, "timeout", 0, "stop following after `TIME`, such as 90s or 2h; the task goes on (0: never)")
	jobFlags(cmd, &r.request.Job, &r.jobs)
	r.output.Flag(cmd, "text", "json")
	r.completions(cmd)
	return cmd
}

func (r *running) completions(cmd *cobra.Command) {
	rings := client.About{Rings: true}
	_ = cmd.RegisterFlagCompletionFunc("ring", r.complete(rings, func(s client.Seen) []string { names, _, _, _ := s.Names(); return names }))
	_ = cmd.RegisterFlagCompletionFunc("datacenter", r.complete(rings, func(s client.Seen) []string { _, names, _, _ := s.Names(); return names }))
	_ = cmd.RegisterFlagCompletionFunc("rack", r.complete(rings, func(s client.Seen) []string { _, _, names, _ := s.Names(); return names }))
	_ = cmd.RegisterFlagCompletionFunc("pod", r.complete(client.About{Pods: true}, func(s client.Seen) []string { _, _, _, names := s.Names(); return names }))
}

func completeCommands(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, c := range task.Commands() {
		names = append(names, cobra.CompletionWithDesc(string(c.Name), c.About))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (r *running) run(cmd *cobra.Command, args []string) error {
	if err := r.output.Check(cmd); err != nil {
		return err
	}
	if err := r.check(cmd, args[0]); err != nil {
		return invocation.Usage(cmd, err)
	}
	regions, seen, err := r.look(cmd, r.request.About())
	if err != nil {
		return err
	}
	order, err := seen.Order(&r.request)
	if err != nil {
		return byFlag(r.request.Job.Command, err)
	}
	if err := client.Make(cmd.Context(), regions, order); err != nil {
		return err
	}
	if !r.wait {
		return r.made(cmd, order)
	}
	return r.follow(cmd, regions, seen, order)
}

// check completes the request, and says what is wrong with it.
func (r *running) check(cmd *cobra.Command, command string) error {
	q := &r.request
	q.Job.Command, q.Given, q.Now = api.CassandraCommand(command), given(cmd), time.Now()
	if cmd.Flags().Changed("jobs") {
		q.Job.Arguments.JobsCount = &r.jobs
	}
	if cmd.Flags().Changed("max-pods") {
		q.MaxPods = &r.maxPods
	}
	switch bad := validation.IsDNS1123Subdomain(q.Name); {
	case q.Name != "" && len(bad) > 0:
		return fmt.Errorf("--name %q: %s", q.Name, bad[0])
	case r.maxPods < 0:
		return fmt.Errorf("--max-pods %d: it must be 0 or more", r.maxPods)
	case r.jobs < 0:
		return fmt.Errorf("--jobs %d: it must be 0 or more", r.jobs)
	case r.timeout < 0:
		return fmt.Errorf("--timeout %s: it must be 0 or more", r.timeout)
	case r.timeout > 0 && !r.wait:
		return errors.New("--timeout and --wait=false exclude each other")
	}
	return byFlag(q.Job.Command, q.Check())
}

// made says which task there is now.
func (r *running) made(cmd *cobra.Command, o client.Order) error {
	is := o.Is()
	if r.output.Format == "json" {
		return invocation.PrintJSON(cmd.OutOrStdout(), client.View{Kind: is.Kind, Namespace: is.Namespace, Name: is.Name, Region: is.Region, Command: string(r.request.Job.Command), State: client.Waiting, Datacenters: []client.Datacenter{}})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s made; `ringspan task status %s` shows how far it is\n", is, is.Name)
	return err
}

// follow shows how the task goes on standard error, and its end on standard output.
func (r *running) follow(cmd *cobra.Command, regions []region.Region, seen client.Seen, o client.Order) error {
	ctx, is := cmd.Context(), o.Is()
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	var names []string
	for _, one := range regions {
		names = append(names, one.Name)
	}
	shown := progress.New(progress.Options{Out: cmd.ErrOrStderr(), Title: "ringspan task run: " + is.String(), Regions: names})
	shown.Phase(is.String())
	view, err := client.Follow(ctx, regions, seen, o, shown)
	shown.Close()
	if view.Name != "" && cmd.Context().Err() == nil {
		if printErr := r.print(cmd, &view); printErr != nil {
			return printErr
		}
	}
	switch {
	case err != nil && cmd.Context().Err() == nil && ctx.Err() != nil:
		return fmt.Errorf("%s has not ended after %s (--timeout), and goes on; `ringspan task status %s` shows how far it is", is, r.timeout, is.Name)
	case err != nil:
		return err
	case view.State != client.Completed:
		return invocation.Exit(invocation.ExitFailed)
	}
	return nil
}

func (r *running) print(cmd *cobra.Command, v *client.View) error {
	if r.output.Format == "json" {
		return invocation.PrintJSON(cmd.OutOrStdout(), v)
	}
	return client.Render(cmd.OutOrStdout(), v)
}
