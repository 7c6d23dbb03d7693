package fleet

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Whatever the region: all nodes are somewhere, and zones differ by one at most.
func TestNodesAreSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zones, count := rapid.IntRange(1, MaxZones).Draw(t, "zones"), rapid.IntRange(1, 40).Draw(t, "nodes")
		r := fleetv1.Region{Zones: make([]fleetv1.Zone, zones), Nodes: fleetv1.NodePool{Count: int32(count)}}
		nodes := 0
		for i := range zones {
			if n := NodesIn(r, i); n != count/zones && n != count/zones+1 {
				t.Fatalf("%d nodes in zone %d", n, i)
			}
			nodes += NodesIn(r, i)
		}
		if nodes != count {
			t.Fatalf("%d nodes of %d", nodes, count)
		}
	})
}

func TestRoomForNodes(t *testing.T) {
	for bits, want := range map[int]int{16: 16, 20: 16, 21: 8, 22: 4, 26: 0} {
		if got := roomFor(netip.MustParsePrefix(fmt.Sprintf("10.0.0.0/%d", bits))); got != want {
			t.Errorf("/%d: %d, want %d", bits, got, want)
		}
	}
}
