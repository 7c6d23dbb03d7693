package ec2

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// Largest packets that pass a peering, in bytes ("Network maximum transmission
// unit (MTU) for your EC2 instance", Amazon EC2 User Guide).
const (
	mtuWithinRegion  = 9001
	mtuBetweenRegion = 8500
)

// Topology is what the account's resources mean for packets. Inside Do.
func Topology(s *Service) plane.Topology {
	t := plane.Topology{}
	for _, name := range slices.Sorted(maps.Keys(s.state.Regions)) {
		a := s.In(name)
		for _, v := range a.region.Vpcs.All() {
			t.VPCs = append(t.VPCs, a.planeVPC(v))
		}
	}
	for _, p := range s.state.Peerings.All() {
		if p.Status.Code != pcxActive {
			continue
		}
		mtu := mtuBetweenRegion
		if p.Requester.Region == p.Accepter.Region {
			mtu = mtuWithinRegion
		}
		t.Peerings = append(t.Peerings, plane.Peering{ID: p.VpcPeeringConnectionId, A: p.Requester.VpcId, B: p.Accepter.VpcId, MTU: mtu})
	}
	return t
}

func (a *API) planeVPC(v *Vpc) plane.VPC {
	out := plane.VPC{ID: v.VpcId, Region: a.region.Name, CIDRs: v.cidrs()}
	if g := a.gatewayOf(v.VpcId); g != nil {
		out.InternetGateway = g.InternetGatewayId
	}
	for _, s := range a.region.Subnets.All() {
		if s.VpcId == v.VpcId {
			out.Subnets = append(out.Subnets, a.planeSubnet(s))
		}
	}
	for _, t := range a.region.RouteTables.All() {
		if t.VpcId == v.VpcId {
			out.RouteTables = append(out.RouteTables, plane.RouteTable{ID: t.RouteTableId, Routes: a.planeRoutes(t)})
		}
	}
	for _, n := range a.region.NatGateways.All() {
		if n.VpcId == v.VpcId && n.State == "available" {
			out.NATGateways = append(out.NATGateways, n.plane())
		}
	}
	for _, n := range a.region.NetworkAcls.All() {
		if n.VpcId == v.VpcId {
			out.NetworkACLs = append(out.NetworkACLs, plane.NetworkACL{ID: n.NetworkAclId, Entries: planeEntries(n.Entries)})
		}
	}
	for _, g := range a.region.SecurityGroups.All() {
		if g.VpcId == v.VpcId {
			out.SecurityGroups = append(out.SecurityGroups, plane.SecurityGroup{
				ID: g.GroupId, Ingress: planeRules(a.rulesOf(g.GroupId, false)), Egress: planeRules(a.rulesOf(g.GroupId, true)),
			})
		}
	}
	for _, i := range a.region.Interfaces.All() {
		if i.VpcId == v.VpcId {
			out.Interfaces = append(out.Interfaces, i.plane())
		}
	}
	return out
}

func (a *API) planeSubnet(s *Subnet) plane.Subnet {
	out := plane.Subnet{ID: s.SubnetId, Zone: s.AvailabilityZone, CIDR: s.prefix()}
	if t := a.explicitTable(s.SubnetId); t != nil {
		out.RouteTable = t.RouteTableId
	} else if t := a.mainTable(s.VpcId); t != nil {
		out.RouteTable = t.RouteTableId
	}
	for _, n := range a.region.NetworkAcls.All() {
		if slices.ContainsFunc(n.Associations, func(c NetworkAclAssociation) bool { return c.SubnetId == s.SubnetId }) {
			out.NetworkACL = n.NetworkAclId
		}
	}
	return out
}

func (a *API) planeRoutes(t *RouteTable) []plane.Route {
	var out []plane.Route
	for _, r := range a.routes(t) {
		if r.GatewayId == "local" {
			continue
		}
		p := plane.Route{Destination: netip.MustParsePrefix(r.DestinationCidrBlock), Kind: plane.Blackhole}
		switch {
		case r.State != "active":
		case r.GatewayId != "":
			p.Kind, p.Target = plane.ToInternet, r.GatewayId
		case r.NatGatewayId != "":
			p.Kind, p.Target = plane.ToNAT, r.NatGatewayId
		case r.VpcPeeringConnectionId != "":
			p.Kind, p.Target = plane.ToPeering, r.VpcPeeringConnectionId
		default:
			p.Kind, p.Target = plane.ToInterface, r.NetworkInterfaceId
		}
		out = append(out, p)
	}
	return out
}

func (n *NatGateway) plane() plane.NATGateway {
	first := n.NatGatewayAddresses[0]
	return plane.NATGateway{ID: n.NatGatewayId, Subnet: n.SubnetId, PrivateIP: address(first.PrivateIp), PublicIP: address(first.PublicIp)}
}

// address reads an address; "" is no address.
func address(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}

func planeEntries(entries []NetworkAclEntry) []plane.ACLEntry {
	var out []plane.ACLEntry
	for _, e := range entries {
		protocol, _ := strconv.Atoi(e.Protocol) // checked when it was made
		p := plane.ACLEntry{Number: e.RuleNumber, Egress: e.Egress, Allow: e.RuleAction == "allow", Protocol: protocol, CIDR: netip.MustParsePrefix(e.CidrBlock), From: -1, To: -1}
		if e.PortRange != nil {
			p.From, p.To = e.PortRange.From, e.PortRange.To
		}
		if e.IcmpTypeCode != nil {
			p.From, p.To = e.IcmpTypeCode.Type, e.IcmpTypeCode.Code
		}
		out = append(out, p)
	}
	return out
}

// planeRules are a group's rules; those of IPv6 and of prefix lists name
// nothing that this cloud has.
func planeRules(rules []*SecurityGroupRule) []plane.GroupRule {
	var out []plane.GroupRule
	for _, r := range rules {
		protocol, _ := strconv.Atoi(protocolNumber(r.IpProtocol)) // checked when it was made
		p := plane.GroupRule{Protocol: protocol, From: r.FromPort, To: r.ToPort, Group: r.group()}
		if r.CidrIpv4 != "" {
			p.CIDR = netip.MustParsePrefix(r.CidrIpv4)
		} else if p.Group == "" {
			continue
		}
		out = append(out, p)
	}
	return out
}

func (i *NetworkInterface) plane() plane.Interface {
	out := plane.Interface{ID: i.NetworkInterfaceId, Subnet: i.SubnetId, SourceDestCheck: i.SourceDestCheck, Machine: i.machine()}
	for _, p := range i.PrivateIpAddresses {
		out.Addresses = append(out.Addresses, address(p.PrivateIpAddress))
	}
	for _, p := range i.Ipv4Prefixes {
		out.Prefixes = append(out.Prefixes, netip.MustParsePrefix(p.Ipv4Prefix))
	}
	if i.Association != nil {
		out.PublicIP = address(i.Association.PublicIp)
	}
	for _, g := range i.Groups {
		out.SecurityGroups = append(out.SecurityGroups, g.GroupId)
	}
	return out
}

// machine is the instance, or the cluster, that an interface belongs to.
func (i *NetworkInterface) machine() string {
	if i.Owner != "" {
		return i.Owner
	}
	return i.instance()
}
