package desired

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// input is what a fleet of these regions is decided from, in an account with three zones in
// each of them.
func input(t *testing.T, regions ...string) infra.Input {
	t.Helper()
	text := "apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: f}\nspec:\n  provider: aws\n  regions: [{" + strings.Join(regions, "}, {") + "}]\n"
	f, err := fleet.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := infra.Input{Fleet: "f", ID: "id", Spec: f.Fleet.Spec, Seen: &infra.Seen{Account: "1", Adopted: map[string]infra.AdoptedNetwork{}, Offer: infra.Offer{Zones: map[string][]infra.Zone{}}}}
	for _, r := range in.Spec.Regions {
		for i, z := range []string{"a", "b", "c"} {
			in.Seen.Offer.Zones[r.Name] = append(in.Seen.Offer.Zones[r.Name], infra.Zone{Name: r.Name + z, ID: fmt.Sprintf("%s-az%d", r.Name, i+1)})
		}
	}
	return in
}

func TestZonesAreChosen(t *testing.T) {
	for name, test := range map[string]struct {
		region string
		change func(*infra.Seen)
		want   []string
		wrong  string
	}{
		"all three": {region: "name: eu-west-1", want: []string{"a", "b", "c"}},
		"as given":  {region: "name: eu-west-1, nodes: {count: 2}, zones: [{name: eu-west-1c}, {name: eu-west-1a}]", want: []string{"c", "a"}},
		"not one in which EKS makes no control planes": {region: "name: us-east-1", change: func(s *infra.Seen) { s.Offer.Zones["us-east-1"][1].ID = "use1-az3" }, want: []string{"a", "c"}},
		"such a one is given":                          {region: "name: us-east-1, nodes: {count: 2}, zones: [{name: us-east-1a}, {name: us-east-1b}]", change: func(s *infra.Seen) { s.Offer.Zones["us-east-1"][1].ID = "use1-az3" }, wrong: "zone us-east-1b can't be used: EKS makes no control planes there"},
		"one that the account doesn't have is given":   {region: "name: eu-west-1, nodes: {count: 2}, zones: [{name: eu-west-1a}, {name: eu-west-1f}]", wrong: "zone eu-west-1f can't be used: the account has no such zone"},
		"only one is left":                             {region: "name: eu-west-1", change: func(s *infra.Seen) { s.Offer.Zones["eu-west-1"] = s.Offer.Zones["eu-west-1"][:1] }, wrong: "has 1 zones that EKS can use"},
		"where subnets are already, whatever else the account has got": {region: "name: eu-west-1", want: []string{"d", "b"}, change: func(s *infra.Seen) {
			for zone, cidr := range map[string]string{"b": "10.0.32.0/19", "d": "10.0.0.0/19"} {
				s.Found = append(s.Found, infra.Found{ID: "eu-west-1/subnet/private/eu-west-1" + zone, Kind: infra.Subnet, Have: map[string]string{"cidr": cidr}})
			}
		}},
	} {
		in := input(t, test.region)
		if test.change != nil {
			test.change(in.Seen)
		}
		d, err := Planner{"aws"}.Desire(in)
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want []string
		for _, z := range test.want {
			want = append(want, in.Spec.Regions[0].Name+z)
		}
		if !slices.Equal(d.Sites[0].Zones, want) {
			t.Errorf("%s: %v, wanted %v", name, d.Sites[0].Zones, want)
		}
	}
}

// kinds counts a region's resources; of those that are adopted, apart.
func kinds(d *infra.Desired, region string) (made, adopted map[infra.Kind]int) {
	made, adopted = map[infra.Kind]int{}, map[infra.Kind]int{}
	for i := range d.Resources {
		r := &d.Resources[i]
		switch {
		case !strings.HasPrefix(r.ID, region+"/"):
		case r.Adopted != "":
			adopted[r.Kind]++
		default:
			made[r.Kind]++
		}
	}
	return made, adopted
}

