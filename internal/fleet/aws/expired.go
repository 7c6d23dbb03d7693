package aws

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// sighting is what was found of a fleet.
type sighting struct {
	regions   map[string]bool
	resources int
	networks  []string // expiry of each VPC, "" when it has none
	others    []string // of other resources that have one
	peerings  []string // as networks, of a fleet that has none
}

// sightings are fleets by name.
type sightings map[string]*sighting

func (s sightings) of(name string) *sighting {
	if s[name] == nil {
		s[name] = &sighting{regions: map[string]bool{}}
	}
	return s[name]
}

// expires is when a fleet's time is over. Its networks say so, which go last and
// whose tags up keeps as the file has them. An up that was cut off leaves some with
// another date, of which the latest counts, or without one, and then there is none.
func (s *sighting) expires() string {
	dates := s.others
	switch {
	case len(s.networks) > 0:
		dates = s.networks
	case len(s.peerings) > 0:
		dates = s.peerings
	}
	if len(dates) == 0 || slices.Contains(dates, "") {
		return ""
	}
	return slices.MaxFunc(dates, func(a, b string) int {
		x, badly := fleet.Expiry(a)
		y, wrong := fleet.Expiry(b)
		switch { // what isn't a date never comes
		case badly != nil:
			return 1
		case wrong != nil:
			return -1
		}
		return x.Compare(y)
	})
}

// Fleets finds every fleet of the account, in all regions: by the tags of what it
// has in EC2, and by its roles where it has adopted all networks.
func (c *Cloud) Fleets(ctx context.Context) ([]provision.FoundFleet, error) {
	regions, err := c.in(c.home).ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, c.explain(err, c.home)
	}
	seen, peered := sightings{}, map[string]map[string]bool{}
	var mu sync.Mutex
	group, each := errgroup.WithContext(ctx)
	for _, r := range regions.Regions {
		name := awssdk.ToString(r.RegionName)
		group.Go(func() error {
			tags, err := c.in(name).tags(each, filter("key", infra.TagFleet, infra.TagExpires))
			if err != nil {
				return c.explain(err, name)
			}
			mu.Lock()
			defer mu.Unlock()
			peered[name] = seen.gather(name, tags)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := c.fleetRoles(ctx, seen); err != nil {
		return nil, c.explain(err, "")
	}
	if err := c.fleetPeerings(ctx, seen, peered); err != nil {
		return nil, err
	}
	var all []provision.FoundFleet
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		s := seen[name]
		e := provision.FoundFleet{Name: name, Regions: slices.Sorted(maps.Keys(s.regions)), Resources: s.resources, Expires: s.expires()}
		e.Deadline, _ = fleet.Expiry(e.Expires) // what somebody else wrote there is no time
		all = append(all, e)
	}
	return all, nil
}

// gather adds a region's tags. A value that is no valid name of a fleet is ignored. It
// returns the fleets that have peerings there, which may have been deleted.
func (s sightings) gather(region string, tags []types.TagDescription) (peered map[string]bool) {
	peered = map[string]bool{}
	expires := map[string]string{} // by resource
	for _, t := range tags {
		if awssdk.ToString(t.Key) == infra.TagExpires {
			expires[awssdk.ToString(t.ResourceId)] = awssdk.ToString(t.Value)
		}
	}
	for _, t := range tags {
		name := awssdk.ToString(t.Value)
		if awssdk.ToString(t.Key) != infra.TagFleet || !fleet.ValidName(name) {
			continue
		}
		if t.ResourceType == types.ResourceTypeVpcPeeringConnection || t.ResourceType == types.ResourceTypeNatgateway || t.ResourceType == types.ResourceTypeInstance {
			peered[name] = peered[name] || t.ResourceType == types.ResourceTypeVpcPeeringConnection
			continue // AWS lists those for hours after their end
		}
		at := s.of(name)
		at.resources++
		at.regions[region] = true
		switch date := expires[awssdk.ToString(t.ResourceId)]; {
		case t.ResourceType == types.ResourceTypeVpc:
			at.networks = append(at.networks, date)
		case date != "":
			at.others = append(at.others, date)
		}
	}
	return peered
}

// fleetPeerings adds fleets that have nothing but peerings, between clusters that
// they have adopted.
func (c *Cloud) fleetPeerings(ctx context.Context, seen sightings, peered map[string]map[string]bool) error {
	for _, region := range slices.Sorted(maps.Keys(peered)) {
		for _, name := range slices.Sorted(maps.Keys(peered[region])) {
			if at := seen[name]; at != nil && at.resources > 0 {
				continue
			}
			live, err := c.in(region).peerings(ctx, filter("tag:"+infra.TagFleet, name), livePeering())
			if err != nil {
				return c.explain(err, region)
			}
			for _, p := range live {
				at := seen.of(name)
				at.regions[region] = true
				at.peerings = append(at.peerings, readTags(p.Tags)[infra.TagExpires])
			}
		}
	}
	return nil
}

// fleetRoles adds the roles below Ringspan's path. A fleet that has nothing in EC2
// says at its clusters when its time is over, and without those at its roles.
func (c *Cloud) fleetRoles(ctx context.Context, seen sightings) error {
	roles := map[string][]iamtypes.Role{}
	all, err := c.rolesBelow(ctx, desired.RolesPath)
	if err != nil {
		return err
	}
	for _, r := range all {
		name := strings.TrimSuffix(strings.TrimPrefix(awssdk.ToString(r.Path), desired.RolesPath), "/")
		if fleet.ValidName(name) {
			roles[name] = append(roles[name], r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		inEC2 := seen[name] != nil
		at := seen.of(name)
		at.resources += len(roles[name])
		if inEC2 {
			continue
		}
		for _, r := range roles[name] {
			site, _, _ := strings.Cut(roleID(name, awssdk.ToString(r.RoleName)), "/")
			if site != "" && site != infra.JumpHost && !at.regions[site] {
				at.regions[site] = true
				if err := c.clusterExpiry(ctx, name, site, at); err != nil {
					return err
				}
			}
		}
		if len(at.networks) > 0 {
			continue
		}
		if err := c.roleExpiry(ctx, roles[name], at); err != nil {
			return err
		}
	}
	return nil
}

// clusterExpiry counts like that of a network: up keeps a cluster's tags.
func (c *Cloud) clusterExpiry(ctx context.Context, name, region string, at *sighting) error {
	out, err := c.in(region).eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: awssdk.String(desired.ClusterName(name, region))})
	if is(err, notFound, unknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if out.Cluster.Tags[infra.TagFleetID] == desired.FleetID(c.account, name) {
		at.networks = append(at.networks, out.Cluster.Tags[infra.TagExpires])
	}
	return nil
}

func (c *Cloud) roleExpiry(ctx context.Context, roles []iamtypes.Role, at *sighting) error {
	for _, r := range roles {
		out, err := c.IAM.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: r.RoleName})
		if is(err, notFound) {
			continue
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(out.Tags, func(t iamtypes.Tag) bool { return awssdk.ToString(t.Key) == infra.TagExpires })
		if i >= 0 {
			at.others = append(at.others, cmp.Or(awssdk.ToString(out.Tags[i].Value), "never"))
		}
	}
	return nil
}
