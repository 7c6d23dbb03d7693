package lab

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/netlab"
)

func TestWhatFaultsDrop(t *testing.T) {
	topology := threeRegions()
	west, central := topology.VPCs[0], topology.VPCs[1]
	link, other := linkName("pcx-1"), linkName("pcx-2")
	own := prefix("172.21.0.0/16")
	host := func(s string) netip.Prefix { return netip.PrefixFrom(addr(s), 32) }
	tcpPort := func(r netlab.Rule) netlab.Rule { r.Protocol, r.Port = unix.IPPROTO_TCP, 7000; return r }
	icmp := func(r netlab.Rule) netlab.Rule { r.Protocol = unix.IPPROTO_ICMP; return r }
	nat, public := host("198.51.100.9"), host("198.51.100.10")
	for _, c := range []struct {
		why   string
		fault Fault
		at    plane.VPC
		want  []netlab.Rule
	}{
		{"a cut region loses all others", Fault{Kind: Cut, A: "eu-central-1"}, central, []netlab.Rule{
			{Out: link}, {Out: other}, {To: nat}, {To: public}, {In: link}, {In: other}, {From: nat}, {From: public},
		}},
		{"which is done at its own routers", Fault{Kind: Cut, A: "eu-central-1"}, west, nil},
		{"a cut link loses one pair", Fault{Kind: CutLink, A: "eu-west-1", B: "eu-central-1"}, west, []netlab.Rule{{Out: link}, {In: link}}},
		{"a dropped port is lost one way", Fault{Kind: Drop, A: "eu-west-1", B: "eu-central-1", Number: 7000}, west, []netlab.Rule{tcpPort(netlab.Rule{Out: link})}},
		{"also to public addresses", Fault{Kind: Drop, A: "eu-central-1", B: "eu-west-1", Number: 7000}, central, []netlab.Rule{
			tcpPort(netlab.Rule{Out: link}), tcpPort(netlab.Rule{To: nat}), tcpPort(netlab.Rule{To: public}),
		}},
		{"nobody is told of large packets, neither by the other region nor by the own router", Fault{Kind: ICMP, A: "eu-central-1", B: "eu-west-1"}, west, []netlab.Rule{
			icmp(netlab.Rule{In: link}), icmp(netlab.Rule{Own: true, To: own}),
		}},
		{"a region's name servers are its clusters'", Fault{Kind: DNS, A: "eu-north-1"}, topology.VPCs[2], []netlab.Rule{
			{To: host("172.23.0.10"), Protocol: unix.IPPROTO_UDP, Port: 53}, {To: host("172.23.0.10"), Protocol: unix.IPPROTO_TCP, Port: 53},
		}},
		{"a packet size is no rule", Fault{Kind: MTU, A: "eu-west-1", B: "eu-central-1", Number: 1300}, west, nil},
	} {
		n := &Networks{topology: topology, faults: []Fault{c.fault}}
		if d := cmp.Diff(c.want, n.drops(c.at), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s:\n%s", c.why, d)
		}
	}
}

func TestPacketSizeOfAPeering(t *testing.T) {
	n := &Networks{topology: threeRegions(), faults: []Fault{
		{MTU, "eu-central-1", "eu-west-1", 1400}, {MTU, "eu-west-1", "eu-north-1", 1300}, {MTU, "eu-west-1", "eu-central-1", 1200}, {MTU, "eu-central-1", "eu-north-1", 9001},
	}}
	if got := n.mtu(n.topology.Peerings[0]); got != 1200 {
		t.Errorf("of two for one peering, either way round, the last counts: got %d, want 1200", got)
	}
	if got := n.mtu(n.topology.Peerings[1]); got != 8500 {
		t.Errorf("a peering lets no larger packets pass than its own, 8500: got %d", got)
	}
}

// threeRegions are two peered ones and a third that is peered with the second,
// with a cluster.
func threeRegions() plane.Topology {
	t := twoRegions()
	north := plane.VPC{
		ID: "vpc-north", Region: "eu-north-1", CIDRs: []netip.Prefix{prefix("172.23.0.0/16")},
		Subnets:        []plane.Subnet{{ID: "subnet-n", CIDR: prefix("172.23.0.0/20"), RouteTable: "rtb-n"}},
		RouteTables:    []plane.RouteTable{{ID: "rtb-n", Routes: []plane.Route{{Destination: prefix("172.22.0.0/16"), Kind: plane.ToPeering, Target: "pcx-2"}}}},
		SecurityGroups: []plane.SecurityGroup{{ID: "sg-n", Ingress: all(), Egress: all()}},
		Interfaces: []plane.Interface{
			{ID: "eni-n", Subnet: "subnet-n", Addresses: []netip.Addr{addr("172.23.0.10")}, SecurityGroups: []string{"sg-n"}, Machine: "eu-north-1/ring"},
			{ID: "eni-n2", Subnet: "subnet-n", Addresses: []netip.Addr{addr("172.23.0.11")}, SecurityGroups: []string{"sg-n"}, Machine: "i-6"},
		},
	}
	t.VPCs = append(t.VPCs, north)
	t.Peerings = append(t.Peerings, plane.Peering{ID: "pcx-2", A: "vpc-central", B: "vpc-north", MTU: 8500})
	t.VPCs[1].RouteTables[0].Routes = append(t.VPCs[1].RouteTables[0].Routes, plane.Route{Destination: prefix("172.23.0.0/16"), Kind: plane.ToPeering, Target: "pcx-2"})
	return t
}

func (w *world) disturb(faults ...Fault) {
	w.t.Helper()
	if err := w.Disturb(faults); err != nil {
		w.t.Fatal(err)
	}
}

