package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/plan"
)

// Two datacenters join at the same time, and each gives itself replicas: neither removes the other's.
func TestReplicasThatAnotherRegionGaveStay(t *testing.T) {
	_, nodes := ofDatacenters(t, "dc1", "dc2", "dc3")
	if err := nodes[0].CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 1}); err != nil {
		t.Fatal(err)
	}
	// Both plans were made when only dc1 had replicas.
	for i, dc := range []string{"dc2", "dc3"} {
		step := datacenter.Step{Step: plan.Step{Verb: datacenter.Replicate, Target: "shop"}, Factors: map[string]int{"dc1": 1, dc: 1}}
		if err := replicate(t.Context(), nodes[i+1], step); err != nil {
			t.Fatal(err)
		}
	}
	got, err := nodes[0].Replication(t.Context(), "shop")
	want := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "1", "dc2": "1", "dc3": "1"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
