package ec2

import (
	"context"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// InternetGateway joins a VPC to the internet.
type InternetGateway struct {
	InternetGatewayId, OwnerId string
	Attachments                []GatewayAttachment `wire:"attachmentSet"`
	Tagged
}

// GatewayAttachment is the VPC that a gateway serves.
type GatewayAttachment struct {
	VpcId, State string
}

var internetGateways = &kind[InternetGateway]{
	noun: "internetGateway ID", code: "InvalidInternetGatewayID", prefix: "igw",
	table: func(r *Region) *world.Table[InternetGateway] { return &r.InternetGateways },
	id:    func(g *InternetGateway) string { return g.InternetGatewayId },
	tags:  func(g *InternetGateway) *[]Tag { return &g.Tags },
	filters: map[string]func(*API, *InternetGateway) []string{
		"internet-gateway-id": of(func(g *InternetGateway) string { return g.InternetGatewayId }),
		"owner-id":            of(func(g *InternetGateway) string { return g.OwnerId }),
		"attachment.vpc-id": many(func(g *InternetGateway) []string {
			return each(g.Attachments, func(a GatewayAttachment) string { return a.VpcId })
		}),
		"attachment.state": many(func(g *InternetGateway) []string {
			return each(g.Attachments, func(a GatewayAttachment) string { return a.State })
		}),
	},
}

// vpc is the VPC that the gateway is attached to, or "".
func (g *InternetGateway) vpc() string {
	if len(g.Attachments) == 0 {
		return ""
	}
	return g.Attachments[0].VpcId
}

// CreateInternetGatewayInput is CreateInternetGateway's.
type CreateInternetGatewayInput struct {
	TagSpecifications []TagSpecification `wire:"TagSpecification"`
}

// CreateInternetGatewayOutput is CreateInternetGateway's.
type CreateInternetGatewayOutput struct {
	InternetGateway *InternetGateway
}

// CreateInternetGateway makes a gateway that serves no VPC yet.
func (a *API) CreateInternetGateway(_ context.Context, in *CreateInternetGatewayInput) (*CreateInternetGatewayOutput, error) {
	tags, err := tagsFor(in.TagSpecifications, "internet-gateway")
	if err != nil {
		return nil, err
	}
	if err := a.limit(world.IGWsPerRegion, 5, a.region.InternetGateways.Len(), "InternetGatewayLimitExceeded", "internet gateways"); err != nil {
		return nil, err
	}
	g := &InternetGateway{InternetGatewayId: a.world.IDs.New("igw"), OwnerId: a.world.Account, Tagged: Tagged{tags}}
	put(a, internetGateways, g)
	return &CreateInternetGatewayOutput{g}, nil
}

// DescribeInternetGatewaysInput is DescribeInternetGateways's.
type DescribeInternetGatewaysInput struct {
	InternetGatewayIds []string `wire:"InternetGatewayId"`
	Filters            []Filter `wire:"Filter"`
	Page
}

// DescribeInternetGatewaysOutput is DescribeInternetGateways's.
type DescribeInternetGatewaysOutput struct {
	InternetGateways []*InternetGateway `wire:"internetGatewaySet"`
	NextToken        string
}

// DescribeInternetGateways lists gateways.
func (a *API) DescribeInternetGateways(_ context.Context, in *DescribeInternetGatewaysInput) (*DescribeInternetGatewaysOutput, error) {
	found, next, err := list(a, internetGateways, in.InternetGatewayIds, in.Filters, in.Page)
	return &DescribeInternetGatewaysOutput{found, next}, err
}

// GatewayAndVpcInput names a gateway and a VPC.
type GatewayAndVpcInput struct {
	InternetGatewayId, VpcId string
}

// AttachInternetGateway makes a gateway serve a VPC.
func (a *API) AttachInternetGateway(_ context.Context, in *GatewayAndVpcInput) (*Done, error) {
	g, v, err := a.gatewayAndVpc(in)
	if err != nil {
		return nil, err
	}
	if g.vpc() != "" {
		return nil, wire.Errorf("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.InternetGatewayId, g.vpc())
	}
	if other := a.gatewayOf(v.VpcId); other != nil {
		return nil, wire.Errorf("InvalidParameterValue", "Network %s already has an internet gateway attached", v.VpcId)
	}
	g.Attachments = []GatewayAttachment{{v.VpcId, "available"}}
	return done()
}

// DetachInternetGateway ends it; public addresses in the VPC must be gone.
func (a *API) DetachInternetGateway(_ context.Context, in *GatewayAndVpcInput) (*Done, error) {
	g, v, err := a.gatewayAndVpc(in)
	if err != nil {
		return nil, err
	}
	if g.vpc() != v.VpcId {
		return nil, wire.Errorf("Gateway.NotAttached", "resource %s is not attached to network %s", g.InternetGatewayId, v.VpcId)
	}
	if anyOf(a.region.Interfaces.All(), func(i *NetworkInterface) bool { return i.VpcId == v.VpcId && i.Association != nil }) {
		return nil, wire.Errorf("DependencyViolation",
			"Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", v.VpcId)
	}
	g.Attachments = nil
	return done()
}

func (a *API) gatewayAndVpc(in *GatewayAndVpcInput) (*InternetGateway, *Vpc, error) {
	g, err := find(a, internetGateways, in.InternetGatewayId)
	if err != nil {
		return nil, nil, err
	}
	v, err := find(a, vpcs, in.VpcId)
	return g, v, err
}

// gatewayOf is the gateway that serves a VPC, or nil.
func (a *API) gatewayOf(vpc string) *InternetGateway {
	for _, g := range a.region.InternetGateways.All() {
		if g.vpc() == vpc {
			return g
		}
	}
	return nil
}

// InternetGatewayIdInput names a gateway.
type InternetGatewayIdInput struct {
	InternetGatewayId string
}

// DeleteInternetGateway removes a gateway that serves no VPC.
func (a *API) DeleteInternetGateway(_ context.Context, in *InternetGatewayIdInput) (*Done, error) {
	g, err := find(a, internetGateways, in.InternetGatewayId)
	if err != nil {
		return nil, err
	}
	if g.vpc() != "" {
		return nil, inUse("internetGateway", g.InternetGatewayId)
	}
	a.region.InternetGateways.Delete(g.InternetGatewayId)
	return done()
}
