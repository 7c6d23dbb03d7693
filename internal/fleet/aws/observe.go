package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Question is what to look for.
type Question struct {
	Fleet    string
	ID       string              // FleetID of it
	Regions  []string            // to look at closely; others only where the fleet's tag is found
	Adopted  []fleetv1.Region    // regions with something to adopt
	Sites    map[string][]string // names of networks by region: a region's, and the jump host's
	Leaving  bool                // also look for what only matters on the way out
	JumpHost string              // region of the jump host, "" without one
	Spec     *fleetv1.FleetSpec  // nil when there is no file
	Progress func(region, text string)
}

// Ask makes the question of a fleet's file.
func (c *Cloud) Ask(name string, spec *fleetv1.FleetSpec) Question {
	q := Question{Fleet: name, ID: FleetID(c.Account, name), Spec: spec}
	if spec == nil {
		return q
	}
	for _, r := range spec.Regions {
		q.Regions = append(q.Regions, r.Name)
		if r.Adopt != nil {
			q.Adopted = append(q.Adopted, r)
		}
	}
	if spec.JumpHost != nil {
		q.JumpHost = spec.JumpHost.Region
		if !slices.Contains(q.Regions, q.JumpHost) {
			q.Regions = append(q.Regions, q.JumpHost)
		}
	}
	return q
}

// Observe finds everything of the fleet: closely in the regions that are asked
// for, and wherever else in the account its tag is. It changes nothing.
func (c *Cloud) Observe(ctx context.Context, q Question) (*infra.Seen, error) {
	roles, regions, err := c.whereabouts(ctx, q)
	if err != nil {
		return nil, err
	}
	seen := &infra.Seen{Found: roles, Account: c.Account, Partition: c.Partition, Caller: c.Caller,
		Zones: map[string][]infra.Zone{}, Adopted: map[string]infra.AdoptedVPC{}, Images: map[string]string{}, VCPUs: map[string]int{}}
	group, each := errgroup.WithContext(ctx)
	looks := make([]*look, len(regions))
	for i, name := range regions {
		group.Go(func() error {
			l := &look{cloud: c, in: c.in(name), question: q, asked: slices.Contains(q.Regions, name)}
			looks[i] = l
			return c.explain(l.all(each), name)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, l := range looks {
		l.into(seen)
	}
	derive(seen)
	if q.Leaving {
		seen.Foreign = foreign(looks, seen)
	}
	return seen, nil
}

// whereabouts are the fleet's roles, and the regions to look at: those asked for,
// those in which the fleet's tag is, and those of its roles. A cluster in a network
// that is adopted may be all that there is of the fleet in a region.
func (c *Cloud) whereabouts(ctx context.Context, q Question) (roles []infra.Found, regions []string, err error) {
	var enabled []string
	group, each := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		roles, err = c.roles(each, q)
		return c.explain(err, "")
	})
	group.Go(func() (err error) {
		regions, enabled, err = c.searched(each, q)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for _, r := range roles {
		site, _, _ := strings.Cut(r.ID, "/")
		if slices.Contains(enabled, site) && !slices.Contains(regions, site) {
			regions = append(regions, site)
		}
	}
	return roles, regions, nil
}

// searched are the regions to look at: those asked for, which must be enabled in
// the account, and those in which the fleet's tag is; and all that are enabled.
func (c *Cloud) searched(ctx context.Context, q Question) (out, enabled []string, err error) {
	all, err := c.in(c.home).ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: awssdk.Bool(true)})
	if err != nil {
		return nil, nil, c.explain(err, c.home)
	}
	for _, r := range all.Regions {
		if awssdk.ToString(r.OptInStatus) != "not-opted-in" {
			enabled = append(enabled, awssdk.ToString(r.RegionName))
		}
	}
	for _, name := range q.Regions {
		if !slices.Contains(enabled, name) {
			known := slices.ContainsFunc(all.Regions, func(r types.Region) bool { return awssdk.ToString(r.RegionName) == name })
			if known {
				return nil, nil, fmt.Errorf("region %s is not enabled in account %s: enable it in the account's settings, or choose another", name, c.Account)
			}
			return nil, nil, fmt.Errorf("%q is not a region of AWS that account %s knows; there are %s", name, c.Account, strings.Join(enabled, ", "))
		}
	}
	tagged := make([]bool, len(enabled))
	group, each := errgroup.WithContext(ctx)
	for i, name := range enabled {
		if slices.Contains(q.Regions, name) {
			tagged[i] = true
			continue
		}
		group.Go(func() (err error) {
			tagged[i], err = c.hasTag(each, name, infra.TagFleetID, q.ID)
			return c.explain(err, name)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for i, name := range enabled {
		if tagged[i] {
			out = append(out, name)
		}
	}
	return out, enabled, nil
}

// hasTag asks with one call whether anything in a region carries a tag.
func (c *Cloud) hasTag(ctx context.Context, region, key, value string) (bool, error) {
	out, err := c.in(region).ec2.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("key", key), filter("value", value)}})
	if err != nil {
		return false, err
	}
	return len(out.Tags) > 0, nil
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: awssdk.String(name), Values: values}
}

