package aws

import (
	"context"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var subnetKind = kind{create: (*job).createSubnet, change: (*job).changeSubnet, remove: (*job).removeSubnet}

func (n *contents) askSubnets(ctx context.Context) (err error) {
	n.subnets, err = n.in.subnets(ctx, n.filters...)
	return err
}

func (o *observation) foundSubnets() (all []infra.Found) {
	for _, s := range o.ours.subnets {
		f := tagged(infra.Subnet, s.SubnetId, s.Tags)
		f.Have["cidr"], f.Have["zone"] = awssdk.ToString(s.CidrBlock), awssdk.ToString(s.AvailabilityZone)
		f.Have["publicAddresses"] = strconv.FormatBool(awssdk.ToBool(s.MapPublicIpOnLaunch))
		f.Refs["vpc"] = awssdk.ToString(s.VpcId)
		if s.State == types.SubnetStatePending {
			f.State, f.Detail = infra.Pending, "it is pending"
		}
		all = append(all, f)
	}
	return all
}

// subnetRole is the logical id of one of the fleet's subnets; "" for all others.
func (o *observation) subnetRole(id string) string {
	for _, s := range o.ours.subnets {
		if awssdk.ToString(s.SubnetId) == id {
			return readTags(s.Tags)[infra.TagRole]
		}
	}
	return ""
}

func (j *job) createSubnet(ctx context.Context) error {
	in := &ec2.CreateSubnetInput{VpcId: awssdk.String(j.ref("vpc")), CidrBlock: awssdk.String(j.want("cidr")), AvailabilityZone: awssdk.String(j.want("zone")), TagSpecifications: j.tagged(types.ResourceTypeSubnet)}
	err := j.cloud.retry(ctx, "making a subnet", func(ctx context.Context) error {
		out, err := j.region.ec2.CreateSubnet(ctx, in)
		if err == nil {
			j.physical = awssdk.ToString(out.Subnet.SubnetId)
		}
		return err
	}, notFound)
	if is(err, exists) { // somebody else made it at the same moment
		err = j.useOthers(ctx, func(ctx context.Context) ([]string, error) {
			all, err := j.region.subnets(ctx, j.role()...)
			return idsOf(all, func(s types.Subnet) *string { return s.SubnetId }), err
		}, err)
	}
	if err != nil || j.want("publicAddresses") != "true" {
		return err
	}
	return j.changeSubnet(ctx)
}

func (j *job) changeSubnet(ctx context.Context) error {
	public := &types.AttributeBooleanValue{Value: awssdk.Bool(j.want("publicAddresses") == "true")}
	return j.cloud.retry(ctx, "setting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.ModifySubnetAttribute(ctx, &ec2.ModifySubnetAttributeInput{SubnetId: &j.physical, MapPublicIpOnLaunch: public})
		return err
	}, notFound)
}

func (j *job) removeSubnet(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &j.physical})
		return err
	})
}
