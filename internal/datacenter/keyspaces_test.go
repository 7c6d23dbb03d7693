package datacenter_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// What a datacenter owes of a keyspace after a look, by what it knew of it before.
func TestWhatIsOwedOfAKeyspace(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	byDatacenter := func(here, elsewhere string) map[string]string {
		return map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": elsewhere, "dc2": here}
	}
	simple := map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "3"}
	then, next := metav1.NewTime(now.Add(-time.Hour)), metav1.NewTime(now.Add(time.Second))
	initialized := []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}
	joins := map[string]string{api.RebuildFromAnnotation: "dc1"}
	type known map[string]api.KeyspaceStatus
	for _, test := range []struct {
		why         string
		annotations map[string]string
		conditions  []api.DatacenterCondition
		looked      bool
		before      known
		replication map[string]string
		want        api.KeyspaceStatus
	}{
		{"a very first look", nil, initialized, false, nil, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3}},
		{"new since the last one", nil, initialized, true, nil, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, OwedSince: &next, Unverified: true}},
		{"new, and here alone", nil, initialized, true, nil, byDatacenter("3", "0"), api.KeyspaceStatus{Replicas: 3}},
		{"new, and elsewhere alone", nil, initialized, true, nil, byDatacenter("0", "3"), api.KeyspaceStatus{}},
		{"new, and not by datacenter", nil, initialized, true, nil, simple, api.KeyspaceStatus{Strategy: "SimpleStrategy"}},
		{"altered from that", nil, initialized, true, known{"shop": {Strategy: "SimpleStrategy"}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, Strategy: "SimpleStrategy", OwedSince: &next, Unverified: true}},
		{"altered from that, and over this one alone", nil, initialized, true, known{"shop": {Strategy: "SimpleStrategy"}}, byDatacenter("3", "0"), api.KeyspaceStatus{Replicas: 3, Strategy: "SimpleStrategy", OwedSince: &next, Unverified: true}},
		{"altered from that, and over others alone", nil, initialized, true, known{"shop": {Strategy: "SimpleStrategy"}}, byDatacenter("0", "3"), api.KeyspaceStatus{Strategy: "SimpleStrategy", OwedSince: &next, Unverified: true}},
		{"altered to that while it was owed", nil, initialized, true, known{"shop": {Replicas: 3, OwedSince: &then}}, simple, api.KeyspaceStatus{Strategy: "SimpleStrategy", OwedSince: &then, Unverified: true}},
		{"moved here from others", nil, initialized, true, known{"shop": {}}, byDatacenter("3", "0"), api.KeyspaceStatus{Replicas: 3, OwedSince: &next}},
		{"taken from others while it was owed", nil, initialized, true, known{"shop": {Replicas: 3, OwedSince: &then}}, byDatacenter("3", "0"), api.KeyspaceStatus{Replicas: 3, OwedSince: &then}},
		{"altered over this one", nil, initialized, true, known{"shop": {}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, OwedSince: &next}},
		{"more replicas where there were some", nil, initialized, true, known{"shop": {Replicas: 1}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3}},
		{"more, while it is being rebuilt", joins, initialized, true, known{"shop": {Replicas: 1}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, OwedSince: &next}},
		{"more again, while it is being rebuilt", joins, initialized, true, known{"shop": {Replicas: 1, OwedSince: &then}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, OwedSince: &next}},
		{"more, before it is", joins, nil, true, known{"shop": {}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3}},
		{"taken away while it was owed", nil, initialized, true, known{"shop": {Replicas: 3, OwedSince: &then, Unverified: true}}, byDatacenter("0", "3"), api.KeyspaceStatus{}},
		{"owed as before", nil, initialized, true, known{"shop": {Replicas: 3, OwedSince: &then}}, byDatacenter("3", "3"), api.KeyspaceStatus{Replicas: 3, OwedSince: &then}},
	} {
		dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc2", Annotations: test.annotations}}
		dc.Status.Conditions, dc.Status.KeyspacesSeen, dc.Status.Keyspaces = test.conditions, test.looked, test.before
		s := &datacenter.State{Now: now, DC: dc, Keyspaces: map[string]map[string]string{"shop": test.replication}, Ringview: []mgmtapi.Endpoint{{Datacenter: "dc1", Status: "NORMAL", Alive: true}, {Datacenter: "dc2", Status: "NORMAL", Alive: true}}}
		got := datacenter.Summarize(s, datacenter.Plan{}, nil)
		if k := got.Keyspaces["shop"]; !k.OwedSince.Equal(test.want.OwedSince) || k.Replicas != test.want.Replicas || k.Unverified != test.want.Unverified || k.Strategy != test.want.Strategy || !got.KeyspacesSeen {
			t.Errorf("%s: %+v, looked at %t", test.why, k, got.KeyspacesSeen)
		}
	}
}

// Replicas in a datacenter that has no members any more hold nothing that could be got.
func TestReplicasWithoutMembers(t *testing.T) {
	then := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	replication := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "1", "gone": "1"}
	for why, before := range map[string]map[string]api.KeyspaceStatus{
		"new":              nil,
		"owed":             {"shop": {Replicas: 1, OwedSince: &then}},
		"owed, unverified": {"shop": {Replicas: 1, OwedSince: &then, Unverified: true}},
		"altered over it":  {"shop": {}},
	} {
		dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
		dc.Status.Conditions = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}
		dc.Status.KeyspacesSeen, dc.Status.Keyspaces = true, before
		s := &datacenter.State{Now: then.Time, DC: dc, Keyspaces: map[string]map[string]string{"shop": replication}, Ringview: []mgmtapi.Endpoint{{Datacenter: "dc1", Status: "NORMAL", Alive: true}}}
		if k := datacenter.Summarize(s, datacenter.Plan{}, nil).Keyspaces["shop"]; k.OwedSince != nil || k.Unverified || k.Replicas != 1 {
			t.Errorf("%s: %+v", why, k)
		}
	}
}
