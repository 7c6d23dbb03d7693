package fleet

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

func TestSubnetsOfTheArticle(t *testing.T) {
	region := netip.MustParsePrefix("172.21.0.0/16")
	for i, want := range []string{"172.21.0.0/19", "172.21.32.0/19", "172.21.64.0/19"} {
		if got := Subnet(region, i).String(); got != want {
			t.Errorf("zone %d: %s, want %s", i, got, want)
		}
	}
}

// Whatever the region: its zones' ranges are inside it, apart from each other,
// and leave the last 256 addresses to the control plane; all nodes are somewhere.
func TestZonesNeverOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits, zones := rapid.IntRange(16, 22).Draw(t, "bits"), rapid.IntRange(1, MaxZones).Draw(t, "zones")
		region := netip.MustParsePrefix(fmt.Sprintf("10.0.0.0/%d", bits))
		r := fleetv1.Region{Zones: make([]fleetv1.Zone, zones), Nodes: fleetv1.NodePool{Count: int32(rapid.IntRange(1, 40).Draw(t, "nodes"))}}
		end := region.Addr()
		for range 1<<(32-bits) - 256 {
			end = end.Next()
		}
		nodes := 0
		for i := range zones {
			s := Subnet(region, i)
			if !region.Contains(s.Addr()) || s.Contains(end) {
				t.Fatalf("zone %d of %s: %s", i, region, s)
			}
			for j := range i {
				if s.Overlaps(Subnet(region, j)) {
					t.Fatalf("zones %d and %d overlap", i, j)
				}
			}
			nodes += NodesIn(r, i)
		}
		if nodes != int(r.Nodes.Count) {
			t.Fatalf("%d nodes of %d", nodes, r.Nodes.Count)
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
