package server_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
)

// ring is a cluster with its network plugin and two nodes.
func ring(c *cloud) (*network, *eks.Client) {
	c.t.Helper()
	n := c.network("eu-west-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("eu-west-1")
	in := n.cluster("ring")
	in.Version = aws.String("1.34")
	must(k.CreateCluster(ctx, in))(c.t)
	want(c.t, "the cluster", statusOf(c.t, k, "ring"), ekstypes.ClusterStatusActive)
	must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: aws.String("ring"), AddonName: aws.String("vpc-cni")}))(c.t)
	must(k.CreateNodegroup(ctx, n.nodes("ring", "workers", 2)))(c.t)
	if err := eks.NewNodegroupActiveWaiter(k).Wait(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}, time.Minute); err != nil {
		c.t.Fatal(err)
	}
	return n, k
}

func TestChangesOfAClusterAndItsNodes(t *testing.T) {
	c := start(t)
	n, k := ring(c)
	name, workers := aws.String("ring"), aws.String("workers")
	_, err := k.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.36")})
	wantCode(t, err, "InvalidParameterException") // one minor version at a time
	must(k.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.35")}))(t)
	want(t, "the version", *must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))(t).Cluster.Version, "1.35")
	must(k.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: workers}))(t)
	group := func() *ekstypes.Nodegroup {
		return must(k.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: name, NodegroupName: workers}))(t).Nodegroup
	}
	want(t, "the nodes' version", *group().Version, "1.35")
	u := must(k.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{
		ClusterName: name, NodegroupName: workers, ScalingConfig: &ekstypes.NodegroupScalingConfig{DesiredSize: aws.Int32(4)},
		Labels: &ekstypes.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"tier": "db"}, RemoveLabels: []string{"rack"}},
		Taints: &ekstypes.UpdateTaintsPayload{AddOrUpdateTaints: []ekstypes.Taint{{Key: aws.String("db"), Value: aws.String("yes"), Effect: ekstypes.TaintEffectNoSchedule}}},
	}))(t).Update
	g := group()
	want(t, "the labels", len(g.Labels), 1)
	want(t, "the taint", *g.Taints[0].Key, "db")
	want(t, "the number of machines", running(t, n.api), 4)
	want(t, "the group's updates", len(must(k.ListUpdates(ctx, &eks.ListUpdatesInput{Name: name, NodegroupName: workers}))(t).UpdateIds), 2)
	want(t, "the update", must(k.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, NodegroupName: workers, UpdateId: u.Id}))(t).Update.Status, ekstypes.UpdateStatusSuccessful)

	must(k.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: name, DeletionProtection: aws.Bool(true)}))(t)
	must(k.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: name, NodegroupName: workers}))(t)
	want(t, "the number of groups", len(must(k.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: name}))(t).Nodegroups), 0)
	_, err = k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name})
	wantCode(t, err, "InvalidRequestException")
}

func TestAddonsAndIdentities(t *testing.T) {
	c := start(t)
	_, k := ring(c)
	name, ebs := aws.String("ring"), aws.String("aws-ebs-csi-driver")
	want(t, "the number of add-ons to choose from", len(must(k.DescribeAddonVersions(ctx, &eks.DescribeAddonVersionsInput{KubernetesVersion: aws.String("1.34")}))(t).Addons), 6)
	must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: name, AddonName: ebs, PodIdentityAssociations: []ekstypes.AddonPodIdentityAssociations{{RoleArn: aws.String(roles + "pods"), ServiceAccount: aws.String("ebs-csi-controller-sa")}}}))(t)
	want(t, "the number of add-ons", len(must(k.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: name}))(t).Addons), 2)
	of := must(k.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{ClusterName: name, ServiceAccount: aws.String("ebs-csi-controller-sa")}))(t).Associations
	want(t, "the number of identities", len(of), 1)
	id := of[0].AssociationId
	want(t, "the identity's role", *must(k.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: name, AssociationId: id}))(t).Association.RoleArn, roles+"pods")
	_, err := k.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{ClusterName: name, AssociationId: id})
	wantCode(t, err, "InvalidParameterException") // it is the add-on's
	must(k.UpdatePodIdentityAssociation(ctx, &eks.UpdatePodIdentityAssociationInput{ClusterName: name, AssociationId: id, RoleArn: aws.String(roles + "pods")}))(t)
	_, err = k.UpdateAddon(ctx, &eks.UpdateAddonInput{ClusterName: name, AddonName: ebs, ConfigurationValues: aws.String("no")})
	wantCode(t, err, "InvalidParameterException")
	must(k.UpdateAddon(ctx, &eks.UpdateAddonInput{ClusterName: name, AddonName: ebs, ConfigurationValues: aws.String(`{"a":1}`)}))(t)
	must(k.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: name, AddonName: ebs}))(t)
	must(k.DeleteAddon(ctx, &eks.DeleteAddonInput{ClusterName: name, AddonName: ebs}))(t)
	want(t, "the number of identities left", len(must(k.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{ClusterName: name}))(t).Associations), 0)
}

func TestVersionsPoliciesAndTags(t *testing.T) {
	c := start(t)
	_, k := ring(c)
	name := aws.String("ring")
	want(t, "the number of default versions", len(must(k.DescribeClusterVersions(ctx, &eks.DescribeClusterVersionsInput{DefaultOnly: aws.Bool(true)}))(t).ClusterVersions), 1)
	want(t, "the number of access policies", len(must(k.ListAccessPolicies(ctx, &eks.ListAccessPoliciesInput{}))(t).AccessPolicies), 5)
	arn := must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))(t).Cluster.Arn
	must(k.TagResource(ctx, &eks.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"fleet": "a", "x": "y"}}))(t)
	must(k.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"x"}}))(t)
	want(t, "the number of tags", len(must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))(t).Cluster.Tags), 1)

	must(k.CreateAccessEntry(ctx, &eks.CreateAccessEntryInput{ClusterName: name, PrincipalArn: aws.String(roles + "pods")}))(t)
	e := must(k.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: name, PrincipalArn: aws.String(roles + "pods"), KubernetesGroups: []string{"peers"}}))(t).AccessEntry
	want(t, "the group", e.KubernetesGroups[0], "peers")
	must(k.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: name, PrincipalArn: e.PrincipalArn}))(t)
	view := &eks.AssociateAccessPolicyInput{ClusterName: name, PrincipalArn: e.PrincipalArn, PolicyArn: aws.String("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"), AccessScope: &ekstypes.AccessScope{Type: ekstypes.AccessScopeTypeCluster}}
	must(k.AssociateAccessPolicy(ctx, view))(t)
	got := must(k.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: name, PrincipalArn: e.PrincipalArn}))(t).AssociatedAccessPolicies
	want(t, "the number of policies", len(got), 1)
}
