package lab

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

// The largest packets in bytes, and the addresses that routers have on links
// where AWS shows none.
const (
	vpcMTU      = 9001
	internetMTU = 1500
)

var (
	internetSide = netip.MustParseAddr("169.254.0.1")
	everything   = netip.MustParsePrefix("0.0.0.0/0")
	internetHost = netip.MustParseAddr("192.0.2.1") // RFC 5737, TEST-NET-1
)

// Networks are the VPCs of all regions on this machine.
type Networks struct {
	mu       sync.Mutex
	internet *netlab.Namespace
	vpcs     map[string]*vpc
	peerings map[string]plane.Peering
	topology plane.Topology  // handed down last
	nodes    map[string]bool // interfaces whose secondary addresses are pods'
	faults   []Fault
	mtus     map[string]int // of peerings, in bytes, as their links have it
}

var _ plane.Networks = (*Networks)(nil)

// New makes the internet, and no VPC yet.
func New() (*Networks, error) {
	internet, err := netlab.NewNamespace("internet")
	if err != nil {
		return nil, err
	}
	if err := internet.Forward(); err != nil {
		return nil, err
	}
	n := &Networks{internet: internet, vpcs: map[string]*vpc{}, peerings: map[string]plane.Peering{}, nodes: map[string]bool{}, mtus: map[string]int{}}
	return n, internet.SetAddresses("lo", netip.MustParseAddr("127.0.0.1"), internetHost)
}

// Internet is the namespace of a host that isn't in any VPC, at 192.0.2.1.
func (n *Networks) Internet() *netlab.Namespace { return n.internet }

// Interface is the namespace of a network interface that belongs to a machine,
// or nil.
func (n *Networks) Interface(id string) *netlab.Namespace {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.vpcs {
		if leaf := v.leafs[id]; leaf != nil {
			return leaf.namespace
		}
	}
	return nil
}

// Attachment is an interface with the machine that it is attached to and its network.
type Attachment struct {
	Namespace *netlab.Namespace
	Interface plane.Interface
	VPC       plane.VPC
}

// Find tells where an interface of a machine is.
func (n *Networks) Find(id string) (Attachment, error) {
	namespace := n.Interface(id)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.topology.VPCs {
		for _, i := range v.Interfaces {
			if i.ID == id && namespace != nil && len(i.Addresses) > 0 {
				return Attachment{namespace, i, v}, nil
			}
		}
	}
	return Attachment{}, fmt.Errorf("interface %s: no machine of the networks has it", id)
}

// Delegate leaves an interface's secondary addresses to the pods of its node:
// the node itself answers at the first one only.
func (n *Networks) Delegate(id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[id] = true
	for _, v := range n.vpcs {
		if l := v.leafs[id]; l != nil {
			return l.namespace.SetAddresses(leafLink, l.addresses[:1]...)
		}
	}
	return fmt.Errorf("interface %s: no machine of the networks has it", id)
}

// Router is the namespace of a VPC's router, or nil.
func (n *Networks) Router(vpc string) *netlab.Namespace {
	n.mu.Lock()
	defer n.mu.Unlock()
	if v := n.vpcs[vpc]; v != nil {
		return v.router
	}
	return nil
}

// Apply makes the kernel's networks equal to t. Independent VPCs are worked on
// side by side; an error of one doesn't keep the others from being applied.
func (n *Networks) Apply(ctx context.Context, t plane.Topology) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.topology = t
	if err := n.removeGone(t); err != nil {
		return err
	}
	if err := n.eachVPC(ctx, t, func(v *vpc, want plane.VPC) error { return v.attach(n.internet, want, n.nodes) }); err != nil {
		return err
	}
	for _, p := range t.Peerings {
		if err := n.peer(p); err != nil {
			return err
		}
	}
	if err := errors.Join(n.disturb(), n.routeInternet(t)); err != nil { // before there are routes
		return err
	}
	return n.eachVPC(ctx, t, func(v *vpc, want plane.VPC) error {
		return errors.Join(v.route(want, n.neighbours(v)), v.filter(want), v.translate(want))
	})
}

