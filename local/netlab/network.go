package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/vishvananda/netlink"
)

// PodGateway is the next hop of every pod, as in the AWS VPC CNI.
var PodGateway = netip.MustParseAddr("169.254.1.1")

// Network is one region's network: a router with an address range.
type Network struct {
	name    string
	cidr    netip.Prefix
	gateway netip.Addr
	router  *Namespace

	mu    sync.Mutex
	leafs int
}

// NewNetwork makes the network's router. Its gateway is the range's first address.
func NewNetwork(name string, cidr netip.Prefix) (*Network, error) {
	router, err := NewNamespace("net-" + name)
	if err != nil {
		return nil, err
	}
	return &Network{name: name, cidr: cidr, gateway: cidr.Masked().Addr().Next(), router: router}, router.Forward()
}

// Name is what the network was made with.
func (n *Network) Name() string { return n.name }

// Router is the namespace through which all of the network's traffic passes.
func (n *Network) Router() *Namespace { return n.router }

// Attach makes a namespace with an address in the network. Traffic to the
// routed prefixes goes there too (a node's pods).
func (n *Network) Attach(name string, address netip.Addr, routed ...netip.Prefix) (*Namespace, error) {
	if !n.cidr.Contains(address) {
		return nil, fmt.Errorf("attaching %s: %s is outside %s", name, address, n.cidr)
	}
	leaf, err := NewNamespace(name)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.leafs++
	link := fmt.Sprintf("leaf%d", n.leafs)
	n.mu.Unlock()
	return leaf, Attach(n.router, leaf, Attachment{Link: link, Address: address, Gateway: n.gateway, Routed: routed})
}

// Attachment is a leaf namespace's place below a router namespace.
type Attachment struct {
	Link    string         // name of the link on the router's side
	Address netip.Addr     // the leaf's address
	Gateway netip.Addr     // the router's address on the link
	Routed  []netip.Prefix // further prefixes that the leaf routes for
	MTU     int            // largest packet of the link, in bytes; 0 = 1500
}

// Attach links leaf to router and installs both directions of the routes. It
// replaces what an earlier, half-finished attachment of the address left.
func Attach(router, leaf *Namespace, a Attachment) error {
	if err := connect(router, leaf, a.Link, "eth0"); err != nil {
		return err
	}
	if a.MTU != 0 {
		if err := errors.Join(router.up(a.Link, a.MTU), leaf.up("eth0", a.MTU)); err != nil {
			return err
		}
	}
	up, err := configureLink(router.nl, a.Link, a.Gateway)
	if err != nil {
		return err
	}
	down, err := configureLink(leaf.nl, "eth0", a.Address)
	if err != nil {
		return err
	}
	address := net.IP(a.Address.AsSlice())
	routes := []*netlink.Route{{LinkIndex: up, Dst: netlink.NewIPNet(address), Scope: netlink.SCOPE_LINK}}
	for _, prefix := range a.Routed {
		routes = append(routes, &netlink.Route{LinkIndex: up, Dst: ipNet(prefix), Gw: address, Flags: int(netlink.FLAG_ONLINK)})
	}
	for _, r := range routes {
		if err := router.nl.RouteReplace(r); err != nil {
			return fmt.Errorf("route %v: %w", r, err)
		}
	}
	return leaf.nl.RouteReplace(&netlink.Route{LinkIndex: down, Gw: net.IP(a.Gateway.AsSlice()), Flags: int(netlink.FLAG_ONLINK)})
}

// Link connects two networks' routers, each of which learns the other's range:
// what a VPC peering with its routes does.
func Link(a, b *Network) error {
	linkA, linkB := linkName(b), linkName(a)
	if err := connect(a.router, b.router, linkA, linkB); err != nil {
		return err
	}
	for _, side := range []struct {
		at       *Network
		link     string
		own, via netip.Addr
		to       netip.Prefix
	}{
		{a, linkA, netip.MustParseAddr("169.254.0.1"), netip.MustParseAddr("169.254.0.2"), b.cidr},
		{b, linkB, netip.MustParseAddr("169.254.0.2"), netip.MustParseAddr("169.254.0.1"), a.cidr},
	} {
		index, err := configureLink(side.at.router.nl, side.link, side.own)
		if err != nil {
			return err
		}
		route := &netlink.Route{LinkIndex: index, Dst: ipNet(side.to), Gw: net.IP(side.via.AsSlice()), Flags: int(netlink.FLAG_ONLINK)}
		if err := side.at.router.nl.RouteReplace(route); err != nil {
			return fmt.Errorf("route from %s to %s: %w", side.at.name, side.to, err)
		}
	}
	return nil
}

// Unlink removes the connection of two networks; a missing one is no error.
func Unlink(a, b *Network) error { return a.router.RemoveLink(linkName(b)) }

// SetLinkMTU sets the largest packet of the link between two networks, in
// bytes; 0 means the default of 1500.
func SetLinkMTU(a, b *Network, bytes int) error {
	if bytes == 0 {
		bytes = 1500
	}
	for _, side := range [][2]*Network{{a, b}, {b, a}} {
		link, err := side[0].router.nl.LinkByName(linkName(side[1]))
		if err != nil {
			return fmt.Errorf("link between %s and %s: %w", a.name, b.name, err)
		}
		if err := side[0].router.nl.LinkSetMTU(link, bytes); err != nil {
			return err
		}
	}
	return nil
}

// linkName fits the kernel's 15 bytes for any network name.
func linkName(to *Network) string {
	var sum uint32 = 2166136261 // FNV-1a
	for _, c := range []byte(to.name) {
		sum = (sum ^ uint32(c)) * 16777619
	}
	return fmt.Sprintf("peer-%08x", sum)
}

func connect(a, b *Namespace, linkA, linkB string) error {
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: linkA, Namespace: netlink.NsFd(a.handle)})
	veth.PeerName, veth.PeerNamespace = linkB, netlink.NsFd(b.handle)
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("link %s of %s to %s: %w", linkA, a.name, b.name, err)
	}
	return nil
}

func configureLink(nl *netlink.Handle, name string, address netip.Addr) (index int, err error) {
	link, err := nl.LinkByName(name)
	if err != nil {
		return 0, err
	}
	if err := nl.AddrReplace(link, &netlink.Addr{IPNet: netlink.NewIPNet(net.IP(address.AsSlice()))}); err != nil {
		return 0, err
	}
	return link.Attrs().Index, nl.LinkSetUp(link)
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
