package cloud

import (
	"context"
	"maps"
	"os/exec"
	"time"

	"github.com/ringspan/ringspan/local/clock"
)

// clocks keeps the wall clocks of regions wrong, in all containers of their nodes.
type clocks struct {
	tracer   func() *exec.Cmd
	inits    func(region string) []int // the containers' first processes
	complain func(region string, err error)

	kept map[string]*wrongClock // by region
}

// wrongClock is a region's while it is kept so.
type wrongClock struct {
	offset time.Duration
	end    context.CancelFunc
	ended  chan struct{}
}

// set brings the regions' clocks to the offsets that are wanted, and returns when
// those that go right again do. It is for one user at a time.
func (c *clocks) set(wanted map[string]time.Duration) {
	var leaving []*wrongClock
	for region, k := range c.kept {
		if wanted[region] != k.offset {
			k.end()
			leaving = append(leaving, k)
			delete(c.kept, region)
		}
	}
	for _, k := range leaving {
		<-k.ended
	}
	for region, offset := range maps.All(wanted) {
		if c.kept[region] == nil {
			c.keep(region, offset)
		}
	}
}

func (c *clocks) keep(region string, offset time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	k := &wrongClock{offset: offset, end: cancel, ended: make(chan struct{})}
	if c.kept == nil {
		c.kept = map[string]*wrongClock{}
	}
	c.kept[region] = k
	go func() {
		defer close(k.ended)
		var members clock.Members
		keeper := clock.Keeper{Tracer: c.tracer}
		keeper.Keep(ctx, func() []int { return members.Of(c.inits(region)) }, offset, func(err error) { c.complain(region, err) })
	}()
}
