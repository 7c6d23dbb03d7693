package controller_test

import (
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

func (r *region) id() string { return r.ring().Annotations[api.RingIDAnnotation] }

// A ring has one id, in every copy and on every datacenter, and keeps it.
func TestARingHasAnID(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	id := w.id()
	if len(id) != 16 || c.id() != id || w.dc("dc1").Annotations[api.RingIDAnnotation] != id || c.dc("dc2").Annotations[api.RingIDAnnotation] != id {
		t.Errorf("the copies have %q and %q, the datacenters %v and %v", id, c.id(), w.dc("dc1").Annotations, c.dc("dc2").Annotations)
	}
	c.edit(writes(9))
	s.settle()
	c.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, api.RingIDAnnotation) })
	s.settle()
	if w.id() != id || c.id() != id {
		t.Errorf("it was %s, and is %s and %s", id, w.id(), c.id())
	}
}

// A ring that is made from another one's manifest, annotations and all, is a new ring.
func TestARingMadeFromAnotherOnesManifest(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	first := w.ring()
	second := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "other", Annotations: first.Annotations}, Spec: *first.Spec.DeepCopy()}
	second.Spec.Cassandra.Datacenters[0].Metadata.Name, second.Spec.Cassandra.Datacenters[1].Metadata.Name = "dc3", "dc4"
	s.must(w.admin.Create(t.Context(), second))
	key := client.ObjectKeyFromObject(second)
	s.until("the ring to be taken over", func() bool {
		for _, r := range s.all() {
			_, err := r.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
			s.must(err)
		}
		return c.dc("dc4") != nil
	})
	s.must(w.admin.Get(t.Context(), key, second))
	id := second.Annotations[api.RingIDAnnotation]
	if id == "" || id == first.Annotations[api.RingIDAnnotation] || c.dc("dc4").Annotations[api.RingIDAnnotation] != id {
		t.Errorf("the ids are %s and %s", first.Annotations[api.RingIDAnnotation], id)
	}
	if w.id() != first.Annotations[api.RingIDAnnotation] {
		t.Error("the first one has another id")
	}
}

// former makes a copy what the first version left: without an id.
func (r *region) former() {
	r.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, api.RingIDAnnotation) })
	if dc := r.dc(map[string]string{west: "dc1", central: "dc2"}[r.name]); dc != nil {
		delete(dc.Annotations, api.RingIDAnnotation)
		r.must(r.admin.Update(r.t.Context(), dc))
	}
}

// Regions that give an old ring its id without seeing each other give the same one.
func TestAnOldRingGetsOneID(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	generations := []int64{w.dc("dc1").Generation, c.dc("dc2").Generation}
	w.former()
	c.former()
	s.cut()
	s.settle()
	s.heal()
	s.settle()
	if w.id() == "" || w.id() != c.id() || !w.ring().Status.IsTrue(api.ClusterReady) {
		t.Errorf("ids %q and %q\n%s", w.id(), c.id(), w.news())
	}
	if w.dc("dc1").Generation != generations[0] || c.dc("dc2").Generation != generations[1] {
		t.Error("a datacenter's spec was written for it")
	}
}

// twoRings are two of one name that were applied in two regions.
func twoRings(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.SuperuserSecretRef.Name = "" })
	c.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.ServerVersion = "5.0.8" })
	s.settle()
	return s
}

// Two rings of one name are told, in both regions, and neither takes the other's place, whoever is edited.
func TestTwoRingsOfOneName(t *testing.T) {
	s := twoRings(t)
	w, c := s.by[west], s.by[central]
	for n := range 2 {
		c.edit(writes(n))
		s.settle()
	}
	c.choose(west)
	s.settle()
	w.says(api.ClusterDiverged, corev1.ConditionTrue, "another ring of this name", c.id(), w.id())
	c.says(api.ClusterDiverged, corev1.ConditionTrue, "another ring of this name", c.id(), w.id())
	if reason := c.condition(api.ClusterDiverged).Reason; reason != "TwoRings" {
		t.Errorf("the reason is %s", reason)
	}
	if w.ring().Spec.Cassandra.ServerVersion != "5.0.9" || c.ring().Spec.Cassandra.ServerVersion != "5.0.8" || w.id() == c.id() {
		t.Error("one has replaced the other")
	}
	if !strings.Contains(c.ring().Status.Error, "has another ring of this name") && !c.event("NothingToChoose") {
		t.Error("nobody says that there is nothing to choose")
	}
}

func TestTwoRingsEndWhenOneIsDeleted(t *testing.T) {
	s := twoRings(t)
	w, c := s.by[west], s.by[central]
	id := w.id()
	c.delete()
	s.until("the region to take the other ring over", func() bool { return c.ring() != nil && c.id() == id })
	s.settle()
	w.says(api.ClusterDiverged, corev1.ConditionFalse)
	c.says(api.ClusterDiverged, corev1.ConditionFalse)
	if w.ring() == nil || !w.ring().DeletionTimestamp.IsZero() {
		t.Error("the other ring was deleted with it")
	}
}

// A person who knows that two copies are one ring says so with the id, and chooses.
func TestTwoRingsThatAreOne(t *testing.T) {
	s := twoRings(t)
	w, c := s.by[west], s.by[central]
	c.edit(func(k *api.K8ssandraCluster) {
		maps.Copy(k.Annotations, map[string]string{api.RingIDAnnotation: w.id()})
	})
	s.settle()
	c.says(api.ClusterDiverged, corev1.ConditionTrue, api.ChooseAnnotation)
	c.choose(west)
	s.settle()
	if got := c.ring().Spec.Cassandra.ServerVersion; got != "5.0.9" || w.revision() != c.revision() {
		t.Errorf("the choice was not taken over: %s, %s and %s", got, w.revision(), c.revision())
	}
}
