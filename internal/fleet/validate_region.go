package fleet

import (
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/network"
)

// maxNames is what is left for the names of a fleet and a region in an IAM role's,
// which has at most 64 characters: ringspan-FLEET-REGION-operator.
const maxNames = 45

// validateRegion checks a region by itself and against those before it.
func (f *File) validateRegion(i int) []error {
	x := &faults{d: f.at, at: path("spec.regions[%d]", i)}
	r := f.Fleet.Spec.Regions[i]
	if !fleetName.MatchString(r.Name) {
		x.bad("name", "%q is not a name: lower-case letters, digits and -, beginning with a letter, at most 40", r.Name)
	}
	if n := len(f.Fleet.Name) + len(r.Name); n > maxNames {
		x.bad("name", "%s and the fleet's name %s have %d characters together, and IAM roles that are named by both have room for %d", r.Name, f.Fleet.Name, n, maxNames)
	}
	f.againstOthers(x, i)
	if f.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		return x.errs
	}
	f.validateZones(x, r)
	validateMachines(x, r)
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS {
		f.validateAWSRegion(x, r)
		return x.errs
	}
	if r.APIServerPort < 0 || r.APIServerPort > 65535 {
		x.bad("apiServerPort", "%d is not a port", r.APIServerPort)
	}
	cidr, ok := anyNetwork(r.CIDR)
	switch {
	case !ok:
		x.bad("cidr", "%q is not an IPv4 network such as 172.21.0.0/16", r.CIDR)
		return x.errs
	case cidr.Bits() < 16 || cidr.Bits() > 22:
		x.bad("cidr", "%s is not between /16 and /22", cidr)
		return x.errs
	case cidr.Overlaps(network.Docker):
		x.bad("cidr", "%s overlaps %s, which container engines use on every node; choose another", cidr, network.Docker)
	}
	f.validateServices(x, r)
	if len(r.Zones) > 0 && len(r.Zones) <= MaxZones {
		if most, room := NodesIn(r, 0), roomFor(cidr); most > room {
			x.bad("nodes.count", "%d nodes in %d zones put %d into one zone, and %s has room for %d", r.Nodes.Count, len(r.Zones), most, network.PrivateSubnet(cidr, 0), room)
		}
	}
	return x.errs
}

// againstOthers finds what two regions can't have in common.
func (f *File) againstOthers(x *faults, i int) {
	r := f.Fleet.Spec.Regions[i]
	cidr, ok := anyNetwork(r.CIDR)
	for j, other := range f.Fleet.Spec.Regions[:i] {
		if other.Name == r.Name && r.Name != "" {
			x.bad("name", "%s is the name of spec.regions[%d] too", r.Name, j)
		}
		if r.APIServerPort != 0 && other.APIServerPort == r.APIServerPort {
			x.bad("apiServerPort", "%d is the port of spec.regions[%d] too", r.APIServerPort, j)
		}
		if c, is := anyNetwork(other.CIDR); ok && is && c.Overlaps(cidr) {
			x.bad("cidr", "%s overlaps %s of region %s: nodes of both could have one address; choose another range", cidr, c, other.Name)
		}
	}
}

// validateServices: an address of a Service must not be that of a pod anywhere.
func (f *File) validateServices(x *faults, r fleetv1.Region) {
	services, ok := anyNetwork(r.ServiceCIDR)
	if !ok || services.Bits() < 12 || services.Bits() > 24 || !network.Private(services) {
		x.bad("serviceCIDR", "%q is not a private IPv4 network such as 10.100.0.0/16, of /12 to /24", r.ServiceCIDR)
		return
	}
	for _, other := range f.Fleet.Spec.Regions {
		if c, ok := anyNetwork(other.CIDR); ok && c.Overlaps(services) {
			x.bad("serviceCIDR", "%s overlaps the range %s of region %s; choose another", services, c, other.Name)
		}
	}
}

func (f *File) validateZones(x *faults, r fleetv1.Region) {
	if len(r.Zones) > MaxZones {
		x.bad("zones", "%d zones are more than the %d that fit", len(r.Zones), MaxZones)
	}
	for j, z := range r.Zones {
		if !zoneName.MatchString(z.Name) {
			x.bad(path("zones[%d].name", j), "%q is not a name: lower-case letters, digits and -, beginning with a letter, at most 63", z.Name)
		}
		for k, other := range r.Zones[:j] {
			if z.Name == other.Name {
				x.bad(path("zones[%d].name", j), "%s is the name of zones[%d] too", z.Name, k)
			}
		}
	}
	if r.Nodes.Count < 1 || r.Nodes.Count > MaxNodes {
		x.bad("nodes.count", "%d: a region has 1 to %d nodes", r.Nodes.Count, MaxNodes)
	}
}
