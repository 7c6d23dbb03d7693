package ringview

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

var labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: "default"}

// ringIn is a region's copy of a ring of two datacenters.
func ringIn(ready corev1.ConditionStatus, message string) k8ssandra.K8ssandraCluster {
	k := k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Name: "ring", Namespace: "default", Annotations: map[string]string{k8ssandra.RevisionAnnotation: "1/west/abc"}}}
	k.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{}
	for _, d := range [][2]string{{"dc1", "west"}, {"dc2", "central"}} {
		t := k8ssandra.CassandraDatacenterTemplate{K8sContext: d[1], Size: 1}
		t.Metadata.Name = d[0]
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, t)
	}
	k.Status.Conditions = []k8ssandra.K8ssandraClusterCondition{{Type: k8ssandra.ClusterReady, Status: ready, Message: message}}
	return k
}

func datacenter(name string, ready corev1.ConditionStatus, message string) cassandra.CassandraDatacenter {
	dc := cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: labels}}
	dc.Spec.ClusterName, dc.Spec.Size = "ring", 1
	dc.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterReady, Status: ready, Message: message}}
	return dc
}

func view(region, own string, alive bool) ringstatus.View {
	return ringstatus.View{Region: region, Pods: map[string]string{own: region + "-pod"}, Endpoints: []mgmtapi.Endpoint{
		{Address: "172.21.0.10", Datacenter: "dc1", Rack: "r", Alive: own == "172.21.0.10" || alive, Status: "NORMAL"},
		{Address: "172.22.0.10", Datacenter: "dc2", Rack: "r", Alive: own == "172.22.0.10" || alive, Status: "NORMAL"},
	}}
}

func wholeRing() []Region {
	return []Region{
		{Name: "central", Rings: []k8ssandra.K8ssandraCluster{ringIn("True", "")}, Datacenters: []cassandra.CassandraDatacenter{datacenter("dc2", "True", "")}, Nodes: []ringstatus.View{view("central", "172.22.0.10", true)}},
		{Name: "west", Rings: []k8ssandra.K8ssandraCluster{ringIn("True", "")}, Datacenters: []cassandra.CassandraDatacenter{datacenter("dc1", "True", "")}, Nodes: []ringstatus.View{view("west", "172.21.0.10", true)}},
	}
}

func statusesOf(t *testing.T, regions []Region) []ringstatus.Status {
	t.Helper()
	all, err := Snapshot{regions}.Statuses("")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStatusOfAWholeRing(t *testing.T) {
	all := statusesOf(t, wholeRing())
	if len(all) != 1 || !all[0].Ready || all[0].Message != "" || len(all[0].Nodes) != 2 || all[0].Nodes[0].State != "UN" {
		t.Fatalf("%+v", all)
	}
	if d := all[0].Datacenters; d[0].Region != "west" || d[0].Up != 1 || !d[1].Ready {
		t.Errorf("%+v", d)
	}
}

// A ring from which a node leaves serves; what is waited for is said with its datacenter.
func TestStatusOfARingThatANodeLeaves(t *testing.T) {
	facts := wholeRing()
	s := &facts[1].Datacenters[0].Status
	s.Conditions = append(s.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterScalingDown, Status: "True", Message: "waiting for node x to leave the ring"})
	facts[1].Nodes[0].Endpoints[0].Status = "LEAVING"
	all := statusesOf(t, facts)[0]
	if d := all.Datacenters; !all.Ready || !d[0].Ready || d[0].Message != "waiting for node x to leave the ring" || d[1].Message != "" || all.Nodes[0].State != "UL" {
		t.Errorf("%+v", all)
	}
}

// A ring serves while its nodes restart for a change; how far that is is said with its datacenter.
func TestStatusOfARingThatChanges(t *testing.T) {
	facts := wholeRing()
	s := &facts[1].Datacenters[0].Status
	s.SeenGeneration, s.ObservedGeneration, s.Roll = 2, 1, &cassandra.RollStatus{Done: 1, Of: 3}
	s.Conditions = append(s.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterUpdating, Status: "True", Message: "waiting for pod x to be ready"})
	all := statusesOf(t, facts)[0]
	if d := all.Datacenters; !all.Ready || d[0].Message != "1 of 3 nodes are as the spec asks; waiting for pod x to be ready" || d[1].Message != "" {
		t.Errorf("%+v", all)
	}
}

// Where nodes wait for those of another datacenter, it is said with the one that waits.
func TestStatusOfARingWhoseDatacentersTakeTurns(t *testing.T) {
	facts := wholeRing()
	s := &facts[1].Datacenters[0].Status
	s.Conditions = append(s.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterRingDisruptionBudget, Status: "True", Reason: cassandra.ReasonWaiting, Message: "waiting for node y to be back"})
	if all := statusesOf(t, facts)[0]; !all.Ready || all.Datacenters[0].Message != "waiting for node y to be back" || all.Datacenters[1].Message != "" {
		t.Errorf("%+v", all)
	}
}

