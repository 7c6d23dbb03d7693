package aws

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
// AWS's listings lag behind.
const rounds = 12

// Wish is what Up makes so.
type Wish struct {
	Fleet       string
	Spec        fleetv1.FleetSpec
	NetworkOnly bool        // no clusters
	Prune       infra.Prune // which of what holds data may be deleted
}

// Draft is a plan with what it was made from.
type Draft struct {
	Seen   *infra.Seen
	Wanted *infra.Desired // nil on the way down
	Plan   *infra.Plan
	ID     string // of the fleet
}

// Plan looks, and says what Up would do. It changes nothing.
func (c *Cloud) Plan(ctx context.Context, w Wish) (*Draft, error) {
	q := c.Ask(w.Fleet, &w.Spec)
	seen, err := c.Observe(ctx, q)
	if err != nil {
		return nil, err
	}
	wanted, err := infra.Desire(infra.Input{Fleet: w.Fleet, ID: q.ID, Spec: w.Spec, Seen: seen, NetworkOnly: w.NetworkOnly})
	if err != nil {
		return nil, err
	}
	return &Draft{Seen: seen, Wanted: wanted, Plan: infra.Up(wanted, seen, w.Prune), ID: q.ID}, nil
}

// Up makes a wish so, and returns when a plan of what is there is empty. look is
// told of each plan before it is carried out; nil means nobody.
func (c *Cloud) Up(ctx context.Context, w Wish, now time.Time, look func(*Draft), report func(Event)) (*Draft, error) {
	release := func(context.Context) {}
	defer func() { release(context.WithoutCancel(ctx)) }()
	for round := 0; ; round++ {
		d, err := c.Plan(ctx, w)
		if err != nil {
			return d, err
		}
		if look != nil {
			look(d)
		}
		if len(d.Plan.Steps) == 0 && len(d.Plan.Refused) == 0 {
			return d, nil
		}
		if round == rounds {
			return d, fmt.Errorf("the fleet does not settle: after %d rounds there is still to do:\n%s", rounds, d.Plan.Text())
		}
		if round == 0 {
			release = c.Lease(ctx, d.Seen, now)
		} else if err := c.pause(ctx, round-1, false); err != nil {
			return d, err
		}
		if err := c.Apply(ctx, d.Plan, Work{Fleet: w.Fleet, ID: d.ID, Tags: d.Wanted.Tags, Seen: d.Seen, Wanted: d.Wanted, Report: report}); err != nil {
			return d, err
		}
	}
}

// PlanDown looks everywhere for the fleet, and says what Down would delete. spec
// may be nil: the tags suffice, but for what is adopted.
func (c *Cloud) PlanDown(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) (*Draft, error) {
	q := c.Ask(fleet, spec)
	q.Leaving = true
	seen, err := c.Observe(ctx, q)
	if err != nil {
		return nil, err
	}
	return &Draft{Seen: seen, Plan: infra.Down(seen), ID: q.ID}, nil
}

// Down deletes everything of a fleet, and returns when nothing with its tag is
// left in any region. What others have put into its networks stops it, by name.
func (c *Cloud) Down(ctx context.Context, fleet string, spec *fleetv1.FleetSpec, now time.Time, look func(*Draft), report func(Event)) (*Draft, error) {
	for round := 0; ; round++ {
		d, err := c.PlanDown(ctx, fleet, spec)
		if err != nil {
			return d, err
		}
		if look != nil {
			look(d)
		}
		if len(d.Plan.Refused) > 0 {
			return d, errors.New(strings.Join(d.Plan.Refused, "\n"))
		}
		if len(d.Plan.Steps) == 0 {
			return d, nil
		}
		if round == rounds {
			return d, fmt.Errorf("after %d rounds this is left:\n%s", rounds, d.Plan.Text())
		}
		if round == 0 {
			c.Lease(ctx, d.Seen, now) // it ends with the network that it is on
		} else if err := c.pause(ctx, round-1, false); err != nil {
			return d, err
		}
		if err := c.Apply(ctx, d.Plan, Work{Fleet: fleet, ID: d.ID, Seen: d.Seen, Report: report}); err != nil {
			return d, c.blamed(ctx, fleet, spec, err)
		}
	}
}

// blamed adds to a deletion's error what holds the network, if it is somebody
// else's.
func (c *Cloud) blamed(ctx context.Context, fleet string, spec *fleetv1.FleetSpec, err error) error {
	if ctx.Err() != nil {
		return err
	}
	d, looked := c.PlanDown(ctx, fleet, spec)
	if looked != nil || len(d.Plan.Refused) == 0 {
		return err
	}
	return fmt.Errorf("%w\n%s", err, strings.Join(d.Plan.Refused, "\n"))
}
