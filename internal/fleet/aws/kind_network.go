package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

func (j *job) createVPC(ctx context.Context) error {
	out, err := j.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: awssdk.String(j.want("cidr")), TagSpecifications: j.tagged(types.ResourceTypeVpc)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.Vpc.VpcId)
	if err := j.only(ctx, j.listVPCs, j.deleteVPC); err != nil {
		return err
	}
	return j.changeVPC(ctx)
}

func (j *job) listVPCs(ctx context.Context) (ids []string, err error) {
	all, err := j.vpcs(ctx, j.role()...)
	return idsOf(all, func(v types.Vpc) *string { return v.VpcId }), err
}

// changeVPC: without both attributes nodes can't register (EKS's network
// requirements). One call sets one attribute.
func (j *job) changeVPC(ctx context.Context) error {
	yes := &types.AttributeBooleanValue{Value: awssdk.Bool(true)}
	for _, in := range []*ec2.ModifyVpcAttributeInput{{EnableDnsSupport: yes}, {EnableDnsHostnames: yes}} {
		in.VpcId = awssdk.String(j.physical)
		err := j.cloud.settle(ctx, "setting DNS of "+j.physical, func(ctx context.Context) error {
			_, err := j.ec2.ModifyVpcAttribute(ctx, in)
			return err
		}, notFound)
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) deleteVPC(ctx context.Context, id string) error {
	return j.gone(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.ec2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &id})
		return err
	})
}

func (j *job) removeVPC(ctx context.Context) error { return j.deleteVPC(ctx, j.physical) }

// gone deletes as soon as nothing hangs on it any longer. What isn't there is
// gone.
func (j *job) gone(ctx context.Context, what string, call func(context.Context) error) error {
	told := false
	err := j.cloud.settle(ctx, what, func(ctx context.Context) error {
		err := call(ctx)
		if is(err, inUse) && !told {
			told = true
			j.waits("to let go of it")
		}
		return err
	}, inUse)
	if is(err, notFound, settled) {
		return nil
	}
	return err
}

func (j *job) createGateway(ctx context.Context) error {
	out, err := j.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: j.tagged(types.ResourceTypeInternetGateway)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.InternetGateway.InternetGatewayId)
	if err := j.only(ctx, j.listGateways, j.deleteGateway); err != nil {
		return err
	}
	return j.attachGateway(ctx)
}

func (j *job) listGateways(ctx context.Context) (ids []string, err error) {
	all, err := j.internetGateways(ctx, j.role()...)
	return idsOf(all, func(g types.InternetGateway) *string { return g.InternetGatewayId }), err
}

func (j *job) attachGateway(ctx context.Context) error {
	err := j.cloud.settle(ctx, "attaching "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &j.physical, VpcId: awssdk.String(j.ref("vpc"))})
		return err
	}, notFound)
	if is(err, exists) {
		return nil
	}
	return err
}

func (j *job) deleteGateway(ctx context.Context, id string) error {
	return j.gone(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.ec2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &id})
		return err
	})
}

func (j *job) removeGateway(ctx context.Context) error {
	if vpc := j.step.Found.Refs["vpc"]; vpc != "" {
		err := j.gone(ctx, "detaching "+j.physical, func(ctx context.Context) error {
			_, err := j.ec2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &j.physical, VpcId: &vpc})
			return err
		})
		if err != nil {
			return err
		}
	}
	return j.deleteGateway(ctx, j.physical)
}

func (j *job) createSubnet(ctx context.Context) error {
	in := &ec2.CreateSubnetInput{VpcId: awssdk.String(j.ref("vpc")), CidrBlock: awssdk.String(j.want("cidr")), AvailabilityZone: awssdk.String(j.want("zone")), TagSpecifications: j.tagged(types.ResourceTypeSubnet)}
	err := j.cloud.settle(ctx, "making a subnet", func(ctx context.Context) error {
		out, err := j.ec2.CreateSubnet(ctx, in)
		if err == nil {
			j.physical = awssdk.ToString(out.Subnet.SubnetId)
		}
		return err
	}, notFound)
	if is(err, exists) { // somebody else made it at the same moment
		err = j.adoptTwin(ctx, func(ctx context.Context) ([]string, error) {
			all, err := j.regional.subnets(ctx, j.role()...)
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
	return j.cloud.settle(ctx, "setting "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.ModifySubnetAttribute(ctx, &ec2.ModifySubnetAttributeInput{SubnetId: &j.physical, MapPublicIpOnLaunch: public})
		return err
	}, notFound)
}

func (j *job) removeSubnet(ctx context.Context) error {
	return j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &j.physical})
		return err
	})
}

func (j *job) createAddress(ctx context.Context) error {
	out, err := j.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc, TagSpecifications: j.tagged(types.ResourceTypeElasticIp)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.AllocationId)
	return j.only(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.addresses(ctx, j.role()...)
		return idsOf(all, func(a types.Address) *string { return a.AllocationId }), err
	}, j.release)
}

func (j *job) release(ctx context.Context, id string) error {
	return j.gone(ctx, "releasing "+id, func(ctx context.Context) error {
		_, err := j.ec2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &id})
		return err
	})
}

func (j *job) removeAddress(ctx context.Context) error { return j.release(ctx, j.physical) }

func (j *job) createNAT(ctx context.Context) error {
	err := j.cloud.settle(ctx, "making a NAT gateway", func(ctx context.Context) error {
		out, err := j.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: awssdk.String(j.ref("subnet")), AllocationId: awssdk.String(j.ref("address")),
			ClientToken: j.token(), TagSpecifications: j.tagged(types.ResourceTypeNatgateway)})
		if err == nil {
			j.physical = awssdk.ToString(out.NatGateway.NatGatewayId)
		}
		return err
	}, notFound)
	if is(err, exists, inUse) {
		return j.adoptTwin(ctx, func(ctx context.Context) (ids []string, err error) {
			all, err := j.natGateways(ctx, append(j.role(), filter("state", "pending", "available"))...)
			return idsOf(all, func(n types.NatGateway) *string { return n.NatGatewayId }), err
		}, err)
	}
	return err
}

// nat is the gateway as it is now; nil when it isn't known.
func (j *job) nat(ctx context.Context) (*types.NatGateway, error) {
	out, err := j.ec2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{j.physical}})
	if is(err, notFound) || err == nil && len(out.NatGateways) == 0 {
		return nil, nil //nolint:nilnil // not there is no error here
	}
	if err != nil {
		return nil, err
	}
	return &out.NatGateways[0], nil
}

func (j *job) awaitNAT(ctx context.Context) error {
	j.waits("to bring NAT gateway %s up", j.physical)
	return j.cloud.until(ctx, networkBudget, "NAT gateway "+j.physical, func(ctx context.Context) (bool, error) {
		n, err := j.nat(ctx)
		if err != nil || n == nil {
			return false, err
		}
		if n.State == types.NatGatewayStateFailed {
			return false, failure("%s failed: %s", j.physical, awssdk.ToString(n.FailureMessage))
		}
		return n.State == types.NatGatewayStateAvailable, nil
	})
}

// removeNAT waits for the end: until then the gateway holds its address, its
// subnet and the internet gateway.
func (j *job) removeNAT(ctx context.Context) error {
	if j.step.Found.State != infra.Leaving {
		err := j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.ec2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &j.physical})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to take NAT gateway %s down", j.physical)
	return j.cloud.until(ctx, networkBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		n, err := j.nat(ctx)
		return err == nil && (n == nil || n.State == types.NatGatewayStateDeleted), err
	})
}
