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

// layout gives every zone an eighth of its region's range (a /19 of a /16) and
// every pair of regions a link. The last eighth is the control plane's.
func layout(f *fleet.File, images string) config {
	c := config{Name: f.Fleet.Name, Images: images}
	for i, r := range f.Fleet.Spec.Regions {
		base := netip.MustParsePrefix(r.CIDR) // checked when the file was read
		out := region{Name: r.Name, CIDR: r.CIDR, ServiceCIDR: r.ServiceCIDR, APIServerPort: int(r.APIServerPort)}
		for j, z := range r.Zones {
			nodes := int(r.Nodes.Count) / len(r.Zones)
			if j < int(r.Nodes.Count)%len(r.Zones) {
				nodes++
			}
			if nodes > 0 {
				out.Zones = append(out.Zones, zone{z.Name, eighth(base, j).String(), nodes})
			}
		}
		c.Regions = append(c.Regions, out)
		for _, other := range f.Fleet.Spec.Regions[:i] {
			c.Links = append(c.Links, link{other.Name, r.Name})
		}
	}
	return c
}

func eighth(p netip.Prefix, i int) netip.Prefix {
	a := p.Masked().Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n += uint32(i) << (32 - p.Bits() - 3)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), p.Bits()+3)
}
