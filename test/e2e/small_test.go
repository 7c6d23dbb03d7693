package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// smallRings are two rings of one node each. A short ring
// delay lets nodes that join do so in seconds. The second datacenter of one of
// them finds no node for its pod until one has a label.
const smallRings = `
apiVersion: v1
kind: Namespace
metadata: {name: small}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: plain, namespace: small}
spec:
  auth: false
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    config: {jvmOptions: {cassandra_ring_delay_ms: 5000, additionalOptions: ["-Dcassandra.broadcast_interval_ms=5000"]}}
    datacenters:
      - {metadata: {name: plain1}, k8sContext: eu-west-1, size: 1}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: own, namespace: small, annotations: {k8ssandra.io/dc-replication: '{"own2": {"kept": 1}}'}}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    softPodAntiAffinity: true
    resources: {requests: {cpu: 50m, memory: 256Mi}, limits: {cpu: "2", memory: 1Gi}}
    config:
      jvmOptions: {cassandra_ring_delay_ms: 5000, additionalOptions: ["-Dcassandra.broadcast_interval_ms=5000"]}
      cassandraYaml: {credentials_validity: 0ms, roles_validity: 0ms, permissions_validity: 0ms}
    datacenters:
      - {metadata: {name: own1}, k8sContext: eu-west-1, size: 1}
      - {metadata: {name: own2}, k8sContext: eu-central-1, size: 1, racks: [{name: default, nodeAffinityLabels: {late: arrived}}]}
`

// smallReady says what a small ring still waits for, in the eyes of a region.
func smallReady(t *testing.T, region, name string) error {
	t.Helper()
	condition := kubectl(t, region, "-n", "small", "get", "k8c", name, "-o", "jsonpath={range .status.conditions[?(@.type=='Ready')]}{.status} {.message}{end}")
	if !strings.HasPrefix(condition, "True") {
		return fmt.Errorf("ring %s in %s: %s", name, region, condition)
	}
	return nil
}

