package kubetest_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// fleetCases are changes to a valid fleet; refused says whether it is one no more.
var fleetCases = []struct {
	name    string
	refused bool
	changes []change
}{
	{"as it is", false, nil},
	{"name with a capital", true, []change{{"metadata.name", "Article"}}},
	{"name with a dot", true, []change{{"metadata.name", "the.article"}}},
	{"name that begins with a digit", true, []change{{"metadata.name", "1st"}}},
	{"name of 33 characters, 45 with the longest region's", false, []change{{"metadata.name", strings.Repeat("a", 33)}}},
	{"name of 34 characters, 46 with the longest region's", true, []change{{"metadata.name", strings.Repeat("a", 34)}}},
	{"name of 40 characters", false, []change{{"metadata.name", strings.Repeat("a", 40)}, {"spec.regions.0.name", "west1"}, {"spec.regions.1.name", "mid"}}},
	{"name of 41 characters", true, []change{{"metadata.name", strings.Repeat("a", 41)}}},
	{"empty provider", true, []change{{"spec.provider", `""`}}},
	{"provider without a value", false, []change{{"spec.provider", "null"}}},
	{"16 regions", false, []change{{"spec.regions", regionList(16)}}},
	{"17 regions", true, []change{{"spec.regions", regionList(17)}}},
	{"no regions", true, []change{{"spec.regions", "[]"}}},
	{"region with an empty name", true, []change{{"spec.regions.0.name", `""`}}},
	{"region's name of 41 characters", true, []change{{"spec.regions.0.name", strings.Repeat("a", 41)}}},
	{"region's name with a hyphen at the end", true, []change{{"spec.regions.0.name", "eu-"}}},
	{"two regions of one name", true, []change{{"spec.regions.0.name", "eu-central-1"}}},
	{"range of 15 bits", true, []change{{"spec.regions.0.cidr", "172.16.0.0/15"}}},
	{"range of 22 bits", false, []change{{"spec.regions.0.cidr", "172.21.4.0/22"}}},
	{"range of 23 bits", true, []change{{"spec.regions.0.cidr", "172.21.4.0/23"}}},
	{"range of 24 bits", true, []change{{"spec.regions.0.cidr", "172.21.4.0/24"}}},
	{"range with host bits", true, []change{{"spec.regions.0.cidr", "172.21.5.0/16"}}},
	{"range of IPv6", true, []change{{"spec.regions.0.cidr", "fd00:1::/20"}}},
	{"range of IPv4 in IPv6", true, []change{{"spec.regions.0.cidr", `"::ffff:0:0/16"`}}},
	{"range with a zero before", true, []change{{"spec.regions.0.cidr", "172.021.0.0/16"}}},
	{"range without bits", true, []change{{"spec.regions.0.cidr", "172.21.0.0"}}},
	{"range is missing", true, []change{{"spec.regions.0.cidr", "-"}}},
	{"range of container engines", true, []change{{"spec.regions.0.cidr", "172.17.16.0/20"}}},
	{"overlapping ranges", true, []change{{"spec.regions.0.cidr", "172.22.128.0/17"}}},
	{"services in the own range", true, []change{{"spec.regions.0.serviceCIDR", "172.21.128.0/17"}}},
	{"services in another region's range", true, []change{{"spec.regions.0.serviceCIDR", "172.22.128.0/20"}}},
	{"services around another region's range", true, []change{{"spec.regions.0.serviceCIDR", "172.16.0.0/12"}}},
	{"services of 11 bits", true, []change{{"spec.regions.0.serviceCIDR", "10.96.0.0/11"}}},
	{"services that aren't private", true, []change{{"spec.regions.0.serviceCIDR", "100.64.0.0/16"}}},
	{"services in the third private range", false, []change{{"spec.regions.0.serviceCIDR", "192.168.0.0/16"}}},
	{"services around a private range", true, []change{{"spec.regions.0.serviceCIDR", "192.168.0.0/14"}}},
	{"services of 12 bits", false, []change{{"spec.regions.0.serviceCIDR", "10.96.0.0/12"}}},
	{"services of 24 bits", false, []change{{"spec.regions.0.serviceCIDR", "10.96.0.0/24"}}},
	{"services of 25 bits", true, []change{{"spec.regions.0.serviceCIDR", "10.96.0.0/25"}}},
	{"services without a value", false, []change{{"spec.regions.0.serviceCIDR", "null"}}},
	{"empty services", true, []change{{"spec.regions.0.serviceCIDR", `""`}}},
	{"two regions' services in one range", false, []change{{"spec.regions.0.serviceCIDR", "10.96.0.0/16"}, {"spec.regions.1.serviceCIDR", "10.96.0.0/16"}}},
	{"nodes where services would be by default", false, []change{{"spec.regions.0.cidr", "10.100.0.0/16"}, {"spec.regions.1.cidr", "10.101.0.0/16"}}},
	{"empty list of zones", false, []change{{"spec.regions.0.zones", "[]"}}},
	{"six zones", false, []change{{"spec.regions.0.zones", "[{}, {}, {}, {}, {}, {}]"}}},
	{"seven zones", true, []change{{"spec.regions.0.zones", "[{}, {}, {}, {}, {}, {}, {}]"}}},
	{"zone with an empty name", true, []change{{"spec.regions.0.zones", `[{name: ""}]`}}},
	{"zone with a capital", true, []change{{"spec.regions.0.zones", "[{name: Zone}]"}}},
	{"zone's name of 63 characters", false, []change{{"spec.regions.0.zones", "[{name: " + strings.Repeat("z", 63) + "}]"}}},
	{"zone's name of 64 characters", true, []change{{"spec.regions.0.zones", "[{name: " + strings.Repeat("z", 64) + "}]"}}},
	{"two zones of one name", true, []change{{"spec.regions.0.zones", "[{name: z}, {name: z}]"}}},
	{"zone with the name that another gets", true, []change{{"spec.regions.0.zones", "[{}, {name: eu-west-1a}]"}}},
	{"zone with a name that nobody gets", false, []change{{"spec.regions.0.zones", "[{}, {name: eu-west-1b}, {name: c}]"}}},
	{"no node", true, []change{{"spec.regions.0.nodes", "{count: 0}"}}},
	{"nodes without a count", false, []change{{"spec.regions.0.nodes", "{}"}}},
	{"as many nodes as fit", false, []change{{"spec.regions.0.nodes", "{count: 48}"}}},
	{"more nodes than fit", true, []change{{"spec.regions.0.nodes", "{count: 49}"}}},
	{"as many nodes as fit into a /21", false, []change{{"spec.regions.0.nodes", "{count: 24}"}, {"spec.regions.0.cidr", "172.21.0.0/21"}}},
	{"more nodes than fit into a /21", true, []change{{"spec.regions.0.nodes", "{count: 25}"}, {"spec.regions.0.cidr", "172.21.0.0/21"}}},
	{"more nodes than fit into two zones of a /22", true, []change{{"spec.regions.1.nodes", "{count: 9}"}, {"spec.regions.1.cidr", "172.22.0.0/22"}}},
	{"101 nodes", true, []change{{"spec.regions.0.nodes", "{count: 101}"}, {"spec.regions.0.zones", "[{}, {}, {}, {}, {}, {}]"}}},
	{"count is a text", true, []change{{"spec.regions.0.nodes", "{count: many}"}}},
	{"port below 0", true, []change{{"spec.regions.0.apiServerPort", "-1"}}},
	{"port 0 twice", false, []change{{"spec.regions.0.apiServerPort", "0"}, {"spec.regions.1.apiServerPort", "0"}}},
	{"port twice", true, []change{{"spec.regions.0.apiServerPort", "6443"}, {"spec.regions.1.apiServerPort", "6443"}}},
	{"port above 65535", true, []change{{"spec.regions.0.apiServerPort", "65536"}}},
	{"tags", false, []change{{"spec.tags", "{team: data}"}}},
	{"tag that is no text", true, []change{{"spec.tags", "{team: 7}"}}},
	{"clusters that are there", false, []change{{"spec.provider", "existing"}, {"spec.regions", "[{name: a}, {name: b, context: cluster-of-b}]"}, {"spec.kubeconfig", "clusters.yaml"}}},
	{"clusters that are there, of no name", true, []change{{"spec.provider", "existing"}, {"spec.regions", `[{name: ""}]`}}},
	{"misspelt field", true, []change{{"spec.regions.0.cdir", "172.21.0.0/16"}}},
}

