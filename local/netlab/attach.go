package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// PodGateway is the next hop of every pod, as in the AWS VPC CNI.
var PodGateway = netip.MustParseAddr("169.254.1.1")

// Attachment is a leaf namespace's place below a router namespace.
type Attachment struct {
	Link    string     // name of the link on the router's side
	Address netip.Addr // the leaf's address
	Gateway netip.Addr // the router's address on the link
	MTU     int        // largest packet of the link, in bytes; 0 = 1500
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
	route := &netlink.Route{LinkIndex: up, Dst: netlink.NewIPNet(net.IP(a.Address.AsSlice())), Scope: netlink.SCOPE_LINK}
	if err := router.nl.RouteReplace(route); err != nil {
		return fmt.Errorf("route %v: %w", route, err)
	}
	return leaf.nl.RouteReplace(&netlink.Route{LinkIndex: down, Gw: net.IP(a.Gateway.AsSlice()), Flags: int(netlink.FLAG_ONLINK)})
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