func TestFaultsBetweenRegions(t *testing.T) {
	w := newWorld(t, threeRegions())
	for _, id := range []string{"eni-public", "eni-c1", "eni-n"} {
		w.serve(w.namespace(id), 7000)
		w.serve(w.namespace(id), 9042)
	}
	w.reaches("eni-n", "172.22.0.10", 7000, "172.23.0.10")

	w.disturb(Fault{Kind: Cut, A: "eu-west-1"})
	w.drops("eni-public", "172.22.0.10", 7000)
	w.drops("eni-c2", "172.21.0.10", 7000)
	w.reaches("eni-private", "172.21.0.10", 7000, "172.21.16.10")
	w.reaches("eni-n", "172.22.0.10", 7000, "172.23.0.10")

	w.disturb(Fault{Kind: CutLink, A: "eu-north-1", B: "eu-central-1"})
	w.drops("eni-n", "172.22.0.10", 7000)
	w.drops("eni-c2", "172.23.0.10", 7000)
	w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")

	w.disturb(Fault{Kind: Drop, A: "eu-west-1", B: "eu-central-1", Number: 7000})
	w.drops("eni-public", "172.22.0.10", 7000)
	w.reaches("eni-public", "172.22.0.10", 9042, "172.21.0.10")
	w.reaches("eni-c2", "172.21.0.10", 7000, "172.22.16.10")

	w.disturb()
	w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")
}

// A cut also ends the connections that the groups let through before.
func TestFaultsHitEstablishedConnections(t *testing.T) {
	w := newWorld(t, twoRegions())
	l, err := w.namespace("eni-c1").Listen("tcp4", ":7000")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
		}
	}()
	c, err := w.namespace("eni-public").Dial(t.Context(), "tcp4", "172.22.0.10:7000")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echo := func(wait time.Duration) error {
		_ = c.SetDeadline(time.Now().Add(wait))
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	if err := echo(arrives); err != nil {
		t.Fatal(err)
	}
	w.disturb(Fault{Kind: CutLink, A: "eu-central-1", B: "eu-west-1"})
	var late net.Error
	if err := echo(silent); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("over a cut link: %v", err)
	}
	w.disturb()
	_ = c.SetDeadline(time.Now().Add(arrives))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Errorf("what was lost is sent again after the healing: %v", err)
	}
}

// Faults stay when the account changes, and hit what comes later.
func TestFaultsStayWhenNetworksChange(t *testing.T) {
	topology := threeRegions()
	before := topology
	before.VPCs, before.Peerings = topology.VPCs[:1], nil
	w := newWorld(t, before)
	if got := w.Regions(); !slices.Equal(got, []string{"eu-west-1"}) {
		t.Errorf("the regions with networks are %v", got)
	}
	w.disturb(Fault{Kind: Cut, A: "eu-west-1"}, Fault{Kind: MTU, A: "eu-central-1", B: "eu-north-1", Number: 1300})
	w.apply(topology)
	for _, id := range []string{"eni-c1", "eni-n"} {
		w.serve(w.namespace(id), 7000)
	}
	w.drops("eni-public", "172.22.0.10", 7000)
	w.reaches("eni-c2", "172.23.0.10", 7000, "172.22.16.10")
	if mtu := w.pathMTU("eni-c1", "172.23.0.10", 8400); mtu != 1300 {
		t.Errorf("packets of %d bytes pass, want 1300", mtu)
	}
	w.disturb()
	w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")
	if mtu := w.pathMTU("eni-n2", "172.22.0.10", 8900); mtu != 8500 {
		t.Errorf("packets of %d bytes pass after the healing, want 8500", mtu)
	}
}

// With ICMP lost, nobody is told that a packet was too large.
func TestNobodyIsToldOfLargePackets(t *testing.T) {
	w := newWorld(t, twoRegions())
	size := Fault{Kind: MTU, A: "eu-west-1", B: "eu-central-1", Number: 1300}
	w.disturb(size, Fault{Kind: ICMP, A: "eu-west-1", B: "eu-central-1"})
	if mtu := w.pathMTU("eni-c1", "172.21.0.10", 1400); mtu != 9001 {
		t.Errorf("the sender learned of %d bytes", mtu)
	}
	w.disturb(size)
	if mtu := w.pathMTU("eni-c2", "172.21.0.10", 1400); mtu != 1300 {
		t.Errorf("the sender learned of %d bytes, want 1300", mtu)
	}
}

func TestNameServersAreSilent(t *testing.T) {
	w := newWorld(t, threeRegions())
	for _, port := range []int{53, 443} {
		w.serve(w.namespace("eni-n"), port)
	}
	w.reaches("eni-n2", "172.23.0.10", 53, "172.23.0.11")
	w.disturb(Fault{Kind: DNS, A: "eu-north-1"})
	w.drops("eni-n2", "172.23.0.10", 53)
	w.reaches("eni-n2", "172.23.0.10", 443, "172.23.0.11")
}

// pathMTU sends packets of size bytes until the sender has been told that they
// are too large, or is silent long enough.
func (w *world) pathMTU(from, to string, size int) (mtu int) {
	w.t.Helper()
	err := w.namespace(from).Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		err = errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO),
			unix.Connect(fd, &unix.SockaddrInet4{Port: 7000, Addr: addr(to).As4()}))
		for end := time.Now().Add(2 * silent); err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			_, _ = unix.Write(fd, make([]byte, size-28)) // too large is what is waited for
			if mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU); mtu < size {
				break
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return mtu
}
