package cloud

import (
	"net/netip"
	"strings"
	"testing"
)

// twoRegions is a configuration without fault; tests change it.
func twoRegions() Config {
	return Config{
		Name: "t", Images: "images",
		Regions: []Region{
			{Name: "west", CIDR: netip.MustParsePrefix("172.21.0.0/16"), ServiceCIDR: netip.MustParsePrefix("10.100.0.0/16"), Zones: []Zone{
				{"west-a", netip.MustParsePrefix("172.21.0.0/19"), 3}, {"west-b", netip.MustParsePrefix("172.21.32.0/19"), 1},
			}},
			{Name: "east", CIDR: netip.MustParsePrefix("172.22.0.0/16"), ServiceCIDR: netip.MustParsePrefix("10.101.0.0/16"), Zones: []Zone{
				{"east-a", netip.MustParsePrefix("172.22.0.0/19"), 1},
			}},
		},
		Links: []Link{{"west", "east"}},
	}
}

func TestValidateNamesTheField(t *testing.T) {
	prefix := netip.MustParsePrefix
	for _, c := range []struct {
		why    string
		change func(*Config)
		want   string // "" means valid
	}{
		{"all is well", func(*Config) {}, ""},
		{"one region needs no link", func(c *Config) { c.Regions, c.Links = c.Regions[:1], nil }, ""},
		{"no images", func(c *Config) { c.Images = "" }, "images: "},
		{"no region", func(c *Config) { c.Regions, c.Links = nil, nil }, "regions: "},
		{"a region without a name", func(c *Config) { c.Regions[1].Name = "" }, "regions[1].name: "},
		{"one name twice", func(c *Config) { c.Regions[1].Name = "west" }, `regions[1].name: "west"`},
		{"overlapping regions", func(c *Config) { c.Regions[1].CIDR = prefix("172.21.128.0/17") }, "regions[1].cidr: 172.21.128.0/17 overlaps 172.21.0.0/16 of regions[0]"},
		{"no range", func(c *Config) { c.Regions[0].CIDR = netip.Prefix{} }, "regions[0].cidr: "},
		{"a range that is too small", func(c *Config) { c.Regions[0].CIDR = prefix("172.21.0.0/23") }, "regions[0].cidr: "},
		{"a range of IPv6", func(c *Config) { c.Regions[0].CIDR = prefix("fd00::/16") }, "regions[0].cidr: "},
		{"no service range", func(c *Config) { c.Regions[0].ServiceCIDR = netip.Prefix{} }, "regions[0].serviceCIDR: "},
		{"services in the region's range", func(c *Config) { c.Regions[0].ServiceCIDR = prefix("172.21.64.0/20") }, "regions[0].serviceCIDR: "},
		{"memory that is no quantity", func(c *Config) { c.Regions[0].NodeMemory = "much" }, `regions[0].nodeMemory: "much"`},
		{"no zone", func(c *Config) { c.Regions[1].Zones = nil }, "regions[1].zones: "},
		{"a zone without a name", func(c *Config) { c.Regions[0].Zones[1].Name = "" }, "regions[0].zones[1].name: "},
		{"one zone twice", func(c *Config) { c.Regions[0].Zones[1].Name = "west-a" }, `regions[0].zones[1].name: "west-a"`},
		{"a zone without nodes", func(c *Config) { c.Regions[0].Zones[0].Nodes = 0 }, "regions[0].zones[0].nodes: 0 "},
		{"too many nodes", func(c *Config) { c.Regions[0].Zones[0].Nodes = 17 }, "regions[0].zones[0].nodes: 17 "},
		{"a subnet outside", func(c *Config) { c.Regions[0].Zones[0].Subnet = prefix("172.22.0.0/19") }, "regions[0].zones[0].subnet: "},
		{"a subnet wider than its region", func(c *Config) { c.Regions[0].Zones[0].Subnet = prefix("172.0.0.0/8") }, "regions[0].zones[0].subnet: "},
		{"a subnet too small for its nodes", func(c *Config) { c.Regions[0].Zones[0].Subnet = prefix("172.21.0.0/27") }, "regions[0].zones[0].subnet: "},
		{"overlapping subnets", func(c *Config) { c.Regions[0].Zones[1].Subnet = prefix("172.21.16.0/20") }, "regions[0].zones[1].subnet: 172.21.16.0/20 overlaps"},
		{"a subnet over the control plane", func(c *Config) { c.Regions[0].Zones[0].Subnet = prefix("172.21.128.0/17") }, "172.21.255.10, which is the control plane's"},
		{"a port that is none", func(c *Config) { c.Regions[1].APIServerPort = 70000 }, "regions[1].apiServerPort: 70000 "},
		{"one port for two", func(c *Config) { c.Regions[0].APIServerPort, c.Regions[1].APIServerPort = 6443, 6443 }, "regions[1].apiServerPort: 6443 "},
		{"a link to nowhere", func(c *Config) { c.Links[0].B = "north" }, `links[0]: "west" and "north"`},
		{"a link to itself", func(c *Config) { c.Links[0].B = "west" }, "links[0]: "},
		{"a link twice", func(c *Config) { c.Links = append(c.Links, Link{"east", "west"}) }, "links[1]: "},
	} {
		config := twoRegions()
		c.change(&config)
		err := config.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.why, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q in it", c.why, err, c.want)
		}
	}
}

