package aws

import (
	"context"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

func (j *job) createGroup(ctx context.Context) error {
	err := j.cloud.settle(ctx, "making a security group", func(ctx context.Context) error {
		out, err := j.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: awssdk.String(j.want("name")), Description: awssdk.String(j.want("description")),
			VpcId: awssdk.String(j.ref("vpc")), TagSpecifications: j.tagged(types.ResourceTypeSecurityGroup)})
		if err == nil {
			j.physical = awssdk.ToString(out.GroupId)
		}
		return err
	}, notFound)
	if is(err, exists) {
		return j.adoptTwin(ctx, func(ctx context.Context) (ids []string, err error) {
			all, err := j.securityGroups(ctx, j.role()...)
			return idsOf(all, func(g types.SecurityGroup) *string { return g.GroupId }), err
		}, err)
	}
	return err
}

// closeGroup takes away what somebody has opened.
func (j *job) closeGroup(ctx context.Context) error {
	out, err := j.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{j.physical}})
	if err != nil || len(out.SecurityGroups) == 0 || len(out.SecurityGroups[0].IpPermissions) == 0 {
		return err
	}
	_, err = j.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &j.physical, IpPermissions: out.SecurityGroups[0].IpPermissions})
	return err
}

func (j *job) removeGroup(ctx context.Context) error {
	return j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &j.physical})
		return err
	})
}

// clusterGroup is the security group that EKS makes for a cluster.
func (j *job) clusterGroup(ctx context.Context) (string, error) {
	if f := j.step.Found; f != nil && f.Have["group"] != "" {
		return f.Have["group"], nil
	}
	name := j.ref("cluster")
	out, err := j.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return "", err
	}
	if v := out.Cluster.ResourcesVpcConfig; v != nil && awssdk.ToString(v.ClusterSecurityGroupId) != "" {
		return *v.ClusterSecurityGroupId, nil
	}
	return "", fmt.Errorf("cluster %s has no security group", name)
}

func (j *job) createRules(ctx context.Context) error {
	group, err := j.clusterGroup(ctx)
	if err != nil {
		return err
	}
	j.physical = group + " " + j.step.ID
	return j.authorize(ctx, group, infra.Values(j.want("rules")))
}

// authorize opens with one call; when one of the rules is there already, one by
// one. Those that are there get the fleet's words, in place: a rule that is taken
// away and made again cuts connections off.
func (j *job) authorize(ctx context.Context, group string, rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	open := func(some []string) error {
		return j.cloud.settle(ctx, "opening "+group, func(ctx context.Context) error {
			_, err := j.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: j.permissions(some)})
			return err
		}, notFound)
	}
	err := open(rules)
	if !is(err, exists) {
		return err
	}
	for _, rule := range rules {
		one := []string{rule}
		err := open(one)
		if is(err, exists) {
			_, err = j.ec2.UpdateSecurityGroupRuleDescriptionsIngress(ctx, &ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{GroupId: &group, IpPermissions: j.permissions(one)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) revoke(ctx context.Context, group string, rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	_, err := j.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &group, IpPermissions: j.permissions(rules)})
	if is(err, notFound) {
		return nil
	}
	return err
}

// permissions are rules in EC2's form; their description says whose they are.
func (j *job) permissions(rules []string) (all []types.IpPermission) {
	for _, rule := range rules {
		var protocol, cidr string
		var from, to int32
		if _, err := fmt.Sscanf(rule, "%s %d-%d %s", &protocol, &from, &to, &cidr); err != nil {
			continue // rules are written by infra.Rulebook and ruleText only
		}
		all = append(all, types.IpPermission{IpProtocol: &protocol, FromPort: &from, ToPort: &to,
			IpRanges: []types.IpRange{{CidrIp: &cidr, Description: awssdk.String(describing(j.ID, j.step.ID))}}})
	}
	return all
}

func (j *job) changeRules(ctx context.Context) error {
	have, want := infra.Values(j.step.Found.Have["rules"]), infra.Values(j.want("rules"))
	group := j.step.Found.Have["group"]
	if err := j.authorize(ctx, group, without(want, have)); err != nil {
		return err
	}
	return j.revoke(ctx, group, without(have, want))
}

func (j *job) removeRules(ctx context.Context) error {
	f := j.step.Found
	return j.revoke(ctx, f.Have["group"], infra.Values(f.Have["rules"]))
}
