package effective

import (
	"encoding/json"
	"fmt"
	"slices"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/ring"
)

// SourcesOf are the configurations that a ring makes of that of one of its datacenters; nil when it has none of the name.
func SourcesOf(k *api.K8ssandraCluster, datacenter string) (*Sources, error) {
	if k.Spec.Cassandra == nil {
		return nil, nil //nolint:nilnil // the ring has no such datacenter: nothing to tell, and no failure
	}
	i := slices.IndexFunc(k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == datacenter })
	if i < 0 {
		return nil, nil //nolint:nilnil // the ring has no such datacenter: nothing to tell, and no failure
	}
	whole := k.DeepCopy()
	common := k.DeepCopy()
	common.Spec.Cassandra.Datacenters[i].CassandraConfig = nil
	nobodys := common.DeepCopy()
	nobodys.Spec.Cassandra.CassandraConfig = nil
	out := &Sources{}
	for _, layer := range []struct {
		of *api.K8ssandraCluster
		to *cassandra.Input
	}{{nobodys, &out.Ringspan}, {common, &out.Ring}, {whole, &out.Whole}} {
		dc, err := ring.Build(layer.of, i, nil)
		if err != nil {
			return nil, err
		}
		if *layer.to, err = parse(dc.Spec.Config); err != nil {
			return nil, fmt.Errorf("datacenter %s of ring %s/%s: %w", datacenter, k.Namespace, k.Name, err)
		}
	}
	return out, nil
}

func parse(config json.RawMessage) (cassandra.Input, error) {
	if len(config) == 0 {
		config = json.RawMessage("{}")
	}
	return cassandra.ParseInput(config, "")
}