// Ready is what every region says and the nodes prove.
func TestStatusIsReadyOnlyWhenAllSaySo(t *testing.T) {
	facts := wholeRing()
	facts[1].Rings[0] = ringIn("False", "datacenter dc1: waiting for pods")
	if s := statusesOf(t, facts)[0]; s.Ready || s.Message != "datacenter dc1: waiting for pods" {
		t.Errorf("one region waits: %+v", s)
	}
	facts = wholeRing()
	facts[0].Nodes[0].Endpoints, facts[1].Nodes[0].Endpoints = nil, nil
	if s := statusesOf(t, facts)[0]; s.Ready || s.Message != "0 of 1 nodes of dc1 are up; 0 of 1 nodes of dc2 are up" {
		t.Errorf("no node answers: %+v", s)
	}
	facts = wholeRing()
	facts[1].Nodes[0] = ringstatus.View{Region: "west", Refused: "the nodes of dc1 in west can't be asked: forbidden"}
	if s := statusesOf(t, facts)[0]; !s.Ready || s.Message != "the nodes of dc1 in west can't be asked: forbidden" {
		t.Errorf("one region's nodes may not be asked, and the others see them: %+v", s)
	}
	facts = wholeRing()
	facts[0].Rings = nil
	if s := statusesOf(t, facts)[0]; s.Ready || s.Message != "region central has not taken the ring over yet" {
		t.Errorf("one region has no copy: %+v", s)
	}
}

// A datacenter that is taken out of the spec is shown until it is gone, with how far it is.
func TestStatusOfADatacenterThatLeaves(t *testing.T) {
	facts := wholeRing()
	for i := range facts {
		k := &facts[i].Rings[0]
		k.Spec.Cassandra.Datacenters = slices.DeleteFunc(slices.Clone(k.Spec.Cassandra.Datacenters), func(one k8ssandra.CassandraDatacenterTemplate) bool { return one.Metadata.Name == "dc2" })
		k.Status.Datacenters = map[string]k8ssandra.K8ssandraStatus{"dc2": {ContextName: "central", DecommissionProgress: k8ssandra.DecommDecommissioning}}
	}
	d := statusesOf(t, facts)[0].Datacenters
	if len(d) != 2 || d[1].Name != "dc2" || d[1].Size != 0 || d[1].Ready || d[1].Message != "leaves the ring: Decommissioning" {
		t.Errorf("%+v", d)
	}
}

// A region that can't be asked: it is named, its peers say since when they miss
// it, and its datacenter is shown as it was last seen.
func TestStatusWithoutARegion(t *testing.T) {
	since := metav1.NewTime(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC))
	facts := wholeRing()
	facts[0] = Region{Name: "central", Err: errors.New("connection refused")}
	k := &facts[1].Rings[0]
	last := datacenter("dc2", "True", "").Status
	k.Status.Datacenters = map[string]k8ssandra.K8ssandraStatus{"dc2": {Cassandra: &last}}
	k.Status.Peers = []k8ssandra.PeerStatus{{Region: "central", Since: since, Message: "no route"}}
	facts[1].Nodes[0] = view("west", "172.21.0.10", false)
	s := statusesOf(t, facts)[0]
	if s.Ready || s.Regions[0].Reachable || s.Regions[0].Message != "connection refused" {
		t.Errorf("%+v", s.Regions)
	}
	if p := s.Regions[1].Peers; len(p) != 1 || p[0].Reachable || !p[0].Since.Equal(since.Time) {
		t.Errorf("%+v", p)
	}
	if s.Nodes[1].State != "DN" || s.Nodes[1].Pod != "" || !s.Datacenters[1].Ready || s.Datacenters[1].Up != 0 {
		t.Errorf("%+v %+v", s.Nodes[1], s.Datacenters[1])
	}
}

// A datacenter without a ring is shown as one of its own.
func TestDatacentersWithoutARingAreShown(t *testing.T) {
	facts := wholeRing()
	alone := datacenter("lonely", "False", "waiting for pods")
	alone.Labels, alone.Spec.ClusterName = nil, "a-cluster"
	facts[1].Datacenters, facts[1].Nodes = append(facts[1].Datacenters, alone), append(facts[1].Nodes, ringstatus.View{Region: "west"})
	all := statusesOf(t, facts)
	if len(all) != 2 || all[0].Ring != "a-cluster" || all[0].Ready || all[0].Datacenters[0].Region != "west" || all[0].Message != "waiting for pods" {
		t.Errorf("%+v", all)
	}
}

// What an operator said of the ring before an edit doesn't hold for the edited one.
func TestAnEditThatNobodyHasLookedAtIsNotReady(t *testing.T) {
	facts := wholeRing()
	facts[1].Rings[0].Generation = 2
	s := statusesOf(t, facts)[0]
	if s.Ready || s.Regions[1].Ready || s.Message != "the operator of region west looks at the ring" {
		t.Errorf("%+v", s)
	}
}

func TestNobodyAnswers(t *testing.T) {
	_, err := Snapshot{[]Region{{Name: "west", Err: errors.New("refused")}, {Name: "central", Err: errors.New("no route")}}}.Statuses("")
	if err == nil || err.Error() != "no region answers: region west: refused; region central: no route" {
		t.Errorf("%v", err)
	}
}

func TestAKeyspaceThatNoNodeKnows(t *testing.T) {
	if _, err := (Snapshot{wholeRing()}).Statuses("shop"); err == nil || err.Error() != "--keyspace shop: no node knows who owns it; is there such a keyspace?" {
		t.Errorf("%v", err)
	}
}
