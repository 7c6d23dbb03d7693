package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// The rules of a router: first what is inside the VPC, then the table of the
// subnet that the packet came from, then nothing.
const (
	localPriority  = 1000
	subnetPriority = 2000
	lastPriority   = 30000
	firstTable     = 1000
)

// route makes the router's tables equal to the VPC's, where neighbours are the
// routers' addresses at the other end of the VPC's peerings. A table that isn't wanted
// any more is emptied.
func (v *vpc) route(want plane.VPC, neighbours map[string]netip.Addr) error {
	tables, policies := v.tables(want, neighbours)
	for number := range v.hops {
		if _, ok := tables[number]; !ok {
			tables[number] = nil
		}
	}
	for number, hops := range tables {
		slices.SortFunc(hops, func(a, b netlab.Hop) int { return a.To.Compare(b.To) })
		if applied, ok := v.hops[number]; ok && slices.Equal(applied, hops) {
			continue
		}
		delete(v.hops, number)
		if err := v.router.SetHops(number, hops); err != nil {
			return fmt.Errorf("routes of %s: %w", v.id, err)
		}
		if hops != nil {
			v.hops[number] = hops
		}
	}
	if slices.Equal(v.policies, policies) {
		return nil
	}
	v.policies = nil
	if err := v.router.SetPolicies(policies); err != nil {
		return err
	}
	v.policies = policies
	return nil
}

// tables are the routing tables of a router by number, and which links use them.
func (v *vpc) tables(want plane.VPC, neighbours map[string]netip.Addr) (map[int][]netlab.Hop, []netlab.Policy) {
	tables := map[int][]netlab.Hop{netlab.MainTable: v.local(want)}
	numbers := map[string]int{}
	for i, t := range want.RouteTables {
		numbers[t.ID] = firstTable + i
		tables[firstTable+i] = v.outside(t, neighbours)
	}
	policies := []netlab.Policy{{Priority: localPriority, Table: netlab.MainTable}}
	enter := func(id, subnet string) {
		for _, s := range want.Subnets {
			if number, ok := numbers[s.RouteTable]; ok && s.ID == subnet {
				policies = append(policies, netlab.Policy{Priority: subnetPriority, In: linkName(id), Table: number})
			}
		}
	}
	for _, i := range want.Interfaces {
		if v.leafs[i.ID] != nil {
			enter(i.ID, i.Subnet)
		}
	}
	for _, g := range want.NATGateways {
		enter(g.ID, g.Subnet)
	}
	return tables, append(policies, netlab.Policy{Priority: lastPriority, Blackhole: true})
}

// local are the hops to what is inside the VPC. An address of its ranges that
// nobody has is dropped, as AWS's local route does.
func (v *vpc) local(want plane.VPC) (hops []netlab.Hop) {
	for _, cidr := range want.CIDRs {
		hops = append(hops, netlab.Hop{To: cidr.Masked(), Blackhole: true})
	}
	for _, i := range want.Interfaces {
		if v.leafs[i.ID] == nil || len(i.Addresses) == 0 {
			continue
		}
		for n, a := range i.Addresses {
			hop := netlab.Hop{To: netip.PrefixFrom(a, 32), Link: linkName(i.ID)}
			if n > 0 { // it may be a pod's, behind the node
				hop.Via = i.Addresses[0]
			}
			hops = append(hops, hop)
		}
		for _, p := range i.Prefixes {
			hops = append(hops, netlab.Hop{To: p.Masked(), Link: linkName(i.ID), Via: i.Addresses[0]})
		}
	}
	for _, g := range want.NATGateways {
		hops = append(hops, netlab.Hop{To: netip.PrefixFrom(g.PrivateIP, 32), Link: linkName(g.ID)})
	}
	return hops
}

// outside are the hops of one route table. A target that isn't there drops.
func (v *vpc) outside(t plane.RouteTable, neighbours map[string]netip.Addr) (hops []netlab.Hop) {
	for _, r := range t.Routes {
		hop := netlab.Hop{To: r.Destination.Masked(), Blackhole: true}
		switch {
		case r.Kind == plane.ToInternet && r.Target == v.internet && v.internet != "":
			hop = netlab.Hop{To: hop.To, Link: linkName(r.Target), Via: internetSide}
		case r.Kind == plane.ToPeering:
			if via, ok := neighbours[r.Target]; ok {
				hop = netlab.Hop{To: hop.To, Link: linkName(r.Target), Via: via}
			}
		case r.Kind == plane.ToNAT || r.Kind == plane.ToInterface:
			if l := v.leafs[r.Target]; l != nil && len(l.addresses) > 0 {
				hop = netlab.Hop{To: hop.To, Link: linkName(r.Target), Via: l.addresses[0]}
			}
		}
		hops = append(hops, hop)
	}
	return hops
}
