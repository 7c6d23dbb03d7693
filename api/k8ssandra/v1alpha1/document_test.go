package v1alpha1_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

const ring = `{"spec":{"cassandra":{
	"config":{"cassandraYaml":{"num_tokens":16,"seeds":["a",{"b":1.5}]},"jvmOptions":{"heap_max_size":"512Mi","vm_use_numa":true}},
	"datacenters":[{"metadata":{"name":"dc1"},"size":3}]}}}`

// A copy shares nothing with its original, free YAML included, whose whole numbers stay whole.
func TestDeepCopy(t *testing.T) {
	var original, want v1alpha1.K8ssandraCluster
	for _, k := range []*v1alpha1.K8ssandraCluster{&original, &want} {
		if err := json.Unmarshal([]byte(ring), k); err != nil {
			t.Fatal(err)
		}
	}
	yaml := original.Spec.Cassandra.CassandraConfig.CassandraYaml
	if _, whole := yaml["num_tokens"].(int64); !whole {
		t.Errorf("num_tokens is a %T", yaml["num_tokens"])
	}
	copied := original.DeepCopy()
	if diff := cmp.Diff(&want, copied); diff != "" {
		t.Errorf("the copy differs (-want +got):\n%s", diff)
	}
	list := copied.Spec.Cassandra.CassandraConfig.CassandraYaml["seeds"].([]any)
	list[1].(map[string]any)["b"] = "changed"
	copied.Spec.Cassandra.Datacenters[0].Size = 9
	if diff := cmp.Diff(want, original); diff != "" {
		t.Errorf("changing the copy changed the original (-want +got):\n%s", diff)
	}
}
