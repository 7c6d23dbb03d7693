package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var securityGroupKind = kind{create: (*job).createGroup, change: (*job).closeGroup, remove: (*job).removeGroup}

func (n *contents) askGroups(ctx context.Context) (err error) {
	n.groups, err = n.in.securityGroups(ctx, n.filters...)
	return err
}

func (o *observation) foundGroups() (all []infra.Found) {
	for _, g := range o.ours.groups {
		f := tagged(infra.Firewall, g.GroupId, g.Tags)
		f.Refs["vpc"] = awssdk.ToString(g.VpcId)
		var rules []string
		for _, r := range rulesOf(g.IpPermissions) {
			rules = append(rules, r.String())
		}
		f.Have["rules"] = infra.List(rules)
		all = append(all, f)
	}
	return all
}

func (j *job) createGroup(ctx context.Context) error {
	err := j.cloud.retry(ctx, "making a security group", func(ctx context.Context) error {
		out, err := j.region.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: awssdk.String(j.want("name")), Description: awssdk.String(j.want("description")),
			VpcId: awssdk.String(j.ref("vpc")), TagSpecifications: j.tagged(types.ResourceTypeSecurityGroup)})
		if err == nil {
			j.physical = awssdk.ToString(out.GroupId)
		}
		return err
	}, notFound)
	if is(err, exists) {
		return j.useOthers(ctx, func(ctx context.Context) (ids []string, err error) {
			all, err := j.region.securityGroups(ctx, j.role()...)
			return idsOf(all, func(g types.SecurityGroup) *string { return g.GroupId }), err
		}, err)
	}
	return err
}

// closeGroup takes away what somebody has opened.
func (j *job) closeGroup(ctx context.Context) error {
	out, err := j.region.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{j.physical}})
	if err != nil || len(out.SecurityGroups) == 0 || len(out.SecurityGroups[0].IpPermissions) == 0 {
		return err
	}
	_, err = j.region.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &j.physical, IpPermissions: out.SecurityGroups[0].IpPermissions})
	return err
}

func (j *job) removeGroup(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &j.physical})
		return err
	})
}
