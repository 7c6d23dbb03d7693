package network

import "net/netip"

// A network is cut into eighths: one a zone for nodes and pods, and the last one
// into eighths again for the zones' public subnets. So a /16 gives private
// subnets of /19, 8187 addresses for pods each, and public ones of /22; the
// smallest network, a /22, gives /25 and /28, the smallest subnet that AWS has.
const (
	MaxZones    = 6
	MinBits     = 16 // of a VPC
	MaxBits     = 22
	eighth      = 3 // bits
	publicPlace = 7
)

// PrivateSubnet of a zone.
func PrivateSubnet(network netip.Prefix, zone int) netip.Prefix {
	return part(network, network.Bits()+eighth, zone)
}

// PublicSubnet of a zone.
func PublicSubnet(network netip.Prefix, zone int) netip.Prefix {
	return part(part(network, network.Bits()+eighth, publicPlace), network.Bits()+2*eighth, zone)
}
