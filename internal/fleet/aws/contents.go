package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"
)

// contents are what EC2 lists in one region, by some filters: what has the fleet's tag, or
// what is in one network, whoever made it. Both questions about an account, what of it is
// the fleet's (Observe) and what decides over packets (Describe), are answered from these.
type contents struct {
	in      *regional
	filters []types.Filter

	gateways   []types.InternetGateway
	subnets    []types.Subnet
	addresses  []types.Address
	nats       []types.NatGateway
	tables     []types.RouteTable
	lists      []types.NetworkAcl
	peerings   []types.VpcPeeringConnection
	groups     []types.SecurityGroup
	interfaces []types.NetworkInterface
	instances  []types.Instance
	volumes    []types.Volume
}

// within are the contents of a network.
func (r *regional) within(vpc string) *contents {
	return &contents{in: r, filters: []types.Filter{filter("vpc-id", vpc)}}
}

func (n *contents) askLists(ctx context.Context) (err error) {
	n.lists, err = n.in.networkACLs(ctx, n.filters...)
	return err
}

// askAll asks at once; the first error counts.
func askAll(ctx context.Context, asks ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, ask := range asks {
		group.Go(func() error { return ask(ctx) })
	}
	return group.Wait()
}
