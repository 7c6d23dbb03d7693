package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/words"
)

// DownInAWS deletes a fleet by its tags, until nothing with them is left, and then
// forgets it on this machine. spec may be nil.
func DownInAWS(ctx context.Context, c provision.Provider, name string, spec *fleetv1.FleetSpec, to report.Reporter) error {
	to.Phase("deleted")
	_, err := provision.Down(ctx, c, name, spec, time.Now(), provision.Watch{Step: stepNews(to), Planned: func(r *provision.Round) {
		to.Line(report.Subject{}, words.Count(len(r.Plan.Steps), "step")+" to do")
	}})
	return err
}

// Forget removes what this machine keeps of a fleet elsewhere.
func Forget(name string) error {
	home, err := remote.New(name, remote.Record{})
	if err != nil {
		return err
	}
	return home.Forget()
}

// LocalDown is how a fleet on this machine is taken down.
type LocalDown struct {
	Cloud *local.Cloud
	Keep  bool                  // its data
	Begin func(context.Context) // before anything is stopped; nil means nothing is to be said
}

// Run stops all of it, proves that nothing is left, and says how many processes there
// were.
func (d LocalDown) Run(ctx context.Context) (processes int, err error) {
	unlock, err := d.Cloud.Lock()
	if _, ok := errors.AsType[local.Busy](err); ok {
		return 0, fmt.Errorf("%w: end that first, or wait for it", err)
	}
	if err != nil {
		return 0, err
	}
	defer unlock()
	before, err := d.Cloud.Leftovers()
	if err != nil {
		return 0, err
	}
	if d.Begin != nil {
		d.Begin(ctx)
	}
	if err := d.Cloud.Down(ctx, !d.Keep); err != nil {
		return 0, err
	}
	return len(before.Processes), d.prove(ctx)
}

// endTimeout is how long the kernel may take to end killed processes.
const endTimeout = 20 * time.Second

// prove looks for what could be left.
func (d LocalDown) prove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := d.Cloud.Leftovers()
		if err != nil {
			return err
		}
		if len(left.Processes) == 0 && len(left.Mounts) == 0 && (d.Keep || !left.Data) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("something of fleet %s is left: %s", d.Cloud.Name(), left)
		case <-tick.C:
		}
	}
}
