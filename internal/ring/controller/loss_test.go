package controller_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
)

// blind is an API server that doesn't answer.
type blind struct{ client.Reader }

func (blind) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("no answer")
}

// namespace is the story's in a region.
func (r *region) namespace() *corev1.Namespace {
	r.t.Helper()
	ns := &corev1.Namespace{}
	r.must(client.IgnoreNotFound(r.admin.Get(r.t.Context(), client.ObjectKey{Name: r.ns}, ns)))
	return ns
}

// deleteNamespace is `kubectl delete namespace`: Kubernetes marks it first. Its controller, which empties it then, is
// played by empty.
func (r *region) deleteNamespace() {
	r.t.Helper()
	r.must(r.admin.Delete(r.t.Context(), r.namespace()))
}

// empty deletes what is in a namespace that is being deleted, and ends the namespace once nothing holds it.
func (r *region) empty() {
	r.t.Helper()
	r.must(r.admin.DeleteAllOf(r.t.Context(), &api.K8ssandraCluster{}, client.InNamespace(r.ns)))
	r.must(r.admin.DeleteAllOf(r.t.Context(), &cassandra.CassandraDatacenter{}, client.InNamespace(r.ns)))
	r.must(r.admin.DeleteAllOf(r.t.Context(), &corev1.Secret{}, client.InNamespace(r.ns)))
	if r.ring() == nil && r.dc("dc1") == nil && r.dc("dc2") == nil {
		ns := r.namespace()
		ns.Spec.Finalizers = nil
		r.must(client.IgnoreNotFound(r.admin.SubResource("finalize").Update(r.t.Context(), ns)))
	}
}

// hold keeps a datacenter as its own controller does, which the stage doesn't have.
func (r *region) hold(name string) {
	r.t.Helper()
	dc := r.dc(name)
	dc.Finalizers = []string{cassandra.Finalizer}
	r.must(r.admin.Update(r.t.Context(), dc))
}

// unhold lets a datacenter go, as its own controller does once it may.
func (r *region) unhold(name string) {
	r.t.Helper()
	if dc := r.dc(name); dc != nil {
		dc.Finalizers = nil
		r.must(r.admin.Update(r.t.Context(), dc))
	}
}

// untouched fails when a region has lost anything of the ring.
func (r *region) untouched(name string) {
	r.t.Helper()
	if k := r.ring(); k == nil || !k.DeletionTimestamp.IsZero() {
		r.t.Fatalf("%s: the copy is being deleted: %s", r.name, r.news())
	}
	if dc := r.dc(name); dc == nil || !dc.DeletionTimestamp.IsZero() {
		r.t.Fatalf("%s: datacenter %s is being deleted", r.name, name)
	}
}

// `kubectl delete namespace` in one region is that region's loss: the other one goes on, and says so.
func TestADeletedNamespaceIsOneRegionsLoss(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.hold("dc1")
	w.deleteNamespace()
	w.empty()
	for range 30 { // longer than an agreement must last
		s.rounds(1)
		c.untouched("dc2")
	}
	c.says(api.ClusterRegionLost, corev1.ConditionTrue, "region "+west, "the other regions go on")
	c.says(api.ClusterReady, corev1.ConditionFalse, west)
	w.says(api.ClusterDeleting, corev1.ConditionTrue, "namespace "+s.ns+" is being deleted", "ringspan.io/let-go")
	if w.ring() == nil || w.dc("dc1") == nil {
		t.Error("the region let go of what it has, and nobody said so")
	}
}

// lost is a story whose western namespace was deleted, and is held.
func lost(t *testing.T) *stage {
	t.Helper()
	s := running(t)
	w := s.by[west]
	w.hold("dc1")
	w.deleteNamespace()
	w.empty()
	s.rounds(3)
	return s
}

// forceAway ends a namespace that is stuck, with all that holds it still in it, and makes it again: `kubectl replace --raw
// …/finalize`, and whoever applies the namespace next.
func (r *region) forceAway() {
	r.t.Helper()
	ns := r.namespace()
	ns.Spec.Finalizers = nil
	r.must(r.admin.SubResource("finalize").Update(r.t.Context(), ns))
	r.must(r.admin.Create(r.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.ns}}))
}

