package server

import (
	"context"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/plane"
)

const applyRetry = time.Second

// applier hands topologies down, one at a time, the newest last.
type applier struct {
	networks plane.Networks
	topology func() plane.Topology
	log      func(string)
	wake     chan struct{}

	mu      sync.Mutex // held while a topology is applied
	retry   time.Time  // when to try again what failed
	counter sync.Mutex
	version int // changes of the world so far
	done    int // of them, those that the plane has
}

func newApplier(s *Server, o Options) *applier {
	a := &applier{networks: o.Networks, log: o.Log, wake: make(chan struct{}, 1)}
	if a.log == nil {
		a.log = func(string) {}
	}
	a.topology = func() (t plane.Topology) {
		_ = s.world.Do(func() bool { t = ec2.Topology(s.ec2); return false })
		return t
	}
	return a
}

// changed notes that the world isn't what the plane has.
func (a *applier) changed() {
	if a.networks == nil {
		return
	}
	a.counter.Lock()
	a.version++
	a.counter.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// wait makes the plane have all changes so far.
func (a *applier) wait(ctx context.Context) {
	if a.networks != nil {
		a.apply(ctx)
	}
}

// applyAgain tries again what failed, when it is time.
func (a *applier) applyAgain(ctx context.Context) {
	a.mu.Lock()
	due := !a.retry.IsZero() && time.Now().After(a.retry)
	a.mu.Unlock()
	if due {
		a.apply(ctx)
	}
}

// apply hands the topology down if it may be newer than the plane's.
func (a *applier) apply(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counter.Lock()
	version, done := a.version, a.done
	a.counter.Unlock()
	if version == done {
		return
	}
	if err := a.networks.Apply(ctx, a.topology()); err != nil {
		a.log("applying the networks, which is tried again: " + err.Error())
		a.retry = time.Now().Add(applyRetry)
		return
	}
	a.retry = time.Time{}
	a.counter.Lock()
	a.done = version
	a.counter.Unlock()
}
