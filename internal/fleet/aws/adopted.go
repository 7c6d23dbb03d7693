package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// askAdopted reads the network, and the cluster, that the region adopts.
func (o *observation) askAdopted(ctx context.Context) error {
	i := slices.IndexFunc(o.question.Adopted, func(r fleetv1.Region) bool { return r.Name == o.in.name })
	if i < 0 || !o.asked {
		return nil
	}
	adopt := o.question.Adopted[i].Adopt
	a := &infra.AdoptedNetwork{ID: adopt.VPC, Cluster: adopt.Cluster}
	var own bool
	if adopt.Cluster != "" {
		out, err := o.in.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &adopt.Cluster})
		if o.question.Deleting && is(err, notFound) {
			return nil // with it everything in it that was the fleet's is gone
		}
		if err != nil {
			return fmt.Errorf("adopting cluster %s: %w", adopt.Cluster, err)
		}
		a.ID = awssdk.ToString(out.Cluster.ResourcesVpcConfig.VpcId)
		if n := out.Cluster.KubernetesNetworkConfig; n != nil {
			a.Services = awssdk.ToString(n.ServiceIpv4Cidr)
		}
		own = o.owner(a, "EKS cluster "+adopt.Cluster, out.Cluster.Tags)
	}
	vpcs, err := o.in.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{a.ID}})
	if o.question.Deleting && is(err, notFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopting %s: %w", a.ID, err)
	}
	a.CIDR = awssdk.ToString(vpcs.Vpcs[0].CidrBlock)
	if adopt.Cluster == "" {
		own = o.owner(a, "VPC "+a.ID, readTags(vpcs.Vpcs[0].Tags))
	} else if a.Owned == "" && !own {
		o.owner(a, "EKS cluster "+adopt.Cluster+" in VPC "+a.ID, readTags(vpcs.Vpcs[0].Tags))
	}
	if own {
		return nil // it is found by its tags
	}
	n := o.in.within(a.ID)
	if err := askAll(ctx, n.askSubnets, n.askTables); err != nil {
		return err
	}
	a.Subnets = privateOf(n.subnets)
	a.RouteTables = idsOf(n.tables, func(t types.RouteTable) *string { return t.RouteTableId })
	slices.Sort(a.RouteTables)
	o.adopted, o.othersTables = a, n.tables
	return nil
}

// owner reads from tags which fleet something belongs to, and tells whether it is this one.
func (o *observation) owner(a *infra.AdoptedNetwork, what string, tags map[string]string) (own bool) {
	name, id := tags[infra.TagFleet], tags[infra.TagFleetID]
	if id == o.question.ID {
		return true
	}
	if name != "" || id != "" {
		a.Owned, a.Owner = what, cmp.Or(name, id)
	}
	return false
}

// privateOf are the subnets whose instances get no public address; all subnets when there
// are none of these.
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
