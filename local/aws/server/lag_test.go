package server_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// What is made inside something else lags as what stands by itself does: it isn't
// seen by the first two looks, and is by the third.
func TestLagOfWhatIsInsideOthers(t *testing.T) {
	c := start(t)
	n, k := ring(c)
	principal := c.role("people", "ec2", "ReadOnlyAccess")
	pods, cluster := aws.String(roles+"pods"), aws.String("ring")
	c.drive("PUT", "lag", map[string]any{"calls": 2}, nil)
	table := func() ec2types.RouteTable {
		return must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{n.table}}))(t).RouteTables[0]
	}
	var identity, update *string
	for what, kind := range map[string]struct {
		make func()
		seen func() bool
	}{
		"route": {
			func() {
				must(n.api.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("10.77.0.0/16"), GatewayId: &n.gateway}))(t)
			},
			func() bool {
				for _, r := range table().Routes {
					if aws.ToString(r.DestinationCidrBlock) == "10.77.0.0/16" {
						return true
					}
				}
				return false
			},
		},
		"association": {
			func() {
				must(n.api.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &n.table, SubnetId: &n.other}))(t)
			},
			func() bool {
				for _, a := range table().Associations {
					if aws.ToString(a.SubnetId) == n.other {
						return true
					}
				}
				return false
			},
		},
		"rule": {
			func() {
				must(n.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, CidrIp: aws.String("10.78.0.0/16"), IpProtocol: aws.String("tcp"), FromPort: aws.Int32(7000), ToPort: aws.Int32(7001)}))(t)
			},
			func() bool {
				groups := must(n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{n.group}}))(t).SecurityGroups
				return len(groups[0].IpPermissions) > 0
			},
		},
		"access entry": {
			func() {
				must(k.CreateAccessEntry(ctx, &eks.CreateAccessEntryInput{ClusterName: cluster, PrincipalArn: &principal}))(t)
			},
			func() bool {
				return call(k.DescribeAccessEntry, &eks.DescribeAccessEntryInput{ClusterName: cluster, PrincipalArn: &principal})() == nil
			},
		},
		"pod identity association": {
			func() {
				identity = must(k.CreatePodIdentityAssociation(ctx, &eks.CreatePodIdentityAssociationInput{ClusterName: cluster, Namespace: aws.String("default"), ServiceAccount: aws.String("late"), RoleArn: pods}))(t).Association.AssociationId
			},
			func() bool {
				for _, a := range must(k.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{ClusterName: cluster}))(t).Associations {
					if aws.ToString(a.AssociationId) == *identity {
						return true
					}
				}
				return false
			},
		},
		"update": {
			func() {
				update = must(k.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: cluster, UpgradePolicy: &ekstypes.UpgradePolicyRequest{SupportType: ekstypes.SupportTypeStandard}}))(t).Update.Id
			},
			func() bool {
				return call(k.DescribeUpdate, &eks.DescribeUpdateInput{Name: cluster, UpdateId: update})() == nil
			},
		},
		"add-on in the list": {
			func() {
				must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: cluster, AddonName: aws.String("metrics-server")}))(t)
			},
			func() bool {
				for _, name := range must(k.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: cluster}))(t).Addons {
					if name == "metrics-server" {
						return true
					}
				}
				return false
			},
		},
		"attached policy": {
			func() {
				must(c.iam().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("people"), PolicyArn: aws.String("arn:aws:iam::aws:policy/PowerUserAccess")}))(t)
			},
			func() bool {
				return len(must(c.iam().ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("people")}))(t).AttachedPolicies) == 2
			},
		},
		"profile in the list": {
			func() {
				must(c.iam().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("late"), Path: aws.String("/late/")}))(t)
			},
			func() bool {
				return len(must(c.iam().ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{PathPrefix: aws.String("/late/")}))(t).InstanceProfiles) == 1
			},
		},
		"tags of a VPC in their list": {
			func() {
				must(n.api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.79.0.0/16"), TagSpecifications: []ec2types.TagSpecification{{ResourceType: "vpc", Tags: []ec2types.Tag{{Key: aws.String("late"), Value: aws.String("yes")}}}}}))(t)
			},
			func() bool {
				return len(must(n.api.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: filter("key", "late")}))(t).Tags) > 0
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			kind.make()
			for look, want := range []bool{false, false, true, true} {
				if got := kind.seen(); got != want {
					t.Errorf("look %d: seen is %v", look+1, got)
				}
			}
		})
	}
	if found := must(c.iam().ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{PathPrefix: aws.String("/other/")}))(t).InstanceProfiles; len(found) > 0 {
		t.Errorf("below another path there are %d profiles", len(found))
	}
}
