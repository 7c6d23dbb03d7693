package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// vpc is the router of one VPC with what is attached to it.
type vpc struct {
	id       string
	address  netip.Addr // the router's own, on links where AWS shows none
	router   *netlab.Namespace
	internet string           // id of the internet gateway that is attached
	leafs    map[string]*leaf // by the id of the interface or NAT gateway

	hops        map[int][]netlab.Hop // applied last, by table
	policies    []netlab.Policy
	filters     string // description of the packet filter that was applied last
	filterTable string // that holds it; "" = there is none yet
	nat         string
	drops       string // because of faults
}

// leaf is a namespace with a link to the router.
type leaf struct {
	namespace *netlab.Namespace
	addresses []netip.Addr
	nat       bool
}

// leafLink is the name of a leaf's link, on its own side.
const leafLink = "eth0"

func newVPC(id string, address netip.Addr) *vpc {
	return &vpc{id: id, address: address, leafs: map[string]*leaf{}, hops: map[int][]netlab.Hop{}}
}

func (v *vpc) close() {
	for _, l := range v.leafs {
		l.namespace.Close()
	}
	if v.router != nil {
		v.router.Close()
	}
}

// attach makes the router, its link to the internet, and the namespaces of
// interfaces and NAT gateways; and ends those that are gone.
func (v *vpc) attach(internet *netlab.Namespace, want plane.VPC, nodes map[string]bool) error {
	if v.router == nil {
		router, err := netlab.NewNamespace(want.ID)
		if err != nil {
			return err
		}
		v.router = router
		if err := router.Forward(); err != nil {
			return err
		}
	}
	if err := v.attachInternet(internet, want.InternetGateway); err != nil {
		return err
	}
	present := map[string]bool{}
	for _, i := range want.Interfaces {
		if i.Machine == "" {
			continue // no interface is behind it
		}
		present[i.ID] = true
		if err := v.attachLeaf(want, i.ID, i.Subnet, i.Addresses, nodes[i.ID], false); err != nil {
			return err
		}
	}
	for _, g := range want.NATGateways {
		present[g.ID] = true
		if err := v.attachLeaf(want, g.ID, g.Subnet, []netip.Addr{g.PrivateIP}, false, true); err != nil {
			return err
		}
	}
	for id, l := range v.leafs {
		if !present[id] {
			if err := v.router.RemoveLink(linkName(id)); err != nil {
				return err
			}
			l.namespace.Close()
			delete(v.leafs, id)
		}
	}
	return nil
}

func (v *vpc) attachInternet(internet *netlab.Namespace, gateway string) error {
	if v.internet == gateway {
		return nil
	}
	if v.internet != "" {
		if err := v.router.RemoveLink(linkName(v.internet)); err != nil {
			return err
		}
		v.internet = ""
	}
	if gateway == "" {
		return nil
	}
	link := linkName(gateway)
	if err := netlab.Join(v.router, internet, link, link, internetMTU); err != nil {
		return err
	}
	if err := errors.Join(v.router.SetAddresses(link, v.address), internet.SetAddresses(link, internetSide)); err != nil {
		return err
	}
	v.internet = gateway
	return nil
}

func (v *vpc) attachLeaf(want plane.VPC, id, subnet string, addresses []netip.Addr, node, nat bool) error {
	l := v.leafs[id]
	if l != nil && slices.Equal(l.addresses, addresses) {
		return nil
	}
	gateway, err := gatewayOf(want, subnet)
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	link := linkName(id)
	if l == nil {
		if l, err = newLeaf(id, nat); err != nil {
			return err
		}
		if err := netlab.Join(v.router, l.namespace, link, leafLink, vpcMTU); err != nil {
			l.namespace.Close()
			return err
		}
		v.leafs[id] = l
	}
	own := addresses
	if node { // the others are its pods'
		own = addresses[:1]
	}
	if err := errors.Join(v.router.SetAddresses(link, gateway), l.namespace.SetAddresses(leafLink, own...)); err != nil {
		return err
	}
	// Not the whole table: a node's own routes to its pods are there too.
	if err := l.namespace.SetDefault(leafLink, gateway); err != nil {
		return err
	}
	l.addresses = addresses
	return nil
}

func newLeaf(id string, nat bool) (*leaf, error) {
	namespace, err := netlab.NewNamespace(id)
	if err != nil {
		return nil, err
	}
	l := &leaf{namespace: namespace, nat: nat}
	if nat {
		err = errors.Join(namespace.Forward(), namespace.Masquerade(everything))
	}
	return l, err
}

// gatewayOf is the router's address in a subnet: the second one of its range.
func gatewayOf(v plane.VPC, subnet string) (netip.Addr, error) {
	for _, s := range v.Subnets {
		if s.ID == subnet {
			return s.CIDR.Masked().Addr().Next(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("subnet %s is not in %s", subnet, v.ID)
}
