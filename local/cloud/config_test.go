package cloud

import (
	"strings"
	"testing"
)

// twoRegions is a configuration without fault; tests change it.
func twoRegions() Config {
	return Config{Name: "t", Images: "images", AWS: AWS{
		Listen: "127.0.0.1:0", Waits: "none",
		Regions: []Region{{Name: "west", Zones: []string{"west-a", "west-b"}}, {Name: "east", Zones: []string{"east-a", "east-b", "attic"}}},
	}}
}

func TestValidateNamesTheField(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*Config)
		want   string // "" means valid
	}{
		{"all is well", func(*Config) {}, ""},
		{"nothing but images is needed", func(c *Config) { c.AWS = AWS{} }, ""},
		{"a region of AWS's with other zones", func(c *Config) { c.AWS.Regions[0].Name = "eu-west-1" }, ""},
		{"no images", func(c *Config) { c.Images = "" }, "images: "},
		{"an address without a port", func(c *Config) { c.AWS.Listen = "127.0.0.1" }, "aws.listen: "},
		{"waits that are none", func(c *Config) { c.AWS.Waits = "quick" }, "aws.waits"},
		{"a negative lag", func(c *Config) { c.AWS.Lag = -1 }, "aws.lag: -1"},
		{"an account of letters", func(c *Config) { c.AWS.Account = "mine" }, `aws.account: "mine"`},
		{"an output that is none", func(c *Config) { c.AWS.Output = "yaml" }, `aws.output: "yaml"`},
		{"a region without a name", func(c *Config) { c.AWS.Regions[1].Name = "" }, "aws.regions[1].name: "},
		{"a region of capitals", func(c *Config) { c.AWS.Regions[1].Name = "East" }, `aws.regions[1].name: "East"`},
		{"a region that reads like a cluster", func(c *Config) { c.AWS.Regions[1].Name = "east.ring" }, "aws.regions[1].name: "},
		{"one name twice", func(c *Config) { c.AWS.Regions[1].Name = "west" }, `aws.regions[1].name: "west"`},
		{"one zone", func(c *Config) { c.AWS.Regions[0].Zones = []string{"a"} }, "aws.regions[0].zones: 1 "},
		{"seven zones", func(c *Config) { c.AWS.Regions[0].Zones = strings.Split("abcdefg", "") }, "aws.regions[0].zones: 7 "},
		{"a zone without a name", func(c *Config) { c.AWS.Regions[0].Zones[1] = "" }, "aws.regions[0].zones[1]: "},
		{"one zone twice", func(c *Config) { c.AWS.Regions[0].Zones[1] = "west-a" }, `aws.regions[0].zones[1]: "west-a"`},
		{"a port that is none", func(c *Config) { c.AWS.Regions[1].APIServerPort = 70000 }, "aws.regions[1].apiServerPort: 70000 "},
		{"one port for two", func(c *Config) {
			c.AWS.Regions[0].APIServerPort, c.AWS.Regions[1].APIServerPort = 6443, 6443
		}, "aws.regions[1].apiServerPort: 6443 "},
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
	config.Images, config.AWS.Regions[1].Zones, config.AWS.Lag = "", nil, -1
	for _, want := range []string{"images: ", "aws.regions[1].zones: ", "aws.lag: "} {
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestUnlike(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*Config)
		want   string // "" means that the lab that runs will do
	}{
		{"nothing has changed", func(*Config) {}, ""},
		{"other images, output and address", func(c *Config) { c.Images, c.AWS.Output, c.AWS.Listen = "elsewhere", "json", "" }, ""},
		{"other order, or a region less", func(c *Config) { c.AWS.Regions = c.AWS.Regions[1:] }, ""},
		{"defaults that are said or not", func(c *Config) { c.AWS.Waits, c.AWS.Account = "", DefaultAccount }, ""},
		{"a region more", func(c *Config) {
			c.AWS.Regions = append(c.AWS.Regions, Region{Name: "north", Zones: []string{"a", "b"}})
		}, "region north"},
		{"other zones", func(c *Config) { c.AWS.Regions[1].Zones = []string{"east-a", "east-b"} }, "region east"},
		{"another port", func(c *Config) { c.AWS.Regions[0].APIServerPort = 16443 }, "region west"},
		{"another account", func(c *Config) { c.AWS.Account = "111122223333" }, "account"},
	} {
		next := twoRegions()
		c.change(&next)
		if got := twoRegions().unlike(next); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

func TestPinnedPort(t *testing.T) {
	config := twoRegions()
	config.AWS.Regions[1].APIServerPort = 16443
	if port, field := config.AWS.pinned("east"); port != 16443 || field != "aws.regions[1].apiServerPort" {
		t.Errorf("got %d of %s", port, field)
	}
	if port, _ := config.AWS.pinned("eu-west-1"); port != 0 {
		t.Errorf("a region that isn't named has port %d", port)
	}
}
