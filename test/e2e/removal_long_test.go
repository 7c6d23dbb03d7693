//go:build long

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// leavingRing is a ring of two regions of which one leaves, comes back and leaves again.
type leavingRing struct{ stays, goes string }

const leavingName = "cluster7"

// apply writes the ring with its datacenters, and what it asks for of their keyspaces.
func (r leavingRing) apply(t *testing.T, both bool, replication string) {
	t.Helper()
	datacenters := []any{map[string]any{"metadata": map[string]any{"name": r.stays}, "k8sContext": west, "size": 1}}
	if both {
		datacenters = append(datacenters, map[string]any{"metadata": map[string]any{"name": r.goes}, "k8sContext": central, "size": 2})
	}
	applyObjects(t, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": peers}}, map[string]any{
		"apiVersion": "k8ssandra.io/v1alpha1", "kind": "K8ssandraCluster",
		"metadata": map[string]any{"name": leavingName, "namespace": peers, "annotations": map[string]any{"k8ssandra.io/dc-replication": replication}},
		"spec": map[string]any{"auth": false, "cassandra": map[string]any{
			"serverVersion": "5.0.9", "softPodAntiAffinity": true, "datacenters": datacenters,
			"storageConfig": map[string]any{"cassandraDataVolumeClaimSpec": map[string]any{"accessModes": []string{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}}}},
			"resources":     map[string]any{"requests": map[string]any{"cpu": "50m", "memory": "256Mi"}, "limits": map[string]any{"cpu": "2", "memory": "1Gi"}},
			"config":        map[string]any{"jvmOptions": map[string]any{"cassandra_ring_delay_ms": 5000, "additionalOptions": []string{"-Dcassandra.broadcast_interval_ms=5000"}}},
		}},
	})
}

func (r leavingRing) pod(datacenter string, ordinal int) string {
	return fmt.Sprintf("%s-%s-default-sts-%d", leavingName, datacenter, ordinal)
}

func (r leavingRing) get(t *testing.T, region, path string) string {
	t.Helper()
	return kubectl(t, region, "-n", peers, "get", "k8c", leavingName, "--ignore-not-found", "-o", "jsonpath="+path)
}

// ready waits until both regions say that all is as asked, with so many nodes.
func (r leavingRing) ready(t *testing.T, nodes int) {
	t.Helper()
	for _, region := range []string{west, central} {
		eventually(t, 6*time.Minute, func() error {
			return contains(r.get(t, region, "{range .status.conditions[?(@.type=='Ready')]}{.status} {.message}{end}"), "True")
		})
	}
	if out := ringspan(t, "nodetool", "--region", west, "--node", r.pod(r.stays, 0), "--", "status"); strings.Count(out, "UN ") != nodes || strings.Contains(out, "DN ") {
		t.Errorf("instead of %d nodes the ring has\n%s", nodes, out)
	}
}

func (r leavingRing) cql(t *testing.T, script string) string {
	t.Helper()
	return ringspan(t, "cql", "--region", west, "--node", r.pod(r.stays, 0), "-o", "json", "-e", script)
}

func (r leavingRing) replicate(t *testing.T, datacenters ...string) {
	t.Helper()
	r.cql(t, "ALTER KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', '"+strings.Join(datacenters, "': 1, '")+"': 1}")
}

func (r leavingRing) isGone(t *testing.T) {
	t.Helper()
	eventually(t, 6*time.Minute, func() error {
		if left := kubectl(t, central, "-n", peers, "get", "cassdc,sts,pods,pvc,services", "-o", "name"); left != "" {
			return fmt.Errorf("left in %s: %s; %s", central, strings.Join(strings.Fields(left), ", "), r.get(t, central, "{.status.error} {.status.conditions}"))
		}
		return nil
	})
	r.ready(t, 1)
	for _, region := range []string{west, central} {
		var datacenters map[string]any
		if text := r.get(t, region, "{.status.datacenters}"); json.Unmarshal([]byte(text), &datacenters) != nil || datacenters[r.goes] != nil || datacenters[r.stays] == nil {
			t.Errorf("the status in %s has %s", region, text)
		}
	}
}

