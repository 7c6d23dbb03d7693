package peers

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

func newKinds() map[reflect.Type]held { return map[reflect.Type]held{} }

// ping looks at a peer each second: a stream without news doesn't say whether the peer is there.
func (p *Peers) ping(ctx context.Context, one *peer) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		p.glance(ctx, one)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// glance asks a peer which cluster it is: an answer says that it is there.
func (p *Peers) glance(ctx context.Context, one *peer) {
	ask, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	cluster, err := p.whoIs(ask, one.way.kube)
	if ctx.Err() != nil {
		return
	}
	one.reconnect(err)
	p.mu.Lock()
	before := one.seen
	one.ended = p.Now()
	if err == nil && !one.answers { // those that pause try again at once
		one.tryAgain()
	}
	one.answers = err == nil
	another := one.is(cluster)
	stuck, _ := one.stuck(p.Now())
	switch why := one.unreadable(); {
	case err != nil:
		p.failed(one, plainError(err))
	case another != "" || stuck != "":
		p.away(one, another+stuck)
		one.startOver()
	case why != "":
		p.failed(one, why)
	default:
		p.rise(one)
	}
	if before.Reachable && !one.seen.Reachable && err != nil {
		one.startOver()
	}
	after := one.seen
	p.mu.Unlock()
	objects, turned := p.news(before, after)
	p.wake(objects, turned)
}

// whoIs asks for the namespace kube-system, whose UID is the cluster's identity; "" where a former version's role doesn't let it
// be read. It is answered from the API server's store and not from a memory of its own, and so is the list that takes its
// place.
func (p *Peers) whoIs(ctx context.Context, kube client.Client) (types.UID, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := kube.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns)
	switch {
	case apierrors.IsForbidden(err):
		return "", p.listsOne(ctx, kube)
	case apierrors.IsNotFound(err): // it has only just begun
		return "", nil
	}
	return ns.UID, err
}

// listsOne asks for the name of one object of a kind that every peer gives out. Where there is no such kind, any answer will do.
func (p *Peers) listsOne(ctx context.Context, kube client.Client) error {
	f := p.Kinds[max(0, slices.IndexFunc(p.Kinds, func(f Followed) bool { return !f.Optional }))]
	gvk, err := apiutil.GVKForObject(f.New(), p.Client.Scheme())
	if err != nil {
		return err
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err = kube.List(ctx, list, client.Limit(1)); f.Optional && isLack(err) {
		return nil
	}
	return err
}

// is notes which cluster a peer is, and says so when it was another one before.
func (one *peer) is(cluster types.UID) (another string) {
	was := one.seen.cluster
	if cluster == "" {
		return ""
	}
	one.seen.cluster = cluster
	if was == "" || was == cluster {
		return ""
	}
	return fmt.Sprintf("another cluster answers in its place: the UID of its namespace %s was %s, and is %s", metav1.NamespaceSystem, was, cluster)
}

// tryAgain ends the pauses of a peer's streams.
func (one *peer) tryAgain() {
	close(one.again)
	one.again = make(chan struct{})
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

// startOver has all of a peer listed anew before it counts as there again: it was gone, or is another one than was thought.
func (one *peer) startOver() {
	for _, s := range one.streams {
		s.current = false
		s.round++
		if s.cancel != nil {
			s.cancel()
		}
	}
	one.tryAgain()
}

// stuck says that a stream has had nothing to say for longer than one lasts, and since when that is. Of a kind that the peer
// doesn't give out there is nothing to be said.
func (one *peer) stuck(now time.Time) (why string, since time.Time) {
	for _, s := range one.streams {
		if s.current && one.seen.kinds[s.f.key()].lacks == "" && now.Sub(s.proved) > streamAge {
			return fmt.Sprintf("what it has of %s can't be followed", kindName(s.f)), s.proved.Add(streamAge)
		}
	}
	return "", time.Time{}
}

func kindName(f Followed) string { return reflect.TypeOf(f.New()).Elem().Name() + "s" }
