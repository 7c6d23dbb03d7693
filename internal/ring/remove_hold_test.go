package ring

import (
	"math"
	"testing"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// A datacenter that is put back in a spec of which nothing can be made is in the spec all the same: its nodes stay.
func TestADatacenterThatIsPutBackIsHeldByABadSpec(t *testing.T) {
	k := &api.K8ssandraCluster{Spec: api.K8ssandraClusterSpec{Cassandra: &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{{Metadata: api.EmbeddedObjectMeta{Name: "dc1"}, K8sContext: "west"}}}}}
	k.Name, k.Namespace = "ring", "ns"
	k.Spec.Cassandra.CassandraConfig = &api.CassandraConfig{CassandraYaml: api.Document{"concurrent_writes": math.Inf(1)}}
	dc := &cassandra.CassandraDatacenter{}
	dc.Name, dc.Namespace = "dc1", "ns"
	dc.Labels = map[string]string{api.ClusterNameLabel: "ring", api.ClusterNamespaceLabel: "ns"}
	dc.Annotations = map[string]string{cassandra.RemovalAnnotation: "leave 2/west"}
	s := &State{Ring: k, Region: "west", Here: []Here{{Datacenter: Read[cassandra.CassandraDatacenter]{Found: dc}}}}
	var p Plan
	s.planHere(&p, 0)
	for _, step := range p.Steps {
		Retell(dc, step.Told)
	}
	if _, held := dc.Removal(); !held || len(p.Trouble) == 0 {
		t.Errorf("annotation %s is %q, trouble %v", cassandra.RemovalAnnotation, dc.Annotations[cassandra.RemovalAnnotation], p.Trouble)
	}
}
