package cri

import (
	"net/netip"
	"testing"
)

func TestAddressesComeInTurn(t *testing.T) {
	pods := netip.MustParsePrefix("172.21.0.8/30")
	r := &Runtime{config: Config{Pods: []netip.Prefix{pods}, NodeName: "n"}, addresses: map[netip.Addr]bool{}}
	take := func() string {
		t.Helper()
		ip, err := r.allocate()
		if err != nil {
			t.Fatal(err)
		}
		return ip.String()
	}
	for _, want := range []string{"172.21.0.8", "172.21.0.9"} {
		if got := take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	delete(r.addresses, netip.MustParseAddr("172.21.0.8"))
	for _, want := range []string{"172.21.0.10", "172.21.0.11", "172.21.0.8"} { // the freed one comes last
		if got := take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if ip, err := r.allocate(); err == nil {
		t.Errorf("all are taken, and got %s", ip)
	}
	delete(r.addresses, netip.MustParseAddr("172.21.0.8")) // the one that was given out last
	if got := take(); got != "172.21.0.8" {
		t.Errorf("the only free address is 172.21.0.8, and got %s", got)
	}
}

func TestAddressesOfSeveralRanges(t *testing.T) {
	r := &Runtime{addresses: map[netip.Addr]bool{}, config: Config{NodeName: "n", Pods: []netip.Prefix{
		netip.MustParsePrefix("172.21.0.64/31"), netip.MustParsePrefix("172.21.0.9/32"),
	}}}
	for _, want := range []string{"172.21.0.64", "172.21.0.65", "172.21.0.9"} { // all of them
		if got, err := r.allocate(); err != nil || got.String() != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	if ip, err := r.allocate(); err == nil {
		t.Errorf("all are taken, and got %s", ip)
	}
	r.config.Pods = nil
	if ip, err := r.allocate(); err == nil {
		t.Errorf("there are none, and got %s", ip)
	}
}
