package lab

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// mesh is n regions, each with three machines, all peered with each other.
func mesh(n int) (t plane.Topology) {
	for i := range n {
		v := plane.VPC{
			ID: fmt.Sprintf("vpc-%d", i), CIDRs: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)},
			RouteTables:    []plane.RouteTable{{ID: "rtb"}},
			SecurityGroups: []plane.SecurityGroup{{ID: "sg", Ingress: all(), Egress: all()}},
		}
		for z := range 3 {
			subnet := plane.Subnet{ID: fmt.Sprintf("subnet-%d-%d", i, z), CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), byte(z)}), 24), RouteTable: "rtb"}
			v.Subnets = append(v.Subnets, subnet)
			v.Interfaces = append(v.Interfaces, plane.Interface{
				ID: fmt.Sprintf("eni-%d-%d", i, z), Subnet: subnet.ID, Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i), byte(z), 10})},
				SecurityGroups: []string{"sg"}, SourceDestCheck: true, Machine: "i",
			})
		}
		t.VPCs = append(t.VPCs, v)
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			p := plane.Peering{ID: fmt.Sprintf("pcx-%d-%d", a, b), A: t.VPCs[a].ID, B: t.VPCs[b].ID, MTU: 8500}
			t.Peerings = append(t.Peerings, p)
			t.VPCs[a].RouteTables[0].Routes = append(t.VPCs[a].RouteTables[0].Routes, plane.Route{Destination: t.VPCs[b].CIDRs[0], Kind: plane.ToPeering, Target: p.ID})
			t.VPCs[b].RouteTables[0].Routes = append(t.VPCs[b].RouteTables[0].Routes, plane.Route{Destination: t.VPCs[a].CIDRs[0], Kind: plane.ToPeering, Target: p.ID})
		}
	}
	return t
}

func BenchmarkTenRegionsFromNothing(b *testing.B) {
	topology := mesh(10)
	for b.Loop() {
		n, err := New()
		if err != nil {
			b.Fatal(err)
		}
		if err := n.Apply(b.Context(), topology); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		n.Close()
		b.StartTimer()
	}
}

func BenchmarkTenRegionsUnchanged(b *testing.B) {
	n, err := New()
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	topology := mesh(10)
	for b.Loop() {
		if err := n.Apply(b.Context(), topology); err != nil {
			b.Fatal(err)
		}
	}
}
