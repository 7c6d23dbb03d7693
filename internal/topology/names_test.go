package topology

import "testing"

// What cass-operator makes of names (its CleanupForKubernetes, and CleanupSubdomain for racks), beside what the first version made.
func TestNamesLikeCassOperators(t *testing.T) {
	for _, c := range []struct{ cluster, datacenter, rack, want, former string }{
		{"ring", "dc1", "rack1", "ring-dc1-rack1-sts", "ring-dc1-rack1-sts"},
		{"Multi Region!", "dc1", "rack1", "multiregion-dc1-rack1-sts", "multiregion-dc1-rack1-sts"},
		{"Test_Cluster", "dc1", "Rack_1", "test-cluster-dc1-rack-1-sts", "testcluster-dc1-rack1-sts"},
		{"cluster 2", "dc1", "default", "cluster-dc1-default-sts", "cluster2-dc1-default-sts"},
		{"1st ring", "dc1", "default", "string-dc1-default-sts", "1string-dc1-default-sts"},
		{"ring", "2dc", "2b", "ring-dc-2b-sts", "ring-2dc-2b-sts"},
		{"ring", "dc1", "r.1", "ring-dc1-r.1-sts", "ring-dc1-r1-sts"},
		{"ring", "dc1", "A_b", "ring-dc1-a-b-sts", "ring-dc1-ab-sts"},
		{"ring", "dc1", "_r1_", "ring-dc1-r1-sts", "ring-dc1-r1-sts"},
		{"_ring-", "dc1", "r1", "ring-dc1-r1-sts", "ring-dc1-r1-sts"},
		{"Ä-Ring 7", "dc1", "zone é", "ring-dc1-zone-sts", "ring7-dc1-zone-sts"},
	} {
		if got := CassOperatorNames(c.cluster, c.datacenter).StatefulSet(c.rack); got != c.want {
			t.Errorf("%q %q %q: %s, want %s", c.cluster, c.datacenter, c.rack, got, c.want)
		}
		if got := NamesOf(c.cluster, c.datacenter).StatefulSet(c.rack); got != c.former {
			t.Errorf("%q %q %q of the first version: %s, want %s", c.cluster, c.datacenter, c.rack, got, c.former)
		}
	}
}

// Cluster names are shared by datacenters, and have the form of the datacenter's.
func TestNamesThatDatacentersShare(t *testing.T) {
	n := CassOperatorNames("Test_Cluster", "dc1")
	for got, want := range map[string]string{n.SeedService(): "test-cluster-seed-service", n.SuperuserSecret(): "test-cluster-superuser",
		n.Service(): "test-cluster-dc1-service", n.AllPodsService(): "test-cluster-dc1-all-pods-service", n.AdditionalSeedService(): "test-cluster-dc1-additional-seed-service",
		n.NodePortService(): "test-cluster-dc1-node-port-service", n.Pod(Position{Rack: "r_1", Ordinal: 2}): "test-cluster-dc1-r-1-sts-2"} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
