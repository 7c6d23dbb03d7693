package aws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

var clusterKind = kind{create: (*job).createCluster, change: (*job).changeCluster, await: (*job).awaitCluster, remove: (*job).removeCluster}

// askClusters looks at the fleet's cluster of the region, and at one that it
// adopts. Its name says which it is; its tag proves it.
func (o *observation) askClusters(ctx context.Context) error {
	names := []string{desired.ClusterName(o.question.Fleet, o.in.name)}
	adopted := adoptedCluster(o.question, o.in.name)
	if adopted != "" && adopted != names[0] {
		names = append(names, adopted)
	}
	for _, name := range names {
		cluster, err := o.in.cluster(ctx, name)
		if cluster == nil && err == nil || is(err, unknown) { // an endpoint without clusters has none
			continue
		}
		if err != nil {
			return err
		}
		own := cluster.Tags[infra.TagFleetID] == o.question.ID
		if !own && name != adopted {
			return fmt.Errorf("there is an EKS cluster %s in %s already, and it is not this fleet's: rename the fleet", name, o.in.name)
		}
		k := observedCluster{cluster: cluster, own: own}
		if err := o.askCluster(ctx, &k); err != nil {
			return err
		}
		o.clusters = append(o.clusters, k)
	}
	return nil
}

func (o *observation) askCluster(ctx context.Context, k *observedCluster) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return o.askClusterGroup(ctx, k) })
	if k.own {
		for _, ask := range []func(context.Context, *observedCluster) error{o.askNodeGroups, o.askAddons, o.askEntries, o.askIdentities} {
			group.Go(func() error { return ask(ctx, k) })
		}
	}
	err := group.Wait()
	if is(err, notFound) {
		return nil // it ended meanwhile: the next observation won't have it
	}
	return err
}

// askClusterGroup looks at the rules of the cluster's security group.
func (o *observation) askClusterGroup(ctx context.Context, k *observedCluster) error {
	if k.cluster.ResourcesVpcConfig == nil || awssdk.ToString(k.cluster.ResourcesVpcConfig.ClusterSecurityGroupId) == "" {
		return nil
	}
	out, err := o.in.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*k.cluster.ResourcesVpcConfig.ClusterSecurityGroupId}})
	if err == nil && len(out.SecurityGroups) > 0 {
		k.group = &out.SecurityGroups[0]
	}
	return err
}

// clusterName is that of a region's cluster: the fleet's, or the one that it adopts.
func clusterName(fleet string, r *fleetv1.Region) string {
	if r.Adopt != nil && r.Adopt.Cluster != "" {
		return r.Adopt.Cluster
	}
	return desired.ClusterName(fleet, r.Name)
}

// adoptedCluster is the name of the cluster that a region adopts.
func adoptedCluster(q provision.Question, region string) string {
	for _, r := range q.Adopted {
		if r.Name == region {
			return r.Adopt.Cluster
		}
	}
	return ""
}

// observedCluster is one cluster with what is in it.
type observedCluster struct {
	cluster    *types.Cluster
	own        bool // not adopted
	group      *ec2types.SecurityGroup
	nodeGroups []*types.Nodegroup
	addons     []*types.Addon
	entries    []observedEntry
	identities []*types.PodIdentityAssociation
}

// found are the resources of a cluster; of one that is adopted only the fleet's rules.
func (k *observedCluster) found(region, id string) (all []infra.Found) {
	if k.group != nil {
		all = append(all, rulesIn(k.group, region, awssdk.ToString(k.cluster.Name), id)...)
	}
	if !k.own {
		return all
	}
	all = append(all, k.itself(region))
	for _, found := range []func(string) []infra.Found{k.foundNodeGroups, k.foundAddons, k.foundEntries, k.foundIdentities} {
		all = append(all, found(region)...)
	}
	return all
}

func (k *observedCluster) itself(region string) infra.Found {
	c := k.cluster
	f := infra.Found{ID: region + "/cluster", Kind: infra.Cluster, Region: region, Physical: awssdk.ToString(c.Name), State: clusterState(c.Status), Detail: "it is " + string(c.Status), Tags: c.Tags,
		Have: map[string]string{"arn": awssdk.ToString(c.Arn), "version": awssdk.ToString(c.Version)}, Refs: map[string]string{"role": lastPart(awssdk.ToString(c.RoleArn))}}
	if v := c.ResourcesVpcConfig; v != nil {
		f.Have["public"], f.Have["private"] = strconv.FormatBool(v.EndpointPublicAccess), strconv.FormatBool(v.EndpointPrivateAccess)
		f.Have["publicRanges"] = infra.List(v.PublicAccessCidrs)
		f.Have["group"] = awssdk.ToString(v.ClusterSecurityGroupId)
		for _, s := range v.SubnetIds {
			f.Refs[s] = s
		}
	}
	if n := c.KubernetesNetworkConfig; n != nil {
		f.Have["services"] = awssdk.ToString(n.ServiceIpv4Cidr)
	}
	if p := c.UpgradePolicy; p != nil {
		f.Have["support"] = string(p.SupportType)
	}
	if c.Logging != nil {
		var on []string
		for _, s := range c.Logging.ClusterLogging {
			if awssdk.ToBool(s.Enabled) {
				for _, t := range s.Types {
					on = append(on, string(t))
				}
			}
		}
		f.Have["logs"] = infra.List(on)
	}
	return f
}

func clusterState(s types.ClusterStatus) infra.State {
	switch s {
	case types.ClusterStatusActive:
		return infra.Ready
	case types.ClusterStatusFailed:
		return infra.Failed
	case types.ClusterStatusDeleting:
		return infra.Deleting
	default:
		return infra.Pending
	}
}

// createCluster needs no client token: names of EKS are unique, so that two runs can't make
// two clusters. A token computed from the name would make EKS return the deleted cluster
// of a former fleet of the same name.
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
	err := j.cloud.retry(ctx, "making cluster "+j.physical, func(ctx context.Context) error {
		_, err := j.region.eks.CreateCluster(ctx, in)
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
func (r *regional) cluster(ctx context.Context, name string) (*types.Cluster, error) {
	out, err := r.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
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
	return j.cloud.poll(ctx, clusterBudget, "cluster "+j.physical, func(ctx context.Context) (bool, error) {
		c, err := j.region.cluster(ctx, j.physical)
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

// changeCluster makes its changes one after another: EKS accepts one at a time.
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
	out, err := j.region.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: &j.physical, Version: awssdk.String(j.want("version"))})
	if err != nil {
		return err
	}
	return j.awaitUpdate(ctx, out.Update)
}

func (j *job) updateConfig(ctx context.Context, in *eks.UpdateClusterConfigInput) error {
	in.Name = &j.physical
	var update *types.Update
	err := j.cloud.retry(ctx, "changing "+j.physical, func(ctx context.Context) error {
		out, err := j.region.eks.UpdateClusterConfig(ctx, in)
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

// awaitUpdate asks for the update itself: the cluster says ACTIVE for a moment after an update
// has begun.
func (j *job) awaitUpdate(ctx context.Context, u *types.Update) error {
	if u == nil {
		return nil
	}
	j.waits("to change %s", j.physical)
	return j.cloud.poll(ctx, clusterBudget, "the change of "+j.physical, func(ctx context.Context) (bool, error) {
		out, err := j.region.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: &j.physical, UpdateId: u.Id})
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
	if j.step.Found.State != infra.Deleting {
		err := j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.region.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: &j.physical})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to take control plane %s down", j.physical)
	return j.cloud.poll(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		c, err := j.region.cluster(ctx, j.physical)
		return err == nil && c == nil, err
	})
}
