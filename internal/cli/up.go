package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// awsTimeout is how long up has in AWS, where a control plane alone takes some ten
// minutes, and nodes and add-ons come after it.
const awsTimeout = time.Hour

func upCommand(f *invocation.Fleet) *cobra.Command {
	var timeout time.Duration
	var output invocation.Output
	var wait, proof bool
	var a invocation.Account
	var s lifecycle.Scope
	var yes bool
	cmd := &cobra.Command{
		Use: "up FILE", Short: "Bring a fleet and its rings up, from whatever there is", Args: invocation.One("FILE"),
		Long: `Up reads a file with one Fleet, the K8ssandraClusters that live in it and the
Secrets that they name, checks all of it, and brings it about: networks, clusters,
the operator in every region, the rings. Nothing is made of a file with a mistake.

Before a ring boots for the first time, the regions prove that they reach each
other; until they do, up says what is wrong and waits (see ringspan doctor).

It may be interrupted or killed at any moment, and run again: it goes on from what
is there. When everything is as the file says, it changes nothing. While one up
works on a fleet, a second one waits for it.

What holds data (clusters, node groups, VPCs) is never deleted, whatever has become
of the file and whatever options leave out; with --prune what is no longer in the
file, has failed or is there twice is listed by name and deleted when you agree.

A region that doesn't answer keeps up from nothing in the others: it is left out and
named, and the exit code is 3. A ring that isn't there yet begins only when all of its
regions answer. The same command, run again, does the rest.`,
		Example: `  ringspan up examples/article.yaml
  ringspan up examples/article.yaml --wait=false   # return when the ring is asked for
  ringspan up examples/article.yaml -o json        # the ring and how long each phase took`,
		ValidArgsFunction: invocation.CompleteYAML,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			file, err := fleet.Load(args[0])
			if err != nil {
				return fmt.Errorf("nothing was made:\n%w", err)
			}
			if f.Name != "" && f.Name != file.Fleet.Name {
				return fmt.Errorf("nothing was made: --fleet %s: the fleet in %s is %s", f.Name, args[0], file.Fleet.Name)
			}
			u := &upRun{file: file, account: a.Account, wait: wait, proof: proof, scope: s, yes: yes, json: output.Format == "json", in: cmd.InOrStdin(), out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr()}
			if file.Fleet.Spec.Provider == fleetv1.ProviderAWS && !cmd.Flags().Changed("timeout") {
				timeout = awsTimeout
			}
			return u.up(cmd.Context(), timeout)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Minute, "give up after `TIME`, such as 90s or 10m; provider aws takes 1h if you say nothing")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until the rings are ready; --wait=false returns when they are asked for")
	cmd.Flags().BoolVar(&proof, "prove", true, "start no ring before its regions reach each other")
	output.Flag(cmd, "text", "json")
	a.Flag(cmd)
	cmd.Flags().BoolVar(&s.Infrastructure, "infrastructure-only", false, "make networks and clusters, no rings")
	cmd.Flags().BoolVar(&s.Network, "network-only", false, "make networks and what connects them, no clusters")
	cmd.Flags().BoolVar(&s.Prune, "prune", false, "delete what is no longer in the file, with the data in it, after asking")
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask what --prune asks")
	return cmd
}

// exitLeftOut is up's exit code when all is done but for what doesn't answer.
const exitLeftOut = 3

// upRun is one run of `up`.
type upRun struct {
	file        *fleet.File
	account     inventory.Account
	scope       lifecycle.Scope
	wait, proof bool
	yes         bool // nobody is asked
	json        bool
	in          io.Reader
	out, errOut io.Writer

	run    *lifecycle.Up
	report *progress.Reporter
}

// result is what `up -o json` prints.
type result struct {
	Fleet      string              `json:"fleet"`
	Kubeconfig string              `json:"kubeconfig,omitempty"`
	Error      string              `json:"error,omitempty"`
	Warnings   []string            `json:"warnings,omitempty"` // of what waits for somebody
	LeftOut    []lifecycle.LeftOut `json:"leftOut,omitempty"`  // what doesn't answer
	Seconds    float64             `json:"seconds"`
	Calls      int                 `json:"calls"` // of AWS's API
	Phases     []progress.Phase    `json:"phases"`
	Rings      []ringstatus.Status `json:"rings,omitempty"`

	summary string // of the calls
}

func (u *upRun) up(ctx context.Context, timeout time.Duration) error {
	var err error
	if u.run, err = lifecycle.NewUp(ctx, u.account, u.file, lifecycle.Options{Scope: u.scope, Wait: u.wait, Proof: u.proof, Agree: u.agree}); err != nil {
		return err
	}
	u.begin()
	within, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %s (--timeout); what is under way goes on: look with `ringspan status`, or run up again", timeout))
	defer cancel()
	err = u.run.Run(within, u.report)
	phases := u.report.Close()
	if err != nil {
		return u.failed(ctx, within, phases, err)
	}
	r := result{Fleet: u.file.Fleet.Name, Kubeconfig: u.run.Kubeconfig(), Warnings: u.run.Pending(ctx), Phases: phases, Seconds: sum(phases), Calls: u.run.Calls(), LeftOut: u.run.LeftOut(), summary: u.run.Summary()}
	if !u.bare() {
		if r.Rings, err = u.run.Rings(ctx); err != nil {
			return err
		}
	}
	return u.show(r)
}

