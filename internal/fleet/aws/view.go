package aws

import (
	"context"
	"fmt"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/network"
)

// Describe is what decides over packets between the fleet's regions, as the API
// describes it: routes, groups, lists, peerings, the network plugin's settings.
// Regions that have no cluster yet are named in missing, and are not in it.
func (c *Cloud) Describe(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) (view network.Cloud, missing []string, err error) {
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
		if v.vpc == nil || len(v.apiServer) == 0 || len(v.nodes) == 0 {
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

	cluster, plugin string       // the cluster's name; settings of add-on vpc-cni
	within          types.Filter // for what is in the cluster's network
	vpc             *types.Vpc
	subnets         []types.Subnet
	tables          []types.RouteTable
	lists           []types.NetworkAcl
	groups          []types.SecurityGroup
	peerings        []types.VpcPeeringConnection
	apiServer       []types.NetworkInterface // the interfaces of the API server
	nodes           []types.Instance
}

// ask finds the cluster, and then everything in its network.
func (v *regionView) ask(ctx context.Context, fleet string, r *fleetv1.Region) error {
	v.cluster = desired.ClusterName(fleet, r.Name)
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
	v.within = filter("vpc-id", vpc)
	group, ctx := errgroup.WithContext(ctx)
	for _, ask := range []func(context.Context) error{
		func(ctx context.Context) error { return v.askVPC(ctx, vpc) },
		v.askSubnets, v.askTables, v.askLists, v.askGroups, v.askPeerings, v.askAPIServer, v.askNodes, v.askPlugin,
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

func (v *regionView) askSubnets(ctx context.Context) (err error) {
	v.subnets, err = v.in.subnets(ctx, v.within)
	return err
}

func (v *regionView) askTables(ctx context.Context) (err error) {
	v.tables, err = v.in.routeTables(ctx, v.within)
	return err
}

func (v *regionView) askLists(ctx context.Context) (err error) {
	v.lists, err = v.in.networkACLs(ctx, v.within)
	return err
}

func (v *regionView) askGroups(ctx context.Context) (err error) {
	v.groups, err = v.in.securityGroups(ctx, v.within)
	return err
}

// askPeerings finds those of both sides, in any state.
func (v *regionView) askPeerings(ctx context.Context) error {
	for _, side := range []string{"requester", "accepter"} {
		all, err := v.in.peerings(ctx, filter(side+"-vpc-info.vpc-id", v.within.Values...))
		if err != nil {
			return err
		}
		v.peerings = append(v.peerings, all...)
	}
	return nil
}

func (v *regionView) askAPIServer(ctx context.Context) (err error) {
	v.apiServer, err = v.in.networkInterfaces(ctx, v.within, filter("description", "Amazon EKS "+v.cluster))
	return err
}

// askNodes finds the cluster's machines by the tag that every node of EKS has.
func (v *regionView) askNodes(ctx context.Context) (err error) {
	v.nodes, err = v.in.instances(ctx, v.within, filter("instance-state-name", "running"), filter("tag:kubernetes.io/cluster/"+v.cluster, "owned"))
	return err
}

func (v *regionView) askPlugin(ctx context.Context) error {
	out, err := v.in.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &v.cluster, AddonName: awssdk.String("vpc-cni")})
	if is(err, notFound) {
		return nil // it is managed by somebody else: EKS's defaults are assumed
	}
	if err == nil {
		v.plugin = awssdk.ToString(out.Addon.ConfigurationValues)
	}
	return err
}