// TestStoriesOfALeavingDatacenter takes a datacenter out of a ring as K8ssandra's users do, while operators end, adds it again under its
// name, and lets the operator take its replicas the second time.
func TestStoriesOfALeavingDatacenter(t *testing.T) {
	theRegions(t)
	r := leavingRing{"stay1", "go2"}
	inTurn(t, r, []chapter[leavingRing]{
		{"a ring of two regions", ringThatWillShrink},
		{"RemoveDcFromCluster", datacenterLeaves},
		{"AddDcToCluster under the same name", datacenterComesBack},
		{"RemoveDcFromCluster where the operator may alter", datacenterLeavesAlone},
		{"the ring is deleted", leavingRingIsDeleted},
	})
}

func ringThatWillShrink(t *testing.T, r leavingRing) {
	r.apply(t, true, "{}")
	r.ready(t, 3)
	writeRows(t, r.pod(r.stays, 0), r.stays)
	r.replicate(t, r.stays, r.goes)
	for i := range 2 { // what the keyspace's new replicas lack
		ringspan(t, "nodetool", "--region", central, "--node", r.pod(r.goes, i), "--", "repair", "-full", "kept")
	}
}

// While a user's keyspace has replicas there nothing moves, and the status names it. Then the nodes leave, whoever ends meanwhile.
func datacenterLeaves(t *testing.T, r leavingRing) {
	r.apply(t, false, "{}")
	for _, region := range []string{west, central} {
		eventually(t, 2*time.Minute, func() error {
			if err := contains(r.get(t, region, "{.status.datacenters.go2.decommissionProgress}"), "UpdatingReplication"); err != nil {
				return err
			}
			return contains(r.get(t, region, "{.status.error}"), "keyspace kept still has replicas on it")
		})
	}
	if record := kubectl(t, central, "-n", peers, "get", "cassdc", r.goes, "-o", `jsonpath={.metadata.annotations.ringspan\.io/decommission}`); record != "" {
		t.Errorf("a node leaves though a keyspace has replicas there: %s", record)
	}
	r.replicate(t, r.stays)
	eventually(t, 4*time.Minute, func() error {
		return contains(r.get(t, central, "{.status.datacenters.go2.decommissionProgress}"), "Decommissioning")
	})
	for _, region := range []string{west, central} {
		kubectl(t, region, "-n", "ringspan-system", "delete", "pods", "--all", "--force", "--grace-period=0")
	}
	r.isGone(t)
	for _, keyspace := range []string{"system_auth", "system_distributed", "system_traces"} {
		if out := r.cql(t, "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '"+keyspace+"'"); strings.Contains(out, r.goes) || !strings.Contains(out, r.stays) {
			t.Errorf("%s has %s", keyspace, out)
		}
	}
	hasAllRows(t, west, r.pod(r.stays, 0))
}

// The name is free again, and the nodes get the rows.
func datacenterComesBack(t *testing.T, r leavingRing) {
	r.apply(t, true, `{"go2": {"kept": 2}}`)
	r.ready(t, 3)
	for i := range 2 {
		hasAllRows(t, central, r.pod(r.goes, i))
	}
}

// The factor 0 is a person's word: the operator repairs and alters, and no row is lost.
func datacenterLeavesAlone(t *testing.T, r leavingRing) {
	ringspan(t, "cql", "--region", central, "--node", r.pod(r.goes, 0), "-e", "CONSISTENCY LOCAL_QUORUM; INSERT INTO kept.rows (id, what) VALUES (7, 'row written where it leaves')")
	const word = `{"go2": {"kept": 0}}`
	kubectl(t, central, "-n", peers, "annotate", "--overwrite", "k8c", leavingName, "k8ssandra.io/dc-replication="+word)
	r.apply(t, false, word)
	r.isGone(t)
	if out := r.cql(t, "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'kept'"); strings.Contains(out, r.goes) {
		t.Errorf("kept has %s", out)
	}
	if out := r.cql(t, "SELECT what FROM kept.rows WHERE id = 7"); !strings.Contains(out, "written where it leaves") {
		t.Errorf("the row that was written there is %s", out)
	}
	hasAllRows(t, west, r.pod(r.stays, 0))
}

func leavingRingIsDeleted(t *testing.T, _ leavingRing) {
	kubectl(t, west, "-n", peers, "delete", "k8c", leavingName, "--wait=false")
	eventually(t, 2*time.Minute, func() error {
		for _, region := range []string{west, central} {
			if left := kubectl(t, region, "-n", peers, "get", "k8c,cassdc,sts,pods,pvc,services", "-o", "name"); left != "" {
				return fmt.Errorf("%s still has %s", region, strings.Join(strings.Fields(left), ", "))
			}
		}
		return nil
	})
}
