package ring

import (
	"slices"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/canonical"
)

// Kind are the rules of K8ssandraClusters as shared objects. Their parts are datacenters, which hold data: a ring is deleted
// whole or not at all.
var Kind = &federation.Kind{
	GroupVersionKind: api.GroupVersion.WithKind("K8ssandraCluster"),
	Noun:             "ring",
	Parts:            "datacenters",
	Definition:       deletion.RingDefinition,
	New:              func() federation.Object { return &api.K8ssandraCluster{} },
	Spec:             func(o federation.Object) any { return &o.(*api.K8ssandraCluster).Spec },
	Schema:           canonical.Of("k8ssandra.io_k8ssandraclusters.yaml"),
	ID:               api.RingIDAnnotation,
	Finalizer:        api.Finalizer,
	Deletion:         federation.TogetherOnly,
	Elsewhere:        reachesElsewhere,
	Founded:          recordFounding,
}

// reachesElsewhere tells whether a ring has datacenters in other regions.
func reachesElsewhere(o federation.Object, region string) bool {
	k := o.(*api.K8ssandraCluster)
	return k.Spec.Cassandra != nil && slices.ContainsFunc(k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return RegionOf(k, t) != region })
}
