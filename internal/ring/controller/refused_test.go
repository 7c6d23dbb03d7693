package controller_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// becomes writes into a datacenter's status, as its own loop does.
func (r *region) becomes(name string, change func(*cassandra.CassandraDatacenterStatus)) {
	r.t.Helper()
	dc := r.dc(name)
	change(&dc.Status)
	r.must(r.admin.Status().Update(r.t.Context(), dc))
}

// A datacenter whose size can't be raised yet is told all the same which other datacenter lacks data, as long as it lacks it,
// and what is refused is said meanwhile. What somebody else has set in its spec stays theirs.
func TestARefusedSpecDoesNotKeepTheNewsOfOthersFromADatacenter(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.becomes("dc1", func(now *cassandra.CassandraDatacenterStatus) {
		now.Conditions = append(now.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterScalingUp, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(s.clock)})
	})
	dc := w.dc("dc1")
	dc.Spec.ForceUpgradeRacks = []string{"default"}
	s.must(w.admin.Update(t.Context(), dc))
	c.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[0].Size = 9 })
	refused := func() bool { return strings.Contains(w.ring().Status.Error, "spec.size: cannot be raised") }
	s.until("the region to name the refusal", refused)

	owed := metav1.NewTime(s.clock.Add(-time.Hour))
	c.becomes("dc2", func(now *cassandra.CassandraDatacenterStatus) {
		now.KeyspacesSeen, now.Keyspaces = true, map[string]cassandra.KeyspaceStatus{"shop": {Replicas: 1, OwedSince: &owed}}
	})
	s.until("dc1 to be told that dc2 lacks data", func() bool { return w.dc("dc1").Annotations[cassandra.LackingAnnotation] == "dc2" })
	s.settle()
	if !refused() || w.dc("dc1").Spec.Size != 3 {
		t.Errorf("size %d, and it says %q", w.dc("dc1").Spec.Size, w.ring().Status.Error)
	}

	dc = w.dc("dc1")
	dc.Spec.ForceUpgradeRacks = nil // acted on, as its own loop says
	s.must(w.admin.Update(t.Context(), dc))
	c.becomes("dc2", func(now *cassandra.CassandraDatacenterStatus) { now.Keyspaces = nil })
	s.until("dc1 to be told that dc2 has the data", func() bool { return w.dc("dc1").Annotations[cassandra.LackingAnnotation] == "" })
	if racks := w.dc("dc1").Spec.ForceUpgradeRacks; len(racks) > 0 {
		t.Errorf("what was taken back is there again: %v", racks)
	}
	c.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[0].Size = 2 })
	s.until("a lower size", func() bool { return w.dc("dc1").Spec.Size == 2 && w.ring().Status.Error == "None" })
}

// A datacenter that isn't the ring's yet isn't made one by its metadata alone.
func TestARefusedSpecMakesNoDatacenterTheRings(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	theirs := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1"}}
	theirs.Spec.ClusterName, theirs.Spec.ServerType, theirs.Spec.ServerVersion, theirs.Spec.Size = "another", "cassandra", "5.0.9", 3
	s.must(w.admin.Create(t.Context(), theirs))
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(nil)
	s.until("the refusal", func() bool { return strings.Contains(w.ring().Status.Error, "immutable") })
	s.rounds(2)
	if dc := w.dc("dc1"); dc.ResourceVersion != theirs.ResourceVersion {
		t.Errorf("it was written: %v %v", dc.Labels, dc.Annotations)
	}
}
