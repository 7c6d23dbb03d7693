package cloud

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/netlab"
)

func TestRulesOfFaults(t *testing.T) {
	config := twoRegions()
	north := netip.MustParsePrefix("172.23.0.0/16")
	config.Regions = append(config.Regions, Region{Name: "north", CIDR: north})
	west, east := config.Regions[0].CIDR, config.Regions[1].CIDR
	f := &faults{config: config}
	for _, c := range []struct {
		why   string
		fault Fault
		want  map[string][]netlab.Rule
	}{
		{"a cut region loses all others, both ways, at its own router", Fault{Kind: "cut", Args: []string{"east"}}, map[string][]netlab.Rule{
			"east": {{From: east, To: west}, {From: west, To: east}, {From: east, To: north}, {From: north, To: east}},
		}},
		{"a cut link loses one pair, both ways", Fault{Kind: "cut-link", Args: []string{"west", "east"}}, map[string][]netlab.Rule{
			"west": {{From: west, To: east}, {From: east, To: west}},
		}},
		{"a dropped port is lost one way", Fault{Kind: "drop", Args: []string{"west", "east", "7000"}}, map[string][]netlab.Rule{
			"west": {{From: west, To: east, Protocol: unix.IPPROTO_TCP, Port: 7000}},
		}},
		{"nobody is told of large packets: neither by the other region nor by the own router", Fault{Kind: "icmp", Args: []string{"west", "east"}}, map[string][]netlab.Rule{
			"west": {{From: east, To: west, Protocol: unix.IPPROTO_ICMP}, {Own: true, To: west, Protocol: unix.IPPROTO_ICMP}},
			"east": {{From: west, To: east, Protocol: unix.IPPROTO_ICMP}, {Own: true, To: east, Protocol: unix.IPPROTO_ICMP}},
		}},
		{"a region's name server is silent", Fault{Kind: "dns", Args: []string{"west"}}, map[string][]netlab.Rule{
			"west": {{To: netip.PrefixFrom(config.Regions[0].controlAddress(), 32), Protocol: unix.IPPROTO_UDP, Port: 53}, {To: netip.PrefixFrom(config.Regions[0].controlAddress(), 32), Protocol: unix.IPPROTO_TCP, Port: 53}},
		}},
		{"address translation is no rule", Fault{Kind: "snat", Args: []string{"west"}}, nil},
		{"a packet size is no rule", Fault{Kind: "mtu", Args: []string{"west", "east", "1400"}}, nil},
	} {
		if d := cmp.Diff(c.want, f.rules(c.fault), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s:\n%s", c.why, d)
		}
	}
}

func TestPacketSizeOfALink(t *testing.T) {
	f := &faults{active: []Fault{
		{Kind: "mtu", Args: []string{"east", "west", "1400"}}, {Kind: "mtu", Args: []string{"west", "north", "1300"}}, {Kind: "mtu", Args: []string{"west", "east", "1200"}},
	}}
	if got := f.mtu(Link{"west", "east"}); got != 1200 {
		t.Errorf("of two for one link, either way round, the last counts: got %d, want 1200", got)
	}
	if got := f.mtu(Link{"east", "north"}); got != 0 {
		t.Errorf("an undisturbed link has %d, want 0, the default", got)
	}
}

func TestFaultsAreRefused(t *testing.T) {
	f := &faults{networks: map[string]*netlab.Network{"west": {}, "east": {}}}
	for _, args := range [][]string{{"cut"}, {"cut", "north"}, {"cut-link", "west", "north"}, {"drop", "west", "east", "0"}, {"drop", "west", "east", "65536"}, {"mtu", "west", "east", "big"}, {"explode", "west"}} {
		if err := f.add(args[0], args[1:]); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	if len(f.list()) != 0 {
		t.Errorf("refused faults are in force: %v", f.list())
	}
}
