package network

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatIsGivenAndHadStays(t *testing.T) {
	got, err := Assign([]Want{
		{Name: "new"},
		{Name: "given", Given: netip.MustParsePrefix("172.21.0.0/16"), Services: netip.MustParsePrefix("10.100.0.0/16")},
		{Name: "there", Had: netip.MustParsePrefix("10.16.0.0/16"), HadServing: netip.MustParsePrefix("10.192.0.0/16")},
		{Name: "jump", NoServices: true},
	}, []netip.Prefix{netip.MustParsePrefix("10.17.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{10.18.0.0/16 10.193.0.0/16} {172.21.0.0/16 10.100.0.0/16} {10.16.0.0/16 10.192.0.0/16} {10.19.0.0/16 invalid Prefix}]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestConflictsNameBothSides(t *testing.T) {
	p := netip.MustParsePrefix
	for _, c := range []struct {
		wants    []Want
		reserved []netip.Prefix
		want     string
	}{
		{[]Want{{Name: "a", Given: p("10.1.0.0/16")}, {Name: "b", Given: p("10.1.128.0/17")}}, nil, "the network of b, 10.1.128.0/17, overlaps the network of a"},
		{[]Want{{Name: "a", Given: p("10.1.0.0/16")}}, []netip.Prefix{p("10.0.0.0/8")}, "the network of a, 10.1.0.0/16, overlaps the reserved range 10.0.0.0/8"},
		{[]Want{{Name: "a", Given: p("172.17.0.0/18")}}, nil, "which container engines use"},
		{[]Want{{Name: "a", Given: p("172.20.0.0/16")}, {Name: "b", Services: p("172.20.0.0/16")}}, nil, "the Services of b, 172.20.0.0/16, overlap the network of a"},
		{[]Want{{Name: "a"}}, []netip.Prefix{p("10.0.0.0/8")}, "no range is left"},
	} {
		if _, err := Assign(c.wants, c.reserved); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// Whatever is given: no network meets another, Services, a reserved range, the
// bridge of containers, or (unless given) what EKS would choose for Services.
func TestNothingEverOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 16).Draw(t, "regions")
		random := func(label string) netip.Prefix {
			b := rapid.IntRange(16, 22).Draw(t, label+" bits")
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 255).Draw(t, label)), byte(rapid.IntRange(0, 255).Draw(t, label)), 0}), b).Masked()
		}
		wants := make([]Want, n)
		for i := range wants {
			wants[i].Name = fmt.Sprint("r", i)
			if rapid.Bool().Draw(t, "given") {
				wants[i].Given = random("network")
			}
			if rapid.Bool().Draw(t, "serving") {
				wants[i].Services = random("services")
			}
		}
		reserved := []netip.Prefix{random("reserved")}
		got, err := Assign(wants, reserved)
		if err != nil {
			return // refused, and so nothing is made
		}
		for i, a := range got {
			if a.Network.Overlaps(reserved[0]) || a.Network.Overlaps(Docker) || !wants[i].Given.IsValid() && overlapsAny(a.Network, EKSServices) {
				t.Fatalf("network %s", a.Network)
			}
			for j, b := range got {
				if i != j && a.Network.Overlaps(b.Network) || a.Network.Overlaps(b.Services) {
					t.Fatalf("%v and %v", a, b)
				}
			}
		}
	})
}

func TestSubnetsNeverOverlap(t *testing.T) {
	for bits := MinBits; bits <= MaxBits; bits++ {
		network := netip.MustParsePrefix(fmt.Sprintf("10.0.0.0/%d", bits))
		var all []netip.Prefix
		for z := range MaxZones {
			all = append(all, PrivateSubnet(network, z), PublicSubnet(network, z))
		}
		for i, a := range all {
			if !network.Contains(a.Addr()) || a.Bits() > 28 {
				t.Errorf("%s of %s", a, network)
			}
			for _, b := range all[:i] {
				if a.Overlaps(b) {
					t.Errorf("%s and %s of %s", a, b, network)
				}
			}
		}
	}
}
