package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var addressKind = kind{create: (*job).createAddress, remove: (*job).removeAddress}

func (n *contents) askAddresses(ctx context.Context) (err error) {
	n.addresses, err = n.in.addresses(ctx, n.filters...)
	return err
}

func (o *observation) foundAddresses() (all []infra.Found) {
	for _, a := range o.ours.addresses {
		f := tagged(infra.Address, a.AllocationId, a.Tags)
		f.Have["address"] = awssdk.ToString(a.PublicIp)
		all = append(all, f)
	}
	return all
}

func (j *job) createAddress(ctx context.Context) error {
	out, err := j.region.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc, TagSpecifications: j.tagged(types.ResourceTypeElasticIp)})
	if err != nil {
		return err
	}
	j.physical = awssdk.ToString(out.AllocationId)
	return j.claim(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.region.addresses(ctx, j.role()...)
		return idsOf(all, func(a types.Address) *string { return a.AllocationId }), err
	}, j.release)
}

func (j *job) release(ctx context.Context, id string) error {
	return j.deleteWhenUnused(ctx, "releasing "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &id})
		return err
	})
}

func (j *job) removeAddress(ctx context.Context) error { return j.release(ctx, j.physical) }
