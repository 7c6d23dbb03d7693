package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/network"
)

// Describe is what decides over packets between the fleet's regions, as the API
// describes it: routes, groups, lists, peerings, the network plugin's settings.
// Regions that have no cluster yet are named in missing, and are not in it.
func (c *Cloud) Describe(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) (described network.Cloud, missing []string, err error) {
	all := make([]*description, len(spec.Regions))
	group, each := errgroup.WithContext(ctx)
	for i := range spec.Regions {
		group.Go(func() error {
			d := &description{in: c.in(spec.Regions[i].Name), cluster: clusterName(fleet, &spec.Regions[i])}
			all[i] = d
			return c.explain(d.ask(each), d.in.name)
		})
	}
	if err := group.Wait(); err != nil {
		return described, nil, err
	}
	return join(all)
}

// join makes one description of all regions'. A peering is described in both of its regions,
// and the requester's may not know yet what the accepter does: the worse state counts.
func join(all []*description) (cloud network.Cloud, missing []string, err error) {
	peerings := map[string]network.Peering{}
	for _, d := range all {
		if !d.complete() {
			missing = append(missing, d.in.name)
			continue
		}
		r, err := d.region()
		if err != nil {
			return cloud, nil, fmt.Errorf("%s: %w", d.in.name, err)
		}
		cloud.Regions = append(cloud.Regions, r)
		for _, p := range d.network.peerings {
			read := readPeering(p)
			if known, ok := peerings[read.ID]; !ok || known.State == network.PeeringActive {
				peerings[read.ID] = read
			}
		}
	}
	cloud.Peerings = slices.SortedFunc(maps.Values(peerings), func(a, b network.Peering) int { return strings.Compare(a.ID, b.ID) })
	return cloud, missing, nil
}

// description is one region's answers to what decides over packets there.
type description struct {
	in      *regional
	cluster string // its name

	plugin    string // settings of add-on vpc-cni
	vpc       *types.Vpc
	network   *contents
	apiServer []types.NetworkInterface
	nodes     []types.Instance
}

// complete says that there is a cluster with an API server and nodes.
func (d *description) complete() bool {
	return d.vpc != nil && len(d.apiServer) > 0 && len(d.nodes) > 0
}

// ask finds the cluster, and then everything in its network.
func (d *description) ask(ctx context.Context) error {
	cluster, err := d.in.cluster(ctx, d.cluster)
	if err != nil || cluster == nil || cluster.ResourcesVpcConfig == nil {
		return err
	}
	n := d.in.within(awssdk.ToString(cluster.ResourcesVpcConfig.VpcId))
	d.network = n
	return askAll(ctx, n.askSubnets, n.askTables, n.askLists, n.askGroups, d.askVPC, d.askPeerings, d.askAPIServer, d.askNodes, d.askPlugin)
}

// vpcIDs is the network's id, as filters and calls take it.
func (d *description) vpcIDs() []string { return d.network.filters[0].Values }

func (d *description) askVPC(ctx context.Context) error {
	out, err := d.in.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: d.vpcIDs()})
	if err == nil && len(out.Vpcs) == 1 {
		d.vpc = &out.Vpcs[0]
	}
	return err
}

// askPeerings finds those of both sides, in any state: no filter has both.
func (d *description) askPeerings(ctx context.Context) error {
	for _, side := range []string{"requester", "accepter"} {
		all, err := d.in.peerings(ctx, filter(side+"-vpc-info.vpc-id", d.vpcIDs()...))
		if err != nil {
			return err
		}
		d.network.peerings = append(d.network.peerings, all...)
	}
	return nil
}

func (d *description) askAPIServer(ctx context.Context) (err error) {
	d.apiServer, err = d.in.apiServerInterfaces(ctx, d.cluster, d.network.filters...)
	return err
}

// askNodes finds the cluster's machines by the tag that every node of EKS has.
func (d *description) askNodes(ctx context.Context) (err error) {
	d.nodes, err = d.in.instances(ctx, d.network.filters[0], filter("instance-state-name", "running"), filter("tag:kubernetes.io/cluster/"+d.cluster, "owned"))
	return err
}

func (d *description) askPlugin(ctx context.Context) error {
	out, err := d.in.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &d.cluster, AddonName: awssdk.String("vpc-cni")})
	if is(err, notFound) {
		return nil // it is managed by somebody else: EKS's defaults are assumed
	}
	if err == nil {
		d.plugin = awssdk.ToString(out.Addon.ConfigurationValues)
	}
	return err
}
