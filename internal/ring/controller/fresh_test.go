package controller_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/peers"
)

// blind runs the loop once, with what was last seen of the peers.
func (r *region) blind() {
	r.t.Helper()
	_, err := r.loop.Reconcile(r.t.Context(), ctrl.Request{NamespacedName: r.key()})
	r.must(err)
}

// agreed is a ring whose deletion all regions have agreed on, when the west is about to begin.
func agreed(t *testing.T) *stage {
	t.Helper()
	s := running(t)
	s.by[west].delete()
	s.until("every region to agree", func() bool {
		for _, r := range s.all() {
			if r.condition(api.ClusterDeleting).Reason != federation.ReasonAgreed {
				return false
			}
		}
		return true
	})
	s.clock = s.clock.Add(peers.Lag)
	return s
}

// A deletion that another region has taken back since it was last looked at is not followed.
func TestADeletionIsNotFollowedOnOldNews(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	c.delete()
	c.pass()
	s.must(w.peers.Survey(t.Context()))
	c.edit(func(k *api.K8ssandraCluster) { k.Annotations[deletion.Annotation] = deletion.Lost })
	w.blind()
	if k := w.ring(); !k.DeletionTimestamp.IsZero() {
		t.Error("it was followed")
	}
	c.edit(func(k *api.K8ssandraCluster) { k.Annotations[deletion.Annotation] = deletion.Asked })
	w.pass()
	if k := w.ring(); k.DeletionTimestamp.IsZero() {
		t.Error("one that holds was not followed")
	}
}

// The end begins with what every region says at that moment: one that can't be asked any more is waited for.
func TestNothingBeginsOnOldNews(t *testing.T) {
	s := agreed(t)
	w := s.by[west]
	s.must(w.peers.Survey(t.Context()))
	w.link.Cut(true)
	w.blind()
	if k := w.ring(); k.Annotations[federation.RemovalAnnotation] == federation.RemovalBegun {
		t.Error("it has begun")
	}
	w.says(api.ClusterDeleting, corev1.ConditionTrue, "waiting to hear once more from region "+central)
	s.whole()
	w.link.Cut(false)
	s.until("the ring to be gone", s.gone)
}

// Nor is a datacenter taken down for a copy that isn't there any more: a cache may be behind, and the copy another one.
func TestNoDatacenterGoesForACopyOfEarlier(t *testing.T) {
	s := agreed(t)
	w := s.by[west]
	w.pass()
	old := w.ring()
	if old.Annotations[federation.RemovalAnnotation] != federation.RemovalBegun || !w.dc("dc1").DeletionTimestamp.IsZero() {
		t.Fatalf("it should have begun, and nothing be taken down: %v", old.Annotations)
	}
	w.edit(func(k *api.K8ssandraCluster) { k.Finalizers = nil })
	w.apply(nil)
	behind := true
	w.restarted(interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if k, is := o.(*api.K8ssandraCluster); is && behind {
			old.DeepCopyInto(k)
			return nil
		}
		return c.Get(ctx, key, o, opts...)
	}})
	w.loop.Live = w.as
	s.must(w.peers.Survey(t.Context()))
	w.blind()
	s.whole()
	behind = false
	w.pass()
	s.whole()
}

// A region that was away during the last edit takes it over before it follows the deletion, though the copy there is being
// deleted: how datacenters go is decided by the ring's last spec.
func TestTheLastEditIsTakenOverFirst(t *testing.T) {
	for _, how := range []string{"it follows", "it was deleted there too"} {
		t.Run(how, func(t *testing.T) {
			s := running(t)
			w, c := s.by[west], s.by[central]
			s.cut()
			c.edit(writes(9))
			s.rounds(2)
			last := c.revision()
			c.edit(func(k *api.K8ssandraCluster) { k.Annotations[deletion.KeepVolumes] = "24h" })
			c.delete()
			if how != "it follows" {
				w.delete()
			}
			s.rounds(2)
			s.whole()
			s.heal()
			s.until("the west to follow with that revision", func() bool {
				k := w.ring()
				return k != nil && !k.DeletionTimestamp.IsZero() && k.Annotations[api.RevisionAnnotation] == last && k.Annotations[deletion.KeepVolumes] == "24h"
			})
			s.whole()
			s.until("the ring to be gone", s.gone)
		})
	}
}
