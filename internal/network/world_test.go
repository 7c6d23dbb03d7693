package network

import (
	"fmt"
	"net/netip"
)

// healthy is a fleet of n regions as the AWS provider builds it: one VPC each
// with a subnet in every zone, all of them peered, every route table with a
// route to every peer, security groups for nodes and API server that let the
// profile in from every peer.
func healthy(regions, zones int) Cloud {
	var c Cloud
	for i := range regions {
		c.Regions = append(c.Regions, healthyRegion(i, zones))
	}
	for i := range regions {
		for j := range i {
			id := fmt.Sprintf("pcx-%d%d", j, i)
			c.Peerings = append(c.Peerings, Peering{ID: id, A: vpcID(j), B: vpcID(i), State: PeeringActive, MTU: InterRegionMTU})
			connect(&c.Regions[i], j, id)
			connect(&c.Regions[j], i, id)
		}
	}
	return c
}

func vpcID(i int) string        { return fmt.Sprintf("vpc-%d", i) }
func cidrOf(i int) netip.Prefix { return netip.MustParsePrefix(fmt.Sprintf("172.%d.0.0/16", 21+i)) }
func address(i, z, n int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("172.%d.%d.%d", 21+i, z, n))
}

var everywhere = netip.MustParsePrefix("0.0.0.0/0")

func healthyRegion(i, zones int) Region {
	all := []GroupRule{{Protocol: ianaAll, CIDR: everywhere}}
	r := Region{Name: fmt.Sprintf("region-%d", i), VPC: VPC{
		ID: vpcID(i), CIDRs: []netip.Prefix{cidrOf(i)},
		SecurityGroups: []SecurityGroup{{ID: fmt.Sprintf("sg-%d", i), Egress: all}, {ID: fmt.Sprintf("sg-api-%d", i), Egress: all}},
		NetworkACLs: []NetworkACL{{ID: fmt.Sprintf("acl-%d", i), Entries: []ACLEntry{
			{Number: 100, Allow: true, Protocol: ianaAll, CIDR: everywhere}, {Number: 100, Egress: true, Allow: true, Protocol: ianaAll, CIDR: everywhere}}}},
	}}
	for z := range zones {
		subnet := Subnet{ID: fmt.Sprintf("subnet-%d%d", i, z), Zone: fmt.Sprintf("%c", 'a'+z), RouteTable: fmt.Sprintf("rtb-%d%d", i, z), NetworkACL: fmt.Sprintf("acl-%d", i)}
		r.VPC.Subnets = append(r.VPC.Subnets, subnet)
		r.VPC.RouteTables = append(r.VPC.RouteTables, RouteTable{ID: subnet.RouteTable, Routes: []Route{{Destination: everywhere, Kind: ToNAT, Target: "nat-1"}}})
		endpoint := Endpoint{Subnet: subnet.ID, Address: address(i, z, 20), Node: address(i, z, 10), MTU: InterRegionMTU, SecurityGroups: []string{fmt.Sprintf("sg-%d", i)}}
		r.Pods = append(r.Pods, endpoint)
		endpoint.Address, endpoint.SecurityGroups = address(i, z, 200), []string{fmt.Sprintf("sg-api-%d", i)}
		r.API = append(r.API, endpoint)
	}
	return r
}

// connect opens a region to a peer.
func connect(r *Region, peer int, pcx string) {
	for t := range r.VPC.RouteTables {
		table := &r.VPC.RouteTables[t]
		table.Routes = append(table.Routes, Route{Destination: cidrOf(peer), Kind: ToPeering, Target: pcx})
	}
	for _, p := range Opened() {
		rule := GroupRule{Protocol: ianaTCP, From: p.Number, To: p.Number, CIDR: cidrOf(peer)}
		if p.Protocol == ICMP {
			rule.Protocol, rule.To = ianaICMP, p.Code
		}
		group := &r.VPC.SecurityGroups[0]
		if p.To == APIServer {
			group = &r.VPC.SecurityGroups[1]
		}
		group.Ingress = append(group.Ingress, rule)
	}
	r.SNAT.Except = append(r.SNAT.Except, cidrOf(peer))
}