// A copy that was lost with its namespace stays lost when the namespace is there again.
func TestALostCopyStaysLostInANamespaceThatIsMadeAgain(t *testing.T) {
	s := lost(t)
	w, c := s.by[west], s.by[central]
	w.forceAway()
	for range 25 {
		s.newOperators()
		s.rounds(1)
		c.untouched("dc2")
	}
	w.says(api.ClusterDeleting, corev1.ConditionTrue, "which is there again", "ringspan.io/let-go")
	if w.dc("dc1") == nil || deletion.IsAsked(w.dc("dc1")) {
		t.Error("the region let go of what it has, and nobody said so")
	}
}

// What the manifest of a ring that was being deleted says of that is nothing about the ring that is made from it.
func TestAnEarlierDeletionIsNotTakenOver(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.edit(func(k *api.K8ssandraCluster) {
		k.Annotations["ringspan.io/removal"], k.Annotations[deletion.Annotation] = "begun", deletion.Asked
	})
	s.rounds(3)
	if a := w.ring().Annotations; a["ringspan.io/removal"] != "" || a[deletion.Annotation] != "" {
		t.Errorf("it is still there: %v", a)
	}
	w.hold("dc1")
	w.deleteNamespace()
	w.empty()
	s.rounds(25)
	c.untouched("dc2")
	if deletion.IsAsked(w.dc("dc1")) {
		t.Error("the datacenter may go, and nobody asked for that")
	}
}

// How long volumes stay holds for the whole ring, however late it was said and in whichever region; of two words the longer.
func TestTheWordAboutVolumesGoesWithTheDeletion(t *testing.T) {
	for _, former := range []string{"", "1h"} {
		t.Run("it said "+former, func(t *testing.T) {
			s := running(t)
			w, c := s.by[west], s.by[central]
			w.hold("dc1")
			c.hold("dc2")
			keep := func(long string) func(*api.K8ssandraCluster) {
				return func(k *api.K8ssandraCluster) { k.Annotations[deletion.KeepVolumes] = long }
			}
			if former != "" {
				w.edit(keep(former))
				c.edit(keep(former))
				s.until("the datacenters to be told", func() bool {
					return w.dc("dc1").Annotations[deletion.KeepVolumes] == former && c.dc("dc2").Annotations[deletion.KeepVolumes] == former
				})
			}
			c.edit(keep("24h"))
			c.delete()
			s.until("it to be agreed on", func() bool { return deletion.IsAsked(w.dc("dc1")) && deletion.IsAsked(c.dc("dc2")) })
			for name, dc := range map[string]*cassandra.CassandraDatacenter{west: w.dc("dc1"), central: c.dc("dc2")} {
				if dc.Annotations[deletion.KeepVolumes] != "24h" {
					t.Errorf("%s doesn't keep its volumes for a day: %v", name, dc.Annotations)
				}
			}
			w.unhold("dc1")
			c.unhold("dc2")
			s.until("the ring to be gone", s.gone)
		})
	}
}

// letGo is a person's word on the namespace, with what Kubernetes and the datacenter's loop do then.
func (r *region) letGo() {
	r.t.Helper()
	ns := r.namespace()
	ns.Annotations = map[string]string{deletion.LetGo: "true"}
	r.must(r.admin.Update(r.t.Context(), ns))
	r.until("the region to let go of its datacenter", func() bool {
		if dc := r.dc("dc1"); dc != nil && deletion.IsAsked(dc) {
			r.unhold("dc1")
		}
		r.empty()
		return r.namespace().Name == ""
	})
}

