package aws

import (
	"context"
	"fmt"
	"slices"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
)

// View is what decides over packets between the fleet's regions, as the API
// describes it: routes, groups, lists, peerings, the network plugin's settings.
// Regions that have no cluster yet are named in missing, and are not in it.
func (c *Cloud) View(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) (view network.Cloud, missing []string, err error) {
	all := make([]*regionView, len(spec.Regions))
	group, each := errgroup.WithContext(ctx)
	for i := range spec.Regions {
		group.Go(func() error {
			v := &regionView{in: c.in(spec.Regions[i].Name)}
			all[i] = v
			return c.explain(v.ask(each, fleet, &spec.Regions[i]), v.in.name)
		})
	}
	if err := group.Wait(); err != nil {
		return view, nil, err
	}
	peerings := map[string]network.Peering{}
	for _, v := range all {
		if v.vpc == nil || len(v.doors) == 0 || len(v.nodes) == 0 {
			missing = append(missing, v.in.name)
			continue
		}
		r, err := v.region()
		if err != nil {
			return view, nil, fmt.Errorf("%s: %w", v.in.name, err)
		}
		view.Regions = append(view.Regions, r)
		for _, p := range v.peerings {
			read := readPeering(p)
			if known, ok := peerings[read.ID]; !ok || known.State == network.PeeringActive {
				peerings[read.ID] = read // the requester may not know yet what the accepter does: the worse counts
			}
		}
	}
	for _, p := range peerings {
		view.Peerings = append(view.Peerings, p)
	}
	slices.SortFunc(view.Peerings, func(a, b network.Peering) int { return compareIDs(a.ID, b.ID) })
	return view, missing, nil
}

// regionView is one region's answers.
type regionView struct {
	in *regional

	cluster, plugin string // the cluster's name; settings of add-on vpc-cni
	vpc             *types.Vpc
	subnets         []types.Subnet
	tables          []types.RouteTable
	lists           []types.NetworkAcl
	groups          []types.SecurityGroup
	peerings        []types.VpcPeeringConnection
	doors           []types.NetworkInterface // of the API server
	nodes           []types.Instance

	mu sync.Mutex
}

// ask finds the cluster, and then everything in its network.
func (v *regionView) ask(ctx context.Context, fleet string, r *fleetv1.Region) error {
	v.cluster = infra.ClusterName(fleet, r.Name)
	if r.Adopt != nil && r.Adopt.Cluster != "" {
		v.cluster = r.Adopt.Cluster
	}
	out, err := v.in.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &v.cluster})
	if is(err, notFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if out.Cluster.ResourcesVpcConfig == nil {
		return nil
	}
	vpc := awssdk.ToString(out.Cluster.ResourcesVpcConfig.VpcId)
	in := []types.Filter{filter("vpc-id", vpc)}
	group, ctx := errgroup.WithContext(ctx)
	for _, ask := range []func(context.Context) error{
		func(ctx context.Context) error { return v.askVPC(ctx, vpc) },
		func(ctx context.Context) error { return v.askParts(ctx, in) },
		func(ctx context.Context) error { return v.askFilters(ctx, in) },
		func(ctx context.Context) error { return v.askPeerings(ctx, vpc) },
		func(ctx context.Context) error { return v.askDoors(ctx, in) },
		func(ctx context.Context) error { return v.askNodes(ctx, in) },
		v.askPlugin,
	} {
		group.Go(func() error { return ask(ctx) })
	}
	return group.Wait()
}

func (v *regionView) askVPC(ctx context.Context, id string) error {
	out, err := v.in.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if err == nil && len(out.Vpcs) == 1 {
		v.vpc = &out.Vpcs[0]
	}
	return err
}

func (v *regionView) askParts(ctx context.Context, in []types.Filter) error {
	subnets := ec2.NewDescribeSubnetsPaginator(v.in.ec2, &ec2.DescribeSubnetsInput{Filters: in})
	for subnets.HasMorePages() {
		page, err := subnets.NextPage(ctx)
		if err != nil {
			return err
		}
		v.subnets = append(v.subnets, page.Subnets...)
	}
	tables := ec2.NewDescribeRouteTablesPaginator(v.in.ec2, &ec2.DescribeRouteTablesInput{Filters: in})
	for tables.HasMorePages() {
		page, err := tables.NextPage(ctx)
		if err != nil {
			return err
		}
		v.tables = append(v.tables, page.RouteTables...)
	}
	return nil
}

func (v *regionView) askFilters(ctx context.Context, in []types.Filter) error {
	lists := ec2.NewDescribeNetworkAclsPaginator(v.in.ec2, &ec2.DescribeNetworkAclsInput{Filters: in})
	for lists.HasMorePages() {
		page, err := lists.NextPage(ctx)
		if err != nil {
			return err
		}
		v.lists = append(v.lists, page.NetworkAcls...)
	}
	groups := ec2.NewDescribeSecurityGroupsPaginator(v.in.ec2, &ec2.DescribeSecurityGroupsInput{Filters: in})
	for groups.HasMorePages() {
		page, err := groups.NextPage(ctx)
		if err != nil {
			return err
		}
		v.groups = append(v.groups, page.SecurityGroups...)
	}
	return nil
}

// askPeerings finds those of both sides, in any state.
func (v *regionView) askPeerings(ctx context.Context, vpc string) error {
	for _, side := range []string{"requester", "accepter"} {
		pages := ec2.NewDescribeVpcPeeringConnectionsPaginator(v.in.ec2, &ec2.DescribeVpcPeeringConnectionsInput{Filters: []types.Filter{filter(side+"-vpc-info.vpc-id", vpc)}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			v.peerings = append(v.peerings, page.VpcPeeringConnections...)
		}
	}
	return nil
}

func (v *regionView) askDoors(ctx context.Context, in []types.Filter) error {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(v.in.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: append(slices.Clone(in), filter("description", "Amazon EKS "+v.cluster))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		v.doors = append(v.doors, page.NetworkInterfaces...)
	}
	return nil
}

// askNodes finds the cluster's machines by the tag that every node of EKS has.
func (v *regionView) askNodes(ctx context.Context, in []types.Filter) error {
	pages := ec2.NewDescribeInstancesPaginator(v.in.ec2, &ec2.DescribeInstancesInput{Filters: append(slices.Clone(in), filter("instance-state-name", "running"), filter("tag:kubernetes.io/cluster/"+v.cluster, "owned"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.Reservations {
			v.nodes = append(v.nodes, r.Instances...)
		}
	}
	return nil
}

func (v *regionView) askPlugin(ctx context.Context) error {
	out, err := v.in.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &v.cluster, AddonName: awssdk.String("vpc-cni")})
	if is(err, notFound) {
		return nil // it is managed by somebody else: EKS's defaults are assumed
	}
	if err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.plugin = awssdk.ToString(out.Addon.ConfigurationValues)
	}
	return err
}
