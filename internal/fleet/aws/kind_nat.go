package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var natKind = kind{create: (*job).createNAT, await: (*job).awaitNAT, remove: (*job).removeNAT}

func (n *contents) askNATs(ctx context.Context) (err error) {
	n.nats, err = n.in.natGateways(ctx, n.filters...)
	return err
}

func (o *observation) foundNATs() (all []infra.Found) {
	for _, n := range o.ours.nats {
		f := tagged(infra.NAT, n.NatGatewayId, n.Tags)
		f.Refs["subnet"], f.Refs["vpc"] = awssdk.ToString(n.SubnetId), awssdk.ToString(n.VpcId)
		for _, a := range n.NatGatewayAddresses {
			f.Refs["address"] = awssdk.ToString(a.AllocationId)
		}
		f.Detail = "it is " + string(n.State) + prefixed(": ", awssdk.ToString(n.FailureMessage))
		switch n.State {
		case types.NatGatewayStatePending:
			f.State = infra.Pending
		case types.NatGatewayStateFailed:
			f.State = infra.Failed
		case types.NatGatewayStateDeleting:
			f.State = infra.Deleting
		case types.NatGatewayStateDeleted:
			f.State, f.Refs = infra.Gone, nil
		case types.NatGatewayStateAvailable:
			f.Detail = ""
		}
		all = append(all, f)
	}
	return all
}

func (j *job) createNAT(ctx context.Context) error {
	err := j.cloud.retry(ctx, "making a NAT gateway", func(ctx context.Context) error {
		out, err := j.region.ec2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: awssdk.String(j.ref("subnet")), AllocationId: awssdk.String(j.ref("address")),
			ClientToken: j.token(), TagSpecifications: j.tagged(types.ResourceTypeNatgateway)})
		if err == nil {
			j.physical = awssdk.ToString(out.NatGateway.NatGatewayId)
		}
		return err
	}, notFound)
	if is(err, exists, inUse) {
		return j.useOthers(ctx, func(ctx context.Context) (ids []string, err error) {
			all, err := j.region.natGateways(ctx, append(j.role(), filter("state", "pending", "available"))...)
			return idsOf(all, func(n types.NatGateway) *string { return n.NatGatewayId }), err
		}, err)
	}
	return err
}

// nat is the gateway as it is now; nil when it isn't known.
func (j *job) nat(ctx context.Context) (*types.NatGateway, error) {
	out, err := j.region.ec2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{j.physical}})
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
	return j.cloud.poll(ctx, networkBudget, "NAT gateway "+j.physical, func(ctx context.Context) (bool, error) {
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
	if j.step.Found.State != infra.Deleting {
		err := j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
			_, err := j.region.ec2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &j.physical})
			return err
		})
		if err != nil {
			return err
		}
	}
	j.waits("to take NAT gateway %s down", j.physical)
	return j.cloud.poll(ctx, networkBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		n, err := j.nat(ctx)
		return err == nil && (n == nil || n.State == types.NatGatewayStateDeleted), err
	})
}
