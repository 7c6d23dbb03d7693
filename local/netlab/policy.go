package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// MainTable is the number of the routing table that exists in every namespace.
const MainTable = unix.RT_TABLE_MAIN

// Hop is one line of a routing table.
type Hop struct {
	To        netip.Prefix
	Link      string     // where packets leave
	Via       netip.Addr // next hop on the link; invalid: the destination itself is there
	Source    netip.Addr // of what the namespace itself sends there; invalid: the kernel chooses
	Blackhole bool       // drop silently; the other fields but To are ignored
}

// Policy chooses the routing table for packets that enter through a link.
type Policy struct {
	Priority  int    // the lowest one is asked first; 1000 to 30000
	In        string // link; "" = any
	Table     int
	Blackhole bool // drop silently; Table is ignored
}

// The priorities between which SetPolicies owns all rules.
const (
	firstPolicy = 1000
	lastPolicy  = 30000
)

// Join connects two namespaces with a veth pair whose largest packet is mtu
// bytes, and sets both ends up. A pair that is there already is replaced.
func Join(a, b *Namespace, linkA, linkB string, mtu int) error {
	if err := errors.Join(a.RemoveLink(linkA), b.RemoveLink(linkB)); err != nil {
		return err
	}
	if err := connect(a, b, linkA, linkB); err != nil {
		return err
	}
	return errors.Join(a.up(linkA, mtu), b.up(linkB, mtu))
}

func (n *Namespace) up(name string, mtu int) error {
	link, err := n.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("link %s of %s: %w", name, n.name, err)
	}
	if err := n.nl.LinkSetMTU(link, mtu); err != nil {
		return fmt.Errorf("link %s of %s: %w", name, n.name, err)
	}
	return n.nl.LinkSetUp(link)
}

// SetAddresses makes a link's addresses equal to the given ones, the first of
// which is the source of what the namespace itself sends.
func (n *Namespace) SetAddresses(name string, addresses ...netip.Addr) error {
	link, err := n.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("link %s of %s: %w", name, n.name, err)
	}
	present, err := n.nl.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, p := range present {
		if a, ok := netip.AddrFromSlice(p.IP.To4()); ok && !slices.Contains(addresses, a) {
			if err := n.nl.AddrDel(link, &p); err != nil {
				return err
			}
		}
	}
	for _, a := range addresses {
		if err := n.nl.AddrReplace(link, &netlink.Addr{IPNet: netlink.NewIPNet(net.IP(a.AsSlice()))}); err != nil {
			return fmt.Errorf("address %s of %s: %w", a, n.name, err)
		}
	}
	return nil
}

// AddAddress adds one address to a link; one that is there already is no error.
func (n *Namespace) AddAddress(name string, address netip.Addr) error {
	link, err := n.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("link %s of %s: %w", name, n.name, err)
	}
	if err := n.nl.AddrReplace(link, &netlink.Addr{IPNet: netlink.NewIPNet(net.IP(address.AsSlice()))}); err != nil {
		return fmt.Errorf("address %s of %s: %w", address, n.name, err)
	}
	return nil
}

// SetHops makes a routing table equal to the given hops.
func (n *Namespace) SetHops(table int, hops []Hop) error {
	want := map[string]bool{}
	for _, h := range hops {
		route, err := n.route(table, h)
		if err != nil {
			return err
		}
		if err := n.nl.RouteReplace(route); err != nil {
			return fmt.Errorf("route to %s of %s: %w", h.To, n.name, err)
		}
		want[route.Dst.String()] = true
	}
	present, err := n.nl.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: table}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return err
	}
	for _, p := range present {
		if p.Dst != nil && want[p.Dst.String()] {
			continue
		}
		if err := n.nl.RouteDel(&p); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("removing route %v of %s: %w", p, n.name, err)
		}
	}
	return nil
}

// SetDefault makes a next hop on a link the namespace's default route.
func (n *Namespace) SetDefault(link string, via netip.Addr) error {
	route, err := n.route(MainTable, Hop{To: netip.PrefixFrom(netip.IPv4Unspecified(), 0), Link: link, Via: via})
	if err != nil {
		return err
	}
	return n.nl.RouteReplace(route)
}

func (n *Namespace) route(table int, h Hop) (*netlink.Route, error) {
	route := &netlink.Route{Table: table, Dst: ipNet(h.To)}
	if h.Blackhole {
		route.Type = unix.RTN_BLACKHOLE
		return route, nil
	}
	link, err := n.nl.LinkByName(h.Link)
	if err != nil {
		return nil, fmt.Errorf("route to %s of %s: link %s: %w", h.To, n.name, h.Link, err)
	}
	route.LinkIndex = link.Attrs().Index
	if h.Source.IsValid() {
		route.Src = net.IP(h.Source.AsSlice())
	}
	if h.Via.IsValid() {
		route.Gw, route.Flags = net.IP(h.Via.AsSlice()), int(netlink.FLAG_ONLINK)
	} else {
		route.Scope = netlink.SCOPE_LINK
	}
	return route, nil
}

// SetPolicies makes the rules that choose a routing table equal to the given
// ones. Rules outside the priorities 1000 to 30000 are left alone.
func (n *Namespace) SetPolicies(policies []Policy) error {
	present, err := n.nl.RuleList(netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	have := map[Policy]bool{}
	for _, r := range present {
		if r.Priority < firstPolicy || r.Priority > lastPolicy {
			continue
		}
		p := Policy{Priority: r.Priority, In: r.IifName, Table: r.Table, Blackhole: r.Type == unix.RTN_BLACKHOLE}
		if p.Blackhole {
			p.Table = 0
		}
		if slices.Contains(policies, p) && !have[p] {
			have[p] = true
			continue
		}
		if err := n.nl.RuleDel(&r); err != nil {
			return fmt.Errorf("removing rule %v of %s: %w", r, n.name, err)
		}
	}
	for _, p := range policies {
		if have[p] {
			continue
		}
		r := netlink.NewRule()
		r.Priority, r.IifName, r.Family = p.Priority, p.In, netlink.FAMILY_V4
		if p.Blackhole {
			r.Type = unix.RTN_BLACKHOLE
		} else {
			r.Table = p.Table
		}
		if err := n.nl.RuleAdd(r); err != nil {
			return fmt.Errorf("rule %+v of %s: %w", p, n.name, err)
		}
	}
	return nil
}

// SetMTU sets the largest packet of a link, in bytes.
func (n *Namespace) SetMTU(link string, bytes int) error {
	l, err := n.nl.LinkByName(link)
	if err != nil {
		return fmt.Errorf("link %s of %s: %w", link, n.name, err)
	}
	return n.nl.LinkSetMTU(l, bytes)
}
