package fleet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Limits of a fleet and its regions.
const (
	MaxRegions      = 16
	MaxNodes        = 100 // of a region
	MaxZones        = 6   // the region's range is cut into eighths; the last two are the control plane's
	MaxNodesPerZone = 16  // of the embedded cloud
	nodeAddresses   = 32  // that a node needs at least: its pods' and a few of its own
)

// Subnet is the address range of a region's zone: an eighth of the region's, so
// /19 of a /16.
func Subnet(region netip.Prefix, zone int) netip.Prefix {
	base := region.Masked().Addr().As4()
	size := uint(32 - region.Bits() - 3)
	n := binary.BigEndian.Uint32(base[:]) + uint32(zone)<<size
	binary.BigEndian.PutUint32(base[:], n)
	return netip.PrefixFrom(netip.AddrFrom4(base), region.Bits()+3)
}

// NodesIn is how many of a region's nodes are in a zone: they are spread evenly,
// the first zones get the rest.
func NodesIn(r fleetv1.Region, zone int) int {
	nodes, zones := int(r.Nodes.Count), len(r.Zones)
	if zone < nodes%zones {
		return nodes/zones + 1
	}
	return nodes / zones
}

// roomFor is how many nodes fit in a zone of a region with this range: each node
// has an equal slice of the zone's range, and slices are powers of two.
func roomFor(region netip.Prefix) int {
	addresses := uint(1) << (32 - region.Bits() - 3)
	room := addresses / nodeAddresses
	if room == 0 {
		return 0
	}
	return min(MaxNodesPerZone, 1<<(bits.Len(room)-1))
}
