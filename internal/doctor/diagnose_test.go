package doctor

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// Each fault alone, and all that is said of it.
func TestOneFaultOneFinding(t *testing.T) {
	two, three := []string{"west", "central"}, []string{"west", "central", "south"}
	for _, c := range []struct {
		name    string
		regions []string
		fault   func(*Observation)
		want    string
	}{
		{"nothing", two, func(*Observation) {}, ""},
		{"a port dropped one way", two, func(o *Observation) { o.lose("west", "central", probe.Silent, 7000) },
			"fault west → central tcp/7000: no answer: packets are dropped on the way; let pods of west reach tcp/7000 in central: look at security groups, network ACLs and NetworkPolicies"},
		{"two ports dropped alike", two, func(o *Observation) { o.lose("west", "central", probe.Silent, 9042, 9142) },
			"fault west → central tcp/9042, tcp/9142: no answer: packets are dropped on the way; let pods of west reach tcp/9042, tcp/9142 in central: look at security groups, network ACLs and NetworkPolicies"},
		{"a port rejected", two, func(o *Observation) { o.lose("west", "central", probe.Refused, 9042) },
			"fault west → central tcp/9042: refused on the way: the other side listens; let pods of west reach tcp/9042 in central: look at security groups, network ACLs and NetworkPolicies"},
		{"all ports of nodes dropped one way", two, func(o *Observation) { o.lose("west", "central", probe.Silent, network.NodePorts()...) },
			"fault west → central: no answer: packets are dropped on the way; let pods of west reach the ports of the ring's nodes in central: look at security groups, network ACLs and NetworkPolicies"},
		{"a port dropped from one zone", two, func(o *Observation) {
			all := o.ObservedProbes[0].Result.Targets
			for i := range all {
				if all[i].Ports[0].Port == 7000 {
					all[i].Ports[0].Outcome = probe.Silent
				}
			}
		}, "fault west → central tcp/7000: no answer: packets are dropped on the way (from westa only); let pods of west reach tcp/7000 in central: look at security groups, network ACLs and NetworkPolicies"},
		{"the link cut", two, func(o *Observation) { o.part("west", "central") },
			"fault west ⇄ central: nothing passes, in either direction (no answer: packets are dropped on the way); look at the peering of the two networks, at the routes of each to the other, and at their firewalls"},
		{"one link of three cut", three, func(o *Observation) { o.part("west", "south") },
			"fault west ⇄ south: nothing passes, in either direction (no answer: packets are dropped on the way); look at the peering of the two networks, at the routes of each to the other, and at their firewalls"},
		{"no route", two, func(o *Observation) {
			o.lose("west", "central", probe.Unreachable)
			o.lose("central", "west", probe.Silent)
		}, "fault west ⇄ central: nothing passes, in either direction (a router on the way says that it is not allowed, or that there is no way: no route to host); look at the peering of the two networks, at the routes of each to the other, and at their firewalls"},
		{"a region cut off", three, func(o *Observation) { o.part("west", "central"); o.part("south", "central") },
			"fault central: it is cut off: nothing passes between it and any other region (west, south); look at its network's peerings, routes and firewalls"},
		{"an API server out of reach", two, func(o *Observation) { o.lose("west", "central", probe.Silent, 6443) },
			"fault west → central tcp/6443: the API server: no answer: packets are dropped on the way; let pods of west reach the API server of central"},
		{"an API server down", two, func(o *Observation) { o.lose("west", "central", probe.Refused, 6443) },
			"fault west → central tcp/6443: the API server refuses connections; see whether it runs"},
		{"one node out of reach", two, func(o *Observation) {
			o.seen("west", "central", func(_ *ObservedProbe, t *probe.TargetSeen) {
				if t.Name == "sts-1.central" {
					t.Ports[0].Outcome = probe.Silent
				}
			})
		}, "fault west → central tcp/7000: no answer from sts-1.central, although a probe in the same region answers; look at NetworkPolicies and security groups of these pods and their nodes"},
		{"a node that doesn't run is not the network's fault", two, func(o *Observation) {
			o.seen("west", "central", func(_ *ObservedProbe, t *probe.TargetSeen) {
				if t.Name == "sts-1.central" {
					t.Ports[0].Outcome = probe.Refused
				}
			})
		}, ""},
		{"SNAT", two, func(o *Observation) { o.translate("west", "central") },
			"fault west → central source: pods are seen with other addresses: 172.21.0.11 arrives as 172.21.0.10, which is its node's; exclude the other's range from address translation in west (AWS: AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni)"},
		{"SNAT to everywhere", three, func(o *Observation) { o.translate("west", "central"); o.translate("west", "south") },
			"fault west source: to all other regions, pods are seen with other addresses: 172.21.0.11 arrives as 172.21.0.10, which is its node's; exclude the other regions' ranges from address translation in west (AWS: AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni)"},
		{"a narrow link", two, func(o *Observation) {
			o.narrow("west", "central", 1300, false)
			o.narrow("central", "west", 1300, false)
		},
			"warning west ⇄ central size: packets of up to 1300 bytes pass, and pods send 1500; path-MTU discovery works and costs time; set the pods' MTU to 1300 (AWS: POD_MTU of add-on vpc-cni)"},
		{"a black hole", two, func(o *Observation) { o.narrow("west", "central", 1300, true); o.narrow("central", "west", 1300, true) },
			"fault west ⇄ central size: packets of more than 1300 bytes vanish, pods send 1500, and no ICMP \"fragmentation needed\" tells them; let ICMP type 3 code 4 through, or set the pods' MTU to 1300 (AWS: POD_MTU of add-on vpc-cni)"},
		{"a black hole one way", two, func(o *Observation) { o.narrow("central", "west", 1300, true) },
			"fault central → west size: packets of more than 1300 bytes vanish, pods send 1500, and no ICMP \"fragmentation needed\" tells them; let ICMP type 3 code 4 through, or set the pods' MTU to 1300 (AWS: POD_MTU of add-on vpc-cni)"},
		{"nothing large passes", two, func(o *Observation) { o.narrow("west", "central", 0, true) },
			"fault west → central size: large packets vanish: small ones pass, and not even 576 bytes do, of 1500 that pods send; look at what carries packets between the two networks"},
		{"clocks apart", two, func(o *Observation) {
			o.shift(2*time.Second, func(n string) bool { return strings.HasPrefix(n, "west/") })
		},
			"fault west ⇄ central clock: the clocks are apart: that of west is 2.0 s ahead of central's; let both regions' nodes follow a time source (AWS: the Amazon Time Sync Service at 169.254.169.123)"},
		{"a region's clock", three, func(o *Observation) {
			o.shift(-2*time.Second, func(n string) bool { return strings.HasPrefix(n, "south/") })
		}, "fault south clock: its clock is 2.0 s behind all others; let its nodes follow a time source (AWS: the Amazon Time Sync Service at 169.254.169.123)"},
		{"a node's clock", two, func(o *Observation) { o.shift(2*time.Second, func(n string) bool { return n == "west/westb" }) },
			"fault west clock: the clock of node node-b.west is 2.0 s ahead of all others; let its nodes follow a time source (AWS: the Amazon Time Sync Service at 169.254.169.123)"},
		{"a long way is no wrong clock", two, func(o *Observation) {
			o.shift(700*time.Millisecond, func(n string) bool { return strings.HasPrefix(n, "west/") })
			for _, pair := range [][2]string{{"west", "central"}, {"central", "west"}} {
				o.seen(pair[0], pair[1], func(_ *ObservedProbe, t *probe.TargetSeen) {
					if t.Link != nil {
						t.Link.RTT = time.Second
					}
				})
			}
		}, ""},
		{"no DNS", two, func(o *Observation) {
			o.resolve("west", probe.NameSeen{Error: "lookup kubernetes.default.svc on 172.21.255.10:53: i/o timeout"})
		}, "fault west dns: pods look up kubernetes.default.svc in vain: lookup kubernetes.default.svc on 172.21.255.10:53: i/o timeout; look at the cluster's DNS (CoreDNS) and at the name server in the pods' /etc/resolv.conf"},
		{"wrong DNS", two, func(o *Observation) {
			o.resolve("west", probe.NameSeen{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
		}, "fault west dns: pods look up kubernetes.default.svc in vain: it leads to [192.0.2.1] instead of 10.100.0.1; look at the cluster's DNS (CoreDNS) and at the name server in the pods' /etc/resolv.conf"},
		{"two faults are two findings", two, func(o *Observation) {
			o.lose("west", "central", probe.Silent, 7000)
			o.resolve("central", probe.NameSeen{Error: "lookup kubernetes.default.svc: no such host"})
		}, "fault central dns: pods look up kubernetes.default.svc in vain: lookup kubernetes.default.svc: no such host; look at the cluster's DNS (CoreDNS) and at the name server in the pods' /etc/resolv.conf\n" +
			"fault west → central tcp/7000: no answer: packets are dropped on the way; let pods of west reach tcp/7000 in central: look at security groups, network ACLs and NetworkPolicies"},
		{"a region that can't be asked", two, func(o *Observation) {
			o.ObservedProbes, o.Missing = nil, []Missing{{"west", "from it", "connection refused"}}
		}, "fault west probe: nothing could be measured from it: connection refused; look at the region's nodes and API server, and run `ringspan doctor` again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := healthy(3, c.regions...)
			c.fault(&o)
			r := Diagnose(o)
			var got []string
			for _, f := range r.Findings {
				got = append(got, string(f.Severity)+" "+f.String())
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
			if r.Healthy == strings.HasPrefix(c.want, "fault") {
				t.Errorf("healthy is %t", r.Healthy)
			}
		})
	}
}

func (o *Observation) translate(from, to string) {
	o.seen(from, to, func(s *ObservedProbe, t *probe.TargetSeen) {
		if t.Link != nil {
			t.Link.Seen = s.NodeIP
		}
	})
}

func (o *Observation) narrow(from, to string, bytes int, vanish bool) {
	o.seen(from, to, func(_ *ObservedProbe, t *probe.TargetSeen) {
		if t.Link != nil {
			t.Link.Largest, t.Link.Vanish = bytes, vanish
		}
	})
}

func (o *Observation) resolve(region string, seen probe.NameSeen) {
	for i := range o.ObservedProbes {
		if s := &o.ObservedProbes[i]; s.Region == region {
			seen.Name = s.Result.Names[0].Name
			s.Result.Names = []probe.NameSeen{seen}
		}
	}
}

// One lost port or link anywhere in a fleet of any size is one finding, between
// the regions that have lost it.
func TestOneLossIsOneFinding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(2, 5).Draw(t, "regions")]
		o := healthy(rapid.IntRange(1, 3).Draw(t, "zones"), names...)
		from := rapid.SampledFrom(names).Draw(t, "from")
		to := rapid.SampledFrom(names).Filter(func(n string) bool { return n != from }).Draw(t, "to")
		port := rapid.SampledFrom(append(network.NodePorts(), 6443, 0)).Draw(t, "port")
		if port == 0 {
			o.part(from, to)
		} else {
			o.lose(from, to, probe.Silent, port)
		}
		found := Diagnose(o).Findings
		if len(found) != 1 {
			t.Fatalf("port %d from %s to %s: %v", port, from, to, found)
		}
		f := found[0]
		same := f.From == from && f.To == to && (port == 0 || len(f.Ports) == 1 && f.Ports[0] == tcp(port))
		if !same && !(port == 0 && f.From == to && f.To == from) {
			t.Fatalf("port %d from %s to %s: %+v", port, from, to, f)
		}
	})
}

// What people and programs see.
func TestRender(t *testing.T) {
	o := healthy(1, "west", "central")
	o.lose("west", "central", probe.Silent, 7000)
	o.narrow("central", "west", 1300, false)
	r := Diagnose(o)
	r.Fleet, r.Seconds = "article", 8.25
	var text strings.Builder
	if err := Render(&text, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.txt", text.String())
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.json", string(data)+"\n")
	text.Reset()
	if err := Render(&text, Diagnose(healthy(1, "west", "central"))); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/healthy.txt", text.String())
}

// golden compares with a file; with UPDATE_GOLDEN set it writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", file, diff)
	}
}
