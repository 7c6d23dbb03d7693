package aws

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// A fleet is never past because of one date among several: gc would delete it.
func TestWhenAFleetsTimeIsOver(t *testing.T) {
	for name, test := range map[string]struct {
		s    sighting
		want string
	}{
		"nothing says so":                        {sighting{}, ""},
		"all networks say the same":              {sighting{networks: []string{"2026-01-01", "2026-01-01"}}, "2026-01-01"},
		"up was cut off while it put it off":     {sighting{networks: []string{"2026-01-01", "2027-01-01"}}, "2027-01-01"},
		"up was cut off while it took it away":   {sighting{networks: []string{"2026-01-01", ""}}, ""},
		"one is no date":                         {sighting{networks: []string{"2026-01-01", "soon"}}, "soon"},
		"networks count before what else":        {sighting{networks: []string{""}, others: []string{"2026-01-01"}}, ""},
		"without networks, what else":            {sighting{others: []string{"2026-01-01"}}, "2026-01-01"},
		"without networks, peerings before that": {sighting{peerings: []string{""}, others: []string{"2026-01-01"}}, ""},
	} {
		if got := test.s.expires(); got != test.want {
			t.Errorf("%s: %q, wanted %q", name, got, test.want)
		}
	}
}

// Fleets are told apart by a tag's value; what EC2 lists after its end makes no fleet.
func TestFleetsByTheirTags(t *testing.T) {
	tag := func(id string, kind types.ResourceType, key, value string) types.TagDescription {
		return types.TagDescription{ResourceId: &id, ResourceType: kind, Key: &key, Value: &value}
	}
	seen := sightings{}
	peered := seen.gather("eu-west-1", []types.TagDescription{
		tag("vpc-1", types.ResourceTypeVpc, infra.TagFleet, "a"), tag("vpc-1", types.ResourceTypeVpc, infra.TagExpires, "2026-01-01"),
		tag("subnet-1", types.ResourceTypeSubnet, infra.TagFleet, "a"),
		tag("pcx-1", types.ResourceTypeVpcPeeringConnection, infra.TagFleet, "b"), tag("pcx-1", types.ResourceTypeVpcPeeringConnection, infra.TagExpires, "2026-01-01"),
		tag("i-1", types.ResourceTypeInstance, infra.TagFleet, "c"), tag("nat-1", types.ResourceTypeNatgateway, infra.TagFleet, "c"),
		tag("sg-1", types.ResourceTypeSecurityGroup, infra.TagFleet, "No Fleet"), tag("vpc-2", types.ResourceTypeVpc, infra.TagExpires, "2026-01-01"),
	})
	if !maps.Equal(peered, map[string]bool{"b": true, "c": false}) {
		t.Errorf("peered: %v", peered)
	}
	if len(seen) != 1 || seen["a"].resources != 2 || !slices.Equal(seen["a"].networks, []string{"2026-01-01"}) || len(seen["a"].others) != 0 || !seen["a"].regions["eu-west-1"] {
		t.Errorf("%+v", seen["a"])
	}
	seen.gather("eu-central-1", []types.TagDescription{tag("vpc-3", types.ResourceTypeVpc, infra.TagFleet, "a")})
	if seen["a"].expires() != "" || len(seen["a"].regions) != 2 {
		t.Errorf("%+v", seen["a"])
	}
}
