package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// regionComesLate lets the second datacenter of a ring find a node for its pod when the first one has been serving, and
// clients have written rows and roles. It lets nobody in before it has all of it.
func regionComesLate(t *testing.T) {
	writeRows(t, "own-own1-default-sts-0", "own1")
	ringspan(t, "cql", "--region", west, "--node", "own-own1-default-sts-0", "-e", "CREATE ROLE reader WITH PASSWORD = 'r' AND LOGIN = true; GRANT SELECT ON KEYSPACE kept TO reader;")
	if err := smallReady(t, west, "own"); err == nil {
		t.Error("the ring is ready without its second datacenter")
	}
	kubectl(t, central, "label", "nodes", "--all", "late=arrived")
	t.Cleanup(func() { kubectl(t, central, "label", "nodes", "--all", "late-") })
	joinsClosed(t, "own", "own2")
	asReader := func(script string, options ...string) (string, error) {
		args := append([]string{"cql", "--region", central, "--node", "own-own2-default-sts-0", "-u", "reader", "-e", script}, options...)
		cmd := command(args...)
		cmd.Env = append(cmd.Env, "RINGSPAN_CQL_PASSWORD=r")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, level := range []string{"LOCAL_ONE", "LOCAL_QUORUM"} {
		if out, err := asReader("CONSISTENCY "+level+"; SELECT what FROM kept.rows", "-o", "json"); err != nil || strings.Count(out, "row ") != rows {
			t.Errorf("%d of %d rows at %s: %v %s", strings.Count(out, "row "), rows, level, err, out)
		}
	}
	if out, err := asReader("DELETE FROM kept.rows WHERE id = 1"); err == nil {
		t.Errorf("a role that may only read may write: %s", out)
	}
}

// replicasByHand takes a keyspace's replicas away from a datacenter that serves and gives them again. It goes on serving,
// the ring isn't ready and says why, and a rebuild brings the row that it never got: Cassandra's own memory of what was
// streamed the first time would leave it out.
func replicasByHand(t *testing.T) {
	const pod = "plain-plain2-default-sts-0"
	at := func(region, pod, script string) string {
		return ringspan(t, "cql", "--region", region, "--node", pod, "-o", "json", "-e", script)
	}
	look := func(value string) { // now, and not with the next pass
		kubectl(t, central, "-n", "small", "annotate", "--overwrite", "cassdc", "plain2", "look="+value)
	}
	at(west, plainPod, "ALTER KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', 'plain1': 1}; INSERT INTO kept.rows (id, what) VALUES (1000, 'late row');")
	eventually(t, time.Minute, func() error {
		look("away" + time.Now().Format("150405.000"))
		return contains(kubectl(t, central, "-n", "small", "get", "cassdc", "plain2", "-o", "jsonpath=replicas={.status.keyspaces.kept.replicas}."), "replicas=0.")
	})
	at(west, plainPod, "ALTER KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', 'plain1': 1, 'plain2': 1}")
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error {
			look("again" + time.Now().Format("150405.000"))
			if err := smallReady(t, region, "plain"); err == nil || !strings.Contains(err.Error(), "has got replicas of kept") {
				return fmt.Errorf("the keyspace is not named: %w", err)
			}
			return nil
		})
	}
	if out := at(central, pod, "CONSISTENCY LOCAL_ONE; SELECT what FROM kept.rows WHERE id = 1000"); strings.Contains(out, "late row") {
		t.Errorf("the row is there without a rebuild, so this shows nothing: %s", out)
	}
	task := filepath.Join(t.TempDir(), "task.yaml")
	if err := os.WriteFile(task, []byte(`
apiVersion: control.k8ssandra.io/v1alpha1
kind: CassandraTask
metadata: {name: again, namespace: small}
spec: {datacenter: {name: plain2, namespace: small}, jobs: [{name: rebuild, command: rebuild, args: {source_datacenter: plain1}}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, central, "apply", "-f", task)
	defer kubectl(t, central, "-n", "small", "delete", "cassandratask", "again")
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error { return smallReady(t, region, "plain") })
	}
	if out := at(central, pod, "CONSISTENCY LOCAL_ONE; SELECT what FROM kept.rows WHERE id = 1000"); !strings.Contains(out, "late row") {
		t.Errorf("the row that was written meanwhile is missing: %s", out)
	}
}

// tellsOf is nil when a copy of a ring has a datacenter and its status is about that spec, and not about the one before.
func tellsOf(t *testing.T, region, ring, dc string) error {
	t.Helper()
	got := strings.Fields(kubectl(t, region, "-n", "small", "get", "k8c", ring, "-o", "jsonpath={.metadata.generation} {.status.seenGeneration} {.spec.cassandra.datacenters[*].metadata.name}"))
	if len(got) < 3 || got[0] != got[1] || !slices.Contains(got[2:], dc) {
		return fmt.Errorf("the status of ring %s in %s isn't about datacenter %s yet: %v", ring, region, dc, got)
	}
	return nil
}

// joinsClosed waits until a ring is ready whose datacenter in the central region joins with data, and watches that the
// datacenter lets no clients in, and the ring isn't ready, before it has been rebuilt.
func joinsClosed(t *testing.T, ring, dc string) {
	t.Helper()
	serves := func() string {
		return kubectl(t, central, "-n", "small", "get", "endpointslices", "-l", "kubernetes.io/service-name="+ring+"-"+dc+"-service", "-o", "jsonpath={range .items[*].endpoints[*]}{.conditions.ready} {end}")
	}
	eventually(t, 4*time.Minute, func() error {
		if err := tellsOf(t, central, ring, dc); err != nil {
			return err
		}
		endpoints, ready := serves(), smallReady(t, central, ring)
		rebuilt := kubectl(t, central, "-n", "small", "get", "cassdc", dc, "--ignore-not-found", "-o", `jsonpath={.metadata.annotations.ringspan\.io/rebuilt-from}`)
		if rebuilt == "" && (strings.Contains(endpoints, "true") || ready == nil) {
			t.Fatalf("datacenter %s isn't rebuilt; its Service has endpoints that are ready: %q; the ring: %v", dc, endpoints, ready)
		}
		if !strings.Contains(endpoints, "true") {
			return fmt.Errorf("the Service of %s has no endpoints; the ring: %w", dc, ready)
		}
		return ready
	})
	eventually(t, time.Minute, func() error { return smallReady(t, west, ring) })
	ended := kubectl(t, central, "-n", "small", "get", "cassandratask", dc+"-rebuild", "-o", "jsonpath={.status.completionTime}")
	opened := kubectl(t, central, "-n", "small", "get", "pod", ring+"-"+dc+"-default-sts-0", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].lastTransitionTime}")
	if opened < ended || ended == "" { // both in seconds of UTC
		t.Errorf("datacenter %s let clients in at %s, and its rebuild ended at %s", dc, opened, ended)
	}
}
