package controller_test

import (
	"strings"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/topology"
)

// elsewhere is a node of another datacenter of the ring.
func (s *stage) elsewhere() *fake.Node {
	s.t.Helper()
	n := s.ring.Add("10.9.0.1", "dc2", "r1")
	s.must(n.Start(s.t.Context(), mgmtapi.StartOptions{Seeds: s.dc().Status.Seeds}))
	s.ring.Advance()
	return n
}

// The founder records the members before it writes the first role, and lets clients in after that.
func TestTheFounderRecordsWhoIsThere(t *testing.T) {
	s := newStage(t)
	s.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	ring := topology.Ring{Name: "ring", Founder: "dc1", Datacenters: []topology.Datacenter{
		{Name: "dc1", Size: 3, Racks: []string{"r1", "r2", "r3"}, NumTokens: 4}, {Name: "dc2", Size: 1, Racks: []string{"r1"}, NumTokens: 4}}}
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.SuperuserSecretName = "admin"
		dc.Annotations = map[string]string{topology.Annotation: ring.Encode()}
	})
	s.rounds(15)
	if got := s.dc().Annotations[api.FoundingAnnotation]; got != "" {
		t.Errorf("recorded before dc2 had its time: %s", got)
	}
	s.clock = s.clock.Add(21 * time.Second)
	s.settle()
	record := s.dc().Annotations[api.FoundingAnnotation]
	for _, n := range s.dc().Status.NodeStatuses {
		if !strings.Contains(record, n.HostID) {
			t.Errorf("node %s is not in %s", n.HostID, record)
		}
	}
	if strings.Contains(record, "dc2") {
		t.Errorf("dc2 is on record without being there: %s", record)
	}
	s.elsewhere()
	s.settle()
	if got := s.dc().Annotations[api.FoundingAnnotation]; got != record {
		t.Errorf("the record has changed: %s, before %s", got, record)
	}
}

// A datacenter that serves and gets replicas by hand goes on serving, and says that it lacks their data until a rebuild
// that began later is over.
func TestAKeyspaceIsAlteredByHand(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	other := s.elsewhere()
	s.must(other.CreateKeyspace(t.Context(), "shop", map[string]int{"dc2": 1}))
	s.settle()
	s.must(other.AlterKeyspace(t.Context(), "shop", map[string]int{"dc1": 3, "dc2": 1}))
	s.settle()
	ready := s.dc().Status.Condition(api.DatacenterReady)
	if ready.Status != "False" || !strings.Contains(ready.Message, "replicas of shop and lacks the data") {
		t.Errorf("Ready: %+v", ready)
	}
	for name, n := range s.nodes {
		if status, err := n.Status(t.Context()); err != nil || !status.NativeTransport {
			t.Errorf("clients are shut out at %s", name)
		}
	}
	rebuilt := func(name string, began time.Time) {
		task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}
		task.Spec.Datacenter.Name = "dc1"
		task.Spec.Jobs = []control.CassandraJob{{Name: "rebuild", Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: "dc2"}}}
		s.must(s.admin.Create(t.Context(), task))
		start := metav1.NewTime(began)
		task.Status.StartTime, task.Status.CompletionTime = &start, &start
		task.Status.Conditions = []metav1.Condition{{Type: control.JobComplete, Status: metav1.ConditionTrue, Reason: control.ReasonCompleted, ObservedGeneration: task.Generation, LastTransitionTime: start}}
		s.must(s.admin.Status().Update(t.Context(), task))
		s.newOperator()
		s.settle()
	}
	rebuilt("before", s.clock.Add(-time.Hour))
	if s.dc().Status.IsTrue(api.DatacenterReady) {
		t.Error("an earlier rebuild counts")
	}
	s.clock = s.clock.Add(2 * time.Second)
	rebuilt("after", s.clock)
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || dc.Status.Keyspaces["shop"].Replicas != 3 {
		t.Errorf("after the rebuild: %+v", dc.Status)
	}
}

