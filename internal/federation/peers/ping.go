package peers

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

func newKinds() map[reflect.Type]held { return map[reflect.Type]held{} }

// ping looks at a peer each second: a stream without news doesn't say whether the peer is there.
func (p *Peers) ping(ctx context.Context, one *peer) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	kinds := slices.DeleteFunc(slices.Clone(p.Kinds), func(f Followed) bool { return f.Optional })
	for n := 0; ; n++ {
		p.glance(ctx, one, kinds[n%len(kinds)])
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// glance asks for the name of one object: what the API server answers is from its store and not from a memory of its own.
func (p *Peers) glance(ctx context.Context, one *peer, f Followed) {
	gvk, err := apiutil.GVKForObject(f.New(), p.Client.Scheme())
	if err != nil {
		return // a mistake in the program, which the streams tell
	}
	ask, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	err = one.way.kube.List(ask, list, client.Limit(1))
	if ctx.Err() != nil {
		return
	}
	one.reconnect(err)
	p.mu.Lock()
	before := one.seen
	one.ended = p.Now()
	if err == nil && !one.answers { // those that pause try again at once
		close(one.back)
		one.back = make(chan struct{})
	}
	one.answers = err == nil
	switch why := one.unreadable(); {
	case err != nil:
		p.failed(one, plainError(err))
	case why != "":
		p.failed(one, why)
	default:
		p.rise(one)
	}
	if before.Reachable && !one.seen.Reachable {
		one.startOver()
	}
	after := one.seen
	p.mu.Unlock()
	objects, turned := p.news(before, after)
	p.wake(ctx, objects, turned)
}

// unreadable is why one of a peer's kinds can't be read, "" when all can.
func (one *peer) unreadable() string {
	for _, s := range one.streams {
		if s.failed != "" {
			return s.failed
		}
	}
	return ""
}

// rise says that a peer is there: it answers, and all of its kinds are known.
func (p *Peers) rise(one *peer) {
	if !one.answers {
		return
	}
	for _, s := range one.streams {
		if !s.current {
			return
		}
	}
	one.missing, one.seen.Message = 0, ""
	p.turn(one, true)
}

// startOver has all of a peer that is gone listed anew before it counts as there again.
func (one *peer) startOver() {
	for _, s := range one.streams {
		s.current = false
		if s.cancel != nil {
			s.cancel()
		}
	}
}

// stuck says that a stream has had nothing to say for longer than one lasts, and since when that is.
func (one *peer) stuck(now time.Time) (why string, since time.Time) {
	for _, s := range one.streams {
		if s.current && now.Sub(s.proved) > streamAge {
			return fmt.Sprintf("what it has of %s can't be followed", kindName(s.f)), s.proved.Add(streamAge)
		}
	}
	return "", time.Time{}
}

func kindName(f Followed) string { return reflect.TypeOf(f.New()).Elem().Name() + "s" }