// A region that has lost its part, its cluster's memory included, makes nothing again until somebody says so.
func TestALostRegionComesBackOnAPersonsWordOnly(t *testing.T) {
	s := lost(t)
	w, c := s.by[west], s.by[central]
	w.letGo()
	for range 5 {
		s.newOperators()
		s.rounds(2)
		c.untouched("dc2")
		if w.namespace().Name != "" {
			t.Fatal("the namespace was made again, and nobody said so")
		}
	}
	c.says(api.ClusterRegionLost, corev1.ConditionTrue, "has lost its part of the ring", "ringspan.io/bring-back: "+west)
	c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc1, which region "+west+" has lost")
	c.edit(writes(7)) // what is edited meanwhile holds
	s.rounds(2)
	c.edit(func(k *api.K8ssandraCluster) { k.Annotations[deletion.BringBack] = west })
	s.until("the region to be back", func() bool { return w.dc("dc1") != nil })
	w.serve("dc1", "10.0.0.9")
	s.until("the word to be spent", func() bool { return c.ring().Annotations[deletion.BringBack] == "" })
	if c.condition(api.ClusterRegionLost).Status == corev1.ConditionTrue || c.ring().Status.Peers[0].Lost {
		t.Errorf("it is still said to be lost: %s", c.news())
	}
	if w.revision() != c.revision() || w.dc("dc1").Annotations["ringspan.io/rebuild-from"] != "dc2" {
		t.Errorf("west has %s and rebuilds from %q", w.revision(), w.dc("dc1").Annotations["ringspan.io/rebuild-from"])
	}
	w.deleteNamespace() // the word holds for one loss
	w.empty()
	s.rounds(2)
	w.letGo()
	s.rounds(3)
	if w.namespace().Name != "" {
		t.Error("the second loss was mended by the word about the first")
	}
}

// A ring whose deletion was asked for in another region goes in the region that is being lost too.
func TestADeletionThatIsAskedForReachesALostRegion(t *testing.T) {
	s := lost(t)
	w, c := s.by[west], s.by[central]
	c.delete()
	s.until("the ring to be gone", func() bool {
		if dc := w.dc("dc1"); dc != nil && deletion.IsAsked(dc) {
			w.unhold("dc1")
		}
		return s.gone()
	})
	if c.dc("dc2") != nil || w.dc("dc1") != nil {
		t.Error("a datacenter is left")
	}
}

// An intent that was written down stays one, whatever happens to the namespace later; and operators may end at any time.
func TestADeletedNamespaceDoesNotTakeAnAskedDeletionBack(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.hold("dc1")
	w.delete()
	w.pass()
	w.deleteNamespace()
	w.empty()
	s.until("the ring to be gone", func() bool {
		s.newOperators()
		if dc := w.dc("dc1"); dc != nil && deletion.IsAsked(dc) {
			w.unhold("dc1")
		}
		return s.gone()
	})
	if c.dc("dc2") != nil {
		t.Error("dc2 is left")
	}
}

// A copy that its region deletes without saying why is not followed: its operator may be dead, or older. Who wants the ring
// gone deletes it in this region too.
func TestADeletionWithoutAWordIsNotFollowed(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.delete() // and no operator there
	for range 25 {
		c.pass()
		s.clock = s.clock.Add(time.Second)
		c.untouched("dc2")
	}
	c.says(api.ClusterRegionLost, corev1.ConditionTrue, "region "+west, "older operators never do", "Delete the ring in this region too")
	c.delete()
	s.until("the ring to be gone", s.gone)
}

// What an operator can't find out it takes for a loss.
func TestAnUnknownCauseIsNoWish(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.loop.Live = blind{}
	w.delete()
	s.rounds(25)
	c.untouched("dc2")
	w.says(api.ClusterDeleting, corev1.ConditionTrue, "before it is known whether", "no answer")
	w.loop.Live = w.loop.Client
	s.until("the ring to be gone, now that it is known", s.gone)
}

// A datacenter that went with a namespace of its own, while its ring's copy stays, is lost too.
func TestALostDatacenterIsNotMadeAgainUnasked(t *testing.T) {
	s := running(t)
	w := s.by[west]
	s.must(w.admin.Delete(t.Context(), w.dc("dc1")))
	for range 3 {
		s.newOperators()
		s.rounds(2)
		if w.dc("dc1") != nil {
			t.Fatal("it was made again, empty")
		}
	}
	w.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc1", "nobody agreed", "ringspan.io/bring-back: "+west)
	w.edit(func(k *api.K8ssandraCluster) { k.Annotations[deletion.BringBack] = west })
	s.until("it to be back", func() bool { return w.dc("dc1") != nil && w.ring().Annotations[deletion.BringBack] == "" })
}

