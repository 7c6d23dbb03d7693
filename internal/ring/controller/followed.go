package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// Followed is what this loop reads at the peers: copies of rings, and their datacenters.
func Followed() []peers.Followed {
	return []peers.Followed{peers.Shared(ring.Kind), {New: func() client.Object { return &cassandra.CassandraDatacenter{} }}}
}

// about says which ring a peer's object is about.
func about(o client.Object) []types.NamespacedName {
	if _, is := o.(*api.K8ssandraCluster); is {
		return []types.NamespacedName{client.ObjectKeyFromObject(o)}
	}
	if ring := ringOf(o); ring.Name != "" {
		return []types.NamespacedName{ring}
	}
	return nil
}

// ringOf is the ring that an object was made for.
func ringOf(o client.Object) types.NamespacedName {
	l := o.GetLabels()
	return types.NamespacedName{Namespace: l[api.ClusterNamespaceLabel], Name: l[api.ClusterNameLabel]}
}

// requestOf is that ring's request.
func requestOf(_ context.Context, o client.Object) []reconcile.Request {
	if ring := ringOf(o); ring.Name != "" {
		return []reconcile.Request{{NamespacedName: ring}}
	}
	return nil
}

// copyAt is a region's copy of a ring; nil when it has none.
func copyAt(s *peers.Snapshot, ring types.NamespacedName) *api.K8ssandraCluster {
	return peers.Object[*api.K8ssandraCluster](s, ring)
}

// datacentersAt are a ring's in a region.
func datacentersAt(s *peers.Snapshot, ring types.NamespacedName) (all []*cassandra.CassandraDatacenter) {
	for _, dc := range peers.All[*cassandra.CassandraDatacenter](s) {
		if ringOf(dc) == ring {
			all = append(all, dc)
		}
	}
	return all
}
