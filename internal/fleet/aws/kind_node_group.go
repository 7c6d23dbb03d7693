package aws

import (
	"context"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var nodeGroupKind = kind{create: (*job).createNodes, change: (*job).changeNodes, await: (*job).awaitNodes, remove: (*job).removeNodes}

func (o *observation) askNodeGroups(ctx context.Context, k *observedCluster) error {
	names, err := o.in.nodeGroupNames(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, name := range names {
		out, err := o.in.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: k.cluster.Name, NodegroupName: &name})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil {
			k.nodeGroups = append(k.nodeGroups, out.Nodegroup)
		}
	}
	return nil
}

func (k *observedCluster) foundNodeGroups(region string) (all []infra.Found) {
	for _, g := range k.nodeGroups {
		all = append(all, nodeGroupFound(g, region, awssdk.ToString(k.cluster.Name)))
	}
	return all
}

func nodeGroupFound(g *types.Nodegroup, region, cluster string) infra.Found {
	f := infra.Found{ID: region + "/" + awssdk.ToString(g.NodegroupName), Kind: infra.NodePool, Region: region, Physical: cluster + "/" + awssdk.ToString(g.NodegroupName), Tags: g.Tags,
		State: nodeGroupState(g.Status), Detail: "it is " + string(g.Status) + nodeGroupHealth(g),
		Have: map[string]string{"arn": awssdk.ToString(g.NodegroupArn), "instanceType": infra.List(g.InstanceTypes), "diskGiB": strconv.Itoa(int(awssdk.ToInt32(g.DiskSize))), "capacity": capacityOf(g.CapacityType)},
		Refs: map[string]string{"cluster": cluster, "role": lastPart(awssdk.ToString(g.NodeRole))}}
	if s := g.ScalingConfig; s != nil {
		f.Have["count"] = strconv.Itoa(int(awssdk.ToInt32(s.DesiredSize)))
	}
	for _, s := range g.Subnets {
		f.Refs[s] = s
	}
	return f
}

// capacityOf is how machines are bought, as the file has it.
func capacityOf(t types.CapacityTypes) string {
	switch t {
	case types.CapacityTypesSpot:
		return string(fleetv1.Spot)
	case types.CapacityTypesOnDemand:
		return string(fleetv1.OnDemand)
	default: // made by somebody else
		return string(t)
	}
}

func capacityType(c string) types.CapacityTypes {
	if c == string(fleetv1.Spot) {
		return types.CapacityTypesSpot
	}
	return types.CapacityTypesOnDemand
}

func nodeGroupHealth(g *types.Nodegroup) string {
	if g.Health == nil {
		return ""
	}
	var all []string
	for _, i := range g.Health.Issues {
		all = append(all, string(i.Code)+": "+awssdk.ToString(i.Message))
	}
	return prefixed("; ", strings.Join(all, "; "))
}

func nodeGroupState(s types.NodegroupStatus) infra.State {
	switch s {
	case types.NodegroupStatusActive, types.NodegroupStatusDegraded, types.NodegroupStatusDeleteFailed:
		return infra.Ready
	case types.NodegroupStatusCreateFailed:
		return infra.Failed
	case types.NodegroupStatusDeleting:
		return infra.Deleting
	default:
		return infra.Pending
	}
}

func (j *job) createNodes(ctx context.Context) error {
	cluster, name := j.ref("cluster"), j.want("name")
	j.physical = cluster + "/" + name
	in := &eks.CreateNodegroupInput{ClusterName: &cluster, NodegroupName: &name, NodeRole: awssdk.String(j.roleARN(j.ref("role"))), Subnets: j.subnets(),
		InstanceTypes: []string{j.want("instanceType")}, DiskSize: awssdk.Int32(j.number("diskGiB")), CapacityType: capacityType(j.want("capacity")),
		ScalingConfig: j.scaling(), Tags: j.tags()}
	err := j.cloud.retry(ctx, "making nodes of "+cluster, func(ctx context.Context) error {
		_, err := j.region.eks.CreateNodegroup(ctx, in)
		return err
	}, notFound, notYet)
	if is(err, inUse) {
		return nil
	}
	return err
}

func (j *job) scaling() *types.NodegroupScalingConfig {
	n := j.number("count")
	return &types.NodegroupScalingConfig{MinSize: &n, MaxSize: &n, DesiredSize: &n}
}

func (j *job) nodes(ctx context.Context) (*types.Nodegroup, error) {
	cluster, name := j.part()
	out, err := j.region.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
	if is(err, notFound) {
		return nil, nil //nolint:nilnil // not there is no error here
	}
	if err != nil {
		return nil, err
	}
	return out.Nodegroup, nil
}

func (j *job) awaitNodes(ctx context.Context) error {
	j.waits("to start the nodes of %s", j.physical)
	return j.cloud.poll(ctx, clusterBudget, "node group "+j.physical, func(ctx context.Context) (bool, error) {
		g, err := j.nodes(ctx)
		if err != nil || g == nil {
			return false, err
		}
		if g.Status == types.NodegroupStatusCreateFailed {
			return false, failure("node group %s failed%s", j.physical, nodeGroupHealth(g))
		}
		return g.Status == types.NodegroupStatusActive, nil
	})
}

func (j *job) changeNodes(ctx context.Context) error {
	cluster, name := j.part()
	err := j.cloud.retry(ctx, "changing "+j.physical, func(ctx context.Context) error {
		_, err := j.region.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: &cluster, NodegroupName: &name, ScalingConfig: j.scaling()})
		return err
	}, inUse)
	if err != nil {
		return err
	}
	return j.awaitNodes(ctx)
}

func (j *job) removeNodes(ctx context.Context) error {
	cluster, name := j.part()
	if j.step.Found.State != infra.Deleting {
		err := j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.region.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to end the nodes of %s", j.physical)
	return j.cloud.poll(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		g, err := j.nodes(ctx)
		return err == nil && g == nil, err
	})
}
