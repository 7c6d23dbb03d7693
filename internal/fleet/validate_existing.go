package fleet

import (
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// onlyExisting refuses what only provider existing has.
func (f *File) onlyExisting() []error {
	spec := f.Fleet.Spec
	x := &faults{d: f.at, at: "spec"}
	if spec.Kubeconfig != "" {
		x.bad("kubeconfig", "provider %s makes its own; provider existing takes one", spec.Provider)
	}
	for i, r := range spec.Regions {
		if r.Context != "" {
			x.bad(path("regions[%d].context", i), "provider %s makes its own kubeconfig; provider existing takes one", spec.Provider)
		}
	}
	return x.errs
}

// validateExisting refuses what says how clusters are to be made: they are there, and
// are as they are.
func (f *File) validateExisting() []error {
	spec := f.Fleet.Spec
	x := &faults{d: f.at, at: "spec"}
	refuse := func(is bool, field string) {
		if is {
			x.bad(field, "provider existing makes no networks, clusters or machines, so this can't be asked for")
		}
	}
	refuse(spec.JumpHost != nil, "jumpHost")
	refuse(len(spec.ReservedCIDRs) > 0, "reservedCIDRs")
	refuse(spec.Expires != "", "expires")
	refuse(len(spec.Admins) > 0, "admins")
	refuse(spec.Endpoint != "", "endpoint")
	refuse(len(spec.Tags) > 0, "tags")
	for i, r := range spec.Regions {
		for field, is := range map[string]bool{
			"cidr": r.CIDR != "", "serviceCIDR": r.ServiceCIDR != "", "zones": len(r.Zones) > 0, "apiServerPort": r.APIServerPort != 0,
			"kubernetesVersion": r.KubernetesVersion != "", "nat": r.NAT != "", "adopt": r.Adopt != nil,
			"apiEndpoint": r.APIEndpoint.Access != "" || len(r.APIEndpoint.AllowedCIDRs) > 0,
			"nodes":       r.Nodes.Count != 0 || r.Nodes.InstanceType != "" || r.Nodes.DiskGiB != 0 || r.Nodes.Capacity != "" || len(r.Nodes.Zones) > 0,
		} {
			refuse(is, path("regions[%d].%s", i, field))
		}
		for j, other := range spec.Regions[:i] {
			if r.Context == other.Context {
				x.bad(path("regions[%d].context", i), "%s is the context of regions[%d] too: each region is a cluster of its own", r.Context, j)
			}
		}
	}
	if spec.ImageRegistry != "" && !registry.MatchString(spec.ImageRegistry) {
		x.bad("imageRegistry", "%q is not a place in a registry such as registry.example.com/ringspan, without scheme, tag or closing slash", spec.ImageRegistry)
	}
	return x.errs
}

// existingDefaults name a region's context like the region.
func existingDefaults(r *fleetv1.Region) {
	if r.Context == "" {
		r.Context = r.Name
	}
}
