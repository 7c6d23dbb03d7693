package fleet

import (
	"fmt"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// setDefaults fills in what a file may leave out.
func (f *File) setDefaults() {
	spec := &f.Fleet.Spec
	if spec.Provider == "" {
		spec.Provider = fleetv1.ProviderLocal
	}
	for i := range spec.Regions {
		regionDefaults(&spec.Regions[i], i)
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

// regionDefaults: three zones, one node a zone, a service range of its own.
func regionDefaults(r *fleetv1.Region, i int) {
	if r.ServiceCIDR == "" {
		r.ServiceCIDR = fmt.Sprintf("10.%d.0.0/16", 100+i)
	}
	if len(r.Zones) == 0 {
		r.Zones = make([]fleetv1.Zone, 3)
	}
	for j := range r.Zones {
		if r.Zones[j].Name == "" {
			r.Zones[j].Name = r.Name + string(rune('a'+j))
		}
	}
	if r.Nodes.Count == 0 {
		r.Nodes.Count = int32(len(r.Zones)) //nolint:gosec // at most as many as lines in a file
	}
}
