package plane

import (
	"fmt"
	"net/netip"
	"slices"
)

// Packet is the first packet of a connection.
type Packet struct {
	From, To netip.Addr
	Protocol int // IANA number
	Port     int // destination port of TCP and UDP; type of ICMP
}

// Outcome is whether a connection is made, or why not.
type Outcome struct {
	Reached bool
	Reason  string     // why not; "" when reached
	Source  netip.Addr // what the receiver sees as the sender; invalid when not reached
}

// ephemeral is a port that a sender may use: the answer goes there.
const ephemeral = 40000

// Reach says what the topology does with a connection between two addresses of
// interfaces: the first packet on its way there, and the answer on its way
// back. It covers what stays inside VPCs and what crosses one peering. The
// rules are those of Amazon VPC's user guide: route tables (longest prefix; the
// VPC's own ranges are always local), network ACLs at the border of subnets
// without state, security groups at interfaces with state.
func (t Topology) Reach(p Packet) Outcome {
	from, to := t.owners(p.From), t.owners(p.To)
	if len(from) != 1 {
		return lost("%d interfaces have %s", len(from), p.From)
	}
	source := from[0]
	target, err := t.next(source, p.To, to)
	if err != nil {
		return lost("on the way there: %v", err)
	}
	if err := passesLists(source, target, p, p.Port, false); err != nil {
		return lost("on the way there: %v", err)
	}
	if !source.permits(target, p, true) {
		return lost("no security group of %s lets it out", source.face.ID)
	}
	if !target.permits(source, p, false) {
		return lost("no security group of %s lets it in", target.face.ID)
	}
	if back, err := t.next(target, p.From, []endpoint{source}); err != nil {
		return lost("on the way back: %v", err)
	} else if back.face.ID != source.face.ID {
		return lost("on the way back: it goes to %s", back.face.ID)
	}
	answer := Packet{From: p.To, To: p.From, Protocol: p.Protocol, Port: ephemeral}
	if err := passesLists(target, source, answer, ephemeral, true); err != nil {
		return lost("on the way back: %v", err)
	}
	return Outcome{Reached: true, Source: p.From}
}

func lost(format string, args ...any) Outcome { return Outcome{Reason: fmt.Sprintf(format, args...)} }

// endpoint is an interface in its subnet and VPC.
type endpoint struct {
	vpc    *VPC
	subnet *Subnet
	face   *Interface
}

// owners are the interfaces, of machines, that an address belongs to.
func (t Topology) owners(a netip.Addr) (all []endpoint) {
	for v := range t.VPCs {
		for i := range t.VPCs[v].Interfaces {
			face := &t.VPCs[v].Interfaces[i]
			if face.Machine == "" || !face.has(a) {
				continue
			}
			for s := range t.VPCs[v].Subnets {
				if t.VPCs[v].Subnets[s].ID == face.Subnet {
					all = append(all, endpoint{&t.VPCs[v], &t.VPCs[v].Subnets[s], face})
				}
			}
		}
	}
	return all
}

