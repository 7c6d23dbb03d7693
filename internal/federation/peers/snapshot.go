package peers

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	replication "github.com/ringspan/ringspan/api/replication/v1alpha1"
)

// Snapshot is the last that was seen of a region. It stays when the region goes.
type Snapshot struct {
	Region    string
	Reachable bool
	Asked     bool      // at least one look has ended, well or not
	Since     time.Time // of Reachable
	Message   string    // why it isn't reachable
	Rings     []api.K8ssandraCluster
	DCs       []cassandra.CassandraDatacenter
	Secrets   []replication.ReplicatedSecret
	Unknown   map[types.UID][]string // of Rings: fields of their specs that this version doesn't know, and so has not read

	Client client.Client // reads there; nil while its ClientConfig can't be used
}

// Ring finds the region's copy; nil when it has none.
func (s *Snapshot) Ring(name types.NamespacedName) *api.K8ssandraCluster {
	for i := range s.Rings {
		if client.ObjectKeyFromObject(&s.Rings[i]) == name {
			return &s.Rings[i]
		}
	}
	return nil
}

// Datacenters are a ring's that are there.
func (s *Snapshot) Datacenters(ring types.NamespacedName) (all []cassandra.CassandraDatacenter) {
	for _, dc := range s.DCs {
		if dc.Labels[api.ClusterNameLabel] == ring.Name && dc.Labels[api.ClusterNamespaceLabel] == ring.Namespace {
			all = append(all, dc)
		}
	}
	return all
}

// versions tell whether anything has changed that another region acts on: of rings the spec, revision and deletion, not
// the status, or two regions would for ever tell each other what they were told.
func (s *Snapshot) versions() map[types.UID]string {
	out := map[types.UID]string{}
	for _, r := range s.Rings {
		out[r.UID] = fmt.Sprint(r.Generation, r.Annotations, r.DeletionTimestamp)
	}
	for _, d := range s.DCs {
		out[d.UID] = d.ResourceVersion
	}
	for _, r := range s.Secrets {
		out[r.UID] = fmt.Sprint(r.Generation, r.Status.Secrets, r.DeletionTimestamp)
	}
	return out
}

// plainError is an error without what differs from try to try.
func plainError(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}
