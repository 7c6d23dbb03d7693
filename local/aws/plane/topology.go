package plane

import (
	"context"
	"net/netip"
)

// Networks carries packets.
type Networks interface {
	// Apply makes the networks what t says. It is called again with the same
	// or a newer topology after an error, and must be cheap when nothing
	// changed.
	Apply(ctx context.Context, t Topology) error
}

// Topology is every network of every region at one moment.
type Topology struct {
	VPCs     []VPC
	Peerings []Peering // active ones only
}

// VPC is one network with its parts. IDs are AWS's (vpc-…, subnet-…).
type VPC struct {
	ID              string
	Region          string
	CIDRs           []netip.Prefix // the first one is the primary
	InternetGateway string         // "" when none is attached
	Subnets         []Subnet
	RouteTables     []RouteTable
	NATGateways     []NATGateway // available ones only
	NetworkACLs     []NetworkACL
	SecurityGroups  []SecurityGroup
	Interfaces      []Interface
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
	Target      string // id of the gateway, peering or interface; "" for Blackhole
}

// NATGateway rewrites the source of what leaves through it.
type NATGateway struct {
	ID        string
	Subnet    string
	PrivateIP netip.Addr
	PublicIP  netip.Addr
}

// NetworkACL filters a subnet's border without state; the lowest number that
// matches decides, and nothing matching denies.
type NetworkACL struct {
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

// GroupRule allows; there are no denials. Either CIDR or Group is set.
type GroupRule struct {
	Protocol int // IANA number; -1 = all
	From, To int // ports of TCP and UDP; type and code of ICMP; -1 = all
	CIDR     netip.Prefix
	Group    string // members of a group of the same VPC
}

// Interface is one network interface with its addresses.
type Interface struct {
	ID              string
	Subnet          string
	Addresses       []netip.Addr   // private; the first one is the primary
	Prefixes        []netip.Prefix // delegated to it, for pods
	PublicIP        netip.Addr     // invalid when there is none
	SecurityGroups  []string
	SourceDestCheck bool
	Machine         string // instance or cluster that it belongs to; "" when it is available
}

// Peering joins two VPCs. Each side's route tables decide whether it is used.
type Peering struct {
	ID   string
	A, B string // VPC ids
	MTU  int    // largest packet in bytes that passes: 9001 within a region, 8500 between two
}
