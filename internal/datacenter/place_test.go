package datacenter

import (
	"strings"
	"testing"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// A pod that waits for a machine names its rack and where that is: a zone may be gone with all machines in it.
func TestAPodThatCantBePlacedNamesItsRacksZone(t *testing.T) {
	dc := &api.CassandraDatacenter{}
	dc.Name, dc.Spec.ClusterName, dc.Spec.Size = "dc1", "c", 2
	dc.Spec.NodeAffinityLabels = map[string]string{"disk": "fast"}
	dc.Spec.Racks = []api.Rack{{Name: "r1", NodeAffinityLabels: map[string]string{"topology.kubernetes.io/zone": "west-a"}}, {Name: "r2", DeprecatedZone: "west-b"}}
	s := &State{DC: dc}
	for _, rack := range dc.RackNames() {
		at := topology.Position{Rack: rack}
		s.Pods = append(s.Pods, Pod{Name: s.names().Pod(at), Position: at, Unschedulable: "0/3 nodes are available"})
	}
	p := Plan{}
	s.planPods(&p)
	for i, want := range []string{"where rack r1 is (disk=fast, topology.kubernetes.io/zone=west-a)", "where rack r2 is (disk=fast, zone west-b)"} {
		if len(p.Trouble) <= i || !strings.Contains(p.Trouble[i], want) {
			t.Errorf("%q has not %q", p.Trouble, want)
		}
	}
}
