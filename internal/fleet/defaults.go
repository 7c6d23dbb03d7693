package fleet

import (
	"cmp"
	"net/netip"
	"slices"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// setDefaults fills in what a file may leave out. What it gives stays as it is,
// also when that is empty or 0, and is then refused.
func (f *File) setDefaults() {
	spec := &f.Fleet.Spec
	if !f.at.has("spec.provider") {
		spec.Provider = fleetv1.ProviderLocal
	}
	for i := range spec.Regions {
		switch spec.Provider {
		case fleetv1.ProviderAWS:
			awsRegionDefaults(&spec.Regions[i])
		case fleetv1.ProviderExisting:
			existingDefaults(&spec.Regions[i])
		default:
			f.regionDefaults(i)
		}
	}
	if j := spec.JumpHost; j != nil && j.InstanceType == "" {
		j.InstanceType = "t3.micro"
	}
	for i := range f.Secrets {
		if f.Secrets[i].Namespace == "" {
			f.Secrets[i].Namespace = "default"
		}
	}
	for i := range f.Rings {
		if f.Rings[i].Namespace == "" {
			f.Rings[i].Namespace = "default"
		}
	}
}

// regionDefaults: three zones, one node a zone, a service range that no region's
// nodes have.
func (f *File) regionDefaults(i int) {
	r, at := &f.Fleet.Spec.Regions[i], path("spec.regions[%d]", i)
	if !f.at.has(at + ".serviceCIDR") {
		r.ServiceCIDR = f.freeServices(i)
	}
	if len(r.Zones) == 0 {
		r.Zones = make([]fleetv1.Zone, 3)
	}
	for j := range r.Zones {
		if !f.at.has(at + path(".zones[%d].name", j)) {
			r.Zones[j].Name = r.Name + string(rune('a'+j))
		}
	}
	if !f.at.has(at + ".nodes.count") {
		r.Nodes.Count = int32(len(r.Zones))
	}
	machineDefaults(r, localInstanceType)
}

// Instance types of nodes, where none is given. Of the nodes on this machine it
// says what they report of processors and memory.
const (
	localInstanceType = "m5.2xlarge"
	awsInstanceType   = "m5.large"
)

func machineDefaults(r *fleetv1.Region, instanceType string) {
	n := &r.Nodes
	n.InstanceType, n.DiskGiB = cmp.Or(n.InstanceType, instanceType), cmp.Or(n.DiskGiB, 50)
	n.Capacity = cmp.Or(n.Capacity, fleetv1.OnDemand)
	r.NAT = cmp.Or(r.NAT, fleetv1.NATPerRegion)
}

// freeServices is 10.100.0.0/16 for the first region, 10.101.0.0/16 for the
// second; the next one after that when nodes have it. A fleet of the 16 regions
// that there can be finds one.
func (f *File) freeServices(i int) string {
	for n := 100 + i; n < 256; n++ {
		free := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n)}), 16)
		if !slices.ContainsFunc(f.Fleet.Spec.Regions, func(r fleetv1.Region) bool {
			c, ok := anyNetwork(r.CIDR)
			return ok && c.Overlaps(free)
		}) {
			return free.String()
		}
	}
	return ""
}

// awsRegionDefaults leaves ranges, zones and version to the planner, which knows
// what is there.
func awsRegionDefaults(r *fleetv1.Region) {
	for j := range r.Zones {
		if r.Zones[j].Name == "" {
			r.Zones[j].Name = r.Name + string(rune('a'+j))
		}
	}
	n := &r.Nodes
	n.Count = cmp.Or(n.Count, int32(len(n.Zones)), int32(len(r.Zones)), 3)
	machineDefaults(r, awsInstanceType)
	r.APIEndpoint.Access = cmp.Or(r.APIEndpoint.Access, fleetv1.EndpointPublic)
}
