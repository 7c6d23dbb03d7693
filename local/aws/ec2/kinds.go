package ec2

import (
	"maps"
	"slices"
)

// taggable are the kinds that have ids and tags, as DescribeTags lists them.
// It is filled by init because the kinds' filters lead back to it.
var taggable []taggableKind

func init() {
	taggable = []taggableKind{
		vpcs, dhcpOptions, subnets, internetGateways, addresses, natGateways, routeTables, securityGroups, securityGroupRules,
		networkAcls, peeringTags{}, networkInterfaces, instances, volumes, launchTemplates,
	}
}

// Used lists the regions that hold anything. Inside Do.
func (s *Service) Used() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.state.Regions)) {
		if len(s.In(name).Resources()) > 0 {
			out = append(out, name)
		}
	}
	return out
}

// Resources lists the ids of all that a region holds beside its DHCP options,
// to see what is left. What is deleted and only listed for a while isn't held.
// Inside Do.
func (a *API) Resources() []string {
	var out []string
	for _, k := range taggable {
		for _, id := range k.ids(a) {
			if a.held(id) {
				out = append(out, id)
			}
		}
	}
	return out
}

func (a *API) held(id string) bool {
	if n := a.region.NatGateways.Get(id); n != nil {
		return n.State != "deleted"
	}
	if n := a.region.Instances.Get(id); n != nil {
		return n.State != stateTerminated
	}
	return a.region.DhcpOptions.Get(id) == nil
}
