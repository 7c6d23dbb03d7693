package lab

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/aws/plane"
)

func TestPeeredVPCsReachEachOther(t *testing.T) {
	w := newWorld(t, twoRegions())
	for _, id := range []string{"eni-public", "eni-private", "eni-c1", "eni-c2"} {
		w.serve(w.namespace(id), 7000)
	}
	w.reaches("eni-public", "172.21.16.10", 7000, "172.21.0.10")
	w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")
	w.reaches("eni-private", "172.22.16.10", 7000, "172.21.16.10")
	w.reaches("eni-c2", "172.21.16.10", 7000, "172.22.16.10")
	w.reaches("eni-c2", "172.22.0.11", 7000, "172.22.16.10")
	w.drops("eni-c2", "172.21.99.99", 7000)
}

// Each change is made alone to a fresh topology; it must cut what it should.
func TestWhatIsMissingDrops(t *testing.T) {
	w := newWorld(t, twoRegions())
	for _, id := range []string{"eni-public", "eni-c1"} {
		w.serve(w.namespace(id), 7000)
		w.serve(w.namespace(id), 9042)
	}
	for name, change := range map[string]func(*plane.Topology){
		"no peering":     func(t *plane.Topology) { t.Peerings = nil },
		"no route there": func(t *plane.Topology) { t.VPCs[0].RouteTables[0].Routes = t.VPCs[0].RouteTables[0].Routes[:1] },
		"no route back":  func(t *plane.Topology) { t.VPCs[1].RouteTables[0].Routes = nil },
		"blackhole": func(t *plane.Topology) {
			t.VPCs[0].RouteTables[0].Routes[1] = plane.Route{Destination: prefix("172.22.0.0/16"), Kind: plane.Blackhole}
		},
		"group lets nothing in":  func(t *plane.Topology) { t.VPCs[1].SecurityGroups[0].Ingress = nil },
		"group lets nothing out": func(t *plane.Topology) { t.VPCs[0].SecurityGroups[0].Egress = nil },
		"group of its own members only": func(t *plane.Topology) {
			t.VPCs[1].SecurityGroups[0].Ingress = []plane.GroupRule{{Protocol: -1, From: -1, To: -1, Group: "sg-central"}}
		},
		"other port": func(t *plane.Topology) {
			t.VPCs[1].SecurityGroups[0].Ingress = []plane.GroupRule{{Protocol: tcp, From: 9042, To: 9042, CIDR: everything}}
		},
		"list lets no answer out": func(t *plane.Topology) {
			t.VPCs[1].NetworkACLs = []plane.NetworkACL{{ID: "acl", Entries: []plane.ACLEntry{{Number: 100, Allow: true, Protocol: -1, CIDR: everything}, {Number: 100, Egress: true, Allow: true, Protocol: tcp, CIDR: everything, From: 7000, To: 7000}}}}
			t.VPCs[1].Subnets[0].NetworkACL = "acl"
		},
		"list's lower number denies": func(t *plane.Topology) {
			t.VPCs[1].NetworkACLs = []plane.NetworkACL{{ID: "acl", Entries: []plane.ACLEntry{{Number: 100, Allow: true, Protocol: -1, CIDR: everything}, {Number: 90, Protocol: tcp, CIDR: everything, From: 7000, To: 7000}, {Number: 100, Egress: true, Allow: true, Protocol: -1, CIDR: everything}}}}
			t.VPCs[1].Subnets[0].NetworkACL = "acl"
		},
	} {
		topology := twoRegions()
		change(&topology)
		w.apply(topology)
		packet := plane.Packet{From: addr("172.21.0.10"), To: addr("172.22.0.10"), Protocol: tcp, Port: 7000}
		if outcome := topology.Reach(packet); outcome.Reached {
			t.Errorf("%s: Reach says that it arrives", name)
		} else {
			t.Logf("%s: %s", name, outcome.Reason)
		}
		w.drops("eni-public", "172.22.0.10", 7000)
		w.apply(twoRegions())
		w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")
	}
}

func TestInternetAndNATGateways(t *testing.T) {
	w := newWorld(t, twoRegions())
	w.serve(w.Internet(), 443)
	w.serve(w.namespace("eni-public"), 22)
	w.serve(w.namespace("eni-private"), 22)
	w.reaches("eni-public", internetHost.String(), 443, "198.51.100.10")
	w.reaches("eni-private", internetHost.String(), 443, "198.51.100.9") // the NAT gateway's
	w.reaches("internet", "198.51.100.10", 22, internetHost.String())
	w.drops("internet", "198.51.100.9", 22)
	w.drops("eni-c1", internetHost.String(), 443) // has no gateway

	topology := twoRegions()
	topology.VPCs[0].Interfaces[0].PublicIP = netip.Addr{}
	w.apply(topology)
	w.drops("eni-public", internetHost.String(), 443)
	w.reaches("eni-private", internetHost.String(), 443, "198.51.100.9")

	topology.VPCs[0].InternetGateway = ""
	w.apply(topology)
	w.drops("eni-private", internetHost.String(), 443)
}

