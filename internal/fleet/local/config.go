package local

import (
	"net/netip"

	"github.com/ringspan/ringspan/internal/fleet"
)

// config is what ringspan-local reads.
type config struct {
	Name    string   `json:"name"`
	Images  string   `json:"images"`
	Regions []region `json:"regions"`
	Links   []link   `json:"links"`
}

type region struct {
	Name          string `json:"name"`
	CIDR          string `json:"cidr"`
	ServiceCIDR   string `json:"serviceCIDR"`
	APIServerPort int    `json:"apiServerPort,omitempty"`
	Zones         []zone `json:"zones"`
}

type zone struct {
	Name   string `json:"name"`
	Subnet string `json:"subnet"`
	Nodes  int    `json:"nodes"`
}

type link struct {
	A string `json:"a"`
	B string `json:"b"`
}

// layout gives every zone with nodes its subnet and every pair of regions a
// link. The file was checked when it was read.
func layout(f *fleet.File, images string) config {
	c := config{Name: f.Fleet.Name, Images: images}
	for i, r := range f.Fleet.Spec.Regions {
		base := netip.MustParsePrefix(r.CIDR)
		out := region{Name: r.Name, CIDR: r.CIDR, ServiceCIDR: r.ServiceCIDR, APIServerPort: int(r.APIServerPort)}
		for j, z := range r.Zones {
			if nodes := fleet.NodesIn(r, j); nodes > 0 {
				out.Zones = append(out.Zones, zone{z.Name, fleet.Subnet(base, j).String(), nodes})
			}
		}
		c.Regions = append(c.Regions, out)
		for _, other := range f.Fleet.Spec.Regions[:i] {
			c.Links = append(c.Links, link{other.Name, r.Name})
		}
	}
	return c
}
