package aws

import (
	"context"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// roleARN of one of the fleet's roles.
func (j *job) roleARN(name string) string {
	return "arn:" + j.cloud.Partition + ":iam::" + j.cloud.Account + ":role" + infra.RolePath(j.Fleet) + name
}

// subnets of a cluster or a node group: the fleet's, or those that are adopted.
func (j *job) subnets() []string {
	if adopted := infra.Values(j.want("subnets")); len(adopted) > 0 {
		return adopted
	}
	return j.refs("subnet ")
}

// createCluster: what EKS makes has a name, so that two runs can't make two. No
// token of ours is needed then, and one that follows from the name would make EKS
// take a fleet that is made again for the one that it has deleted.
func (j *job) createCluster(ctx context.Context) error {
	j.physical = j.want("name")
	in := &eks.CreateClusterInput{
		Name: &j.physical, RoleArn: awssdk.String(j.roleARN(j.ref("role"))), Tags: j.tags(),
		AccessConfig:               &types.CreateAccessConfigRequest{AuthenticationMode: types.AuthenticationModeApi, BootstrapClusterCreatorAdminPermissions: awssdk.Bool(true)},
		BootstrapSelfManagedAddons: awssdk.Bool(false),
		KubernetesNetworkConfig:    &types.KubernetesNetworkConfigRequest{IpFamily: types.IpFamilyIpv4, ServiceIpv4Cidr: awssdk.String(j.want("services"))},
		UpgradePolicy:              &types.UpgradePolicyRequest{SupportType: types.SupportType(j.want("support"))},
		Logging:                    logging(infra.Values(j.want("logs"))),
		ResourcesVpcConfig:         j.endpoint(),
	}
	in.ResourcesVpcConfig.SubnetIds = j.subnets()
	if v := j.want("version"); v != "" {
		in.Version = &v
	}
	err := j.cloud.settle(ctx, "making cluster "+j.physical, func(ctx context.Context) error {
		_, err := j.eks.CreateCluster(ctx, in)
		if is(err, notYet) {
			j.waits("EKS to see the new role")
		}
		return err
	}, notFound, notYet)
	if is(err, inUse) { // another run has made it
		return nil
	}
	return err
}

// endpoint says from where the API server is reached.
func (j *job) endpoint() *types.VpcConfigRequest {
	v := &types.VpcConfigRequest{EndpointPrivateAccess: awssdk.Bool(true), EndpointPublicAccess: awssdk.Bool(j.want("public") == "true")}
	if *v.EndpointPublicAccess {
		v.PublicAccessCidrs = infra.Values(j.want("publicRanges"))
	}
	return v
}

func logging(names []string) *types.Logging {
	s := types.LogSetup{Enabled: awssdk.Bool(true)}
	for _, n := range names {
		s.Types = append(s.Types, types.LogType(n))
	}
	return &types.Logging{ClusterLogging: []types.LogSetup{s}}
}

// cluster as it is now; nil when it isn't there.
func (j *job) cluster(ctx context.Context, name string) (*types.Cluster, error) {
	out, err := j.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if is(err, notFound) {
		return nil, nil //nolint:nilnil // not there is no error here
	}
	if err != nil {
		return nil, err
	}
	return out.Cluster, nil
}

func (j *job) awaitCluster(ctx context.Context) error {
	j.waits("to bring control plane %s up%s", j.physical, j.cloud.usually(", about 10 minutes"))
	return j.cloud.until(ctx, clusterBudget, "cluster "+j.physical, func(ctx context.Context) (bool, error) {
		c, err := j.cluster(ctx, j.physical)
		if err != nil || c == nil {
			return false, err
		}
		if c.Status == types.ClusterStatusFailed {
			return false, failure("cluster %s failed%s", j.physical, clusterHealth(c))
		}
		return c.Status == types.ClusterStatusActive, nil
	})
}

func clusterHealth(c *types.Cluster) string {
	if c.Health == nil {
		return ""
	}
	var all []string
	for _, i := range c.Health.Issues {
		all = append(all, string(i.Code)+": "+awssdk.ToString(i.Message))
	}
	return prefixed(": ", strings.Join(all, "; "))
}

// changeCluster makes one kind of change after another: EKS takes one at a time.
func (j *job) changeCluster(ctx context.Context) error {
	differs := map[string]bool{}
	for _, d := range j.step.Differences {
		differs[d.Name] = true
	}
	if err := j.awaitCluster(ctx); err != nil { // a change may be under way
		return err
	}
	if differs["public"] || differs["private"] || differs["publicRanges"] {
		if err := j.updateConfig(ctx, &eks.UpdateClusterConfigInput{ResourcesVpcConfig: j.endpoint()}); err != nil {
			return err
		}
	}
	if differs["logs"] {
		if err := j.updateConfig(ctx, &eks.UpdateClusterConfigInput{Logging: logging(infra.Values(j.want("logs")))}); err != nil {
			return err
		}
	}
	if differs["support"] {
		if err := j.updateConfig(ctx, &eks.UpdateClusterConfigInput{UpgradePolicy: &types.UpgradePolicyRequest{SupportType: types.SupportType(j.want("support"))}}); err != nil {
			return err
		}
	}
	if !differs["version"] {
		return nil
	}
	out, err := j.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: &j.physical, Version: awssdk.String(j.want("version"))})
	if err != nil {
		return err
	}
	return j.awaitUpdate(ctx, out.Update)
}

