package cloud

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/netlab"
)

// Fault is a disturbance of the network that lasts until it is healed.
type Fault struct {
	Kind  string    `json:"kind"` // cut, cut-link, drop, mtu, icmp, snat, dns
	Args  []string  `json:"args"`
	Since time.Time `json:"since"`
}

// faults turns the disturbances into packet filters of the regions' routers.
// Links stay up: taking one down would lose its routes.
type faults struct {
	networks map[string]*netlab.Network
	config   Config
	nodes    func(region string) []*runningNode

	mu     sync.Mutex
	active []Fault
}

var faultUsage = map[string]int{"cut": 1, "cut-link": 2, "drop": 3, "mtu": 3, "icmp": 2, "snat": 1, "dns": 1}

func (f *faults) add(kind string, args []string) error {
	if n, ok := faultUsage[kind]; !ok || n != len(args) {
		return fmt.Errorf("fault %s %s: the faults of the network are cut REGION, cut-link A B, drop A B PORT, mtu A B BYTES, icmp A B, snat REGION and dns REGION", kind, strings.Join(args, " "))
	}
	for i, name := range args {
		if i < 2 && f.networks[name] == nil {
			return fmt.Errorf("fault %s: there is no region %q", kind, name)
		}
	}
	if len(args) == 3 {
		if n, err := strconv.Atoi(args[2]); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("fault %s: %q is not a number between 1 and 65535", kind, args[2])
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = append(f.active, Fault{Kind: kind, Args: args, Since: time.Now().UTC().Truncate(time.Second)})
	return f.apply()
}

// heal ends the faults of a kind with the given arguments; no kind means all.
func (f *faults) heal(kind string, args []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.active)
	f.active = slices.DeleteFunc(f.active, func(a Fault) bool {
		return kind == "" || a.Kind == kind && (len(args) == 0 || slices.Equal(a.Args, args))
	})
	if kind != "" && len(f.active) == before {
		return fmt.Errorf("there is no fault %s %s to heal", kind, strings.Join(args, " "))
	}
	return f.apply()
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

func (f *faults) apply() error {
	rules := map[string][]netlab.Rule{}
	for _, fault := range f.active {
		for at, list := range f.rules(fault) {
			rules[at] = append(rules[at], list...)
		}
	}
	for name, n := range f.networks {
		if err := n.SetRules(rules[name]); err != nil {
			return err
		}
	}
	for _, l := range f.config.Links {
		if err := netlab.SetLinkMTU(f.networks[l.A], f.networks[l.B], f.mtu(l)); err != nil {
			return err
		}
	}
	for _, r := range f.config.Regions {
		if err := f.translate(r); err != nil {
			return err
		}
	}
	return nil
}

// translate lets a region's nodes rewrite what their pods send to other
// regions, as the AWS VPC CNI does when they aren't excluded, or ends that.
func (f *faults) translate(r Region) error {
	snat := slices.ContainsFunc(f.active, func(a Fault) bool { return a.Kind == "snat" && a.Args[0] == r.Name })
	for _, n := range f.nodes(r.Name) {
		var from netip.Prefix
		if snat {
			from = n.pods
		}
		if err := n.namespace.Masquerade(from, r.CIDR); err != nil {
			return fmt.Errorf("address translation of %s: %w", n.name, err)
		}
	}
	return nil
}

// rules says what each region's router drops because of a fault.
func (f *faults) rules(fault Fault) map[string][]netlab.Rule {
	here := fault.Args[0]
	switch fault.Kind {
	case "cut":
		var list []netlab.Rule
		for _, r := range f.config.Regions {
			if r.Name != here {
				list = append(list, both(f.cidr(here), r.CIDR)...)
			}
		}
		return map[string][]netlab.Rule{here: list}
	case "cut-link":
		return map[string][]netlab.Rule{here: both(f.cidr(here), f.cidr(fault.Args[1]))}
	case "drop":
		port, _ := strconv.Atoi(fault.Args[2]) // checked when it was added
		return map[string][]netlab.Rule{here: {{From: f.cidr(here), To: f.cidr(fault.Args[1]), Protocol: unix.IPPROTO_TCP, Port: uint16(port)}}}
	case "icmp":
		there := fault.Args[1]
		return map[string][]netlab.Rule{here: silence(f.cidr(there), f.cidr(here)), there: silence(f.cidr(here), f.cidr(there))}
	case "dns":
		server := netip.PrefixFrom(f.region(here).controlAddress(), 32)
		return map[string][]netlab.Rule{here: {{To: server, Protocol: unix.IPPROTO_UDP, Port: 53}, {To: server, Protocol: unix.IPPROTO_TCP, Port: 53}}}
	}
	return nil
}

func both(a, b netip.Prefix) []netlab.Rule { return []netlab.Rule{{From: a, To: b}, {From: b, To: a}} }

// silence drops the ICMP that comes from a region, and what a router itself says
// to its own region: among that is how large a packet may be.
func silence(from, to netip.Prefix) []netlab.Rule {
	return []netlab.Rule{{From: from, To: to, Protocol: unix.IPPROTO_ICMP}, {Own: true, To: to, Protocol: unix.IPPROTO_ICMP}}
}

func (f *faults) cidr(region string) netip.Prefix { return f.region(region).CIDR }

func (f *faults) region(name string) Region {
	for _, r := range f.config.Regions {
		if r.Name == name {
			return r
		}
	}
	return Region{}
}

func (f *faults) mtu(l Link) int {
	bytes := 0
	for _, a := range f.active {
		if a.Kind == "mtu" && (a.Args[0] == l.A && a.Args[1] == l.B || a.Args[0] == l.B && a.Args[1] == l.A) {
			bytes, _ = strconv.Atoi(a.Args[2]) // checked when it was added
		}
	}
	return bytes
}
