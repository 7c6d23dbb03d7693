package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// parallel bounds the steps that are under way at once; those that wait count.
const parallel = 64

// Event is news of one step.
type Event struct {
	Step *infra.Step
	Wait string // what is waited for; "" when the step has ended
	Err  error
}

// apply does all steps of a round, each as soon as those that it needs are done. A
// step that fails keeps only those that need it from being done; all errors are
// told. It may be ended at any moment and run again, with a new plan.
func apply(ctx context.Context, p Provider, fleet string, round *Round, report func(Event)) error {
	if len(round.Plan.Refused) > 0 {
		return fmt.Errorf("the plan is refused: %s", strings.Join(round.Plan.Refused, "; "))
	}
	if report == nil {
		report = func(Event) {}
	}
	r := &run{provider: p, fleet: fleet, round: round, report: report, ids: known(round), done: map[string]chan struct{}{}, failed: map[string]bool{}}
	steps := round.Plan.Steps
	for i := range steps {
		r.done[steps[i].Key()] = make(chan struct{})
	}
	var group errgroup.Group
	slots := make(chan struct{}, parallel)
	for i := range steps {
		group.Go(func() error {
			r.step(ctx, &steps[i], slots)
			return nil
		})
	}
	_ = group.Wait() // errors are collected, so that all are told
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(r.errs...)
}

// known are the ids of what is there and of what is adopted.
func known(round *Round) map[string]string {
	ids := map[string]string{}
	for i := range round.Plan.Steps {
		if s := &round.Plan.Steps[i]; s.Resource != nil {
			for _, id := range s.Resource.Refs {
				if physical := round.Seen.Physical(id); physical != "" {
					ids[id] = physical
				}
			}
		}
	}
	if round.Wanted != nil {
		for i := range round.Wanted.Resources {
			if a := &round.Wanted.Resources[i]; a.Adopted != "" {
				ids[a.ID] = a.Adopted
			}
		}
	}
	return ids
}

// run is one apply.
type run struct {
	provider Provider
	fleet    string
	round    *Round
	report   func(Event)
	done     map[string]chan struct{}

	mu     sync.Mutex
	ids    map[string]string // of what was there, what is adopted, and what was made
	failed map[string]bool
	errs   []error
}

func (r *run) step(ctx context.Context, s *infra.Step, slots chan struct{}) {
	defer close(r.done[s.Key()])
	for _, key := range s.After {
		select {
		case <-r.done[key]:
		case <-ctx.Done():
			return
		}
	}
	if r.blocked(s) {
		return
	}
	slots <- struct{}{}
	defer func() { <-slots }()
	if ctx.Err() != nil {
		return
	}
	physical, err := r.provider.Apply(ctx, r.task(s))
	if err != nil {
		err = fmt.Errorf("%s %s: %w", s.Verb, s.Target, err)
	}
	r.report(Event{Step: s, Err: err})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed[s.Key()] = true
		r.errs = append(r.errs, err)
		return
	}
	if s.Verb == infra.Create || s.Verb == infra.Replace { // the deletion of a duplicate is no news of the one that is used
		r.ids[s.ID] = physical
	}
}

func (r *run) task(s *infra.Step) Task {
	t := Task{Step: s, Fleet: r.fleet, FleetID: r.round.FleetID, Physical: r.physical,
		Waits: func(text string) { r.report(Event{Step: s, Wait: text}) }}
	if r.round.Wanted != nil {
		t.Tags = r.round.Wanted.Tags
	}
	return t
}

func (r *run) physical(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

// blocked says that something which the step needs has failed.
func (r *run) blocked(s *infra.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range s.After {
		if r.failed[key] {
			r.failed[s.Key()] = true
			return true
		}
	}
	return false
}