// A datacenter whose deletion nobody agreed on is kept, and named.
func TestADatacenterThatIsDeletedWithoutItsRingIsNamed(t *testing.T) {
	s := running(t)
	w := s.by[west]
	w.hold("dc1")
	s.must(w.admin.Delete(t.Context(), w.dc("dc1")))
	s.rounds(3)
	w.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc1 is being deleted, although its ring isn't")
	w.delete()
	s.until("it to be agreed on", func() bool { return deletion.IsAsked(w.dc("dc1")) })
	w.unhold("dc1")
	s.until("the ring to be gone", s.gone)
}

// protected is a ring with protection from deletion, in both regions and on its datacenters.
func protected(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) { k.Annotations = map[string]string{deletion.Protection: "true"} })
	s.until("both datacenters", func() bool { return w.dc("dc1") != nil && c.dc("dc2") != nil })
	for _, r := range s.all() {
		for _, o := range []client.Object{r.ring(), r.dc(map[string]string{west: "dc1", central: "dc2"}[r.name])} {
			if err := r.admin.Delete(t.Context(), o); err == nil || !strings.Contains(err.Error(), "take the annotation "+deletion.Protection+" off first") {
				t.Fatalf("deleting %T %s of %s: %v", o, o.GetName(), r.name, err)
			}
		}
	}
	return s
}

// The deletion of a protected ring is refused, wherever, until the protection is taken off in the region that is asked.
func TestAProtectedRing(t *testing.T) {
	s := protected(t)
	w := s.by[west]
	w.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, deletion.Protection) })
	w.delete()
	s.until("the ring to be gone", s.gone)
}

// dying is an operator's client that ends before it deletes anything.
type dying struct{ client.Client }

func (dying) Delete(context.Context, client.Object, ...client.DeleteOption) error {
	return errors.New("the operator ends here")
}

// An operator that dies while it follows a deletion leaves the ring protected, also when the deletion is overruled then.
func TestProtectionOutlastsAnOperatorThatFollows(t *testing.T) {
	s := protected(t)
	w, c := s.by[west], s.by[central]
	w.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, deletion.Protection) })
	w.delete()
	w.pass()
	c.loop.Client = dying{c.as}
	for range 2 {
		s.must(c.peers.Survey(t.Context()))
		if _, err := c.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: c.key()}); err == nil {
			t.Fatal("it was not about to delete its copy")
		}
	}
	for _, o := range []client.Object{c.ring(), c.dc("dc2")} {
		if o.GetAnnotations()[deletion.Protection] != "true" {
			t.Errorf("%T %s isn't protected any more: %v", o, o.GetName(), o.GetAnnotations())
		}
	}
	c.edit(writes(9))
	c.newOperator()
	s.until("the edit to hold in both regions", func() bool {
		return w.ring() != nil && w.ring().DeletionTimestamp.IsZero() && w.revision() == c.revision()
	})
	for _, o := range []client.Object{c.ring(), c.dc("dc2")} {
		if err := c.admin.Delete(t.Context(), o); err == nil || !strings.Contains(err.Error(), "take the annotation "+deletion.Protection+" off first") {
			t.Errorf("deleting %T %s: %v", o, o.GetName(), err)
		}
	}
}

// A protected ring holds its namespace: nothing of it is deleted, and it says what is wrong. The word that all may go
// takes the protection off.
func TestAProtectedRingHoldsItsNamespace(t *testing.T) {
	s := protected(t)
	w, c := s.by[west], s.by[central]
	w.deleteNamespace()
	s.rounds(3)
	w.untouched("dc1")
	w.says(api.ClusterReady, corev1.ConditionFalse, "namespace "+s.ns+" is being deleted")
	c.says(api.ClusterRegionLost, corev1.ConditionTrue, "region "+west)
	ns := w.namespace()
	ns.Annotations = map[string]string{deletion.LetGo: "true"}
	s.must(w.admin.Update(t.Context(), ns))
	s.rounds(2)
	s.until("the namespace to be gone", func() bool { w.empty(); return w.namespace().Name == "" })
	c.untouched("dc2")
}
