package peers

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// Peers follows the other regions, each in a goroutine of its own.
type Peers struct {
	Client    client.Client // of this region
	Events    events.EventRecorder
	Region    string
	Namespace string // of the ClientConfigs
	Kinds     []Followed
	Now       func() time.Time
	// Calls is how many calls a second a peer's API server gets from here at most; 20 when 0, no limit when negative.
	Calls float32

	mu       sync.Mutex
	group    sync.WaitGroup // of what follows the peers
	listed   bool           // the ClientConfigs were read at least once
	unlisted string         // why they can't be read, if so
	peers    map[string]*peer
	warned   map[types.UID]string // what was last said of a ClientConfig
	waiting  []*subscriber
}

// peer is one region that is followed.
type peer struct {
	config  *configv1beta1.ClientConfig // that names it
	source  string                      // what it was made from
	way     connection                  // empty while there is none
	cancel  context.CancelFunc          // of what follows it; nil while nothing does
	seen    Snapshot
	missing int           // looks that failed, one after another
	ended   time.Time     // the last look, or since when there is to be a first one
	answers bool          // the last look was answered
	again   chan struct{} // closed to end the pauses of streams
	streams map[reflect.Type]*stream
}

// How often regions are looked for and looked at, how long one look may take, and how many must fail, one after another,
// before a region that answered counts as gone: one that is late under load is not.
const (
	configInterval = 2 * time.Second
	lookInterval   = time.Second
	lookTimeout    = 4 * time.Second
	failuresToGo   = 2
)

// patience is how long a look may take before its peer counts as gone. The timeout of a look does not end everything: a
// program that fetches a token, for one, may hang.
const patience = lookInterval + failuresToGo*lookTimeout

// Lag bounds how old a snapshot that says Reachable can be, with a margin of two for looks. A stream is opened anew long
// before: see streamLife.
const Lag = 2 * patience

// Start follows the peers until the context ends.
func (p *Peers) Start(ctx context.Context) error {
	tick := time.NewTicker(configInterval)
	defer tick.Stop()
	defer p.group.Wait()
	for {
		_ = p.refresh(ctx) // what can't be read now is read at the next tick
		p.follow(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Survey reads the ClientConfigs and looks at every peer once, for a caller that does not Start.
func (p *Peers) Survey(ctx context.Context) error {
	if err := p.refresh(ctx); err != nil {
		return err
	}
	var group sync.WaitGroup
	for _, one := range p.all() {
		group.Go(func() { p.look(ctx, one) })
	}
	group.Wait()
	return nil
}

func (p *Peers) all() []*peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.peers))
}

// follow begins to follow each peer that nobody follows yet, and to tell the subscribers.
func (p *Peers) follow(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.waiting {
		if !s.runs {
			s.runs = true
			p.group.Go(func() { s.deliver(ctx) })
		}
	}
	for _, one := range p.peers {
		if one.cancel == nil {
			inner, cancel := context.WithCancel(ctx)
			one.cancel = cancel
			p.attend(inner, one)
		}
	}
}

// look reads all kinds at a peer, once.
func (p *Peers) look(ctx context.Context, one *peer) {
	if one.seen.Client == nil { // its ClientConfig can't be used: nothing to ask
		return
	}
	ask, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	cluster, err := p.whoIs(ask, one.way.kube)
	var kinds map[reflect.Type]held
	if err == nil {
		kinds, err = p.list(ask, one)
	}
	if ctx.Err() != nil {
		return
	}
	one.reconnect(err)
	p.mu.Lock()
	one.ended = p.Now()
	before := one.seen
	if err != nil {
		p.failed(one, plainError(err))
	} else {
		one.missing = 0
		one.is(cluster)
		one.seen.Message, one.seen.kinds = "", kinds
		p.turn(one, true)
	}
	after := one.seen
	p.mu.Unlock()
	objects, turned := p.news(before, after)
	p.wake(objects, turned)
}

// list reads all kinds at a peer.
func (p *Peers) list(ctx context.Context, one *peer) (map[reflect.Type]held, error) {
	kinds := map[reflect.Type]held{}
	for _, f := range p.Kinds {
		var err error
		if kinds[f.key()], _, err = p.listKind(ctx, one, f, one.seen.kinds[f.key()]); err != nil {
			return nil, err
		}
	}
	return kinds, nil
}

// listKind reads one kind, and the version of the list.
func (p *Peers) listKind(ctx context.Context, one *peer, f Followed, before held) (held, string, error) {
	list, err := p.emptyList(f)
	if err != nil {
		return held{}, "", err
	}
	err = one.way.kube.List(ctx, list)
	if f.Optional && isLack(err) {
		return held{objects: before.objects, unknown: before.unknown, lacks: plainError(err)}, "", nil
	}
	if err != nil {
		return held{}, "", err
	}
	now, err := f.make(list.Items, before)
	return now, list.GetResourceVersion(), err
}

// isLack tells of a peer that doesn't know a kind, or doesn't let this region read it: a former version, or one with its role.
func isLack(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}

func (p *Peers) emptyList(f Followed) (*unstructured.UnstructuredList, error) {
	gvk, err := apiutil.GVKForObject(f.New(), p.Client.Scheme())
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	return list, err
}

// reconnect ends the connections on which nobody has answered.
func (one *peer) reconnect(err error) {
	if _, answered := errors.AsType[*apierrors.StatusError](err); err != nil && !answered && one.way.forget != nil {
		one.way.forget()
	}
}

// failed notes a look without an answer. The message of the first one stays: a status that repeats the latest way in
// which a dead region doesn't answer would be written for ever.
func (p *Peers) failed(one *peer, why string) {
	one.missing++
	if one.seen.Reachable && one.missing < failuresToGo {
		return
	}
	if one.seen.Reachable || one.seen.Message == "" {
		one.seen.Message = why
	}
	p.turn(one, false)
}

// away notes what is wrong with a peer that answers: what is known of it is not what it has.
func (p *Peers) away(one *peer, why string) {
	one.missing, one.seen.Message = failuresToGo, why
	p.turn(one, false)
}

func (p *Peers) turn(one *peer, reachable bool) {
	if reachable != one.seen.Reachable || !one.seen.Asked {
		one.seen.Reachable, one.seen.Since = reachable, p.Now()
	}
	one.seen.Asked = true
}

// Snapshots are the peers by name. whole is false while the ClientConfigs have not been read, or a peer has not been
// looked at yet: nothing must be decided from what is merely not known yet.
func (p *Peers) Snapshots() (all []Snapshot, whole bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	whole = p.listed
	for _, one := range p.peers {
		s := p.lastSeen(one)
		all = append(all, s)
		whole = whole && s.Asked
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return strings.Compare(a.Region, b.Region) })
	return all, whole
}

// lastSeen is a peer's snapshot. One whose look doesn't end is not reachable: the others don't wait for it for ever.
func (p *Peers) lastSeen(one *peer) Snapshot {
	s := one.seen
	if s.Client == nil {
		return s
	}
	if why, since := one.stuck(p.Now()); why != "" && s.Reachable {
		s.Reachable, s.Since, s.Message = false, since, why
	}
	if p.Now().Sub(one.ended) <= patience {
		return s
	}
	if s.Reachable || !s.Asked {
		s.Asked, s.Reachable, s.Since, s.Message = true, false, one.ended.Add(patience), "it was asked and the attempt does not end"
	}
	return s
}

// Unlisted says why the peers are not known; "" when they are, or when nobody has asked yet.
func (p *Peers) Unlisted() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listed {
		return ""
	}
	return p.unlisted
}