// agree asks whether what holds data may be deleted, by the fleet's name.
func (u *upRun) agree(ctx context.Context, removals []string) error {
	if len(removals) == 0 || u.yes {
		return nil
	}
	list := "\n  " + strings.Join(removals, "\n  ")
	if !terminal.Is(u.in) || !terminal.Is(u.errOut) {
		return fmt.Errorf("nothing was made: --prune deletes, with everything in it:%s\nThere is no terminal to ask on: say --yes if that is meant", list)
	}
	var err error
	u.report.Aside(func() { err = u.ask(ctx, list) })
	return err
}

func (u *upRun) ask(ctx context.Context, list string) error {
	name := u.file.Fleet.Name
	err := terminal.Ask(ctx, u.in, u.errOut, fmt.Sprintf("--prune deletes, with everything in it:%s\nType the fleet's name, %s, to delete that: ", list, name), name)
	if errors.Is(err, terminal.ErrOtherName) {
		return fmt.Errorf("nothing was made: %w", err)
	}
	return err
}

// show prints the result. What was left out makes the exit code another one.
func (u *upRun) show(r result) error {
	var err error
	if u.json {
		err = invocation.PrintJSON(u.out, r)
	} else {
		err = u.print(r)
	}
	if err == nil && len(r.LeftOut) > 0 {
		return invocation.Exit(exitLeftOut)
	}
	return err
}

// bare says that no ring is asked for.
func (u *upRun) bare() bool { return u.scope.Infrastructure || u.scope.Network }

// begin opens the report: on standard error when the result is for a program.
func (u *upRun) begin() {
	to := u.out
	if u.json {
		to = u.errOut
	}
	var names []string
	for _, r := range u.file.Fleet.Spec.Regions {
		names = append(names, r.Name)
	}
	u.report = progress.New(progress.Options{Out: to, Title: "ringspan up: fleet " + u.file.Fleet.Name, Regions: names})
}

// failed says what up ended with, and what now.
func (u *upRun) failed(ctx, within context.Context, phases []progress.Phase, err error) error {
	if cause := context.Cause(within); cause != nil && ctx.Err() == nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w\n%w", err, cause)
	}
	if u.json {
		r := result{Fleet: u.file.Fleet.Name, Error: err.Error(), Phases: phases, Seconds: sum(phases)}
		return errors.Join(err, invocation.PrintJSON(u.out, r))
	}
	if ctx.Err() != nil {
		fmt.Fprintf(u.errOut, "Nothing is lost: the same command goes on from here, and `%s down` takes away what is there.\n", invocation.Called("ringspan"))
	}
	return err
}

func sum(phases []progress.Phase) (seconds float64) {
	for _, p := range phases {
		seconds += p.Seconds
	}
	return seconds
}

// print shows the rings, what took how long, and what to try next.
func (u *upRun) print(r result) error {
	fmt.Fprintln(u.out)
	for _, s := range r.Rings {
		if err := ringstatus.Render(u.out, s); err != nil {
			return err
		}
		fmt.Fprintln(u.out)
	}
	for _, l := range r.LeftOut {
		fmt.Fprintf(u.out, "Left out: %s: %s\n", l.Name, l.Why)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintln(u.out, "What is left out stays as it was. Run the same command again when it answers.")
		fmt.Fprintln(u.out)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(u.out, "Warning: %s\n\n", w)
	}
	for _, p := range r.Phases {
		fmt.Fprintf(u.out, "%7.1fs  %s\n", p.Seconds, p.Name)
	}
	fmt.Fprintf(u.out, "%7.1fs  in all\n", r.Seconds)
	fmt.Fprintf(u.out, "\n%s\n", r.summary)
	if u.bare() {
		_, err := fmt.Fprintf(u.out, "Fleet %s is as the file says, as far as was asked.\n", r.Fleet)
		return err
	}
	return u.next()
}

// next says what to try now, in the words of the user's own call.
func (u *upRun) next() error {
	me := invocation.Called("ringspan")
	if all, err := inventory.Names(); err == nil && len(all) > 1 {
		me += " --fleet " + u.file.Fleet.Name
	}
	down := "down"
	if u.file.Fleet.Spec.Provider != fleetv1.ProviderLocal {
		down = "down --fleet " + u.file.Fleet.Name
	}
	_, err := fmt.Fprintf(u.out, `
Try next:
  %[1]s status --watch
  %[1]s cql -e "SELECT cluster_name, data_center FROM system.local"
  %[1]s nodetool status
  export KUBECONFIG=$(%[1]s kubeconfig)
  %[2]s --context %[3]s get nodes,pods,svc,pvc -A -o wide
  %[1]s %[4]s
`, me, invocation.Called("kubectl"), u.file.Fleet.Spec.Regions[0].Name, down)
	return err
}