// A peering is not a way into a third network.
func TestPeeringIsNotTransitive(t *testing.T) {
	topology := twoRegions()
	third := plane.VPC{
		ID: "vpc-third", Region: "eu-north-1", CIDRs: []netip.Prefix{prefix("172.23.0.0/16")},
		Subnets:        []plane.Subnet{{ID: "subnet-t", CIDR: prefix("172.23.0.0/20"), RouteTable: "rtb-t"}},
		RouteTables:    []plane.RouteTable{{ID: "rtb-t", Routes: []plane.Route{{Destination: prefix("172.0.0.0/8"), Kind: plane.ToPeering, Target: "pcx-2"}}}},
		SecurityGroups: []plane.SecurityGroup{{ID: "sg-t", Ingress: all(), Egress: all()}},
		Interfaces:     []plane.Interface{{ID: "eni-t", Subnet: "subnet-t", Addresses: []netip.Addr{addr("172.23.0.10")}, SecurityGroups: []string{"sg-t"}, Machine: "i-5"}},
	}
	topology.VPCs = append(topology.VPCs, third)
	topology.Peerings = append(topology.Peerings, plane.Peering{ID: "pcx-2", A: "vpc-central", B: "vpc-third", MTU: 8500})
	topology.VPCs[0].RouteTables[0].Routes = append(topology.VPCs[0].RouteTables[0].Routes, plane.Route{Destination: prefix("172.23.0.0/16"), Kind: plane.ToPeering, Target: "pcx-1"})
	topology.VPCs[1].RouteTables[0].Routes = append(topology.VPCs[1].RouteTables[0].Routes, plane.Route{Destination: prefix("172.23.0.0/16"), Kind: plane.ToPeering, Target: "pcx-2"})
	w := newWorld(t, topology)
	w.serve(w.namespace("eni-t"), 7000)
	w.reaches("eni-c1", "172.23.0.10", 7000, "172.22.0.10")
	w.drops("eni-public", "172.23.0.10", 7000)
}

// Between regions a packet is at most 8500 bytes, and the sender is told so.
func TestLargestPacketOfAPeering(t *testing.T) {
	w := newWorld(t, twoRegions())
	var fd int
	err := w.namespace("eni-public").Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO),
			unix.Connect(fd, &unix.SockaddrInet4{Port: 7000, Addr: addr("172.22.0.10").As4()}))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	deadline := time.Now().Add(arrives)
	for {
		_, err := unix.Write(fd, make([]byte, 8900))
		mtu, _ := unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU)
		if errors.Is(err, unix.EMSGSIZE) && mtu == 8500 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("path MTU %d, %v", mtu, err)
		}
	}
}

// An interface that forwards for others may do so only without the check.
func TestSourceDestinationCheck(t *testing.T) {
	topology := twoRegions()
	topology.VPCs[1].RouteTables[0].Routes = append(topology.VPCs[1].RouteTables[0].Routes, plane.Route{Destination: prefix("10.9.0.0/16"), Kind: plane.ToInterface, Target: "eni-c2"})
	w := newWorld(t, topology)
	box := w.namespace("eni-c2")
	if err := box.SetAddresses("lo", addr("127.0.0.1"), addr("10.9.0.1")); err != nil {
		t.Fatal(err)
	}
	w.serve(box, 7000)
	w.drops("eni-c1", "10.9.0.1", 7000)
	topology.VPCs[1].Interfaces = slices.Clone(topology.VPCs[1].Interfaces)
	topology.VPCs[1].Interfaces[1].SourceDestCheck = false
	w.apply(topology)
	w.reaches("eni-c1", "10.9.0.1", 7000, "172.22.0.10")
}

// What is gone from the topology is gone from the kernel.
func TestNothingStays(t *testing.T) {
	w := newWorld(t, twoRegions())
	w.apply(plane.Topology{})
	if w.Interface("eni-public") != nil || w.Router("vpc-west") != nil {
		t.Error("namespaces are still there")
	}
	w.apply(twoRegions())
	w.serve(w.namespace("eni-c1"), 7000)
	w.reaches("eni-public", "172.22.0.10", 7000, "172.21.0.10")
}
