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

// ofDatacenters is a ring with one node in each of some datacenters.
func ofDatacenters(t *testing.T, names ...string) (*fake.Ring, []*fake.Node) {
	t.Helper()
	ring := fake.NewRing("ring")
	var nodes []*fake.Node
	for i, dc := range names {
		n := ring.Add(string(rune('a'+i)), dc, "r1")
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	ring.Advance()
	return ring, nodes
}

// Replicas are withdrawn by what the node sees at that moment: not while the datacenter that has left has a member, never the last ones
// of a keyspace, and what another region has altered meanwhile stays.
func TestReplicasAreWithdrawnFromOneDatacenterOnly(t *testing.T) {
	_, nodes := ofDatacenters(t, "dc1", "dc2")
	for name, factors := range map[string]map[string]int{"shop": {"dc1": 1, "dc2": 1}, "only": {"dc2": 1}} {
		if err := nodes[0].CreateKeyspace(t.Context(), name, factors); err != nil {
			t.Fatal(err)
		}
	}
	step := func(keyspace string, left bool) error {
		factors := map[string]map[string]int{"shop": {"dc1": 1, "dc2": 1}, "only": {"dc2": 1}}[keyspace]
		return withdraw(t.Context(), nodes[0], datacenter.Step{Step: plan.Step{Verb: datacenter.Withdraw, Target: keyspace}, Datacenter: "dc2", Left: left, Factors: factors})
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

// What was repaired before replicas are withdrawn is good for the replication that the keyspace had then, and for members that are up.
func TestReplicasAreWithdrawnAsTheyWereRepaired(t *testing.T) {
	ring, nodes := ofDatacenters(t, "dc1", "dc2", "dc3")
	if err := nodes[0].CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	step := func() error {
		return withdraw(t.Context(), nodes[1], datacenter.Step{Step: plan.Step{Verb: datacenter.Withdraw, Target: "shop"}, Datacenter: "dc2", Factors: map[string]int{"dc1": 1, "dc2": 1}})
	}
	if err := nodes[1].AlterKeyspace(t.Context(), "shop", map[string]int{"dc2": 1, "dc3": 1}); err != nil {
		t.Fatal(err)
	}
	if err := step(); err == nil || !strings.Contains(err.Error(), "has been altered since it was repaired") {
		t.Errorf("dc3 has nothing of it: %v", err)
	}
	if err := nodes[1].AlterKeyspace(t.Context(), "shop", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	nodes[0].Crash("the JVM ended: signal: killed")
	ring.Advance()
	if err := step(); err == nil || !strings.Contains(err.Error(), "of datacenter dc1") {
		t.Errorf("its other copy is down, and may be on its way to be replaced: %v", err)
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
		{"shop", map[string]string{"class": byDatacenter, "dc1": "3/1"}, ""},
		{"shop", map[string]string{"class": byDatacenter, "dc1": "1", "dc2": "0/0"}, ""},
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
	_, nodes := ofDatacenters(t, "dc1", "dc2")
	for _, keyspace := range []string{"system_auth", "system_distributed", "system_traces"} {
		if err := nodes[0].AlterKeyspace(t.Context(), keyspace, map[string]int{"dc1": 1, "dc2": 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := mayGo(t.Context(), nodes[1], "dc2", nil); err != nil { // there are none of users
		t.Error(err)
	}
	if err := nodes[0].CreateKeyspace(t.Context(), "systems", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]map[string]string{}
	seen["systems"], _ = nodes[1].Replication(t.Context(), "systems")
	if err := mayGo(t.Context(), nodes[1], "dc2", seen); err == nil || !strings.Contains(err.Error(), "keyspace systems has replicas there") {
		t.Errorf("it goes: %v", err)
	}
	if err := nodes[0].AlterKeyspace(t.Context(), "systems", map[string]int{"dc1": 1}); err != nil {
		t.Fatal(err)
	}
	if err := mayGo(t.Context(), nodes[1], "dc2", seen); err == nil || !strings.Contains(err.Error(), "keyspace systems has been altered") {
		t.Errorf("a user's keyspace may have any name but Cassandra's own, and nobody has looked whether dc1 has its data: %v", err)
	}
	if err := nodes[0].CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 1}); err != nil {
		t.Fatal(err)
	}
	step := datacenter.Step{Step: plan.Step{Verb: datacenter.Decommission}, Force: true}
	s := &datacenter.State{DC: &api.CassandraDatacenter{Spec: api.CassandraDatacenterSpec{DatacenterName: "dc2"}}, Keyspaces: map[string]map[string]string{}}
	for _, seen := range []map[string]string{nil, {"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc3": "1"}} {
		if s.Keyspaces["shop"] = seen; seen == nil {
			delete(s.Keyspaces, "shop")
		}
		if err := mayLeave(t.Context(), nodes[1], s, step); err == nil || !strings.Contains(err.Error(), "keyspace shop has been altered") {
			t.Errorf("whether others have its data was looked at before it was altered: %v", err)
		}
	}
	for _, name := range []string{"shop", "systems"} {
		s.Keyspaces[name], _ = nodes[1].Replication(t.Context(), name)
	}
	if err := mayLeave(t.Context(), nodes[1], s, step); err != nil {
		t.Error(err)
	}
	nodes[1].Unreachable(true)
	if err := mayLeave(t.Context(), nodes[1], s, step); err == nil {
		t.Error("what can't be read lets it go")
	}
	if step.Force = false; mayLeave(t.Context(), nodes[1], s, step) != nil {
		t.Error("Cassandra itself looks at what leaves without force")
	}
}
