package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// rounds bounds how often what was made is compared with what is wanted again.
// More than two are needed only when somebody else works on the fleet, or when
// the cloud's listings lag behind.
const rounds = 12

// Request is what Up brings about.
type Request struct {
	Fleet       string
	Spec        fleetv1.FleetSpec
	NetworkOnly bool        // no clusters
	Prune       infra.Prune // which of what holds data may be deleted
}

// Round is one pass of the loop: a plan with what it was made from.
type Round struct {
	FleetID string
	Seen    *infra.Seen
	Wanted  *infra.Desired // nil when the fleet is deleted
	Plan    *infra.Plan
}

// Watch is told what Up and Down do. Both may be nil.
type Watch struct {
	Planned func(*Round) // of each plan, before it is carried out
	Step    func(Event)  // may be called from several goroutines
}

func (w Watch) planned(r *Round) {
	if w.Planned != nil {
		w.Planned(r)
	}
}

// Plan observes, and says what Up would do. It changes nothing.
func Plan(ctx context.Context, p Provider, want Request) (*Round, error) {
	q := p.Question(want.Fleet, &want.Spec)
	seen, err := observe(ctx, p, q)
	if err != nil {
		return nil, err
	}
	return PlanFrom(p, want, q.ID, seen)
}

// observe asks at once what is there and what the account offers. Of two errors the first
// one's counts: what isn't there can't offer anything.
func observe(ctx context.Context, p Provider, q Question) (*infra.Seen, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		offer *infra.Offer
		err   error
	}
	offered := make(chan answer, 1)
	go func() {
		offer, err := p.Preflight(ctx, q)
		offered <- answer{offer, err}
	}()
	seen, err := p.Observe(ctx, q)
	if err != nil {
		cancel()
	}
	a := <-offered
	if err != nil {
		return nil, err
	}
	if a.err != nil {
		return nil, a.err
	}
	seen.Offer = *a.offer
	return seen, nil
}

// PlanFrom says what Up would do if this were what is there.
func PlanFrom(p Planner, want Request, id string, seen *infra.Seen) (*Round, error) {
	wanted, err := p.Desire(infra.Input{Fleet: want.Fleet, ID: id, Spec: want.Spec, Seen: seen, NetworkOnly: want.NetworkOnly})
	if err != nil {
		return nil, err
	}
	return &Round{FleetID: id, Seen: seen, Wanted: wanted, Plan: infra.Up(wanted, seen, want.Prune)}, nil
}

// Up brings a request about, and returns when a plan of what is there is empty.
func Up(ctx context.Context, p Provider, want Request, now time.Time, watch Watch) (*Round, error) {
	withdraw := func(context.Context) {}
	defer func() { withdraw(context.WithoutCancel(ctx)) }()
	for n := 0; ; n++ {
		r, err := Plan(ctx, p, want)
		if err != nil {
			return r, err
		}
		watch.planned(r)
		if len(r.Plan.Steps) == 0 && len(r.Plan.Refused) == 0 {
			return r, nil
		}
		if n == rounds {
			return r, fmt.Errorf("the fleet does not settle: after %d rounds there is still to do:\n%s", rounds, r.Plan.Text())
		}
		if n == 0 {
			withdraw = p.Announce(ctx, r.Seen, now)
		} else if err := p.Pause(ctx, n-1); err != nil {
			return r, err
		}
		if err := apply(ctx, p, want.Fleet, r, watch.Step); err != nil {
			return r, err
		}
	}
}

// PlanDown looks everywhere for the fleet, and says what Down would delete. spec
// may be nil: what is there suffices, but for what is adopted.
func PlanDown(ctx context.Context, p Provider, fleet string, spec *fleetv1.FleetSpec) (*Round, error) {
	q := p.Question(fleet, spec)
	q.Deleting = true
	seen, err := p.Observe(ctx, q)
	if err != nil {
		return nil, err
	}
	return &Round{FleetID: q.ID, Seen: seen, Plan: infra.Down(seen)}, nil
}

// Down deletes everything of a fleet, and returns when nothing of it is left in any
// region. What others have put into its networks stops it, by name.
func Down(ctx context.Context, p Provider, fleet string, spec *fleetv1.FleetSpec, now time.Time, watch Watch) (*Round, error) {
	for n := 0; ; n++ {
		r, err := PlanDown(ctx, p, fleet, spec)
		if err != nil {
			return r, err
		}
		watch.planned(r)
		if len(r.Plan.Refused) > 0 {
			return r, errors.New(strings.Join(r.Plan.Refused, "\n"))
		}
		if len(r.Plan.Steps) == 0 {
			return r, nil
		}
		if n == rounds {
			return r, fmt.Errorf("after %d rounds this is left:\n%s", rounds, r.Plan.Text())
		}
		if n == 0 {
			p.Announce(ctx, r.Seen, now) // it ends with the network that it is on
		} else if err := p.Pause(ctx, n-1); err != nil {
			return r, err
		}
		if err := apply(ctx, p, fleet, r, watch.Step); err != nil {
			return r, withForeign(ctx, p, fleet, spec, err)
		}
	}
}

// withForeign adds to a deletion's error what others have in the fleet's network, if anything:
// that may be why it failed.
func withForeign(ctx context.Context, p Provider, fleet string, spec *fleetv1.FleetSpec, err error) error {
	if ctx.Err() != nil {
		return err
	}
	r, failed := PlanDown(ctx, p, fleet, spec)
	if failed != nil || len(r.Plan.Refused) == 0 {
		return err
	}
	return fmt.Errorf("%w\n%s", err, strings.Join(r.Plan.Refused, "\n"))
}
