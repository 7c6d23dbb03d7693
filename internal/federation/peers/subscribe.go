package peers

import (
	"context"
	"maps"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// subscriber is who acts on news of peers, as slowly as may be: looks don't wait for it. What it hasn't taken yet is kept once
// for each name.
type subscriber struct {
	about func(client.Object) []types.NamespacedName
	to    chan event.GenericEvent
	runs  bool // deliver does; of Peers' lock

	mu   sync.Mutex
	owed map[types.NamespacedName]bool
	more chan struct{} // has something when owed may have
}

// Subscribe returns a channel that gets the names of what changed at a peer. about says which objects of the subscriber's a
// followed object at a peer is about. When a region begins or ceases to answer, that is news of all of its objects, and an
// event without a name comes too. To be called before Start.
func (p *Peers) Subscribe(about func(client.Object) []types.NamespacedName) <-chan event.GenericEvent {
	s := &subscriber{about: about, to: make(chan event.GenericEvent, 64), owed: map[types.NamespacedName]bool{}, more: make(chan struct{}, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, s)
	return s.to
}

// owe adds names to what a subscriber is to be told.
func (s *subscriber) owe(names map[types.NamespacedName]bool) {
	s.mu.Lock()
	maps.Copy(s.owed, names)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default: // it will look anyhow
	}
}

// next is a name that is owed, which then isn't any more.
func (s *subscriber) next() (name types.NamespacedName, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name = range s.owed {
		delete(s.owed, name)
		return name, true
	}
	return name, false
}

// deliver hands over what is owed until the context ends.
func (s *subscriber) deliver(ctx context.Context) {
	for {
		name, is := s.next()
		if !is {
			select {
			case <-s.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
		select {
		case s.to <- event.GenericEvent{Object: o}:
		case <-ctx.Done():
			return
		}
	}
}

// Requests is the object that an event of Subscribe's channel names; an event without a name asks for nothing by itself.
func Requests(_ context.Context, o client.Object) []reconcile.Request {
	if o.GetName() == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(o)}}
}

// news are the objects that differ between two looks, and whether the region began or ceased to answer.
func (p *Peers) news(before, after Snapshot) (objects []client.Object, turned bool) {
	turned = before.Asked != after.Asked || before.Reachable != after.Reachable
	for _, f := range p.Kinds {
		old, now := before.kinds[f.key()], after.kinds[f.key()]
		if turned {
			objects = append(append(objects, old.objects...), now.objects...)
			continue
		}
		objects = append(objects, f.changed(old, now)...)
	}
	return objects, turned
}

// wake tells each subscriber, once for each name.
func (p *Peers) wake(objects []client.Object, turned bool) {
	p.mu.Lock()
	waiting := p.waiting
	p.mu.Unlock()
	for _, s := range waiting {
		names := map[types.NamespacedName]bool{}
		if turned {
			names[types.NamespacedName{}] = true
		}
		for _, o := range objects {
			for _, name := range s.about(o) {
				names[name] = true
			}
		}
		if len(names) > 0 {
			s.owe(names)
		}
	}
}
