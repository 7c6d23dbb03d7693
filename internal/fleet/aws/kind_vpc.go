package aws

import (
	"context"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var vpcKind = kind{create: (*job).createVPC, change: (*job).changeVPC, remove: (*job).removeVPC}

func (o *observation) askVPCs(ctx context.Context) (err error) {
	if o.vpcs, err = o.in.vpcs(ctx, o.ours.filters...); err != nil {
		return err
	}
	o.attributes = map[string][2]bool{}
	for _, v := range o.vpcs {
		id := awssdk.ToString(v.VpcId)
		if err := o.askAttributes(ctx, id); err != nil && !is(err, notFound) {
			return err
		}
		if o.question.Deleting {
			if err := o.askInside(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *observation) askAttributes(ctx context.Context, vpc string) error {
	support, err := o.in.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: types.VpcAttributeNameEnableDnsSupport})
	if err != nil {
		return err
	}
	names, err := o.in.ec2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: types.VpcAttributeNameEnableDnsHostnames})
	if err != nil {
		return err
	}
	o.attributes[vpc] = [2]bool{attribute(support.EnableDnsSupport), attribute(names.EnableDnsHostnames)}
	return nil
}

func attribute(v *types.AttributeBooleanValue) bool { return v != nil && awssdk.ToBool(v.Value) }

func (o *observation) foundVPCs() (all []infra.Found) {
	for _, v := range o.vpcs {
		f := tagged(infra.Network, v.VpcId, v.Tags)
		f.Have["cidr"] = awssdk.ToString(v.CidrBlock)
		a := o.attributes[f.Physical]
		f.Have["dnsSupport"], f.Have["dnsHostnames"] = strconv.FormatBool(a[0]), strconv.FormatBool(a[1])
		if v.State == types.VpcStatePending {
			f.State, f.Detail = infra.Pending, "it is pending"
		}
		all = append(all, f)
	}
	return all
}

func (j *job) createVPC(ctx context.Context) error {
	out, err := j.region.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: awssdk.String(j.want("cidr")), TagSpecifications: j.tagged(types.ResourceTypeVpc)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.Vpc.VpcId)
	if err := j.claim(ctx, j.listVPCs, j.deleteVPC); err != nil {
		return err
	}
	return j.changeVPC(ctx)
}

func (j *job) listVPCs(ctx context.Context) (ids []string, err error) {
	all, err := j.region.vpcs(ctx, j.role()...)
	return idsOf(all, func(v types.Vpc) *string { return v.VpcId }), err
}

// changeVPC: without both attributes nodes can't register (EKS's network
// requirements). One call sets one attribute.
func (j *job) changeVPC(ctx context.Context) error {
	yes := &types.AttributeBooleanValue{Value: awssdk.Bool(true)}
	for _, in := range []*ec2.ModifyVpcAttributeInput{{EnableDnsSupport: yes}, {EnableDnsHostnames: yes}} {
		in.VpcId = awssdk.String(j.physical)
		err := j.cloud.retry(ctx, "setting DNS of "+j.physical, func(ctx context.Context) error {
			_, err := j.region.ec2.ModifyVpcAttribute(ctx, in)
			return err
		}, notFound)
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) deleteVPC(ctx context.Context, id string) error {
	return j.deleteWhenUnused(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
		return err
	})
}

func (j *job) removeVPC(ctx context.Context) error { return j.deleteVPC(ctx, j.physical) }
