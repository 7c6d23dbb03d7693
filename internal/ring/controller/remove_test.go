package controller_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
)

// sees is what a datacenter's nodes see of the others, as its operator says.
func (r *region) sees(dc string, others ...string) {
	r.t.Helper()
	o := r.dc(dc)
	o.Status.Together = &cassandra.TogetherStatus{Looked: metav1.NewTime(r.clock), With: map[string]string{}}
	for _, other := range others {
		o.Status.Together.With[other] = "members"
	}
	r.must(r.admin.Status().Update(r.t.Context(), o))
}

// annotateDC writes an annotation as the datacenter's operator does.
func (r *region) annotateDC(dc, name, value string) {
	r.t.Helper()
	o := r.dc(dc)
	before := o.DeepCopy()
	o.Annotations[name] = value
	r.must(r.admin.Patch(r.t.Context(), o, client.MergeFrom(before)))
}

// Of the histories in the scripts removed*.txt of package ring, this is what API servers are needed for: annotations are changed beside
// what was applied, and a datacenter that is protected is deleted with the shipped permissions once its nodes have left.
func TestADatacenterThatIsNotInTheSpecLeaves(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) {
		k.Annotations = map[string]string{deletion.Protection: "true", deletion.KeepVolumes: "24h"}
	})
	s.until("both datacenters", func() bool { return w.dc("dc1") != nil && c.dc("dc2") != nil })
	w.joins("dc1", "a")
	w.record("dc1", `{"dc1":["a"],"dc2":["b"]}`)
	w.serve("dc1", "10.0.0.1")
	c.joins("dc2", "b")
	s.rounds(3)
	c.serve("dc2", "10.1.0.1")
	c.joins("dc2", "b")
	w.sees("dc1", "dc2")
	s.rounds(5)

	w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("dc2 to be told", func() bool { leaves, _ := c.dc("dc2").Removal(); return leaves })
	for _, r := range s.all() {
		if got := r.ring().Status.Datacenters["dc2"].DecommissionProgress; got != api.DecommUpdatingReplication {
			t.Errorf("%s says %q", r.name, got)
		}
		r.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to leave the ring")
	}

	o := c.dc("dc2")
	o.Status.NodeStatuses = nil
	o.Status.Conditions = append(o.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterDecommission, Status: corev1.ConditionTrue, Reason: cassandra.ReasonNodesLeft, LastTransitionTime: metav1.NewTime(s.clock)})
	s.must(c.admin.Status().Update(t.Context(), o))
	s.rounds(5)
	if c.dc("dc2") == nil {
		t.Fatal("it is deleted, and dc1 still sees its members")
	}
	w.sees("dc1")
	s.until("dc1 to be told", func() bool { return w.dc("dc1").Annotations[cassandra.RemovedDatacentersAnnotation] == "dc2" })
	if got := w.dc("dc1").Annotations[cassandra.FoundingAnnotation]; got != `{"dc1":["a"]}` {
		t.Errorf("dc1 remembers %s", got)
	}
	s.rounds(3)
	if c.dc("dc2") == nil {
		t.Fatal("it is deleted, and system keyspaces still name it")
	}
	c.holds("dc2")
	w.annotateDC("dc1", cassandra.WithdrawnAnnotation, "dc2")
	s.until("dc2 to go", func() bool { return c.dc("dc2").DeletionTimestamp != nil })
	if got := c.dc("dc2").Annotations[deletion.KeepVolumes]; got != "24h" {
		t.Errorf("volumes that are left are kept for %q, not for 24h", got)
	}
}

// holds keeps a datacenter while it is being deleted, as its own operator does.
func (r *region) holds(dc string) {
	r.t.Helper()
	o := r.dc(dc)
	before := o.DeepCopy()
	o.Finalizers = append(o.Finalizers, cassandra.Finalizer)
	r.must(r.admin.Patch(r.t.Context(), o, client.MergeFrom(before)))
}

// Put back, it is written in full again, and nothing that was told stays.
func TestADatacenterThatIsPutBackStays(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(nil)
	s.until("both datacenters", func() bool { return w.dc("dc1") != nil && c.dc("dc2") != nil })
	w.serve("dc1", "10.0.0.1")
	c.serve("dc2", "10.1.0.1")
	c.joins("dc2", "b")
	s.rounds(5)
	before := c.dc("dc2")
	w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("dc2 to be told", func() bool { leaves, _ := c.dc("dc2").Removal(); return leaves })
	w.edit(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, template("dc2", central))
	})
	s.until("dc2 to stay", func() bool { return c.dc("dc2").Annotations[cassandra.RemovalAnnotation] == "" })
	s.rounds(5)
	after := c.dc("dc2")
	for _, name := range []string{api.ResourceHashAnnotation, cassandra.RingAnnotation, cassandra.ForgottenAnnotation} {
		if before.Annotations[name] != after.Annotations[name] || after.UID != before.UID {
			t.Errorf("%s was %s and is %s", name, before.Annotations[name], after.Annotations[name])
		}
	}
}

// While the ring is being deleted, and nobody has agreed on that, no further node leaves: the deletion may be overruled.
func TestNoNodeLeavesARingThatIsBeingDeleted(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("dc2 to be told", func() bool { leaves, _ := c.dc("dc2").Removal(); return leaves })
	c.delete()
	c.pass()
	if _, held := c.dc("dc2").Removal(); !held {
		t.Errorf("annotation %s is %q", cassandra.RemovalAnnotation, c.dc("dc2").Annotations[cassandra.RemovalAnnotation])
	}
}