func (j *job) updateConfig(ctx context.Context, in *eks.UpdateClusterConfigInput) error {
	in.Name = &j.physical
	var update *types.Update
	err := j.cloud.settle(ctx, "changing "+j.physical, func(ctx context.Context) error {
		out, err := j.eks.UpdateClusterConfig(ctx, in)
		if err == nil {
			update = out.Update
		}
		return err
	}, inUse)
	if err != nil {
		return err
	}
	return j.awaitUpdate(ctx, update)
}

// awaitUpdate: for a moment a cluster says ACTIVE though a change is under way,
// so that the change itself is asked.
func (j *job) awaitUpdate(ctx context.Context, u *types.Update) error {
	if u == nil {
		return nil
	}
	j.waits("to change %s", j.physical)
	return j.cloud.until(ctx, clusterBudget, "the change of "+j.physical, func(ctx context.Context) (bool, error) {
		out, err := j.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: &j.physical, UpdateId: u.Id})
		if is(err, notFound) {
			return false, nil // AWS doesn't show it everywhere yet
		}
		if err != nil {
			return false, err
		}
		switch out.Update.Status {
		case types.UpdateStatusSuccessful:
			return true, nil
		case types.UpdateStatusFailed, types.UpdateStatusCancelled:
			var all []string
			for _, e := range out.Update.Errors {
				all = append(all, string(e.ErrorCode)+": "+awssdk.ToString(e.ErrorMessage))
			}
			return false, failure("AWS could not change %s: %s", j.physical, strings.Join(all, "; "))
		default:
			return false, nil
		}
	})
}

func (j *job) removeCluster(ctx context.Context) error {
	if j.step.Found.State != infra.Leaving {
		err := j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: &j.physical})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to take control plane %s down", j.physical)
	return j.cloud.until(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		c, err := j.cluster(ctx, j.physical)
		return err == nil && c == nil, err
	})
}

func (j *job) createNodes(ctx context.Context) error {
	cluster, name := j.ref("cluster"), j.want("name")
	j.physical = cluster + "/" + name
	in := &eks.CreateNodegroupInput{ClusterName: &cluster, NodegroupName: &name, NodeRole: awssdk.String(j.roleARN(j.ref("role"))), Subnets: j.subnets(),
		InstanceTypes: []string{j.want("instanceType")}, DiskSize: awssdk.Int32(j.number("diskGiB")), CapacityType: types.CapacityTypes(j.want("capacity")),
		ScalingConfig: j.scaling(), Tags: j.tags()}
	err := j.cloud.settle(ctx, "making nodes of "+cluster, func(ctx context.Context) error {
		_, err := j.eks.CreateNodegroup(ctx, in)
		return err
	}, notFound, notYet)
	if is(err, inUse) {
		return nil
	}
	return err
}

func (j *job) number(name string) int32 {
	n, _ := strconv.Atoi(j.want(name)) // written by infra from a number
	return int32(n)                    //nolint:gosec // bounded by the file's rules
}

func (j *job) scaling() *types.NodegroupScalingConfig {
	n := j.number("count")
	return &types.NodegroupScalingConfig{MinSize: &n, MaxSize: &n, DesiredSize: &n}
}

// part takes a physical id of something in a cluster apart.
func (j *job) part() (cluster, name string) {
	cluster, name, _ = strings.Cut(j.physical, "/")
	return cluster, name
}

func (j *job) nodes(ctx context.Context) (*types.Nodegroup, error) {
	cluster, name := j.part()
	out, err := j.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
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
	return j.cloud.until(ctx, clusterBudget, "node group "+j.physical, func(ctx context.Context) (bool, error) {
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
	err := j.cloud.settle(ctx, "changing "+j.physical, func(ctx context.Context) error {
		_, err := j.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: &cluster, NodegroupName: &name, ScalingConfig: j.scaling()})
		return err
	}, inUse)
	if err != nil {
		return err
	}
	return j.awaitNodes(ctx)
}

func (j *job) removeNodes(ctx context.Context) error {
	cluster, name := j.part()
	if j.step.Found.State != infra.Leaving {
		err := j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to end the nodes of %s", j.physical)
	return j.cloud.until(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		g, err := j.nodes(ctx)
		return err == nil && g == nil, err
	})
}
