package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

const way = 20 * time.Millisecond // round trip

var dns = netip.MustParseAddr("10.100.0.1")

// healthy is what probes see in a fleet where everything is right: one in every
// zone of every region, with one Cassandra node beside each.
func healthy(zones int, regions ...string) Observation {
	o := Observation{Regions: regions, Names: map[string][]Name{}}
	for i, r := range regions {
		o.Names[r] = []Name{{Name: "kubernetes.default.svc", Want: dns}}
		o.Others = append(o.Others, Other{Name: "api of " + r, Region: r, Kind: APIServer})
		for z := range zones {
			node := netip.AddrFrom4([4]byte{172, byte(21 + i), byte(z), 10})
			spot := ObservedProbe{Region: r, Zone: fmt.Sprintf("%s%c", r, 'a'+z), Node: fmt.Sprintf("node-%c.%s", 'a'+z, r), NodeIP: node, Address: node.Next()}
			spot.Name = r + "/" + spot.Zone
			o.ObservedProbes = append(o.ObservedProbes, spot)
			o.Others = append(o.Others, Other{Name: fmt.Sprintf("sts-%d.%s", z, r), Region: r, Kind: Cassandra})
		}
	}
	for i := range o.ObservedProbes {
		o.ObservedProbes[i].Result = sees(&o.ObservedProbes[i], o)
	}
	return o
}

func sees(s *ObservedProbe, o Observation) probe.Result {
	r := probe.Result{Self: s.Name, Names: []probe.NameSeen{{Name: "kubernetes.default.svc", Addresses: []netip.Addr{dns}}}}
	for _, other := range o.ObservedProbes {
		if other.Region == s.Region {
			continue
		}
		seen := probe.TargetSeen{Name: other.Name, Link: &probe.Link{Port: 7000, Local: s.Address, Seen: s.Address, RTT: way, MTU: 1500, Largest: 1500}}
		for _, p := range network.NodePorts() {
			seen.Ports = append(seen.Ports, probe.PortSeen{Port: p, Outcome: probe.Open})
		}
		r.Targets = append(r.Targets, seen)
	}
	for _, other := range o.Others {
		if other.Region == s.Region {
			continue
		}
		port := 7000
		if other.Kind == APIServer {
			port = 6443
		}
		r.Targets = append(r.Targets, probe.TargetSeen{Name: other.Name, Ports: []probe.PortSeen{{Port: port, Outcome: probe.Open}}})
	}
	return r
}

// way of seeing: every target that a region's probes have in another.
func (o *Observation) seen(from, to string, do func(*ObservedProbe, *probe.TargetSeen)) {
	in := map[string]string{}
	for _, s := range o.ObservedProbes {
		in[s.Name] = s.Region
	}
	for _, other := range o.Others {
		in[other.Name] = other.Region
	}
	for i := range o.ObservedProbes {
		s := &o.ObservedProbes[i]
		for n := range s.Result.Targets {
			if t := &s.Result.Targets[n]; s.Region == from && in[t.Name] == to {
				do(s, t)
			}
		}
	}
}

// lose makes ports fail, all when none is named.
func (o *Observation) lose(from, to string, outcome probe.Outcome, ports ...int) {
	o.seen(from, to, func(_ *ObservedProbe, t *probe.TargetSeen) {
		open := false
		for i := range t.Ports {
			if p := &t.Ports[i]; len(ports) == 0 || slices.Contains(ports, p.Port) {
				p.Outcome, p.Detail = outcome, "dial tcp4 172.22.0.11:7000: connect: no route to host"
			}
			open = open || t.Ports[i].Outcome == probe.Open
		}
		if !open {
			t.Link = nil
		}
	})
}

func (o *Observation) part(a, b string) {
	o.lose(a, b, probe.Silent)
	o.lose(b, a, probe.Silent)
}

// shift moves the clock of the probes that are chosen.
func (o *Observation) shift(by time.Duration, is func(name string) bool) {
	for i := range o.ObservedProbes {
		s := &o.ObservedProbes[i]
		for n := range s.Result.Targets {
			t := &s.Result.Targets[n]
			if t.Link == nil {
				continue
			}
			if is(s.Name) {
				t.Link.Offset -= by
			}
			if is(t.Name) {
				t.Link.Offset += by
			}
		}
	}
}