// A keyspace that an application makes over all datacenters at once is repaired, because it may have been made in another
// way; the datacenter is ready again by itself.
func TestANewKeyspaceIsRepaired(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	other := s.elsewhere()
	s.settle()
	s.must(other.CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 3, "dc2": 1}))
	s.pass()
	dc := s.dc()
	if ready, k := dc.Status.Condition(api.DatacenterReady), dc.Status.Keyspaces["shop"]; ready.Status != "False" || !strings.Contains(ready.Message, "may lack data of shop") || !k.Unverified {
		t.Errorf("at first: %+v, %+v", ready, k)
	}
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || dc.Status.Keyspaces["shop"] != (api.KeyspaceStatus{Replicas: 3}) {
		t.Errorf("in the end: %+v, %+v", dc.Status.Condition(api.DatacenterReady), dc.Status.Keyspaces["shop"])
	}
	if repairs := strings.Count(strings.Join(s.ring.Writes(), "\n"), "repair shop"); repairs != 1 {
		t.Errorf("%d repairs", repairs)
	}
}

// A datacenter that comes to a ring with data is initialized when its nodes are members, and lets nobody in before it has
// been rebuilt: not after a restart of the operator, nor of a node.
func TestADatacenterThatOwesDataIsClosed(t *testing.T) {
	s := newStage(t)
	first := s.ring.Add("10.9.0.1", "dc2", "r1")
	s.must(first.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.9.0.1"}}))
	s.ring.Advance()
	for _, keyspace := range topology.SystemKeyspaces {
		s.must(first.AlterKeyspace(t.Context(), keyspace, map[string]int{"dc2": 1}))
	}
	s.must(first.PutRole(t.Context(), mgmtapi.Role{Name: "admin", Password: "secret", Superuser: true, Login: true})) // as the founder does
	ring := topology.Ring{Name: "ring", Founder: "dc2", Datacenters: []topology.Datacenter{
		{Name: "dc2", Size: 1, Racks: []string{"r1"}, NumTokens: 4}, {Name: "dc1", Size: 3, Racks: []string{"r1", "r2", "r3"}, NumTokens: 4}}}
	s.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.SuperuserSecretName = "admin"
		dc.Annotations = map[string]string{topology.Annotation: ring.Encode(), api.RebuildFromAnnotation: "dc2"}
	})
	s.must(s.admin.Create(t.Context(), &discoveryv1.EndpointSlice{ // as the ring's controller publishes them
		ObjectMeta:  metav1.ObjectMeta{Namespace: s.ns, Name: "seeds", Labels: map[string]string{discoveryv1.LabelServiceName: "ring-dc1-additional-seed-service"}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.9.0.1"}}}}))
	s.rounds(20)
	if s.dc().Status.IsTrue(api.DatacenterInitialized) {
		t.Error("initialized without replicas")
	}
	for _, keyspace := range topology.SystemKeyspaces {
		s.must(first.AlterKeyspace(t.Context(), keyspace, map[string]int{"dc1": 3, "dc2": 1}))
	}
	s.rounds(20)
	closed := func(when string) {
		t.Helper()
		dc := s.dc()
		if !dc.Status.IsTrue(api.DatacenterInitialized) || dc.Status.IsTrue(api.DatacenterReady) || !strings.Contains(dc.Status.Condition(api.DatacenterReady).Message, "to be rebuilt from dc2") {
			t.Errorf("%s: %+v", when, dc.Status.Conditions)
		}
		for name, n := range s.nodes {
			if status, err := n.Status(t.Context()); err != nil || status.State != mgmtapi.Running || status.NativeTransport {
				t.Errorf("%s: node %s: %+v, %v", when, name, status, err)
			}
		}
	}
	closed("members")
	s.newOperator()
	s.rounds(5)
	closed("after a restart of the operator")
	for name := range s.nodes {
		s.must(s.admin.Delete(t.Context(), s.pod(name)))
		break
	}
	s.rounds(20)
	closed("after a restart of a node")
	for _, n := range s.nodes {
		_, err := n.Rebuild(t.Context(), "dc2")
		s.must(err)
	}
	s.ring.Advance()
	s.change(func(dc *api.CassandraDatacenter) { dc.Annotations[api.RebuiltFromAnnotation] = "dc2" })
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || s.notServing() > 0 {
		t.Errorf("after the rebuild: %+v", dc.Status.Conditions)
	}
}
