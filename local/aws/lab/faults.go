package lab

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// The kinds of faults that are a matter of the networks.
const (
	Cut     = "cut"      // A is cut off from all other regions
	CutLink = "cut-link" // A and B are cut off from each other
	Drop    = "drop"     // packets from A to TCP port Number of B is lost
	MTU     = "mtu"      // packets between A and B have at most Number bytes
	ICMP    = "icmp"     // ICMP between A and B is lost, and what routers say to their own region
	DNS     = "dns"      // A's name server doesn't answer
)

// Fault is a disturbance of regions' networks.
type Fault struct {
	Kind   string
	A, B   string // regions by name; B is "" where there is one only
	Number int
}

const dnsPort = 53

// Regions are those that have a network, sorted.
func (n *Networks) Regions() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]bool{}
	for _, v := range n.topology.VPCs {
		seen[v.Region] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// Disturb replaces the faults. They stay in force, whatever is applied later.
func (n *Networks) Disturb(faults []Fault) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = slices.Clone(faults)
	return n.disturb()
}

// disturb brings routers and peerings to what the faults say.
func (n *Networks) disturb() error {
	var errs []error
	for _, want := range n.topology.VPCs {
		if v := n.vpcs[want.ID]; v != nil && v.router != nil {
			errs = append(errs, v.drop(n.drops(want)))
		}
	}
	for _, p := range n.peerings {
		if mtu := n.mtu(p); mtu != n.mtus[p.ID] {
			errs = append(errs, n.setMTU(p, mtu))
		}
	}
	return errors.Join(errs...)
}

func (v *vpc) drop(rules []netlab.Rule) error {
	description := fmt.Sprint(rules)
	if v.drops == description || v.drops == "" && len(rules) == 0 {
		return nil
	}
	v.drops = ""
	if err := v.router.Drop(rules); err != nil {
		return err
	}
	v.drops = description
	return nil
}

// setMTU changes both ends of a peering.
func (n *Networks) setMTU(p plane.Peering, mtu int) error {
	delete(n.mtus, p.ID)
	for _, id := range []string{p.A, p.B} {
		if err := n.vpcs[id].router.SetMTU(linkName(p.ID), mtu); err != nil {
			return fmt.Errorf("packet size of peering %s: %w", p.ID, err)
		}
	}
	n.mtus[p.ID] = mtu
	return nil
}

// mtu is the largest packet that passes a peering: of several faults the last
// one counts.
func (n *Networks) mtu(p plane.Peering) int {
	mtu := p.MTU
	a, b := n.regionOf(p.A), n.regionOf(p.B)
	for _, f := range n.faults {
		if f.Kind == MTU && (f.A == a && f.B == b || f.A == b && f.B == a) {
			mtu = min(f.Number, p.MTU)
		}
	}
	return mtu
}

func (n *Networks) regionOf(vpc string) string {
	for _, v := range n.topology.VPCs {
		if v.ID == vpc {
			return v.Region
		}
	}
	return ""
}

// drops is what the router of a VPC drops because of the faults.
func (n *Networks) drops(v plane.VPC) (rules []netlab.Rule) {
	for _, f := range n.faults {
		far := func(region string) bool { return region == f.B }
		switch {
		case f.Kind == Cut && f.A == v.Region:
			rules = append(rules, n.ways(v, func(region string) bool { return region != f.A }).closed()...)
		case f.Kind == CutLink && f.A == v.Region:
			rules = append(rules, n.ways(v, far).closed()...)
		case f.Kind == Drop && f.A == v.Region:
			rules = append(rules, n.ways(v, far).out(netlab.Rule{Protocol: unix.IPPROTO_TCP, Port: uint16(f.Number)})...)
		case f.Kind == ICMP && f.A == v.Region:
			rules = append(rules, n.silence(v, far)...)
		case f.Kind == ICMP && f.B == v.Region:
			rules = append(rules, n.silence(v, func(region string) bool { return region == f.A })...)
		case f.Kind == DNS && f.A == v.Region:
			rules = append(rules, nameServers(v)...)
		}
	}
	return rules
}

// silence drops the ICMP that comes from other regions, and what the router
// itself says to its own: among that is how large a packet may be.
func (n *Networks) silence(v plane.VPC, far func(region string) bool) []netlab.Rule {
	rules := n.ways(v, far).in(netlab.Rule{Protocol: unix.IPPROTO_ICMP})
	for _, cidr := range v.CIDRs {
		rules = append(rules, netlab.Rule{Own: true, To: cidr, Protocol: unix.IPPROTO_ICMP})
	}
	return rules
}

// nameServers drops what asks a cluster's control plane for names.
func nameServers(v plane.VPC) (rules []netlab.Rule) {
	for _, i := range v.Interfaces {
		if !strings.HasPrefix(i.Machine, v.Region+"/") { // a cluster's: region/name
			continue
		}
		for _, a := range i.Addresses {
			for _, protocol := range []uint8{unix.IPPROTO_UDP, unix.IPPROTO_TCP} {
				rules = append(rules, netlab.Rule{To: netip.PrefixFrom(a, a.BitLen()), Protocol: protocol, Port: dnsPort})
			}
		}
	}
	return rules
}

// ways are those from a VPC to other regions: over peerings, and over the
// internet to public addresses.
type ways struct {
	links  []string
	public []netip.Prefix
}

// ways are identified by links and not by ranges, because two regions' ranges may be equal.
func (n *Networks) ways(from plane.VPC, far func(region string) bool) (w ways) {
	for _, p := range n.topology.Peerings {
		if p.A == from.ID && far(n.regionOf(p.B)) || p.B == from.ID && far(n.regionOf(p.A)) {
			w.links = append(w.links, linkName(p.ID))
		}
	}
	for _, v := range n.topology.VPCs {
		if !far(v.Region) {
			continue
		}
		for _, a := range slices.SortedFunc(maps.Keys(publicAddresses(v)), netip.Addr.Compare) {
			w.public = append(w.public, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return w
}

// out and in limit a rule to packets that leave, or arrive, on the ways.
func (w ways) out(r netlab.Rule) (rules []netlab.Rule) {
	for _, link := range w.links {
		r.Out, r.To = link, netip.Prefix{}
		rules = append(rules, r)
	}
	for _, p := range w.public {
		r.Out, r.To = "", p
		rules = append(rules, r)
	}
	return rules
}

func (w ways) in(r netlab.Rule) (rules []netlab.Rule) {
	for _, link := range w.links {
		r.In, r.From = link, netip.Prefix{}
		rules = append(rules, r)
	}
	for _, p := range w.public {
		r.In, r.From = "", p
		rules = append(rules, r)
	}
	return rules
}

func (w ways) closed() []netlab.Rule { return append(w.out(netlab.Rule{}), w.in(netlab.Rule{})...) }
