package local

import (
	"slices"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
)

// config is what ringspan-local reads: an account of AWS on this machine, with the
// fleet's regions in it.
type config struct {
	Name   string  `json:"name"`
	Images string  `json:"images"`
	AWS    account `json:"aws"`
}

type account struct {
	Listen    string   `json:"listen"`
	Strict    bool     `json:"strict"` // only the fleet's owner has the keys
	Waits     string   `json:"waits"`
	Account   string   `json:"account"`
	Unlimited bool     `json:"unlimited"` // this machine is the limit
	Regions   []region `json:"regions"`
}

type region struct {
	Name          string   `json:"name"`
	Zones         []string `json:"zones"`
	APIServerPort int      `json:"apiServerPort,omitempty"`
}

// Account is the number of the account that each fleet on this machine has for
// itself.
const Account = "123456789012"

// layout is the account in which a fleet lives. The file was checked when it was
// read.
func layout(f *fleet.File, images string) config {
	c := config{Name: f.Fleet.Name, Images: images, AWS: account{
		Listen: "127.0.0.1:0", Strict: true, Waits: "none", Account: Account, Unlimited: true,
	}}
	for i := range f.Fleet.Spec.Regions {
		r := &f.Fleet.Spec.Regions[i]
		c.AWS.Regions = append(c.AWS.Regions, region{Name: r.Name, Zones: zones(r), APIServerPort: int(r.APIServerPort)})
	}
	return c
}

// zones of a region: those of its nodes, and one more where that is only one,
// because a control plane of EKS wants two.
func zones(r *fleetv1.Region) (names []string) {
	for _, z := range r.Zones {
		names = append(names, z.Name)
	}
	if len(names) == 1 {
		names = append(names, names[0]+"-2")
	}
	return names
}

// Spec is what a fleet on this machine asks of its account.
func Spec(f *fleet.File) fleetv1.FleetSpec {
	spec := *f.Fleet.Spec.DeepCopy()
	spec.Provider = fleetv1.ProviderAWS
	for i := range spec.Regions {
		r := &spec.Regions[i]
		for _, z := range r.Zones {
			r.Nodes.Zones = append(r.Nodes.Zones, z.Name)
		}
		all := zones(r)
		r.Zones = slices.Clone(r.Zones)
		for _, name := range all[len(r.Zones):] {
			r.Zones = append(r.Zones, fleetv1.Zone{Name: name})
		}
		r.APIEndpoint.Access = fleetv1.EndpointPublic
	}
	return spec
}
