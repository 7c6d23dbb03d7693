package fleet

import (
	"strings"
	"testing"
)

const existingFile = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata:
  name: theirs
spec:
  provider: existing
  kubeconfig: clusters.yaml
  regions:
    - name: west
      context: arn:aws:eks:eu-west-1:1:cluster/west
    - name: central
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: ring}
spec:
  cassandra:
    serverVersion: 4.1.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: west, size: 30, racks: [{name: r1, nodeAffinityLabels: {topology.kubernetes.io/zone: any}}]}
`

// Nothing is known of the clusters' machines and zones, so a ring may ask for any, and
// for any version of Cassandra.
func TestAFleetInClustersThatAreThere(t *testing.T) {
	f, err := Parse("f.yaml", []byte(existingFile))
	if err != nil {
		t.Fatal(err)
	}
	r := f.Fleet.Spec.Regions
	if r[0].Context != "arn:aws:eks:eu-west-1:1:cluster/west" || r[1].Context != "central" || r[1].CIDR != "" || len(r[1].Zones) > 0 || r[1].Nodes.Count != 0 {
		t.Errorf("%+v", r)
	}
}

// Each case is one mistake; the message has its line.
func TestMistakesOfFleetsInClustersThatAreThere(t *testing.T) {
	for _, c := range []struct{ name, old, part, want string }{
		{"a range", "name: central", "name: central\n      cidr: 172.21.0.0/16", "f.yaml:12: spec.regions[1].cidr: provider existing makes no networks"},
		{"machines", "name: central", "name: central\n      nodes: {count: 3}", "f.yaml:12: spec.regions[1].nodes: provider existing makes no networks"},
		{"zones", "name: central", "name: central\n      zones: [{}]", "spec.regions[1].zones: provider existing makes no networks"},
		{"a jump host", "kubeconfig: clusters.yaml", "jumpHost: {region: us-east-2}", "f.yaml:7: spec.jumpHost: provider existing makes no networks"},
		{"tags", "kubeconfig: clusters.yaml", "tags: {a: b}", "f.yaml:7: spec.tags: provider existing makes no networks"},
		{"an expiry", "kubeconfig: clusters.yaml", "expires: 2027-01-31", "f.yaml:7: spec.expires: provider existing makes no networks"},
		{"a region twice", "name: central", "name: west\n      context: other", "f.yaml:11: spec.regions[1].name: west is the name of spec.regions[0] too"},
		{"a context twice", "context: arn:aws:eks:eu-west-1:1:cluster/west", "context: central", "spec.regions[1].context: central is the context of regions[0] too"},
		{"a registry with a tag", "kubeconfig: clusters.yaml", "imageRegistry: registry.example.com/r:v1", "spec.imageRegistry: \"registry.example.com/r:v1\" is not a place in a registry"},
		{"another provider's kubeconfig", "provider: existing", "provider: aws", "f.yaml:7: spec.kubeconfig: provider aws makes its own"},
		{"another provider's context", "provider: existing", "provider: aws", "f.yaml:10: spec.regions[0].context: provider aws makes its own"},
		{"no provider", "provider: existing", "provider: theirs", `f.yaml:6: spec.provider: "theirs" is not a provider; local, aws and existing are`},
	} {
		if !strings.Contains(existingFile, c.old) {
			t.Fatalf("%s: %q is not in the file", c.name, c.old)
		}
		_, err := Parse("f.yaml", []byte(strings.Replace(existingFile, c.old, c.part, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwanted %s", c.name, err, c.want)
		}
	}
}
