package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lostRing has one node in each region, and a namespace of its own.
const lostRing = `
apiVersion: v1
kind: Namespace
metadata: {name: lost}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: pair, namespace: lost}
spec:
  auth: false
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    config: {jvmOptions: {cassandra_ring_delay_ms: 5000}}
    datacenters:
      - {metadata: {name: pair1}, k8sContext: eu-west-1, size: 1}
      - {metadata: {name: pair2}, k8sContext: eu-central-1, size: 1}
`

// inLost is kubectl in the story's namespace.
func inLost(t *testing.T, region string, args ...string) string {
	t.Helper()
	return kubectl(t, region, append([]string{"-n", "lost"}, args...)...)
}

// ofPair is a condition of a region's copy, as status and message.
func ofPair(t *testing.T, region, kind string) string {
	t.Helper()
	return inLost(t, region, "get", "k8c", "pair", "-o", "jsonpath={range .status.conditions[?(@.type=='"+kind+"')]}{.status} {.message}{end}")
}

// TestANamespaceIsDeletedInOneRegion: `kubectl delete namespace` is that region's loss. Its volumes stay until a person
// says that they may go, the other region serves on, and the ring ends where somebody asks for that.
func TestANamespaceIsDeletedInOneRegion(t *testing.T) {
	theRing(t)
	file := filepath.Join(t.TempDir(), "lost.yaml")
	if err := os.WriteFile(file, []byte(lostRing), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", file)
	for _, region := range []string{west, central} {
		eventually(t, 3*time.Minute, func() error { return contains(ofPair(t, region, "Ready"), "True") })
	}
	const pod = "pair-pair2-default-sts-0"
	ringspan(t, "cql", "--region", central, "--node", pod, "-e",
		"CREATE KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', 'pair1': 1, 'pair2': 1}; CREATE TABLE kept.rows (id int PRIMARY KEY); INSERT INTO kept.rows (id) VALUES (42)")
	before := inLost(t, central, "get", "pods,pvc", "-o", "jsonpath={.items[*].metadata.uid}")
	claims := inLost(t, west, "get", "pvc", "-o", "jsonpath={.items[*].metadata.uid}")

	kubectl(t, west, "delete", "namespace", "lost", "--wait=false")
	eventually(t, time.Minute, func() error { return contains(ofPair(t, central, "RegionLost"), "True region "+west) })
	eventually(t, 3*time.Minute, func() error {
		if pods := inLost(t, west, "get", "pods", "-o", "name"); pods != "" {
			return fmt.Errorf("%s is still there", pods)
		}
		return contains(ofPair(t, west, "Deleting"), "True namespace lost is being deleted")
	})
	if after := inLost(t, west, "get", "pvc", "-o", "jsonpath={.items[*].metadata.uid}"); claims == "" || after != claims {
		t.Errorf("the claims of the lost region were %s and are %s", claims, after)
	}
	if volumes := kubectl(t, west, "get", "pv", "-o", "jsonpath={range .items[?(@.spec.claimRef.namespace=='lost')]}{.status.phase} {end}"); strings.TrimSpace(volumes) != "Bound" {
		t.Errorf("the volume of the lost region is %q", volumes)
	}
	goesOn := func() {
		t.Helper()
		if after := inLost(t, central, "get", "pods,pvc", "-o", "jsonpath={.items[*].metadata.uid}"); after != before {
			t.Fatalf("pods and claims of the other region were %s and are %s", before, after)
		}
		if out := ringspan(t, "cql", "--region", central, "--node", pod, "-e", "SELECT id FROM kept.rows"); !strings.Contains(out, "42") {
			t.Errorf("the other region doesn't serve: %s", out)
		}
	}
	goesOn()

	kubectl(t, west, "annotate", "namespace", "lost", "ringspan.io/let-go=true")
	eventually(t, 2*time.Minute, func() error {
		if ns := kubectl(t, west, "get", "namespace", "lost", "--ignore-not-found", "-o", "name"); ns != "" {
			return fmt.Errorf("%s is still there", ns)
		}
		return contains(ofPair(t, central, "RegionLost"), "ringspan.io/bring-back: "+west)
	})
	goesOn()
	if ns := kubectl(t, west, "get", "namespace", "lost", "--ignore-not-found", "-o", "name"); ns != "" {
		t.Errorf("%s was made again, and nobody said so", ns)
	}

	inLost(t, central, "delete", "k8c", "pair", "--wait=false")
	eventually(t, 2*time.Minute, func() error {
		if left := inLost(t, central, "get", "k8c,cassdc,sts,pods,pvc", "-o", "name"); left != "" {
			return fmt.Errorf("%s still has %s", central, strings.ReplaceAll(left, "\n", ", "))
		}
		return nil
	})
	kubectl(t, central, "delete", "namespace", "lost", "--wait=false")
}
