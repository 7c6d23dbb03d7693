package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A ring of six nodes in two regions, every datacenter owning all of its data.
func TestARingOverTwoRegions(t *testing.T) {
	theRing(t)
	s, err := status()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Datacenters) != 2 {
		t.Fatalf("datacenters: %+v", s.Datacenters)
	}
	for _, d := range s.Datacenters {
		if d.OwnsEffective < 0.999 || d.Up != 3 {
			t.Errorf("%s owns %.3f with %d nodes up", d.Name, d.OwnsEffective, d.Up)
		}
	}
	for _, n := range s.Nodes {
		if n.Tokens != 16 || n.OwnsEffective < 0.999 || n.HostID == "" || n.Load == 0 {
			t.Errorf("node %+v", n)
		}
		prefix := map[string]string{"dc1": "172.21.", "dc2": "172.22."}[n.Datacenter]
		if !strings.HasPrefix(n.Address, prefix) || n.Pod != fmt.Sprintf("%s-%s-%s-sts-0", ring, n.Datacenter, n.Rack) {
			t.Errorf("node %+v is not where its region is", n)
		}
	}
	for _, keyspace := range []string{"system_auth", "system_distributed", "system_traces"} {
		out := ringspan(t, "cql", "-e", "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '"+keyspace+"'")
		if !strings.Contains(out, "'dc1': '3'") || !strings.Contains(out, "'dc2': '3'") {
			t.Errorf("%s: %s", keyspace, out)
		}
	}
}

// What a user makes at 3 + 3 is owned whole by each datacenter, and a row written
// in one region is read in the other.
func TestARowCrossesRegions(t *testing.T) {
	theRing(t)
	writeOrder(t)
	eventually(t, 30e9, func() error { // LOCAL_QUORUM writes reach the other region a moment later
		out, err := command("cql", "--region", central, "-e", "CONSISTENCY LOCAL_QUORUM; SELECT * FROM shop.orders").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "a bicycle") || !strings.Contains(string(out), "{'fast', 'red'}") {
			return fmt.Errorf("%w %s", err, out)
		}
		return nil
	})
	if out := ringspan(t, "nodetool", "--region", central, "--", "status", "shop"); strings.Count(out, "UN ") != 6 || strings.Count(out, "100.0%") != 6 {
		t.Errorf("nodetool status shop:\n%s", out)
	}
	if out := ringspan(t, "cql", "-e", "DESCRIBE TABLE shop.orders"); !strings.Contains(out, "CREATE TABLE shop.orders") {
		t.Errorf("DESCRIBE: %s", out)
	}
	if out, err := command("cql", "-e", "SELECT nonsense FROM shop.orders").CombinedOutput(); err == nil || !strings.Contains(string(out), "nonsense") {
		t.Errorf("a wrong statement: %v %s", err, out)
	}
	for _, region := range []string{west, central} { // every copy of the ring tells of it in its time: later stories look for what changes
		eventually(t, 2*time.Minute, func() error {
			got := kubectl(t, region, "get", "k8c", ring, "-o", "jsonpath={.status.datacenters.dc1.cassandra.keyspaces.shop.replicas}{.status.datacenters.dc1.cassandra.keyspaces.shop.unverified} {.status.datacenters.dc2.cassandra.keyspaces.shop.replicas}{.status.datacenters.dc2.cassandra.keyspaces.shop.unverified}")
			if got != "3 3" { // and not unverified
				return fmt.Errorf("the replicas of shop in the status of %s are %q", region, got)
			}
			return nil
		})
	}
}

// writeOrder writes a row in one region, in a keyspace that both own whole.
func writeOrder(t *testing.T) {
	t.Helper()
	ringspan(t, "cql", "--region", west, "-e", `
		CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 3};
		CREATE TABLE IF NOT EXISTS shop.orders (id int PRIMARY KEY, what text, tags set<text>);
		CONSISTENCY LOCAL_QUORUM;
		INSERT INTO shop.orders (id, what, tags) VALUES (1, 'a bicycle', {'red', 'fast'})`)
}

// The default login never works, and the given one does.
func TestOnlyTheGivenLoginWorks(t *testing.T) {
	theRing(t)
	if out := ringspan(t, "cql", "-e", "LIST ROLES"); !strings.Contains(out, user) || strings.Contains(out, "| cassandra ") {
		t.Errorf("roles:\n%s", out)
	}
	if err := login(t, "default", ring+"-dc1-rack1-sts-0", "cassandra", "cassandra"); err == nil {
		t.Error("cassandra/cassandra can log in")
	}
	if err := login(t, "default", ring+"-dc1-rack1-sts-0", user, "change-me-before-you-rely-on-it"); err != nil {
		t.Errorf("the given superuser can't log in: %v", err)
	}
	if err := login(t, "default", ring+"-dc1-rack1-sts-0", user, "wrong"); err == nil {
		t.Error("a wrong password can log in")
	}
}
