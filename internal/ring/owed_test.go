package ring

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

func TestOwed(t *testing.T) {
	record := Founding{"dc1": {"a", "b"}, "dc2": {"c", "d"}}
	dc1 := Member{Name: "dc1", Exists: true, Hosts: []string{"a", "b"}, Founding: record}
	served := func(m Member) Member { m.Initialized = true; return m }
	owing := func(m Member, from string) Member { m.From = from; return m }
	paid := func(m Member) Member { m.Rebuilt = true; return m }
	at := func(name string, hosts ...string) Member { return Member{Name: name, Exists: true, Hosts: hosts} }
	for _, test := range []struct {
		why       string
		ring      []Member
		self      int
		preferred string
		want      Debt
	}{
		{why: "the first of a new ring owes nothing", ring: []Member{at("dc1", "a", "b"), at("dc2")}},
		{why: "nor does the second, before anybody has begun", ring: []Member{at("dc1", "a", "b"), at("dc2", "c", "d")}, self: 1},
		{why: "the founder goes by its own record", ring: []Member{dc1, at("dc2", "c", "d")}, want: Debt{Founder: record}},
		{why: "also when the other was quicker", ring: []Member{dc1, served(at("dc2", "c", "d"))}, want: Debt{Founder: record}},
		{why: "a datacenter whose nodes are on record", ring: []Member{dc1, at("dc2", "c", "d")}, self: 1, want: Debt{Founder: record}},
		{why: "one whose nodes aren't all known yet is judged later", ring: []Member{served(dc1), at("dc2", "c", "")}, self: 1},
		{why: "or has told of none", ring: []Member{served(dc1), at("dc2")}, self: 1},
		{why: "one that was lost and is made again has other nodes", ring: []Member{served(dc1), at("dc2", "c", "x")}, self: 1, want: Debt{From: "dc1"}},
		{why: "one that is made now was not there", ring: []Member{served(dc1), {Name: "dc2"}}, self: 1, want: Debt{From: "dc1"}},
		{why: "a founder that is made again founds nothing", ring: []Member{at("dc1"), {Name: "dc2", Exists: true, Initialized: true, Founding: record}}, want: Debt{From: "dc2"}},
		{why: "a datacenter that isn't on record came late", ring: []Member{served(dc1), at("dc2", "c", "d"), at("dc3", "e")}, self: 2, want: Debt{From: "dc1"}},
		{why: "and says so before its nodes are up", ring: []Member{dc1, at("dc2"), at("dc3")}, self: 2, want: Debt{From: "dc1"}},
		{why: "what is on record stays", ring: []Member{served(dc1), owing(at("dc2", "c", "d"), "dc1")}, self: 1, want: Debt{From: "dc1"}},
		{why: "initialized or not", ring: []Member{served(dc1), served(owing(at("dc2", "c", "d"), "dc1"))}, self: 1, want: Debt{From: "dc1"}},
		{why: "until it is paid", ring: []Member{served(dc1), served(paid(owing(at("dc2"), "dc1")))}, self: 1, want: Debt{From: "dc1", Paid: true}},
		{why: "a ring of a version without records: all that are initialized owe nothing", ring: []Member{served(at("dc1", "a")), served(at("dc2", "c"))}, self: 1},
		{why: "and one that isn't came late", ring: []Member{served(at("dc1", "a")), at("dc2", "c")}, self: 1, want: Debt{From: "dc1"}},
		{why: "also when nobody answers there and the ring's copy says so", ring: []Member{{Name: "dc1", Initialized: true}, at("dc2", "c")}, self: 1, want: Debt{From: "dc1"}},
		{why: "a new first datacenter doesn't found a ring in use", ring: []Member{{Name: "dc0"}, served(dc1)}, want: Debt{From: "dc1"}},
		{why: "a datacenter that owes data itself is no source", ring: []Member{owing(served(at("dc1")), "dc3"), at("dc2"), served(at("dc3"))}, self: 1, want: Debt{From: "dc3"}},
		{why: "the spec's choice", ring: []Member{served(dc1), at("dc2", "x"), paid(owing(served(at("dc3")), "dc1"))}, self: 1, preferred: "dc3", want: Debt{From: "dc3"}},
		{why: "unless it has no data", ring: []Member{served(dc1), at("dc2", "x"), owing(served(at("dc3")), "dc1")}, self: 1, preferred: "dc3", want: Debt{From: "dc1"}},
		{why: "a source that has left the ring is replaced", ring: []Member{owing(at("dc2"), "dc1"), served(at("dc3"))}, want: Debt{From: "dc3"}},
		{
			why: "or missed", ring: []Member{served(owing(at("dc2"), "dc1")), owing(served(at("dc3")), "dc1")},
			want: Debt{From: "dc1", Trouble: "datacenter dc2 lacks the data of dc1, and no other datacenter of the ring has it"},
		},
	} {
		if diff := cmp.Diff(test.want, Owed(test.ring, test.self, test.preferred)); diff != "" {
			t.Errorf("%s:\n%s", test.why, diff)
		}
	}
}