func regionList(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("{name: r%d, cidr: 172.%d.0.0/16}", i, 18+i))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// The API server and the check of the file agree on every fleet.
func TestFleetsAreRefusedByBothOrByNone(t *testing.T) {
	c := strict(kubetest.Shared(t))
	for _, test := range fleetCases {
		t.Run(test.name, func(t *testing.T) {
			obj := parse(t, validFleet)
			apply(t, obj, test.changes)
			text, err := yaml.Marshal(obj.Object)
			if err != nil {
				t.Fatal(err)
			}
			_, fileErr := fleet.Parse("f.yaml", text)
			serverErr := c.Create(t.Context(), obj)
			if (fileErr != nil) != test.refused || (serverErr != nil) != test.refused {
				t.Errorf("the file: %v\nthe API server: %v", fileErr, serverErr)
			}
		})
	}
}

// So they do on fleets that nobody thought of.
func TestDrawnFleetsAreRefusedByBothOrByNone(t *testing.T) {
	c := strict(kubetest.Shared(t))
	optional := func(t *rapid.T, fields map[string]any, name string, values ...any) {
		if i := rapid.IntRange(-1, len(values)-1).Draw(t, name); i >= 0 {
			fields[name] = values[i]
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var regions []any
		for range rapid.IntRange(1, 3).Draw(rt, "regions") {
			r := map[string]any{"name": rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "name")}
			r["cidr"] = rapid.SampledFrom([]string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/20", "10.100.0.0/16", "10.4.4.0/22", "10.5.0.0/21", "10.1.128.0/18"}).Draw(rt, "cidr")
			optional(rt, r, "serviceCIDR", "10.1.0.0/20", "10.200.0.0/16", "10.0.0.0/12", "10.100.0.0/24")
			optional(rt, r, "apiServerPort", 0, 6443, 6444)
			optional(rt, r, "nodes", map[string]any{}, map[string]any{"count": 1}, map[string]any{"count": 8}, map[string]any{"count": 17}, map[string]any{"count": 40})
			optional(rt, r, "zones", []any{}, []any{map[string]any{}}, []any{map[string]any{"name": "ab"}, map[string]any{}}, []any{map[string]any{"name": "bb"}, map[string]any{}, map[string]any{"name": "z"}})
			regions = append(regions, r)
		}
		obj := parse(t, validFleet)
		obj.Object["spec"] = map[string]any{"regions": regions}
		text, err := yaml.Marshal(obj.Object)
		if err != nil {
			rt.Fatal(err)
		}
		obj = parse(t, string(text))
		_, fileErr := fleet.Parse("f.yaml", text)
		serverErr := c.Create(t.Context(), obj)
		if (fileErr != nil) != (serverErr != nil) {
			rt.Fatalf("%s\nthe file: %v\nthe API server: %v", text, fileErr, serverErr)
		}
	})
}
