package controller

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/plan"
)

// Replicas are withdrawn by what the node sees at that moment: not while the datacenter that has left has a member, never the last ones
// of a keyspace, and what another region has altered meanwhile stays.
func TestReplicasAreWithdrawnFromOneDatacenterOnly(t *testing.T) {
	ring := fake.NewRing("ring")
	var nodes []*fake.Node
	for i, dc := range []string{"dc1", "dc2"} {
		n := ring.Add(string(rune('a'+i)), dc, "r1")
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	ring.Advance()
	for name, factors := range map[string]map[string]int{"shop": {"dc1": 1, "dc2": 1}, "only": {"dc2": 1}} {
		if err := nodes[0].CreateKeyspace(t.Context(), name, factors); err != nil {
			t.Fatal(err)
		}
	}
	step := func(keyspace string, left bool) error {
		return withdraw(t.Context(), nodes[0], datacenter.Step{Step: plan.Step{Verb: datacenter.Withdraw, Target: keyspace}, Datacenter: "dc2", Left: left})
	}
	if err := step("shop", true); err == nil || !strings.Contains(err.Error(), "still sees a member of datacenter dc2") {
		t.Errorf("a member is there: %v", err)
	}
	if err := step("only", false); err == nil || !strings.Contains(err.Error(), "would have no replica") {
		t.Errorf("it is the only one: %v", err)
	}
	for range 2 { // twice is once
		if err := step("shop", false); err != nil {
			t.Error(err)
		}
	}
	got, err := nodes[0].Replication(t.Context(), "shop")
	want := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "1"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// A node is asked to leave only if its datacenter is still to leave, as the API server says at that moment.
func TestADatacenterThatWasPutBackKeepsItsNodes(t *testing.T) {
	r, s, _ := leaving(t)
	s.DC.Annotations[api.RemovalAnnotation] = "leave 2/west"
	back := s.DC.DeepCopy()
	delete(back.Annotations, api.RemovalAnnotation)
	r.Live = reader{now: back}
	step := datacenter.Step{Step: plan.Step{Verb: datacenter.Decommission}, Pod: &s.Pods[2], Removal: "leave 2/west", Force: true}
	if err := r.step(t.Context(), s, step, &memory{}); err == nil || !strings.Contains(err.Error(), api.RemovalAnnotation) {
		t.Errorf("it is asked all the same: %v", err)
	}
}

// What force leaves out of Cassandra's own checks is looked at as the node leaves, of every keyspace that it has.
func TestNoDatacenterIsRemovedThatKeyspacesNeed(t *testing.T) {
	const byDatacenter = "org.apache.cassandra.locator.NetworkTopologyStrategy"
	view := []mgmtapi.Endpoint{{Datacenter: "dc1", HostID: "a"}, {Datacenter: "dc2", HostID: "b"}, {Datacenter: "dc3"}} // gossip still has an address of dc3
	for _, c := range []struct {
		keyspace    string
		replication map[string]string
		want        string
	}{
		{"shop", map[string]string{"class": byDatacenter, "dc1": "1"}, ""},
		{"shop", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "0"}, ""},
		{"shop", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "1"}, "has replicas there"},
		{"shop", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "3/1"}, "has replicas there"},
		{"systems", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "1"}, "has replicas there"}, // a user's, as its name isn't one of Cassandra's
		{"shop", map[string]string{"class": byDatacenter, "dc3": "1"}, "has no replica in another datacenter with members"},
		{"shop", map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "1"}, "isn't replicated by datacenter"},
		{"system_auth", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "1"}, ""},
		{"system_auth", map[string]string{"class": byDatacenter, "dc2": "1", "dc3": "1"}, "has no replica in another datacenter with members"},
		{"system_traces", map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "1"}, "isn't replicated by datacenter"},
		{"local", map[string]string{"class": "org.apache.cassandra.locator.LocalStrategy"}, ""},
	} {
		if got := keeps(view, c.keyspace, c.replication, "dc2"); got != c.want {
			t.Errorf("%s %v: %q", c.keyspace, c.replication, got)
		}
	}
}

// The node itself is asked, and what can't be read lets nothing go.
func TestANodeOfARemovedDatacenterIsAskedForItsKeyspaces(t *testing.T) {
	ring := fake.NewRing("ring")
	var nodes []*fake.Node
	for i, dc := range []string{"dc1", "dc2"} {
		n := ring.Add(string(rune('a'+i)), dc, "r1")
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	ring.Advance()
	for _, keyspace := range []string{"system_auth", "system_distributed", "system_traces"} {
		if err := nodes[0].AlterKeyspace(t.Context(), keyspace, map[string]int{"dc1": 1, "dc2": 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := mayGo(t.Context(), nodes[1], "dc2"); err != nil {
		t.Error(err)
	}
	if err := nodes[0].CreateKeyspace(t.Context(), "systems", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	if err := mayGo(t.Context(), nodes[1], "dc2"); err == nil || !strings.Contains(err.Error(), "keyspace systems has replicas there") {
		t.Errorf("it goes: %v", err)
	}
	step := datacenter.Step{Step: plan.Step{Verb: datacenter.Decommission}, Force: true}
	nodes[1].Unreachable(true)
	s := &datacenter.State{DC: &api.CassandraDatacenter{}}
	if err := mayLeave(t.Context(), nodes[1], s, step); err == nil {
		t.Error("what can't be read lets it go")
	}
	if step.Force = false; mayLeave(t.Context(), nodes[1], s, step) != nil {
		t.Error("Cassandra itself looks at what leaves without force")
	}
}