// TestSmallRings plays what would take the big ring too long, in regions that may be without it.
func TestSmallRings(t *testing.T) {
	theRegions(t)
	file := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(file, []byte(smallRings), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", file)
	t.Run("together", func(t *testing.T) { // two rings, which wait for other things most of the time
		t.Run("the plain one", func(t *testing.T) {
			t.Parallel()
			t.Run("a ring without authentication serves", ringWithoutLogin)
			t.Run("a port that was closed stays closed", portStaysClosed)
			t.Run("a datacenter is added to a ring with data", datacenterIsAdded)
			t.Run("a node that lost its volume is replaced", lostVolumeIsReplaced)
			t.Run("a node that had the only copy waits until a person allows to start it empty", lostCopyWaitsForPermission)
			t.Run("a datacenter gets replicas by hand", replicasByHand)
		})
		t.Run("the one with logins", func(t *testing.T) {
			t.Parallel()
			t.Run("a superuser is made when none is given", ringWithItsOwnSuperuser)
			t.Run("a region comes when the ring is in use", regionComesLate)
			t.Run("a datacenter grows, and nobody's login fails", growsUnderLogins)
			t.Run("a node leaves with its rows kept, and nobody's login fails", shrinksUnderLogins)
		})
	})
	t.Run("deleted rings leave nothing", smallRingsAreDeleted)
}

const plainPod = "plain-plain1-default-sts-0"

// rows is how many rows of the users' data the plain ring has.
const rows = 50

func ringWithoutLogin(t *testing.T) {
	eventually(t, 3*time.Minute, func() error { return smallReady(t, west, "plain") })
	writeRows(t, plainPod, "plain1")
	if err := login(t, "small", plainPod, "anybody", "at all"); err != nil {
		t.Errorf("a login that isn't asked for is refused: %v", err)
	}
	if secret := kubectl(t, west, "-n", "small", "get", "secret", "plain-superuser", "--ignore-not-found", "-o", "name"); secret != "" {
		t.Errorf("%s was made for a ring without authentication", secret)
	}
}

// writeRows makes a keyspace with a replica in one datacenter, through a pod of the west, and fills it.
func writeRows(t *testing.T, pod, datacenter string) {
	t.Helper()
	var script strings.Builder
	fmt.Fprintf(&script, "CREATE KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', '%s': 1}; CREATE TABLE kept.rows (id int PRIMARY KEY, what text);", datacenter)
	for i := range rows {
		fmt.Fprintf(&script, "INSERT INTO kept.rows (id, what) VALUES (%d, 'row %d');", i, i)
	}
	ringspan(t, "cql", "--region", west, "--node", pod, "-e", script.String())
}

// ownSuperuser is the one that was made for the ring that names none.
func ownSuperuser(t *testing.T) (username, password string) {
	t.Helper()
	field := func(name string) string {
		data, err := base64.StdEncoding.DecodeString(kubectl(t, west, "-n", "small", "get", "secret", "own-superuser", "-o", "jsonpath={.data."+name+"}"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return field("username"), field("password")
}

func ringWithItsOwnSuperuser(t *testing.T) {
	eventually(t, 3*time.Minute, func() error {
		return contains(kubectl(t, west, "-n", "small", "get", "cassdc", "own1", "--ignore-not-found", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"), "True")
	})
	const pod = "own-own1-default-sts-0"
	username, password := ownSuperuser(t)
	if username != "own-superuser" || len(password) < 30 {
		t.Errorf("user %q with a password of %d characters", username, len(password))
	}
	if err := login(t, "small", pod, username, password); err != nil {
		t.Errorf("the superuser that was made can't log in: %v", err)
	}
	if login(t, "small", pod, "cassandra", "cassandra") == nil {
		t.Error("cassandra/cassandra can log in")
	}
	eventually(t, time.Minute, func() error { // the other region can found a datacenter of the ring
		return contains(kubectl(t, central, "-n", "small", "get", "secret", "own-superuser", "--ignore-not-found", "-o", "name"), "own-superuser")
	})
}

// The rows are in the new datacenter itself: LOCAL_ONE and LOCAL_QUORUM ask nobody else.
func datacenterIsAdded(t *testing.T) {
	kubectl(t, west, "-n", "small", "patch", "k8c", "plain", "--type=merge", "-p", `{
		"metadata": {"annotations": {"k8ssandra.io/dc-replication": "{\"plain2\":{\"kept\":1}}"}},
		"spec": {"cassandra": {"datacenters": [
			{"metadata": {"name": "plain1"}, "k8sContext": "eu-west-1", "size": 1},
			{"metadata": {"name": "plain2"}, "k8sContext": "eu-central-1", "size": 1}]}}}`)
	joinsClosed(t, "plain", "plain2")
	hasAllRows(t, central, "plain-plain2-default-sts-0")
}

// A member whose claim is deleted isn't started empty: the ring says whose data is lost. No other node of its datacenter runs,
// but the other region has all, and so it replaces its dead member unasked, with the rows from there.
func lostVolumeIsReplaced(t *testing.T) {
	eventually(t, 5*time.Minute, func() error { // what was written while the other node started is there
		together := kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", "jsonpath={.status.together.looked} apart since {.status.together.apartSince}.")
		return contains(together, "Z apart since .")
	})
	plainIsReplaced(t, loseVolume(t))
	hasAllRows(t, west, plainPod)
	if out := ringspan(t, "nodetool", "--region", west, "--node", plainPod, "--", "status", "kept"); strings.Contains(out, "DN ") || strings.Count(out, "UN ") != 2 {
		t.Errorf("the dead member is still there, or another one is missing:\n%s", out)
	}
}

// A member that had the only copy of a keyspace waits until a person allows to start it empty, which is for one loss only.
func lostCopyWaitsForPermission(t *testing.T) {
	ringspan(t, "cql", "--region", west, "--node", plainPod, "-e", "CREATE KEYSPACE once WITH replication = {'class': 'NetworkTopologyStrategy', 'plain1': 1}")
	before := loseVolume(t)
	eventually(t, 2*time.Minute, func() error {
		return contains(kubectl(t, central, "-n", "small", "get", "cassdc", "plain2", "-o", "jsonpath=only at plain1: {.status.onlyAt.plain1}."), "only at plain1: once.")
	})
	if lost := kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].message}"); !strings.Contains(lost, "ringspan.io/start-empty="+plainPod) {
		t.Errorf("it doesn't wait for permission: %s", lost)
	}
	kubectl(t, west, "-n", "small", "annotate", "cassdc", "plain1", "ringspan.io/start-empty="+plainPod)
	plainIsReplaced(t, before)
	if left := kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", `jsonpath={.metadata.annotations.ringspan\.io/start-empty}`); left != "" {
		t.Errorf("the annotation was not removed: %s", left)
	}
	hasAllRows(t, west, plainPod)
	ringspan(t, "cql", "--region", west, "--node", plainPod, "-e", "DROP KEYSPACE once")
}

const plainHostID = "jsonpath={.status.nodeStatuses." + plainPod + ".hostID}"

// loseVolume deletes the claim of the west's node of the plain ring with its pod, and returns its host id when that is told.
func loseVolume(t *testing.T) (hostID string) {
	t.Helper()
	hostID = kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", plainHostID)
	kubectl(t, west, "-n", "small", "delete", "pvc", "server-data-"+plainPod, "--wait=false")
	kubectl(t, west, "-n", "small", "delete", "pod", plainPod, "--wait=false")
	eventually(t, time.Minute, func() error {
		ready := kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", "jsonpath={range .status.conditions[?(@.type=='Ready')]}{.status} {.reason} {.message}{end}")
		return contains(ready, "False DataLost node "+plainPod+" has lost its data (it was host id "+hostID)
	})
	return hostID
}

// plainIsReplaced waits for the west's node of the plain ring to be another than before.
func plainIsReplaced(t *testing.T, before string) {
	t.Helper()
	eventually(t, 4*time.Minute, func() error {
		if after := kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", plainHostID); after == before {
			return fmt.Errorf("the host id is still %s", after)
		}
		return smallReady(t, west, "plain")
	})
}

func hasAllRows(t *testing.T, region, pod string) {
	t.Helper()
	for _, level := range []string{"LOCAL_ONE", "LOCAL_QUORUM"} {
		if out := ringspan(t, "cql", "--region", region, "--node", pod, "-o", "json", "-e", "CONSISTENCY "+level+"; SELECT what FROM kept.rows"); strings.Count(out, "row ") != rows {
			t.Errorf("%d of %d rows at %s in %s: %s", strings.Count(out, "row "), rows, level, region, out)
		}
	}
}

func smallRingsAreDeleted(t *testing.T) {
	kubectl(t, west, "-n", "small", "delete", "k8c", "plain", "own", "--wait=false")
	eventually(t, 2*time.Minute, func() error {
		for _, region := range []string{west, central} {
			if left := kubectl(t, region, "-n", "small", "get", "k8c,cassdc,cassandratasks,sts,pods,pvc,services", "-o", "name"); left != "" {
				return fmt.Errorf("%s still has %s", region, strings.ReplaceAll(left, "\n", ", "))
			}
		}
		return nil
	})
}
