package peers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// subscriber is who acts on news of peers.
type subscriber struct {
	about func(client.Object) []types.NamespacedName
	to    chan event.GenericEvent
}

// Subscribe returns a channel that gets the names of what changed at a peer. about says which objects of the subscriber's a
// followed object at a peer is about. When a region begins or ceases to answer, that is news of all of its objects, and an
// event without a name comes too. To be called before Start.
func (p *Peers) Subscribe(about func(client.Object) []types.NamespacedName) <-chan event.GenericEvent {
	c := make(chan event.GenericEvent, 64)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, subscriber{about, c})
	return c
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
func (p *Peers) wake(ctx context.Context, objects []client.Object, turned bool) {
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
		for name := range names {
			o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
			select {
			case s.to <- event.GenericEvent{Object: o}:
			case <-ctx.Done():
				return
			}
		}
	}
}