func TestFoundingIsReadAsItWasWritten(t *testing.T) {
	record := Founding{"dc1": {"a"}, "dc2": {"c", "d"}}
	if diff := cmp.Diff(record, ParseFounding(record.String())); diff != "" {
		t.Error(diff)
	}
	if ParseFounding("yesterday") != nil {
		t.Error("words that are no record are one")
	}
}

// Replicas that have yet to get their data are told to the datacenters that may look for copies.
func TestLacking(t *testing.T) {
	ring := []Member{{Name: "dc1", Lacks: true}, {Name: "dc3", Lacks: true}, {Name: "dc2", Lacks: true}, {Name: "dc4"}}
	if diff := cmp.Diff([]string{"dc2", "dc3"}, Lacking(ring, 0)); diff != "" {
		t.Error(diff)
	}
}

// Where replicas lack the data of some keyspaces alone, those are named: one that is new and unverified is none of them, one
// that came from another strategy is. An operator of an earlier version goes by the names of the datacenters.
func TestLackingKeyspaces(t *testing.T) {
	since := &metav1.Time{}
	joins := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc2", Annotations: map[string]string{cassandra.RebuildFromAnnotation: "dc1"}}}
	owes := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc3"}}
	owes.Status.Keyspaces = map[string]cassandra.KeyspaceStatus{
		"shop": {Replicas: 1, OwedSince: since}, "new": {Replicas: 1, OwedSince: since, Unverified: true}, "had": {Replicas: 1},
		"altered": {Replicas: 1, OwedSince: since, Unverified: true, Strategy: "SimpleStrategy"}, "moved": {Replicas: 1, OwedSince: since, Unverified: true, OnlyHere: true},
	}
	fresh := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc4"}}
	fresh.Status.Keyspaces = map[string]cassandra.KeyspaceStatus{"new": {Replicas: 1, OwedSince: since, Unverified: true}}
	ring := []Member{{Name: "dc1"}, MemberOf(joins), MemberOf(owes), MemberOf(fresh)}
	if diff := cmp.Diff([]string{"dc2", "dc3", "dc4"}, Lacking(ring, 0)); diff != "" {
		t.Error(diff)
	}
	if got, want := LackingKeyspaces(ring, 0), `{"dc3":["altered","moved","shop"],"dc4":[]}`; got != want {
		t.Errorf("%s instead of %s", got, want)
	}
}

// Keyspaces of which a datacenter would own ranges as soon as it joins are told to it; that nobody knows is no leave to join.
func TestSpread(t *testing.T) {
	said := &cassandra.CassandraDatacenter{}
	said.Status.KeyspacesSeen = true
	said.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterInitialized, Status: "True"}}
	said.Status.Keyspaces = map[string]cassandra.KeyspaceStatus{"shop": {Strategy: "SimpleStrategy"}, "other": {Replicas: 3}}
	none := &cassandra.CassandraDatacenter{}
	none.Status.KeyspacesSeen, none.Status.Conditions = true, said.Status.Conditions
	for _, test := range []struct {
		why  string
		ring []Member
		want []string
	}{
		{"two say so", []Member{{}, MemberOf(said), MemberOf(said)}, []string{"shop"}},
		{"one has yet to see it", []Member{{}, MemberOf(none), MemberOf(said)}, []string{"shop"}},
		{"there is none", []Member{{}, MemberOf(none), {Initialized: true}}, nil},
		{"nobody has looked", []Member{{Looked: true}, {Exists: true, Initialized: true}}, []string{"?"}},
	} {
		if diff := cmp.Diff(test.want, Spread(test.ring, 0)); diff != "" {
			t.Errorf("%s:\n%s", test.why, diff)
		}
	}
}

func TestStoppedWithData(t *testing.T) {
	dc := func(stopped bool, kinds ...cassandra.DatacenterConditionType) *cassandra.CassandraDatacenter {
		d := &cassandra.CassandraDatacenter{}
		d.Spec.Stopped = stopped
		for _, kind := range append(kinds, cassandra.DatacenterInitialized) {
			d.Status.Conditions = append(d.Status.Conditions, cassandra.DatacenterCondition{Type: kind, Status: "True"})
		}
		return d
	}
	named := func(name string, d *cassandra.CassandraDatacenter) Member { d.Name = name; return MemberOf(d) }
	back, young := dc(false, cassandra.DatacenterResuming), dc(true)
	back.Status.Seeds, young.Status.Conditions = []string{"10.0.0.1"}, nil
	ring := []Member{
		named("self", dc(true)), named("asked", dc(true)), named("resumed", dc(false, cassandra.DatacenterStopped)), named("back", back),
		named("empty", dc(false, cassandra.DatacenterResuming)), named("up", dc(false)), named("young", young),
		{Name: "owing", Initialized: true, Stopped: true, From: "up"}, {Name: "away", Initialized: true, Stopped: true},
	}
	if diff := cmp.Diff([]string{"asked", "away", "back", "resumed"}, Stopped(ring, 0)); diff != "" {
		t.Error(diff)
	}
}
