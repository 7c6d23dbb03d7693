package ring

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// tellLeaver changes annotations. What must not be said is noted: that nodes may leave, while a region that can be reached has another
// version of the ring.
func (w *world) tellLeaver(s *site, step Step) {
	key := targetOf(step.Object)
	dc := s.dcs[key]
	if dc == nil || dc.UID != step.Object.GetUID() {
		return
	}
	Retell(dc, step.Told)
	if leaves, _ := dc.Removal(); !leaves || step.Told[cassandra.RemovalAnnotation] == "" {
		return
	}
	for _, o := range w.sites {
		cut := w.cut[[2]string{s.name, o.name}]
		if o == s || s.unknown[o.name] {
			continue
		}
		if cut || o.ring == nil || o.ring.Annotations[federation.RevisionAnnotation] != s.ring.Annotations[federation.RevisionAnnotation] {
			w.fail("%s lets %s leave, and %s doesn't have its version of the ring", s.name, key, o.name)
		}
	}
}

// holdLeaderless is what the controller does with datacenters that leave a ring whose copy is being deleted, or isn't there.
func (w *world) holdLeaderless(s *site) {
	k := s.ring
	if k == nil {
		k = &api.K8ssandraCluster{}
	} else if k.DeletionTimestamp == nil {
		return
	}
	for _, dc := range s.parts() {
		if told := Hold(k, dc); told != nil && dc.DeletionTimestamp == nil {
			w.write()
			w.say(s, "hold %s", dc.Name)
			Retell(dc, told)
		}
	}
}

// collect is the garbage collector: what belongs to an object goes with it, or with the last one of several.
func (s *site) collect(owner types.UID) {
	orphaned := func(o metav1.Object) bool {
		before := o.GetOwnerReferences()
		o.SetOwnerReferences(slices.DeleteFunc(slices.Clone(before), func(o metav1.OwnerReference) bool { return o.UID == owner }))
		return len(before) > 0 && len(o.GetOwnerReferences()) == 0
	}
	maps.DeleteFunc(s.slices, func(_ string, o *discoveryv1.EndpointSlice) bool { return orphaned(o) })
	maps.DeleteFunc(s.secrets, func(_ string, o *corev1.Secret) bool { return orphaned(o) })
}

// withdraw is what a datacenter's own loop does about those that have left: the one that manages the ring takes their replicas, and says so.
func (s *site) withdraw(dc *cassandra.CassandraDatacenter) (news bool) {
	removed, said := dc.Annotations[cassandra.RemovedDatacentersAnnotation], dc.Annotations[cassandra.WithdrawnAnnotation]
	manages := s.ring != nil && s.ring.Spec.Cassandra.Datacenters[0].Metadata.Name == dc.Name
	named := func(name string) bool { return slices.Contains(strings.Split(removed, ","), name) }
	switch {
	case said != "" && (!manages || !slices.ContainsFunc(strings.Split(said, ","), named)):
		delete(dc.Annotations, cassandra.WithdrawnAnnotation)
	case manages && removed != "":
		dc.Annotations[cassandra.WithdrawnAnnotation] = removed
	}
	return dc.Annotations[cassandra.WithdrawnAnnotation] != said
}

// decommission is what a datacenter's own loop says of its removal.
func (w *world) decommission(dc *cassandra.CassandraDatacenter) {
	dc.Status.Conditions = slices.DeleteFunc(dc.Status.Conditions, func(c cassandra.DatacenterCondition) bool { return c.Type == cassandra.DatacenterDecommission })
	c := cassandra.DatacenterCondition{Type: cassandra.DatacenterDecommission, Status: corev1.ConditionTrue, Reason: cassandra.ReasonWaiting, Message: "waiting for a node"}
	if len(dc.Status.NodeStatuses) == 0 {
		c.Reason, c.Message = cassandra.ReasonNodesLeft, "all nodes have left"
		dc.Status.Seeds = nil
	}
	dc.Status.Conditions = append(dc.Status.Conditions, c)
}

// progress is what the copies say of datacenters that leave.
func (w *world) progress() string {
	var out strings.Builder
	for _, s := range w.sites {
		for _, name := range slices.Sorted(maps.Keys(s.ring.Status.Datacenters)) {
			if d := s.ring.Status.Datacenters[name]; d.DecommissionProgress != api.DecommNone {
				fmt.Fprintf(&out, "%s: %s of %s %s\n", s.name, name, d.ContextName, d.DecommissionProgress)
			}
		}
		if s.ring.Status.Error != api.NoError {
			fmt.Fprintf(&out, "%s: error %s\n", s.name, s.ring.Status.Error)
		}
	}
	return out.String()
}

// A datacenter that leaves is told which others leave too: what they have is no copy.
func TestOthersThatLeaveAreTold(t *testing.T) {
	k := &api.K8ssandraCluster{Spec: api.K8ssandraClusterSpec{Cassandra: &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{{Metadata: api.EmbeddedObjectMeta{Name: "dc1"}, K8sContext: "west"}}}}}
	k.Name, k.Namespace, k.Annotations = "ring", "ns", map[string]string{api.RingIDAnnotation: "1"}
	dc := func(name string) cassandra.CassandraDatacenter {
		return cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", UID: types.UID(name),
			Labels:      map[string]string{api.ClusterNameLabel: "ring", api.ClusterNamespaceLabel: "ns"},
			Annotations: map[string]string{cassandra.RingIDAnnotation: "1", cassandra.InSpecAnnotation: "true"}}}
	}
	s := &State{Ring: k, Region: "west", Labelled: Read[cassandra.CassandraDatacenterList]{Found: &cassandra.CassandraDatacenterList{Items: []cassandra.CassandraDatacenter{dc("dc1"), dc("dc2"), dc("dc3")}}}}
	leaves := dc("dc2")
	stays := dc("dc1")
	stays.Status.Keyspaces = map[string]cassandra.KeyspaceStatus{"shop": {Replicas: 1}, "other": {}}
	if got, want := ReplicasSeen([]*cassandra.CassandraDatacenter{&stays}, s.alsoLeaving(&leaves)), `{"dc1":{"shop":1},"dc3":null}`; got != want {
		t.Errorf("it is told %s, not %s", got, want)
	}
}