func TestValidateNamesEveryField(t *testing.T) {
	config := twoRegions()
	config.Images, config.Regions[1].Zones[0].Nodes, config.Links[0].A = "", 0, "nowhere"
	for _, want := range []string{"images: ", "regions[1].zones[0].nodes: ", "links[0]: "} {
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestNodesDoNotOverlap(t *testing.T) {
	r := twoRegions().Regions[0]
	all := r.nodes()
	if len(all) != 4 {
		t.Fatalf("%d nodes, want 4", len(all))
	}
	for i, n := range all {
		zone := r.Zones[0]
		if i == 3 {
			zone = r.Zones[1]
		}
		if n.zone != zone.Name || !zone.Subnet.Contains(n.pods.Addr()) || n.pods.Bits() < zone.Subnet.Bits() {
			t.Errorf("node %d is in zone %s with %s, want %s with a part of %s", i, n.zone, n.pods, zone.Name, zone.Subnet)
		}
		if !n.pods.Contains(n.address) {
			t.Errorf("%s is outside its own range %s", n.address, n.pods)
		}
		for _, other := range all[:i] {
			if other.pods.Overlaps(n.pods) || other.name == n.name {
				t.Errorf("%s (%s) and %s (%s) overlap", other.name, other.pods, n.name, n.pods)
			}
		}
	}
	if got, want := all[0].name, "ip-172-21-0-10.west.compute.internal"; got != want {
		t.Errorf("the first node is %s, want %s", got, want)
	}
}

func TestDifference(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*Config)
		want   string // "" means none
	}{
		{"nothing has changed", func(*Config) {}, ""},
		{"a region more", func(c *Config) {
			c.Regions = append(c.Regions, Region{Name: "north", CIDR: netip.MustParsePrefix("172.23.0.0/16")})
		}, ""},
		{"other images, links and capacity", func(c *Config) { c.Images, c.Links, c.Regions[0].NodeCPUs = "elsewhere", nil, 2 }, ""},
		{"other order", func(c *Config) { c.Regions[0], c.Regions[1] = c.Regions[1], c.Regions[0] }, ""},
		{"a region less", func(c *Config) { c.Regions = c.Regions[:1] }, "region east is gone"},
		{"another range", func(c *Config) { c.Regions[1].CIDR = netip.MustParsePrefix("172.25.0.0/16") }, "region east was 172.22.0.0/16"},
		{"another service range", func(c *Config) { c.Regions[0].ServiceCIDR = netip.MustParsePrefix("10.99.0.0/16") }, "region west was 172.21.0.0/16 with services in 10.100.0.0/16"},
		{"another number of nodes", func(c *Config) { c.Regions[1].Zones[0].Nodes = 2 }, "region east had the zones"},
	} {
		next := twoRegions()
		c.change(&next)
		if got := twoRegions().difference(next); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}
