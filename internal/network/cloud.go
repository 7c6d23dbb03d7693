package network

import (
	"cmp"
	"net/netip"
	"slices"
)

// Cloud is what was observed of a fleet's networks at one moment. IDs and terms
// are AWS's.
type Cloud struct {
	Regions  []Region
	Peerings []Peering // in any state
}

// Region is one region's network, and where in it packets begin and end.
type Region struct {
	Name string
	VPC  VPC
	Pods []Endpoint // one for each subnet and set of security groups with nodes
	API  []Endpoint // the API server's interfaces
	SNAT SNAT
}

// Endpoint is where packets begin and end.
type Endpoint struct {
	Subnet         string
	SecurityGroups []string
	Address        netip.Addr // of a pod, or of the API server's interface
	Node           netip.Addr // primary address of the pod's node
	MTU            int        // of the interface, in bytes
	Port           int        // of an API server; 0 means 443
}

// SNAT says which packets of pods leave a region with their node's address. The
// AWS VPC CNI rewrites what goes outside the VPC's ranges, unless it is
// excluded.
type SNAT struct {
	Off    bool           // AWS_VPC_K8S_CNI_EXTERNALSNAT
	Except []netip.Prefix // AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS
}

// VPC is one network with its parts.
type VPC struct {
	ID             string
	CIDRs          []netip.Prefix // the first one is the primary
	Subnets        []Subnet
	RouteTables    []RouteTable
	NetworkACLs    []NetworkACL
	SecurityGroups []SecurityGroup
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID         string
	Zone       string
	CIDR       netip.Prefix
	RouteTable string // the main one when none is associated
	NetworkACL string
}

// RouteTable decides where packets that leave its subnets go; the longest
// destination wins. The VPC's own ranges are always local and aren't listed.
type RouteTable struct {
	ID     string
	Routes []Route
}

// TargetKind is what a route points at.
type TargetKind string

// Targets. Blackhole drops: what it pointed at is gone.
const (
	ToInternet  TargetKind = "igw"
	ToNAT       TargetKind = "nat"
	ToPeering   TargetKind = "pcx"
	ToInterface TargetKind = "eni"
	Blackhole   TargetKind = "blackhole"
)

// Route is one line of a route table.
type Route struct {
	Destination netip.Prefix
	Kind        TargetKind
	Target      string // id of the gateway, peering or interface
}

// NetworkACL filters a subnet's border without state; the lowest number that
// matches decides, and nothing matching denies.
type NetworkACL struct { //nolint:revive // AWS calls it so, and an ACL is something else there
	ID      string
	Entries []ACLEntry
}

// ACLEntry is one line of a network ACL.
type ACLEntry struct {
	Number   int
	Egress   bool
	Allow    bool
	Protocol int // IANA number; -1 = all
	CIDR     netip.Prefix
	From, To int // ports of TCP and UDP; type and code of ICMP, -1 = all
}

// SecurityGroup filters interfaces with state.
type SecurityGroup struct {
	ID      string
	Ingress []GroupRule
	Egress  []GroupRule
}

// GroupRule allows; there are no denials. Either CIDR or Group is set. A Group
// can't be one of another region's, so such rules never let a peer in.
type GroupRule struct {
	Protocol int // IANA number; -1 = all
	From, To int // ports of TCP and UDP; type and code of ICMP, -1 = all
	CIDR     netip.Prefix
	Group    string
}

// PeeringActive is the only state of a peering in which packets pass.
const PeeringActive = "active"

// Peering joins two VPCs. Each side's route tables decide whether it is used.
type Peering struct {
	ID    string
	A, B  string // VPC ids
	State string // AWS's status code: active, pending-acceptance, rejected, expired, failed, deleted …
	MTU   int    // largest packet in bytes that passes: 9001 within a region, 8500 between two
}

// InterRegionMTU is the largest packet that passes a peering of two regions
// (AWS, "Network maximum transmission unit for your EC2 instance").
const InterRegionMTU = 8500

// mtu is the peering's, 0 meaning that of two regions.
func (p Peering) mtu() int { return cmp.Or(p.MTU, InterRegionMTU) }

// peering finds the one through which two VPCs reach each other; if there is
// none, one that might become it.
func (c *Cloud) peering(a, b string) (best Peering, found bool) {
	for _, p := range c.Peerings {
		if p.joins(a, b) && (!found || p.State == PeeringActive) {
			best, found = p, true
		}
	}
	return best, found
}

func (p Peering) joins(a, b string) bool { return p.A == a && p.B == b || p.A == b && p.B == a }

func (v *VPC) subnet(id string) Subnet {
	return find(v.Subnets, func(s Subnet) bool { return s.ID == id })
}

func (v *VPC) table(id string) RouteTable {
	return find(v.RouteTables, func(t RouteTable) bool { return t.ID == id })
}

func (v *VPC) acl(id string) (NetworkACL, bool) {
	a := find(v.NetworkACLs, func(a NetworkACL) bool { return a.ID == id })
	return a, a.ID != ""
}

func (v *VPC) groups(ids []string) (all []SecurityGroup) {
	for _, g := range v.SecurityGroups {
		if slices.Contains(ids, g.ID) {
			all = append(all, g)
		}
	}
	return all
}

// rangeOf is the VPC's range with an address in it.
func (v *VPC) rangeOf(a netip.Addr) netip.Prefix {
	return find(v.CIDRs, func(p netip.Prefix) bool { return p.Contains(a) })
}

func find[T any](all []T, is func(T) bool) (none T) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i]
	}
	return none
}
