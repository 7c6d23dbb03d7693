package cri

import (
	"net/netip"
	"testing"
)

func TestAddressesComeInTurn(t *testing.T) {
	pods := netip.MustParsePrefix("172.21.0.0/28") // .11 to .14 are for pods
	r := &Runtime{config: Config{Pods: pods, Reserved: 10, NodeName: "n"}, addresses: map[netip.Addr]bool{}, last: netip.MustParseAddr("172.21.0.10")}
	take := func() string {
		t.Helper()
		ip, err := r.allocate()
		if err != nil {
			t.Fatal(err)
		}
		return ip.String()
	}
	for _, want := range []string{"172.21.0.11", "172.21.0.12"} {
		if got := take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	delete(r.addresses, netip.MustParseAddr("172.21.0.11"))
	for _, want := range []string{"172.21.0.13", "172.21.0.14", "172.21.0.11"} { // the freed one comes last
		if got := take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if ip, err := r.allocate(); err == nil {
		t.Errorf("all are taken, and got %s", ip)
	}
	delete(r.addresses, netip.MustParseAddr("172.21.0.11")) // the one that was given out last
	if got := take(); got != "172.21.0.11" {
		t.Errorf("the only free address is 172.21.0.11, and got %s", got)
	}
}
