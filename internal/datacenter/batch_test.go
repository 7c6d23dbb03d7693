package datacenter

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// A datacenter of two racks with two nodes each. The nodes of rack a are "multi-dc1-a-sts-0" and "-1".
func racked(factor string) *State {
	dc := &api.CassandraDatacenter{}
	dc.Name, dc.Spec.ClusterName, dc.Spec.Size = "dc1", "multi", 4
	dc.Spec.Racks = []api.Rack{{Name: "a"}, {Name: "b"}}
	dc.Status.NodeStatuses = api.CassandraStatusMap{}
	by := map[string]string{"class": "NetworkTopologyStrategy", "dc1": factor}
	s := &State{DC: dc, Keyspaces: map[string]map[string]string{"shop": by}, Replication: map[string]map[string]string{}}
	for _, name := range topology.SystemKeyspaces {
		s.Replication[name] = map[string]string{"class": "NetworkTopologyStrategy", "dc1": "1"}
	}
	for i, name := range []string{"multi-dc1-a-sts-0", "multi-dc1-b-sts-0", "multi-dc1-a-sts-1", "multi-dc1-b-sts-1"} {
		id := string(rune('A' + i))
		dc.Status.NodeStatuses[name] = api.CassandraNodeStatus{HostID: id}
		s.Ringview = append(s.Ringview, mgmtapi.Endpoint{HostID: id, Address: id, Datacenter: "dc1", Rack: name[10:11], Alive: true, Status: mgmtapi.ModeNormal, Tokens: []string{string(rune('1' + i))}})
	}
	return s
}

func TestWhatMayBeAwayTogether(t *testing.T) {
	for _, test := range []struct {
		reason, factor string
		change         func(s *State)
		want           string
	}{
		{"as many racks as replicas", "2", func(*State) {}, ""},
		{"more replicas than racks", "3", func(*State) {}, "hold replicas of the same ranges of keyspace shop"},
		{"a node elsewhere in the ring joins", "2", func(s *State) {
			s.Ringview = append(s.Ringview, mgmtapi.Endpoint{HostID: "X", Address: "X", Datacenter: "dc2", Rack: "a", Status: "JOINING"})
		}, "node X of datacenter dc2 is joining"},
		{"a member elsewhere is down", "2", func(s *State) {
			s.Ringview = append(s.Ringview, mgmtapi.Endpoint{HostID: "X", Address: "X", Datacenter: "dc2", Rack: "a", Status: mgmtapi.ModeNormal, Tokens: []string{"9"}})
		}, ""},
		{"a member of the datacenter is down, which is no pod's any more", "2", func(s *State) {
			s.Ringview = append(s.Ringview, mgmtapi.Endpoint{HostID: "X", Address: "X", Datacenter: "dc1", Rack: "a", Status: mgmtapi.ModeNormal, Tokens: []string{"9"}})
		}, "member X (host id X) is down"},
		{"another node of the datacenter is down", "2", func(s *State) { s.Ringview[1].Alive = false }, "member B (host id B) is down"},
		{"gossip still has one that has left", "2", func(s *State) { s.Ringview = append(s.Ringview, mgmtapi.Endpoint{Datacenter: "dc1", Rack: "a"}) }, ""},
		{"the users' keyspaces are not read", "2", func(s *State) { s.Keyspaces = nil }, "the keyspaces of the ring are not read"},
		{"one of Cassandra's own is not read", "2", func(s *State) { delete(s.Replication, "system_auth") }, "system_auth"},
		{"a strategy of somebody's own", "2", func(s *State) { s.Keyspaces["mine"] = map[string]string{"class": "com.example.Mine"} }, "com.example.Mine"},
		{"no node tells of the ring", "2", func(s *State) { s.Ringview = nil }, "no node tells of the ring"},
		{"tokens aren't known", "2", func(s *State) { s.Ringview[3].Tokens = nil }, "tokens"},
		{"a rack isn't known", "2", func(s *State) { s.Ringview[3].Rack = "" }, "the rack of node D"},
		{"a node was never a member", "2", func(s *State) { delete(s.DC.Status.NodeStatuses, "multi-dc1-a-sts-1") }, "the host id of node multi-dc1-a-sts-1 is not known"},
		{"the ring has forgotten a node", "2", func(s *State) { s.DC.Status.NodeStatuses["multi-dc1-a-sts-1"] = api.CassandraNodeStatus{HostID: "Z"} }, "doesn't know node multi-dc1-a-sts-1"},
	} {
		s := racked(test.factor)
		test.change(s)
		got := s.mayShare([]string{"multi-dc1-a-sts-0", "multi-dc1-a-sts-1"})
		if got != test.want && (test.want == "" || !strings.Contains(got, test.want)) {
			t.Errorf("%s: %q, want %q", test.reason, got, test.want)
		}
	}
	if s := racked("2"); s.mayShare([]string{"multi-dc1-a-sts-0", "multi-dc1-b-sts-0"}) == "" {
		t.Error("nodes of two racks may be away together")
	}
}

func TestHowManyMayBeAway(t *testing.T) {
	for text, want := range map[string]int{"0": 1, "1": 1, "2": 2, "7": 7, "49%": 1, "50%": 1, "100%": 2, "0%": 1} {
		s := racked("2")
		s.DC.Spec.MaxUnavailable = new(intstr.Parse(text))
		if got := s.maxAway("a"); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if got := racked("2").maxAway("a"); got != 1 {
		t.Errorf("unset: %d", got)
	}
}

// Who evicts asks for pods of any racks: the budget doesn't follow spec.maxUnavailable, nor a smaller size before nodes have left.
func TestOnePodMayBeEvicted(t *testing.T) {
	for text, size := range map[string]int32{"0": 4, "2": 4, "100%": 4, "1": 2} {
		s := racked("2")
		s.DC.Spec.MaxUnavailable, s.DC.Spec.Size = new(intstr.Parse(text)), size
		s.StatefulSets = map[string]*appsv1.StatefulSet{}
		for _, rack := range []string{"a", "b"} {
			s.StatefulSets[rack] = &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: new(int32(2))}}
		}
		if got := s.DisruptionBudget().Spec.MinAvailable.IntValue(); got != 3 {
			t.Errorf("maxUnavailable %s, size %d: %d pods of four have to be there, want 3", text, size, got)
		}
	}
}
