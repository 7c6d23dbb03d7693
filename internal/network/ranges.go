package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// Ranges that are refused, or never chosen though they may be given.
var (
	// Docker is the bridge of container engines on nodes: a VPC in this range
	// can't be reached from them (EKS's network requirements say so).
	Docker = netip.MustParsePrefix("172.17.0.0/16")
	// EKSServices are the ranges of which EKS takes one for Services when none is
	// asked for.
	EKSServices = []netip.Prefix{netip.MustParsePrefix("10.100.0.0/16"), netip.MustParsePrefix("172.20.0.0/16")}
	// awsDefault is the range of the VPC that comes with every account's regions.
	awsDefault = netip.MustParsePrefix("172.31.0.0/16")
)

// Networks get their ranges from networkPool and Services theirs from
// servicePool, a /16 each, in this order.
var (
	networkPool = []netip.Prefix{netip.MustParsePrefix("10.16.0.0/12"), netip.MustParsePrefix("10.32.0.0/11"), netip.MustParsePrefix("10.64.0.0/11")}
	servicePool = []netip.Prefix{netip.MustParsePrefix("10.192.0.0/11"), netip.MustParsePrefix("10.224.0.0/11")}
)

// private are the ranges of RFC 1918, in which EKS takes ranges of Services.
var private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}

// Private says whether a whole range lies in a private one.
func Private(p netip.Prefix) bool {
	return slices.ContainsFunc(private, func(of netip.Prefix) bool { return of.Bits() <= p.Bits() && of.Contains(p.Addr()) })
}

// chunk is the size of a range that is chosen, in bits.
const chunk = 16

// Want is what one region asks for. An invalid Prefix means none.
type Want struct {
	Name            string
	Given, Services netip.Prefix // by the user
	Had, HadServing netip.Prefix // that the network and the cluster have already
	NoServices      bool         // a network without a cluster
}

// Ranges are a region's.
type Ranges struct {
	Network, Services netip.Prefix
}

// Assign chooses what isn't given. What a region has already it keeps, so that a
// region that is added changes no other; no two networks overlap each other, a
// reserved range or a range of Services anywhere in the fleet. The result has
// the order of wants. The error names both sides of a conflict.
func Assign(wants []Want, reserved []netip.Prefix) ([]Ranges, error) {
	a := assignment{}
	for _, r := range reserved {
		a.take(r, "the reserved range "+r.String())
	}
	out := make([]Ranges, len(wants))
	for i, w := range wants {
		if out[i].Network = first(w.Given, w.Had); out[i].Network.IsValid() {
			if err := a.claim(out[i].Network, "the network of "+w.Name); err != nil {
				return nil, err
			}
		}
	}
	for i, w := range wants {
		if out[i].Services = first(w.Services, w.HadServing); out[i].Services.IsValid() {
			if by := a.conflict(out[i].Services); by != "" {
				return nil, fmt.Errorf("the Services of %s, %s, overlap %s", w.Name, out[i].Services, by)
			}
		}
	}
	for i, w := range wants { // networks and Services must not meet, Services of two regions may
		if out[i].Services.IsValid() {
			a.take(out[i].Services, "the Services of "+w.Name)
		}
	}
	return out, a.fill(wants, out)
}

// fill chooses ranges for those that have none.
func (a *assignment) fill(wants []Want, out []Ranges) error {
	for i, w := range wants {
		var err error
		if !out[i].Network.IsValid() {
			if out[i].Network, err = a.choose(networkPool, "the network of "+w.Name); err != nil {
				return err
			}
		}
		if !out[i].Services.IsValid() && !w.NoServices {
			if out[i].Services, err = a.choose(servicePool, "the Services of "+w.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func first(some ...netip.Prefix) netip.Prefix {
	for _, p := range some {
		if p.IsValid() {
			return p
		}
	}
	return netip.Prefix{}
}

// assignment is which ranges are taken, and by which region.
type assignment struct {
	ranges []netip.Prefix
	names  []string
}

func (a *assignment) take(p netip.Prefix, name string) {
	a.ranges, a.names = append(a.ranges, p), append(a.names, name)
}

func (a *assignment) conflict(p netip.Prefix) string {
	for i, r := range a.ranges {
		if r.Overlaps(p) {
			return a.names[i]
		}
	}
	return ""
}

func (a *assignment) claim(p netip.Prefix, name string) error {
	if p.Overlaps(Docker) {
		return fmt.Errorf("%s, %s, overlaps %s, which container engines use on every node", name, p, Docker)
	}
	if by := a.conflict(p); by != "" {
		return fmt.Errorf("%s, %s, overlaps %s", name, p, by)
	}
	a.take(p, name)
	return nil
}

// choose takes the first free range of the pools.
func (a *assignment) choose(pools []netip.Prefix, name string) (netip.Prefix, error) {
	for _, pool := range pools {
		for i := range 1 << (chunk - pool.Bits()) {
			p := part(pool, chunk, i)
			if a.conflict(p) == "" && !p.Overlaps(Docker) && !p.Overlaps(awsDefault) && !overlapsAny(p, EKSServices) {
				a.take(p, name)
				return p, nil
			}
		}
	}
	return netip.Prefix{}, fmt.Errorf("%s: no range is left in %v; give one", name, pools)
}

func overlapsAny(p netip.Prefix, some []netip.Prefix) bool {
	for _, s := range some {
		if s.Overlaps(p) {
			return true
		}
	}
	return false
}

// part is the i-th network of so many bits in a larger one.
func part(of netip.Prefix, bits, i int) netip.Prefix {
	base := of.Masked().Addr().As4()
	n := binary.BigEndian.Uint32(base[:]) + uint32(i)<<(32-bits)
	binary.BigEndian.PutUint32(base[:], n)
	return netip.PrefixFrom(netip.AddrFrom4(base), bits)
}
