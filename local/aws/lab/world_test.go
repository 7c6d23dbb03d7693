package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

const tcp = 6

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }

// The rules that a new VPC's default group and list have.
func all() []plane.GroupRule {
	return []plane.GroupRule{{Protocol: -1, From: -1, To: -1, CIDR: everything}}
}

// twoRegions are two peered VPCs with a machine in each of two subnets; the
// first one has an internet gateway, and a NAT gateway for its second subnet.
func twoRegions() plane.Topology {
	west := plane.VPC{
		ID: "vpc-west", Region: "eu-west-1", CIDRs: []netip.Prefix{prefix("172.21.0.0/16")}, InternetGateway: "igw-west",
		Subnets: []plane.Subnet{
			{ID: "subnet-public", Zone: "a", CIDR: prefix("172.21.0.0/20"), RouteTable: "rtb-public"},
			{ID: "subnet-private", Zone: "b", CIDR: prefix("172.21.16.0/20"), RouteTable: "rtb-private"},
		},
		RouteTables: []plane.RouteTable{
			{ID: "rtb-public", Routes: []plane.Route{{Destination: everything, Kind: plane.ToInternet, Target: "igw-west"}, {Destination: prefix("172.22.0.0/16"), Kind: plane.ToPeering, Target: "pcx-1"}}},
			{ID: "rtb-private", Routes: []plane.Route{{Destination: everything, Kind: plane.ToNAT, Target: "nat-west"}, {Destination: prefix("172.22.0.0/16"), Kind: plane.ToPeering, Target: "pcx-1"}}},
		},
		NATGateways:    []plane.NATGateway{{ID: "nat-west", Subnet: "subnet-public", PrivateIP: addr("172.21.0.9"), PublicIP: addr("198.51.100.9")}},
		SecurityGroups: []plane.SecurityGroup{{ID: "sg-west", Ingress: all(), Egress: all()}},
		Interfaces: []plane.Interface{
			{ID: "eni-public", Subnet: "subnet-public", Addresses: []netip.Addr{addr("172.21.0.10")}, PublicIP: addr("198.51.100.10"), SecurityGroups: []string{"sg-west"}, SourceDestCheck: true, Machine: "i-1"},
			{ID: "eni-private", Subnet: "subnet-private", Addresses: []netip.Addr{addr("172.21.16.10")}, SecurityGroups: []string{"sg-west"}, SourceDestCheck: true, Machine: "i-2"},
		},
	}
	central := plane.VPC{
		ID: "vpc-central", Region: "eu-central-1", CIDRs: []netip.Prefix{prefix("172.22.0.0/16")},
		Subnets: []plane.Subnet{
			{ID: "subnet-c1", Zone: "a", CIDR: prefix("172.22.0.0/20"), RouteTable: "rtb-central"},
			{ID: "subnet-c2", Zone: "b", CIDR: prefix("172.22.16.0/20"), RouteTable: "rtb-central"},
		},
		RouteTables:    []plane.RouteTable{{ID: "rtb-central", Routes: []plane.Route{{Destination: prefix("172.21.0.0/16"), Kind: plane.ToPeering, Target: "pcx-1"}}}},
		SecurityGroups: []plane.SecurityGroup{{ID: "sg-central", Ingress: all(), Egress: all()}},
		Interfaces: []plane.Interface{
			{ID: "eni-c1", Subnet: "subnet-c1", Addresses: []netip.Addr{addr("172.22.0.10"), addr("172.22.0.11")}, SecurityGroups: []string{"sg-central"}, SourceDestCheck: true, Machine: "i-3"},
			{ID: "eni-c2", Subnet: "subnet-c2", Addresses: []netip.Addr{addr("172.22.16.10")}, SecurityGroups: []string{"sg-central"}, SourceDestCheck: true, Machine: "i-4"},
		},
	}
	return plane.Topology{VPCs: []plane.VPC{west, central}, Peerings: []plane.Peering{{ID: "pcx-1", A: "vpc-west", B: "vpc-central", MTU: 8500}}}
}

// world is a topology that was applied, and servers that say whom they see.
type world struct {
	*Networks
	t *testing.T
}

func newWorld(t *testing.T, topology plane.Topology) *world {
	t.Helper()
	n, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	w := &world{n, t}
	w.apply(topology)
	return w
}

func (w *world) apply(topology plane.Topology) {
	w.t.Helper()
	if err := w.Apply(w.t.Context(), topology); err != nil {
		w.t.Fatal(err)
	}
}

// serve answers connections to a port with the address that they come from.
func (w *world) serve(at *netlab.Namespace, port int) {
	w.t.Helper()
	l, err := at.Listen("tcp4", ":"+strconv.Itoa(port))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			from, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			fmt.Fprint(c, from)
			_ = c.Close()
		}
	}()
}

// ask connects from a namespace and returns the address that the server saw.
func ask(from *netlab.Namespace, to netip.Addr, port int, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := from.Dial(ctx, "tcp4", netip.AddrPortFrom(to, uint16(port)).String())
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(timeout))
	seen, err := io.ReadAll(c)
	return string(seen), err
}

// arrives is for what should arrive, on a busy machine too; silent is how long
// what should not arrive is given to do so.
const (
	arrives = 20 * time.Second
	silent  = 300 * time.Millisecond
)

func (w *world) reaches(from, to string, port int, as string) {
	w.t.Helper()
	if seen, err := ask(w.namespace(from), addr(to), port, arrives); err != nil || seen != as {
		w.t.Errorf("%s → %s:%d was seen as %q (%v), want %q", from, to, port, seen, err, as)
	}
}

func (w *world) drops(from, to string, port int) {
	w.t.Helper()
	if seen, err := ask(w.namespace(from), addr(to), port, silent); err == nil {
		w.t.Errorf("%s → %s:%d arrived, as %s", from, to, port, seen)
	}
}

func (w *world) namespace(id string) *netlab.Namespace {
	w.t.Helper()
	if id == "internet" {
		return w.Internet()
	}
	n := w.Interface(id)
	if n == nil {
		w.t.Fatalf("no namespace for %s", id)
	}
	return n
}
