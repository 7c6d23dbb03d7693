package ec2

import (
	"net/netip"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// parseCIDR reads an IPv4 range and clears its host bits, as EC2 does.
func parseCIDR(parameter, s string) (netip.Prefix, error) {
	if s == "" {
		return netip.Prefix{}, missing(parameter)
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", s, parameter)
	}
	return p.Masked(), nil
}

// networkSize says whether a range is as large as a VPC's and a subnet's may
// be: from /16 to /28.
func networkSize(p netip.Prefix) bool { return p.Bits() >= 16 && p.Bits() <= 28 }

func overlapsAny(p netip.Prefix, others []netip.Prefix) bool {
	for _, o := range others {
		if p.Overlaps(o) {
			return true
		}
	}
	return false
}

// within says whether outer holds all of inner.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// size is the number of addresses of an IPv4 range.
func size(p netip.Prefix) int { return 1 << (32 - p.Bits()) }

// nth is an address of a range, counted from its first.
func nth(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