// look is one region's answers.
type look struct {
	cloud    *Cloud
	in       *regional
	question Question
	asked    bool // for its own sake, not only because the tag was found

	vpcs       []types.Vpc
	attributes map[string][2]bool // dnsSupport, dnsHostnames by VPC
	gateways   []types.InternetGateway
	subnets    []types.Subnet
	addresses  []types.Address
	nats       []types.NatGateway
	tables     []types.RouteTable
	peerings   []types.VpcPeeringConnection
	groups     []types.SecurityGroup
	instances  []types.Instance
	volumes    []types.Volume
	zones      []infra.Zone
	image      string
	quotas     []infra.Quota
	vcpus      map[string]int // by instance type
	clusters   []clusterLook
	adopted    *infra.AdoptedVPC
	inside     inside

	adoptedTables []types.RouteTable    // of a network that was there before
	joinedGroups  []types.SecurityGroup // of networks that the fleet only joins
}

// ours is the filter for the fleet's tag.
func (l *look) ours() []types.Filter {
	return []types.Filter{filter("tag:"+infra.TagFleetID, l.question.ID)}
}

// all asks everything at once.
func (l *look) all(asked context.Context) error {
	group, ctx := errgroup.WithContext(asked)
	for _, ask := range []func(context.Context) error{
		l.askVPCs, l.askGateways, l.askSubnets, l.askAddresses, l.askNATs, l.askTables, l.askPeerings, l.askGroups,
		l.askInstances, l.askVolumes, l.askZones, l.askImage, l.askQuotas, l.askClusters, l.askAdopted,
	} {
		group.Go(func() error { return ask(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	l.tables = append(l.tables, l.adoptedTables...)
	return l.askJoined(asked)
}

// askJoined looks, on the way out and without a file that names what was adopted,
// at the networks of others that the fleet's peerings lead to: its routes and rules
// in them go too.
func (l *look) askJoined(ctx context.Context) error {
	if !l.question.Leaving || l.question.Spec != nil {
		return nil
	}
	for _, id := range l.joined() {
		within := filter("vpc-id", id)
		tables, err := l.in.routeTables(ctx, within)
		if err != nil {
			return err
		}
		groups, err := l.in.securityGroups(ctx, within)
		if err != nil {
			return err
		}
		l.tables, l.joinedGroups = append(l.tables, tables...), append(l.joinedGroups, groups...)
	}
	return nil
}

// joined are the networks of this region that the fleet's peerings have an end in
// and that aren't its own.
func (l *look) joined() (ids []string) {
	for _, p := range l.peerings {
		for _, end := range []*types.VpcPeeringConnectionVpcInfo{p.RequesterVpcInfo, p.AccepterVpcInfo} {
			if end == nil || awssdk.ToString(end.Region) != l.in.name {
				continue
			}
			id := awssdk.ToString(end.VpcId)
			own := slices.ContainsFunc(l.vpcs, func(v types.Vpc) bool { return awssdk.ToString(v.VpcId) == id })
			if !own && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (l *look) askVPCs(ctx context.Context) (err error) {
	if l.vpcs, err = l.in.vpcs(ctx, l.ours()...); err != nil {
		return err
	}
	l.attributes = map[string][2]bool{}
	for _, v := range l.vpcs {
		id := awssdk.ToString(v.VpcId)
		if err := l.askAttributes(ctx, id); err != nil && !is(err, notFound) {
			return err
		}
		if l.question.Leaving {
			if err := l.askInside(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *look) askAttributes(ctx context.Context, vpc string) error {
	support, err := l.in.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: types.VpcAttributeNameEnableDnsSupport})
	if err != nil {
		return err
	}
	names, err := l.in.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: types.VpcAttributeNameEnableDnsHostnames})
	if err != nil {
		return err
	}
	l.attributes[vpc] = [2]bool{attribute(support.EnableDnsSupport), attribute(names.EnableDnsHostnames)}
	return nil
}

func attribute(v *types.AttributeBooleanValue) bool { return v != nil && awssdk.ToBool(v.Value) }

func (l *look) askGateways(ctx context.Context) (err error) {
	l.gateways, err = l.in.internetGateways(ctx, l.ours()...)
	return err
}

func (l *look) askSubnets(ctx context.Context) (err error) {
	l.subnets, err = l.in.subnets(ctx, l.ours()...)
	return err
}

func (l *look) askAddresses(ctx context.Context) (err error) {
	l.addresses, err = l.in.addresses(ctx, l.ours()...)
	return err
}

func (l *look) askNATs(ctx context.Context) (err error) {
	l.nats, err = l.in.natGateways(ctx, l.ours()...)
	return err
}

func (l *look) askTables(ctx context.Context) (err error) {
	l.tables, err = l.in.routeTables(ctx, l.ours()...)
	return err
}

// askPeerings: a peering is described in both of its regions, each with its own
// tags.
func (l *look) askPeerings(ctx context.Context) (err error) {
	l.peerings, err = l.in.peerings(ctx, l.ours()...)
	return err
}

func (l *look) askGroups(ctx context.Context) (err error) {
	l.groups, err = l.in.securityGroups(ctx, l.ours()...)
	return err
}

func (l *look) askInstances(ctx context.Context) (err error) {
	l.instances, err = l.in.instances(ctx, l.ours()...)
	return err
}

// askVolumes finds what the clusters' storage left behind.
func (l *look) askVolumes(ctx context.Context) (err error) {
	if !l.question.Leaving {
		return nil
	}
	l.volumes, err = l.in.volumes(ctx, l.ours()...)
	return err
}

func (l *look) askZones(ctx context.Context) error {
	if !l.asked || l.question.Leaving {
		return nil
	}
	out, err := l.in.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: []types.Filter{filter("zone-type", "availability-zone"), filter("state", "available")}})
	if err != nil {
		return err
	}
	for _, z := range out.AvailabilityZones {
		l.zones = append(l.zones, infra.Zone{Name: awssdk.ToString(z.ZoneName), ID: awssdk.ToString(z.ZoneId)})
	}
	return nil
}

// adoptedCluster is the name of the cluster that a region adopts.
func (q Question) adoptedCluster(region string) string {
	for _, r := range q.Adopted {
		if r.Name == region {
			return r.Adopt.Cluster
		}
	}
	return ""
}

// askAdopted looks at the network that is there already.
func (l *look) askAdopted(ctx context.Context) error {
	i := slices.IndexFunc(l.question.Adopted, func(r fleetv1.Region) bool { return r.Name == l.in.name })
	if i < 0 || !l.asked {
		return nil
	}
	adopt := l.question.Adopted[i].Adopt
	a := &infra.AdoptedVPC{ID: adopt.VPC, Cluster: adopt.Cluster}
	var own bool
	if adopt.Cluster != "" {
		out, err := l.in.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &adopt.Cluster})
		if l.question.Leaving && is(err, notFound) {
			return nil // with it everything in it that was the fleet's is gone
		}
		if err != nil {
			return fmt.Errorf("adopting cluster %s: %w", adopt.Cluster, err)
		}
		a.ID = awssdk.ToString(out.Cluster.ResourcesVpcConfig.VpcId)
		if n := out.Cluster.KubernetesNetworkConfig; n != nil {
			a.Services = awssdk.ToString(n.ServiceIpv4Cidr)
		}
		own = l.owner(a, "EKS cluster "+adopt.Cluster, out.Cluster.Tags)
	}
	vpcs, err := l.in.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{a.ID}})
	if l.question.Leaving && is(err, notFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopting %s: %w", a.ID, err)
	}
	a.CIDR = awssdk.ToString(vpcs.Vpcs[0].CidrBlock)
	if adopt.Cluster == "" {
		own = l.owner(a, "VPC "+a.ID, readTags(vpcs.Vpcs[0].Tags))
	} else if a.Owned == "" && !own {
		l.owner(a, "EKS cluster "+adopt.Cluster+" in VPC "+a.ID, readTags(vpcs.Vpcs[0].Tags))
	}
	if own {
		return nil // it is found by its tags
	}
	within := filter("vpc-id", a.ID)
	subnets, err := l.in.subnets(ctx, within)
	if err != nil {
		return err
	}
	a.Subnets = privateOf(subnets)
	tables, err := l.in.routeTables(ctx, within)
	if err != nil {
		return err
	}
	a.RouteTables = idsOf(tables, func(t types.RouteTable) *string { return t.RouteTableId })
	slices.Sort(a.RouteTables)
	l.adopted, l.adoptedTables = a, tables
	return nil
}

// owner notes whose something is by its tags, and tells whether it is the fleet's
// own.
func (l *look) owner(a *infra.AdoptedVPC, what string, tags map[string]string) (own bool) {
	name, id := tags[infra.TagFleet], tags[infra.TagFleetID]
	if id == l.question.ID {
		return true
	}
	if name != "" || id != "" {
		a.Owned, a.Owner = what, cmp.Or(name, id)
	}
	return false
}

// privateOf are the subnets that don't give public addresses; all when all do.
func privateOf(subnets []types.Subnet) (ids []string) {
	var all []string
	for _, s := range subnets {
		all = append(all, awssdk.ToString(s.SubnetId))
		if !awssdk.ToBool(s.MapPublicIpOnLaunch) {
			ids = append(ids, awssdk.ToString(s.SubnetId))
		}
	}
	if len(ids) == 0 {
		ids = all
	}
	slices.Sort(ids)
	return ids
}