// Close ends all namespaces.
func (n *Networks) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.vpcs {
		v.close()
	}
	n.vpcs = map[string]*vpc{}
	n.internet.Close()
}

func (n *Networks) removeGone(t plane.Topology) error {
	for id, p := range n.peerings {
		if slices.Contains(t.Peerings, p) {
			continue
		}
		if v := n.vpcs[p.A]; v != nil {
			if err := v.router.RemoveLink(linkName(id)); err != nil {
				return err
			}
		}
		delete(n.peerings, id)
		delete(n.mtus, id)
	}
	for id, v := range n.vpcs {
		if !slices.ContainsFunc(t.VPCs, func(want plane.VPC) bool { return want.ID == id }) {
			v.close()
			delete(n.vpcs, id)
		}
	}
	return nil
}

func (n *Networks) eachVPC(ctx context.Context, t plane.Topology, do func(*vpc, plane.VPC) error) error {
	var group sync.WaitGroup
	errs := make([]error, len(t.VPCs))
	for i, want := range t.VPCs {
		v := n.vpcs[want.ID]
		if v == nil {
			v = newVPC(want.ID, n.unused())
			n.vpcs[want.ID] = v
		}
		group.Go(func() {
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = do(v, want)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// neighbours are the addresses of the routers that a VPC is peered with, by
// the peering's id.
func (n *Networks) neighbours(v *vpc) map[string]netip.Addr {
	all := map[string]netip.Addr{}
	for id, p := range n.peerings {
		switch v.id {
		case p.A:
			all[id] = n.vpcs[p.B].address
		case p.B:
			all[id] = n.vpcs[p.A].address
		}
	}
	return all
}

// unused is a link-local address that no router has.
func (n *Networks) unused() netip.Addr {
	a := internetSide.Next()
	for slices.ContainsFunc(slices.Collect(maps.Values(n.vpcs)), func(v *vpc) bool { return v.address == a }) {
		a = a.Next()
	}
	return a
}

func (n *Networks) peer(p plane.Peering) error {
	a, b := n.vpcs[p.A], n.vpcs[p.B]
	if a == nil || b == nil {
		return fmt.Errorf("peering %s: %s or %s is not a VPC", p.ID, p.A, p.B)
	}
	if n.peerings[p.ID] == p {
		return nil
	}
	link := linkName(p.ID)
	if err := netlab.Join(a.router, b.router, link, link, p.MTU); err != nil {
		return err
	}
	if err := errors.Join(a.router.SetAddresses(link, a.address), b.router.SetAddresses(link, b.address)); err != nil {
		return err
	}
	n.peerings[p.ID], n.mtus[p.ID] = p, p.MTU
	return nil
}

// routeInternet sends public addresses to the VPCs that hold them.
func (n *Networks) routeInternet(t plane.Topology) error {
	var hops []netlab.Hop
	for _, v := range t.VPCs {
		if v.InternetGateway == "" {
			continue
		}
		for public := range maps.Keys(publicAddresses(v)) {
			hops = append(hops, netlab.Hop{To: netip.PrefixFrom(public, 32), Link: linkName(v.InternetGateway), Via: n.vpcs[v.ID].address, Source: internetHost})
		}
	}
	return n.internet.SetHops(netlab.MainTable, hops)
}

// publicAddresses maps the public addresses of a VPC to the private ones.
func publicAddresses(v plane.VPC) map[netip.Addr]netip.Addr {
	all := map[netip.Addr]netip.Addr{}
	for _, i := range v.Interfaces {
		if i.PublicIP.IsValid() && len(i.Addresses) > 0 {
			all[i.PublicIP] = i.Addresses[0]
		}
	}
	for _, g := range v.NATGateways {
		if g.PublicIP.IsValid() {
			all[g.PublicIP] = g.PrivateIP
		}
	}
	return all
}

// linkName fits the kernel's 15 bytes for any AWS id.
func linkName(id string) string {
	sum := fnv.New64a()
	sum.Write([]byte(id))
	return fmt.Sprintf("r%013x", sum.Sum64()>>12)
}
