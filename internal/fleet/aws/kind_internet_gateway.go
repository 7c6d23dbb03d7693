package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var internetGatewayKind = kind{create: (*job).createGateway, change: (*job).attachGateway, remove: (*job).removeGateway}

func (n *contents) askGateways(ctx context.Context) (err error) {
	n.gateways, err = n.in.internetGateways(ctx, n.filters...)
	return err
}

func (o *observation) foundGateways() (all []infra.Found) {
	for _, g := range o.ours.gateways {
		f := tagged(infra.Gateway, g.InternetGatewayId, g.Tags)
		for _, a := range g.Attachments {
			f.Refs["vpc"] = awssdk.ToString(a.VpcId)
		}
		all = append(all, f)
	}
	return all
}

func (j *job) createGateway(ctx context.Context) error {
	out, err := j.region.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: j.tagged(types.ResourceTypeInternetGateway)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.InternetGateway.InternetGatewayId)
	if err := j.claim(ctx, j.listGateways, j.deleteGateway); err != nil {
		return err
	}
	return j.attachGateway(ctx)
}

func (j *job) listGateways(ctx context.Context) (ids []string, err error) {
	all, err := j.region.internetGateways(ctx, j.role()...)
	return idsOf(all, func(g types.InternetGateway) *string { return g.InternetGatewayId }), err
}

func (j *job) attachGateway(ctx context.Context) error {
	err := j.cloud.retry(ctx, "attaching "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &j.physical, VpcId: awssdk.String(j.ref("vpc"))})
		return err
	}, notFound)
	if is(err, exists) {
		return nil
	}
	return err
}

func (j *job) deleteGateway(ctx context.Context, id string) error {
	return j.deleteWhenUnused(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &id})
		return err
	})
}

func (j *job) removeGateway(ctx context.Context) error {
	if vpc := j.step.Found.Refs["vpc"]; vpc != "" {
		err := j.deleteWhenUnused(ctx, "detaching "+j.physical, func(ctx context.Context) error {
			_, err := j.region.ec2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &j.physical, VpcId: &vpc})
			return err
		})
		if err != nil {
			return err
		}
	}
	return j.deleteGateway(ctx, j.physical)
}
