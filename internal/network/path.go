package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// IANA numbers of the protocols.
const (
	ianaAll  = -1
	ianaICMP = 1
	ianaTCP  = 6
)

// Replies go to the ports from which Linux opens connections
// (net.ipv4.ip_local_port_range).
const (
	firstReply = 32768
	lastReply  = 60999
)

// Outcome is whether a connection is made, or why not.
type Outcome struct {
	Drop   *Drop      // nil when it is made
	Source netip.Addr // where the other side sees it come from
	MTU    int        // largest packet in bytes that passes on the way there
}

// Drop says where a packet ends.
type Drop struct {
	Resource string // id of what drops it
	From, To string // regions between which it travelled
	BothWays bool   // no packet passes the other way either
	Cause    string
	Fix      string

	key string // the same for everything that one fault breaks
}

// end is one end of a connection.
type end struct {
	region   *Region
	endpoint Endpoint
	address  netip.Addr
}

// Follow takes a connection from a pod to a port through the cloud: out of its
// interface and subnet, along the routes, into the other's, and back.
func (c *Cloud) Follow(from *Region, a Endpoint, to *Region, b Endpoint, port Port) Outcome {
	source := from.sourceOf(a, b.Address)
	near, far := end{from, a, source}, end{to, b, b.Address}
	out := Outcome{Source: source, MTU: min(a.MTU, b.MTU)}
	for _, hop := range []func() *Drop{
		func() *Drop { return groupDrops(near, far, port, true) },
		func() *Drop { return aclDrops(near, near, far, port, true, false) },
		func() *Drop { return c.routeDrops(near, far, &out.MTU) },
		func() *Drop { return aclDrops(far, near, far, port, false, false) },
		func() *Drop { return groupDrops(far, near, port, false) },
		// Replies: security groups remember the connection, ACLs and routes don't.
		func() *Drop { return aclDrops(far, far, near, port, true, true) },
		func() *Drop { return c.routeDrops(far, near, nil) },
		func() *Drop { return aclDrops(near, far, near, port, false, true) },
	} {
		if out.Drop = hop(); out.Drop != nil {
			break
		}
	}
	return out
}

// sourceOf is the source address of a pod's packets when they leave its node.
func (r *Region) sourceOf(a Endpoint, to netip.Addr) netip.Addr {
	if r.SNAT.Off || !a.Node.IsValid() || r.VPC.rangeOf(to).IsValid() {
		return a.Address
	}
	if slices.ContainsFunc(r.SNAT.Except, func(p netip.Prefix) bool { return p.Contains(to) }) {
		return a.Address
	}
	return a.Node
}

// groupDrops asks the security groups at one end of a new connection.
func groupDrops(at, other end, port Port, leaving bool) *Drop {
	groups := at.region.VPC.groups(at.endpoint.SecurityGroups)
	for _, g := range groups {
		rules := g.Ingress
		if leaving {
			rules = g.Egress
		}
		if slices.ContainsFunc(rules, func(r GroupRule) bool { return r.allows(other.address, port) }) {
			return nil
		}
	}
	names := strings.Join(at.endpoint.SecurityGroups, ", ")
	peer := other.region.VPC.rangeOf(other.address)
	d := &Drop{Resource: names, From: other.region.Name, To: at.region.Name, key: fmt.Sprint("group", names, leaving, peer), Fix: "`ringspan up` would add it"}
	way := "from"
	if leaving {
		d.From, d.To, way = at.region.Name, other.region.Name, "to"
	}
	d.Cause = fmt.Sprintf("security group %s has no rule %s %s", names, way, peer)
	if len(groups) == 0 {
		d.Cause = fmt.Sprintf("the interfaces in %s have no security group that exists (%s)", at.endpoint.Subnet, names)
	}
	return d
}

func (r GroupRule) allows(peer netip.Addr, port Port) bool {
	return r.CIDR.IsValid() && r.CIDR.Contains(peer) && matches(r.Protocol, r.From, r.To, port)
}

// matches says whether a rule's protocol and ports, or type and code, are those
// of a port.
func matches(protocol, from, to int, port Port) bool {
	switch {
	case protocol == ianaAll:
		return true
	case port.Protocol == ICMP:
		return protocol == ianaICMP && (from == -1 || from == port.Number && (to == -1 || to == port.Code))
	}
	return protocol == ianaTCP && from <= port.Number && port.Number <= to
}

// aclDrops asks the network ACL of the subnet at one end about a packet from
// one to another: one that opens a connection, or a reply.
func aclDrops(at, from, to end, port Port, leaving, reply bool) *Drop {
	acl, ok := at.region.VPC.acl(at.region.VPC.subnet(at.endpoint.Subnet).NetworkACL)
	if !ok {
		return nil // not observed
	}
	peer := from
	if leaving {
		peer = to
	}
	entry, allowed := acl.decide(peer.address, port, leaving, reply)
	if allowed {
		return nil
	}
	cidr := peer.region.VPC.rangeOf(peer.address)
	what, way := "connections", "from"
	if reply {
		what = fmt.Sprintf("replies (ports %d to %d)", firstReply, lastReply)
	}
	if leaving {
		way = "to"
	}
	d := &Drop{Resource: acl.ID, From: from.region.Name, To: to.region.Name,
		Fix: "change it, or let the subnet use its VPC's default network ACL"}
	if entry == nil {
		d.Cause = fmt.Sprintf("network ACL %s has no entry for %s %s %s", acl.ID, what, way, cidr)
		d.key = fmt.Sprint("acl", acl.ID, leaving, cidr, reply)
		return d
	}
	d.Cause = fmt.Sprintf("network ACL %s denies %s %s %s with entry %d", acl.ID, what, way, cidr, entry.Number)
	d.key = fmt.Sprint("acl", acl.ID, leaving, entry.Number)
	return d
}

