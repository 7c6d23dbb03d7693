package fleet

import (
	"fmt"
	"net/netip"
	"slices"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// setDefaults fills in what a file may leave out.
func (f *File) setDefaults() {
	spec := &f.Fleet.Spec
	if spec.Provider == "" {
		spec.Provider = fleetv1.ProviderLocal
	}
	for i := range spec.Regions {
		r := &spec.Regions[i]
		if r.ServiceCIDR == "" {
			r.ServiceCIDR = fmt.Sprintf("10.%d.0.0/16", 100+i)
		}
		if r.Nodes.Count == 0 {
			r.Nodes.Count = 3
		}
		if len(r.Zones) == 0 {
			r.Zones = make([]fleetv1.Zone, 3)
		}
		for j := range r.Zones {
			if r.Zones[j].Name == "" {
				r.Zones[j].Name = r.Name + string(rune('a'+j))
			}
		}
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

// validate finds what is wrong with the whole, before anything is made of it.
func (f *File) validate(d document) (errs []error) {
	spec := f.Fleet.Spec
	if f.Fleet.Name == "" {
		errs = append(errs, d.errorf("metadata", "metadata.name: a fleet needs a name"))
	}
	if spec.Provider == fleetv1.ProviderAWS {
		errs = append(errs, d.errorf("spec.provider", "spec.provider: aws is not there yet in this version; local is"))
	} else if spec.Provider != fleetv1.ProviderLocal {
		errs = append(errs, d.errorf("spec.provider", "spec.provider: %q is not a provider; local is", spec.Provider))
	}
	if len(spec.Regions) == 0 {
		errs = append(errs, d.errorf("spec", "spec.regions: a fleet needs at least one region"))
	}
	for i, r := range spec.Regions {
		errs = append(errs, f.validateRegion(d, i, r)...)
	}
	for i := range f.Rings {
		errs = append(errs, f.validateRing(&f.Rings[i])...)
	}
	return errs
}

func (f *File) validateRegion(d document, i int, r fleetv1.Region) (errs []error) {
	at := fmt.Sprintf("spec.regions[%d]", i)
	bad := func(field, format string, args ...any) {
		errs = append(errs, d.errorf(at+"."+field, at+"."+field+": "+format, args...))
	}
	if r.Name == "" {
		bad("name", "a region needs a name")
	}
	cidr, err := netip.ParsePrefix(r.CIDR)
	if err != nil || !cidr.Addr().Is4() || cidr != cidr.Masked() || cidr.Bits() < 16 || cidr.Bits() > 20 {
		bad("cidr", "%q is not an IPv4 range of /16 to /20 such as 172.21.0.0/16", r.CIDR)
		return errs
	}
	services, err := netip.ParsePrefix(r.ServiceCIDR)
	if err != nil || !services.Addr().Is4() {
		bad("serviceCIDR", "%q is not an IPv4 range such as 10.100.0.0/16", r.ServiceCIDR)
	} else if services.Overlaps(cidr) {
		bad("serviceCIDR", "%s overlaps the region's own range %s", services, cidr)
	}
	for j, other := range f.Fleet.Spec.Regions[:i] {
		if other.Name == r.Name {
			bad("name", "%s is the name of spec.regions[%d] too", r.Name, j)
		}
		if c, err := netip.ParsePrefix(other.CIDR); err == nil && c.Overlaps(cidr) {
			bad("cidr", "%s overlaps %s of spec.regions[%d] (%s): pods could not tell each other apart; choose another range", cidr, c, j, other.Name)
		}
	}
	if len(r.Zones) > 6 {
		bad("zones", "%d zones are more than the 6 that fit", len(r.Zones))
	}
	return errs
}

func (f *File) validateRing(ring *Ring) (errs []error) {
	bad := func(field, format string, args ...any) {
		errs = append(errs, ring.at.errorf(field, field+": "+format, args...))
	}
	if ring.Name == "" {
		bad("metadata", "a ring needs a name")
	}
	c := ring.Spec.Cassandra
	if c == nil || len(c.Datacenters) == 0 {
		bad("spec.cassandra.datacenters", "a ring needs at least one datacenter")
		return errs
	}
	for i, dc := range c.Datacenters {
		at := fmt.Sprintf("spec.cassandra.datacenters[%d]", i)
		for j, other := range c.Datacenters[:i] {
			if other.Metadata.Name == dc.Metadata.Name {
				bad(at+".metadata.name", "%s is the name of datacenters[%d] too", dc.Metadata.Name, j)
			}
		}
		if dc.K8sContext != "" && !slices.ContainsFunc(f.Fleet.Spec.Regions, func(r fleetv1.Region) bool { return r.Name == dc.K8sContext }) {
			bad(at+".k8sContext", "%q is not a region of the fleet, which has %s", dc.K8sContext, f.regionNames())
		}
		racks := len(dc.Racks)
		if racks == 0 {
			racks = len(c.Racks)
		}
		if int(dc.Size) < racks {
			bad(at+".size", "%d is less than the %d racks: each rack needs a node", dc.Size, racks)
		}
	}
	return append(errs, f.validateSuperuser(ring)...)
}

// validateSuperuser finds a Secret that is named and neither complete nor there.
func (f *File) validateSuperuser(ring *Ring) (errs []error) {
	name := ring.Spec.Cassandra.SuperuserSecretRef.Name
	if name == "" {
		return nil
	}
	const field = "spec.cassandra.superuserSecretRef.name"
	for _, s := range f.Secrets {
		if s.Name != name || s.Namespace != ring.Namespace {
			continue
		}
		for _, key := range []string{"username", "password"} {
			if s.StringData[key] == "" && len(s.Data[key]) == 0 {
				errs = append(errs, ring.at.errorf(field, "%s: Secret %s has no key %s; it needs username and password", field, name, key))
			}
		}
		return errs
	}
	return []error{ring.at.errorf(field, "%s: Secret %s is not in the file; add it in namespace %s, with username and password, or leave the reference out to have one made", field, name, ring.Namespace)}
}

func (f *File) regionNames() (names []string) {
	for _, r := range f.Fleet.Spec.Regions {
		names = append(names, r.Name)
	}
	return names
}
