package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
)

// run is one run of `up`.
type run struct {
	file        *fleet.File
	account     inventory.Account
	scope       lifecycle.Scope
	wait, proof bool
	yes         bool // nobody is asked
	json        bool
	in          io.Reader
	out, errOut io.Writer

	life   *lifecycle.Up
	report *progress.Reporter
}

func (u *run) up(ctx context.Context, timeout time.Duration) error {
	var err error
	if u.life, err = lifecycle.NewUp(ctx, u.account, u.file, lifecycle.Options{Scope: u.scope, Wait: u.wait, Proof: u.proof, Agree: u.agree}); err != nil {
		return err
	}
	if err := u.consent(ctx); err != nil {
		return err
	}
	u.begin()
	within, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %s (--timeout); what is under way goes on: look with `ringspan status`, or run up again", timeout))
	defer cancel()
	err = u.life.Run(within, u.report)
	phases := u.report.Close()
	if err != nil {
		return u.failed(ctx, within, phases, err)
	}
	r := result{Fleet: u.file.Fleet.Name, Kubeconfig: u.life.Kubeconfig(), Warnings: u.life.Pending(ctx), Phases: phases, Seconds: sum(phases), Calls: u.life.Calls(), LeftOut: u.life.LeftOut(), summary: u.life.Summary()}
	if !u.bare() {
		if r.Rings, err = u.life.Rings(ctx); err != nil {
			return err
		}
	}
	return u.show(r)
}

// bare says that no ring is asked for.
func (u *run) bare() bool { return u.scope.Infrastructure || u.scope.Network }

// begin opens the report: on standard error when the result is for a program.
func (u *run) begin() {
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
func (u *run) failed(ctx, within context.Context, phases []progress.Phase, err error) error {
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