// decide finds the entry that decides. Of replies all ports must pass.
func (a NetworkACL) decide(peer netip.Addr, port Port, leaving, reply bool) (decides *ACLEntry, allowed bool) {
	entries := slices.DeleteFunc(slices.Clone(a.Entries), func(e ACLEntry) bool { return e.Egress != leaving || !e.CIDR.Contains(peer) })
	slices.SortFunc(entries, func(x, y ACLEntry) int { return x.Number - y.Number })
	ports := []int{port.Number}
	if reply {
		ports = replyPorts(entries)
	}
	for _, n := range ports {
		p := port
		p.Number = n
		i := slices.IndexFunc(entries, func(e ACLEntry) bool { return matches(e.Protocol, e.From, e.To, p) })
		if i < 0 {
			return nil, false
		}
		if decides = &entries[i]; !decides.Allow {
			return decides, false
		}
	}
	return decides, true
}

// replyPorts are those among the reply ports at which the decision can change.
func replyPorts(entries []ACLEntry) []int {
	ports := []int{firstReply, lastReply}
	for _, e := range entries {
		for _, n := range []int{e.From, e.To + 1} {
			if firstReply < n && n < lastReply {
				ports = append(ports, n)
			}
		}
	}
	return ports
}

// routeDrops follows the routes from one end to the other. It lowers mtu to
// that of the way, unless it is nil.
func (c *Cloud) routeDrops(from, to end, mtu *int) *Drop {
	vpc, other := &from.region.VPC, &to.region.VPC
	d := &Drop{From: from.region.Name, To: to.region.Name}
	if own := vpc.rangeOf(to.address); own.IsValid() {
		d.Resource, d.key, d.BothWays = vpc.ID, "overlap"+pairKey(vpc.ID, other.ID), true
		d.Cause = fmt.Sprintf("the ranges overlap: %s of %s is inside %s of %s", other.rangeOf(to.address), other.ID, own, vpc.ID)
		d.Fix = "give one of the regions another range; that means making it anew"
		return d
	}
	if p, found := c.peering(vpc.ID, other.ID); !found || p.State != PeeringActive {
		d.Resource, d.key, d.BothWays = p.ID, "peering"+pairKey(vpc.ID, other.ID), true
		d.Cause, d.Fix = unpeered(p, found, vpc.ID, other.ID)
		return d
	}
	return c.tableDrops(from, to, mtu, d)
}

func pairKey(a, b string) string { return fmt.Sprint(min(a, b), max(a, b)) }

func unpeered(p Peering, found bool, a, b string) (cause, fix string) {
	switch {
	case !found:
		return fmt.Sprintf("there is no peering of %s and %s", min(a, b), max(a, b)), "`ringspan up` would make it"
	case p.State == "pending-acceptance":
		return fmt.Sprintf("peering %s waits to be accepted", p.ID), "`ringspan up` would accept it"
	}
	return fmt.Sprintf("peering %s is %s", p.ID, p.State), "`ringspan up` would make another one"
}

func (c *Cloud) tableDrops(from, to end, mtu *int, d *Drop) *Drop {
	vpc, other := &from.region.VPC, &to.region.VPC
	table := vpc.table(vpc.subnet(from.endpoint.Subnet).RouteTable)
	cidr := other.rangeOf(to.address)
	d.Resource, d.key, d.Fix = table.ID, fmt.Sprint("route", vpc.ID, cidr), "`ringspan up` would mend it"
	route, found := table.lookup(to.address)
	switch {
	case !found || route.Kind != ToPeering && route.Destination.Bits() < cidr.Bits():
		d.Cause = fmt.Sprintf("route table %s has no route to %s", table.ID, cidr)
		d.Fix = "`ringspan up` would add it"
		return d
	case route.Kind == Blackhole:
		d.Cause = fmt.Sprintf("the route to %s in route table %s leads to what is gone (blackhole)", route.Destination, table.ID)
		return d
	case route.Kind != ToPeering:
		d.Cause = fmt.Sprintf("the route to %s in route table %s leads to %s, not to %s", route.Destination, table.ID, route.Target, other.ID)
		return d
	}
	p := find(c.Peerings, func(p Peering) bool { return p.ID == route.Target })
	if p.State != PeeringActive || !p.joins(vpc.ID, other.ID) {
		d.Cause = fmt.Sprintf("the route to %s in route table %s leads to peering %s, which doesn't lead to %s", route.Destination, table.ID, route.Target, other.ID)
		return d
	}
	if mtu != nil {
		*mtu = min(*mtu, p.mtu())
	}
	return nil
}

// lookup finds the route that an address takes.
func (t RouteTable) lookup(to netip.Addr) (best Route, found bool) {
	for _, r := range t.Routes {
		if r.Destination.Contains(to) && (!found || r.Destination.Bits() > best.Destination.Bits()) {
			best, found = r, true
		}
	}
	return best, found
}
