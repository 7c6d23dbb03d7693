package lifecycle

import (
	"slices"
	"testing"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
)

// What up grants are the namespaces that its file names, each in its region, and no other.
func TestUpGrantsWhatItsFileNames(t *testing.T) {
	ring := &fleet.Ring{}
	ring.Namespace, ring.Name = "shop", "ring"
	ring.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{}
	for _, dc := range [][2]string{{"west", ""}, {"west", "shop"}, {"west", "data"}, {"central", "data"}, {"", "more"}, {"west", "data"}} {
		ring.Spec.Cassandra.Datacenters = append(ring.Spec.Cassandra.Datacenters,
			k8ssandra.CassandraDatacenterTemplate{K8sContext: dc[0], Metadata: k8ssandra.EmbeddedObjectMeta{Namespace: dc[1]}})
	}
	got := grantsOf(ring, "west")
	if want := []granted{{"west", "data"}, {"central", "data"}, {"west", "more"}}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
