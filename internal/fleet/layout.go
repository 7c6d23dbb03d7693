package fleet

import (
	"math/bits"
	"net/netip"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/network"
)

// Limits of a fleet and its regions.
const (
	MaxRegions      = 16
	MaxNodes        = 100 // of a region
	MaxZones        = network.MaxZones
	MaxNodesPerZone = 16 // of the embedded cloud
	nodeAddresses   = 32 // that a node needs at least: its pods' and a few of its own
)

// NodesIn is how many of a region's nodes are in a zone: they are spread evenly,
// the first zones get the rest.
func NodesIn(r fleetv1.Region, zone int) int {
	nodes, zones := int(r.Nodes.Count), len(r.Zones)
	if zone < nodes%zones {
		return nodes/zones + 1
	}
	return nodes / zones
}

// roomFor is how many nodes fit in a zone of a region with this range, in powers of
// two.
func roomFor(region netip.Prefix) int {
	addresses := uint(1) << (32 - network.PrivateSubnet(region, 0).Bits())
	room := addresses / nodeAddresses
	if room == 0 {
		return 0
	}
	return min(MaxNodesPerZone, 1<<(bits.Len(room)-1))
}