// What a region adopts isn't made there, and all that connects it is.
func TestWhatARegionNeeds(t *testing.T) {
	other := "name: eu-central-1, cidr: 172.22.0.0/16"
	network := map[infra.Kind]int{infra.Network: 1, infra.Gateway: 1, infra.Subnet: 6, infra.RouteTable: 2, infra.Association: 6, infra.Address: 1, infra.NAT: 1, infra.Route: 4}
	cluster := map[infra.Kind]int{infra.Cluster: 1, infra.FirewallRules: 1, infra.AccessEntry: 1, infra.Addon: 5, infra.WorkloadIdentity: 2, infra.NodePool: 1, infra.Role: 4}
	sum := func(all ...map[infra.Kind]int) map[infra.Kind]int {
		out := map[infra.Kind]int{}
		for _, m := range all {
			for k, n := range m {
				out[k] += n
			}
		}
		return out
	}
	perZone := map[infra.Kind]int{infra.Address: 2, infra.NAT: 2, infra.RouteTable: 2, infra.Route: 4}
	for name, test := range map[string]struct {
		region        string
		adopt         infra.AdoptedNetwork
		networkOnly   bool
		made, adopted map[infra.Kind]int
	}{
		"everything":             {region: "name: eu-west-1", made: sum(network, cluster)},
		"networks only":          {region: "name: eu-west-1", networkOnly: true, made: network},
		"a way out of each zone": {region: "name: eu-west-1, nat: perZone", made: sum(network, cluster, perZone)},
		"in a network of others": {region: "name: eu-west-1, adopt: {vpc: vpc-0123456789abcdef0}", adopt: infra.AdoptedNetwork{ID: "vpc-0", CIDR: "10.9.0.0/16", RouteTables: []string{"rtb-1", "rtb-2"}}, made: sum(cluster, map[infra.Kind]int{infra.Route: 2}), adopted: map[infra.Kind]int{infra.Network: 1, infra.RouteTable: 2}},
		"beside a cluster of others": {region: "name: eu-west-1, adopt: {cluster: theirs}", adopt: infra.AdoptedNetwork{ID: "vpc-0", CIDR: "10.9.0.0/16", Cluster: "theirs", RouteTables: []string{"rtb-1"}}, made: map[infra.Kind]int{infra.Route: 1, infra.FirewallRules: 1},
			adopted: map[infra.Kind]int{infra.Network: 1, infra.RouteTable: 1, infra.Cluster: 1}},
	} {
		in := input(t, test.region, other)
		in.NetworkOnly = test.networkOnly
		if test.adopt.ID != "" {
			in.Seen.Adopted["eu-west-1"] = test.adopt
		}
		d, err := Planner{"aws"}.Desire(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		made, adopted := kinds(d, "eu-west-1")
		if diff := cmp.Diff(test.made, made); diff != "" {
			t.Errorf("%s: made: %s", name, diff)
		}
		if diff := cmp.Diff(test.adopted, adopted); diff != "" && len(test.adopted)+len(adopted) > 0 {
			t.Errorf("%s: adopted: %s", name, diff)
		}
	}
}

// ARNs begin with the partition in which they are.
func TestNamesInAnotherPartition(t *testing.T) {
	in := input(t, "name: cn-north-1", "name: cn-northwest-1")
	d, err := Planner{"aws-cn"}.Desire(in)
	if err != nil {
		t.Fatal(err)
	}
	arns := 0
	for i := range d.Resources {
		for _, text := range []string{d.Resources[i].Want["principal"], d.Resources[i].Want["policies"]} {
			for _, arn := range infra.Values(text) {
				arns++
				if !strings.HasPrefix(arn, "arn:aws-cn:iam::") {
					t.Errorf("%s: %s", d.Resources[i].ID, arn)
				}
			}
		}
	}
	if arns < 4 {
		t.Errorf("%d ARNs", arns)
	}
}

// What one resource gets too much of is said: AWS may refuse it, however empty the account is.
func TestLimitsOfOneResource(t *testing.T) {
	for n, want := range map[int]int{2: 0, 9: 0, 10: 10} {
		d := &desire{out: &infra.Desired{}}
		for i := range n {
			d.out.Sites = append(d.out.Sites, infra.Site{Name: fmt.Sprintf("r%02d", i)})
		}
		for i := range d.out.Sites {
			d.rules(&d.out.Sites[i], d.out.Sites[i].Name+"/cluster")
		}
		d.limits()
		if len(d.out.Warnings) != want {
			t.Errorf("%d networks: %q", n, d.out.Warnings)
		}
	}
	d := &desire{out: &infra.Desired{}}
	for i := range 51 {
		d.add(infra.Resource{Kind: infra.Link, Refs: map[string]string{"vpc": "hub/vpc", "peer": fmt.Sprintf("r%d/vpc", i)}})
	}
	d.limits()
	if len(d.out.Warnings) != 1 || !strings.Contains(d.out.Warnings[0], "hub/vpc gets 51 peerings") {
		t.Errorf("%q", d.out.Warnings)
	}
}

// Two people who have the file and the account mean one fleet, whatever machine they are at;
// a fleet of the name in another account is another one.
func TestWhichFleetItIs(t *testing.T) {
	if got := FleetID("000000000000", "article"); got != FleetID("000000000000", "article") || got == FleetID("000000000001", "article") || len(got) != 20 {
		t.Error(got)
	}
	if got := input(t, "name: eu-west-1").Tags(); len(got) != 2 || got[infra.TagFleet] != "f" || got[infra.TagFleetID] != "id" {
		t.Errorf("%v", got)
	}
	in := input(t, "name: eu-west-1")
	in.Spec.Expires, in.Spec.Tags = "2027-01-01", map[string]string{"team": "db"}
	if got := in.Tags(); got[infra.TagExpires] != "2027-01-01" || got["team"] != "db" {
		t.Errorf("%v", got)
	}
}
