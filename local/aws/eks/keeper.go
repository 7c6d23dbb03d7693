package eks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// Between tries: what a thing needs may come a moment after it, and what is wrong
// may stay so.
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// bodies are what the plane has, and what is being done to it. Its methods are
// fit for a cloud without a plane, where everything is there at once and
// nothing stays.
type bodies struct {
	mu   sync.Mutex
	have map[string]*had
}

// had is one thing that the plane has, or is about to.
type had struct {
	body
	made  string // what it was made as; "" before
	end   plane.Endpoint
	busy  bool
	wait  time.Duration // between tries, while they fail
	retry time.Time
}

// has says whether the plane has something of a thing.
func (b *bodies) has(key string) bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.have[key]
	return ok
}

// done says whether a thing is there as it was wanted last.
func (b *bodies) done(key string) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.have[key]
	return ok && h.made != "" && h.made == h.want
}

// is says whether the plane has a thing just as it is wanted.
func (b *bodies) is(w body) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.have[w.key]
	return ok && h.made == w.want
}

// endpoint is how a cluster is reached, when it is there.
func (b *bodies) endpoint(key string) (plane.Endpoint, bool) {
	if b == nil {
		return plane.Endpoint{}, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.have[key]
	if !ok || h.made == "" {
		return plane.Endpoint{}, false
	}
	return h.end, true
}

// Keeper brings the plane to what the account wants of it.
type Keeper struct {
	service  *Service
	clusters plane.Clusters
	log      func(string)
	wake     chan struct{}
	running  sync.WaitGroup
}

// NewKeeper gives the service a plane; call it before anything else.
func NewKeeper(s *Service, clusters plane.Clusters, log func(string)) *Keeper {
	s.bodies = &bodies{have: map[string]*had{}}
	return &Keeper{service: s, clusters: clusters, log: log, wake: make(chan struct{}, 1)}
}

// Wake makes the keeper look again.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run works until the context ends, and then until all calls of the plane have
// returned.
func (k *Keeper) Run(ctx context.Context) {
	defer k.running.Wait()
	tick := time.NewTicker(firstRetry)
	defer tick.Stop()
	for ctx.Err() == nil {
		var wanted []body
		if err := k.service.world.Do(func() bool { wanted = k.service.wanted(); return false }); err != nil {
			k.log("keeping the state: " + err.Error())
		}
		for _, job := range k.jobs(wanted) {
			k.running.Go(func() { job(ctx) })
		}
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-tick.C:
		}
	}
}

// Pending lists the keys of what is wanted and isn't there as it is wanted.
func (k *Keeper) Pending() (keys []string) {
	_ = k.service.world.Do(func() bool { // changes nothing, so nothing is kept
		for _, w := range k.service.wanted() {
			if !k.service.bodies.is(w) {
				keys = append(keys, w.key)
			}
		}
		return false
	})
	return keys
}

// jobs compares what is wanted with what is there.
func (k *Keeper) jobs(wanted []body) []func(context.Context) {
	b := k.service.bodies
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []func(context.Context)
	keep := map[string]bool{}
	for _, w := range wanted {
		keep[w.key] = true
		h, ok := b.have[w.key]
		if !ok {
			h = &had{}
			b.have[w.key] = h
		}
		h.body = w
		if h.made != w.want && b.startable(h) {
			out = append(out, k.begin(h, k.makeBody))
		}
	}
	for key, h := range b.have {
		if !keep[key] && !h.busy && time.Now().After(h.retry) && !(h.isCluster() && b.hasParts(key)) {
			out = append(out, k.begin(h, k.removeBody))
		}
	}
	return out
}

// startable says whether a thing can be made now: not while it is being
// worked on, and not before its cluster is there.
func (b *bodies) startable(h *had) bool {
	if h.busy || time.Now().Before(h.retry) {
		return false
	}
	c := b.have[h.parent()]
	return h.isCluster() || c != nil && c.made != ""
}

// hasParts says whether a cluster still has nodes or anything else.
func (b *bodies) hasParts(cluster string) bool {
	for key, h := range b.have {
		if key != cluster && h.parent() == cluster {
			return true
		}
	}
	return false
}

func (k *Keeper) begin(h *had, work func(context.Context, *had, body)) func(context.Context) {
	h.busy = true
	b := h.body
	return func(ctx context.Context) { work(ctx, h, b) }
}

func (k *Keeper) makeBody(ctx context.Context, h *had, b body) {
	end, err := b.make(ctx, k.clusters)
	k.finish(ctx, h, b, err, func() {
		h.made = b.want
		if b.isCluster() {
			h.end = end
		}
	})
}

func (k *Keeper) removeBody(ctx context.Context, h *had, b body) {
	err := b.remove(ctx, k.clusters)
	k.finish(ctx, h, b, err, func() { delete(k.service.bodies.have, b.key) })
}

// finish notes how a call of the plane ended, and looks at the world again.
func (k *Keeper) finish(ctx context.Context, h *had, b body, err error, success func()) {
	all := k.service.bodies
	all.mu.Lock()
	h.busy = false
	if err == nil {
		h.wait, h.retry = 0, time.Time{}
		success()
	} else {
		h.wait = min(max(2*h.wait, firstRetry), lastRetry)
		h.retry = time.Now().Add(h.wait)
	}
	all.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		k.log(fmt.Sprintf("%s: %v; trying again in %s", b.key, err, h.wait))
		return
	}
	if err := k.service.world.Do(func() bool { return k.service.refresh() }); err != nil {
		k.log("keeping the state: " + err.Error())
	}
	k.Wake()
}

// refresh writes endpoints that changed, as after a restart. Inside Do.
func (s *Service) refresh() bool {
	changed := false
	for name := range s.state.Regions {
		a := s.In(name, "")
		for _, c := range a.region.Clusters.All() {
			if end, ok := s.bodies.endpoint(c.id()); ok && c.Status == active && c.Endpoint != end.URL {
				issuer := c.Identity
				changed = a.finish(c)
				c.Identity = issuer
			}
		}
	}
	return changed
}