func (i *Interface) has(a netip.Addr) bool {
	return slices.Contains(i.Addresses, a) || slices.ContainsFunc(i.Prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// next follows the routes of an endpoint's subnet to one of the candidates.
func (t Topology) next(at endpoint, to netip.Addr, candidates []endpoint) (endpoint, error) {
	if slices.ContainsFunc(at.vpc.CIDRs, func(c netip.Prefix) bool { return c.Contains(to) }) {
		return in(at.vpc.ID, to, candidates)
	}
	route, ok := at.vpc.lookup(at.subnet.RouteTable, to)
	if !ok {
		return endpoint{}, fmt.Errorf("route table %s has no route to %s", at.subnet.RouteTable, to)
	}
	if route.Kind != ToPeering {
		return endpoint{}, fmt.Errorf("route table %s sends %s to %s %s", at.subnet.RouteTable, to, route.Kind, route.Target)
	}
	for _, p := range t.Peerings {
		switch {
		case p.ID != route.Target:
		case p.A == at.vpc.ID:
			return in(p.B, to, candidates)
		case p.B == at.vpc.ID:
			return in(p.A, to, candidates)
		}
	}
	return endpoint{}, fmt.Errorf("route table %s sends %s to %s, which is not an active peering of %s", at.subnet.RouteTable, to, route.Target, at.vpc.ID)
}

func in(vpc string, to netip.Addr, candidates []endpoint) (endpoint, error) {
	for _, c := range candidates {
		if c.vpc.ID == vpc {
			return c, nil
		}
	}
	return endpoint{}, fmt.Errorf("nobody in %s has %s", vpc, to)
}

func (v *VPC) lookup(table string, to netip.Addr) (best Route, ok bool) {
	for _, t := range v.RouteTables {
		if t.ID != table {
			continue
		}
		for _, r := range t.Routes {
			if r.Destination.Contains(to) && (!ok || r.Destination.Bits() > best.Destination.Bits()) {
				best, ok = r, true
			}
		}
	}
	return best, ok
}

// passesLists asks the network ACLs of the subnets that a packet leaves and
// enters; within one subnet there is none.
func passesLists(from, to endpoint, p Packet, port int, answer bool) error {
	if from.subnet.ID == to.subnet.ID && from.vpc.ID == to.vpc.ID {
		return nil
	}
	if !from.vpc.list(from.subnet.NetworkACL, true, p.To, p.Protocol, port, answer) {
		return fmt.Errorf("network ACL %s of %s lets it not out", from.subnet.NetworkACL, from.subnet.ID)
	}
	if !to.vpc.list(to.subnet.NetworkACL, false, p.From, p.Protocol, port, answer) {
		return fmt.Errorf("network ACL %s of %s lets it not in", to.subnet.NetworkACL, to.subnet.ID)
	}
	return nil
}

func (v *VPC) list(id string, egress bool, peer netip.Addr, protocol, port int, answer bool) bool {
	at := slices.IndexFunc(v.NetworkACLs, func(a NetworkACL) bool { return a.ID == id })
	if at < 0 {
		return true
	}
	best := ACLEntry{Number: 1 << 30}
	for _, e := range v.NetworkACLs[at].Entries {
		if e.Egress == egress && e.Number < best.Number && e.CIDR.Contains(peer) && onPort(e.Protocol, e.From, e.To, protocol, port, answer) {
			best = e
		}
	}
	return best.Allow
}

// permits says whether any group of the interface lets a packet out to, or in
// from, a peer.
func (at endpoint) permits(peer endpoint, p Packet, egress bool) bool {
	address := p.From
	if egress {
		address = p.To
	}
	for _, g := range at.vpc.SecurityGroups {
		if !slices.Contains(at.face.SecurityGroups, g.ID) {
			continue
		}
		rules := g.Ingress
		if egress {
			rules = g.Egress
		}
		for _, r := range rules {
			member := r.Group != "" && peer.vpc.ID == at.vpc.ID && slices.Contains(peer.face.SecurityGroups, r.Group)
			if (member || r.Group == "" && r.CIDR.Contains(address)) && onPort(r.Protocol, r.From, r.To, p.Protocol, p.Port, false) {
				return true
			}
		}
	}
	return false
}

// The numbers of IANA's protocol registry.
const (
	icmp = 1
	tcp  = 6
	udp  = 17
)

func onPort(ruleProtocol, from, to, protocol, port int, answer bool) bool {
	switch {
	case ruleProtocol < 0:
		return true
	case ruleProtocol != protocol:
		return false
	case protocol == icmp && answer:
		return from < 0 || from == 0 // an echo's answer has type 0
	case protocol == icmp:
		return from < 0 || from == port
	case protocol != tcp && protocol != udp, from < 0:
		return true
	default:
		return from <= port && port <= to
	}
}
