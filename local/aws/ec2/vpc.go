package ec2

import (
	"context"
	"net/netip"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const vpcPending = time.Second // on AWS, about

// Vpc is a network.
type Vpc struct {
	VpcId, OwnerId, State, CidrBlock, DhcpOptionsId, InstanceTenancy string
	IsDefault                                                        bool
	CidrBlockAssociationSet                                          []VpcCidrBlockAssociation
	Tagged

	DNSSupport     bool      `wire:"-"`
	DNSHostnames   bool      `wire:"-"`
	AddressMetrics bool      `wire:"-"`
	AvailableAt    time.Time `wire:"-"`
}

// VpcCidrBlockAssociation is one of a VPC's ranges.
type VpcCidrBlockAssociation struct {
	AssociationId, CidrBlock string
	CidrBlockState           NestedState
}

var vpcs = &kind[Vpc]{
	noun: "vpc ID", code: "InvalidVpcID", prefix: "vpc",
	table: func(r *Region) *world.Table[Vpc] { return &r.Vpcs },
	id:    func(v *Vpc) string { return v.VpcId },
	tags:  func(v *Vpc) *[]Tag { return &v.Tags },
	filters: map[string]func(*API, *Vpc) []string{
		"vpc-id":          of(func(v *Vpc) string { return v.VpcId }),
		"owner-id":        of(func(v *Vpc) string { return v.OwnerId }),
		"state":           of(func(v *Vpc) string { return v.State }),
		"cidr":            of(func(v *Vpc) string { return v.CidrBlock }),
		"dhcp-options-id": of(func(v *Vpc) string { return v.DhcpOptionsId }),
		"is-default":      of(func(v *Vpc) string { return flag(v.IsDefault) }),
		"isDefault":       of(func(v *Vpc) string { return flag(v.IsDefault) }),
		"cidr-block-association.cidr-block": many(func(v *Vpc) []string {
			return each(v.CidrBlockAssociationSet, func(c VpcCidrBlockAssociation) string { return c.CidrBlock })
		}),
		"cidr-block-association.association-id": many(func(v *Vpc) []string {
			return each(v.CidrBlockAssociationSet, func(c VpcCidrBlockAssociation) string { return c.AssociationId })
		}),
		"cidr-block-association.state": many(func(v *Vpc) []string {
			return each(v.CidrBlockAssociationSet, func(c VpcCidrBlockAssociation) string { return c.CidrBlockState.State })
		}),
	},
}

// cidrs are a VPC's ranges, the primary first.
func (v *Vpc) cidrs() []netip.Prefix {
	var out []netip.Prefix
	for _, c := range v.CidrBlockAssociationSet {
		out = append(out, netip.MustParsePrefix(c.CidrBlock)) // checked when it was made
	}
	return out
}

// CreateVpcInput is CreateVpc's.
type CreateVpcInput struct {
	CidrBlock, InstanceTenancy  string
	AmazonProvidedIpv6CidrBlock bool
	TagSpecifications           []TagSpecification `wire:"TagSpecification"`
}

// CreateVpcOutput is CreateVpc's.
type CreateVpcOutput struct {
	Vpc *Vpc
}

// CreateVpc makes a network with its main route table, default security group
// and default network ACL.
func (a *API) CreateVpc(_ context.Context, in *CreateVpcInput) (*CreateVpcOutput, error) {
	cidr, err := parseCIDR("cidrBlock", in.CidrBlock)
	if err != nil {
		return nil, err
	}
	if !networkSize(cidr) {
		return nil, wire.Errorf("InvalidVpc.Range", "The CIDR '%s' is invalid.", in.CidrBlock)
	}
	if in.AmazonProvidedIpv6CidrBlock {
		return nil, wire.Errorf("UnsupportedOperation", "this cloud has no IPv6: leave AmazonProvidedIpv6CidrBlock out")
	}
	tags, err := tagsFor(in.TagSpecifications, "vpc")
	if err != nil {
		return nil, err
	}
	if err := a.limit(world.VPCsPerRegion, 5, a.region.Vpcs.Len(), "VpcLimitExceeded", "VPCs"); err != nil {
		return nil, err
	}
	v := &Vpc{
		VpcId: a.world.IDs.New("vpc"), OwnerId: a.world.Account, State: "pending", CidrBlock: cidr.String(),
		DhcpOptionsId: a.region.DhcpOptions.All()[0].DhcpOptionsId, InstanceTenancy: "default", Tagged: Tagged{tags},
		CidrBlockAssociationSet: []VpcCidrBlockAssociation{a.newRange(cidr)},
		DNSSupport:              true, AvailableAt: a.world.In(vpcPending),
	}
	if in.InstanceTenancy != "" {
		v.InstanceTenancy = in.InstanceTenancy
	}
	put(a, vpcs, v)
	a.addMainRouteTable(v)
	a.addDefaultSecurityGroup(v)
	a.addDefaultNetworkAcl(v)
	copied := *v
	return &CreateVpcOutput{&copied}, nil
}

func (a *API) newRange(cidr netip.Prefix) VpcCidrBlockAssociation {
	return VpcCidrBlockAssociation{a.world.IDs.New("vpc-cidr-assoc"), cidr.String(), NestedState{"associated"}}
}

// DescribeVpcsInput is DescribeVpcs's.
type DescribeVpcsInput struct {
	VpcIds  []string `wire:"VpcId"`
	Filters []Filter `wire:"Filter"`
	Page
}

// DescribeVpcsOutput is DescribeVpcs's.
type DescribeVpcsOutput struct {
	Vpcs      []*Vpc `wire:"vpcSet"`
	NextToken string
}

// DescribeVpcs lists networks.
func (a *API) DescribeVpcs(_ context.Context, in *DescribeVpcsInput) (*DescribeVpcsOutput, error) {
	found, next, err := list(a, vpcs, in.VpcIds, in.Filters, in.Page)
	return &DescribeVpcsOutput{found, next}, err
}

// VpcIdInput names a VPC.
type VpcIdInput struct {
	VpcId string
}

// DeleteVpc removes a network that nothing depends on.
func (a *API) DeleteVpc(_ context.Context, in *VpcIdInput) (*Done, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	if a.vpcInUse(v.VpcId) {
		return nil, inUse("vpc", v.VpcId)
	}
	a.deleteDefaults(v.VpcId)
	a.region.Vpcs.Delete(v.VpcId)
	return done()
}

// vpcInUse says whether anything but what CreateVpc made is left.
func (a *API) vpcInUse(id string) bool {
	r := a.region
	return anyOf(r.Subnets.All(), func(s *Subnet) bool { return s.VpcId == id }) ||
		anyOf(r.InternetGateways.All(), func(g *InternetGateway) bool { return g.vpc() == id }) ||
		anyOf(r.Interfaces.All(), func(i *NetworkInterface) bool { return i.VpcId == id }) ||
		anyOf(r.RouteTables.All(), func(t *RouteTable) bool { return t.VpcId == id && t.main() == nil }) ||
		anyOf(r.SecurityGroups.All(), func(g *SecurityGroup) bool { return g.VpcId == id && g.GroupName != defaultGroup }) ||
		anyOf(r.NetworkAcls.All(), func(n *NetworkAcl) bool { return n.VpcId == id && !n.IsDefault }) ||
		anyOf(a.state.Peerings.All(), func(p *Peering) bool { return p.open() && (p.Requester.VpcId == id || p.Accepter.VpcId == id) })
}

func anyOf[T any](all []*T, f func(*T) bool) bool {
	for _, v := range all {
		if f(v) {
			return true
		}
	}
	return false
}

func (a *API) deleteDefaults(vpc string) {
	r := a.region
	for _, t := range r.RouteTables.All() {
		if t.VpcId == vpc {
			r.RouteTables.Delete(t.RouteTableId)
		}
	}
	for _, g := range r.SecurityGroups.All() {
		if g.VpcId == vpc {
			a.deleteGroup(g)
		}
	}
	for _, n := range r.NetworkAcls.All() {
		if n.VpcId == vpc {
			r.NetworkAcls.Delete(n.NetworkAclId)
		}
	}
}

// AttributeValue is a switch as EC2 nests it.
type AttributeValue struct {
	Value bool
}

// ModifyVpcAttributeInput is ModifyVpcAttribute's; it takes one at a time.
type ModifyVpcAttributeInput struct {
	VpcId                            string
	EnableDnsSupport                 *AttributeValue
	EnableDnsHostnames               *AttributeValue
	EnableNetworkAddressUsageMetrics *AttributeValue
}

// ModifyVpcAttribute switches an attribute.
func (a *API) ModifyVpcAttribute(_ context.Context, in *ModifyVpcAttributeInput) (*Done, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	given := 0
	for _, change := range []*AttributeValue{in.EnableDnsSupport, in.EnableDnsHostnames, in.EnableNetworkAddressUsageMetrics} {
		if change != nil {
			given++
		}
	}
	if given != 1 {
		return nil, wire.Errorf("InvalidParameterCombination", "Fields for multiple attribute types specified, or none: change one attribute a call")
	}
	switch {
	case in.EnableDnsSupport != nil:
		v.DNSSupport = in.EnableDnsSupport.Value
	case in.EnableDnsHostnames != nil:
		v.DNSHostnames = in.EnableDnsHostnames.Value
	default:
		v.AddressMetrics = in.EnableNetworkAddressUsageMetrics.Value
	}
	return done()
}

// DescribeVpcAttributeInput is DescribeVpcAttribute's.
type DescribeVpcAttributeInput struct {
	VpcId, Attribute string
}

// DescribeVpcAttributeOutput is DescribeVpcAttribute's.
type DescribeVpcAttributeOutput struct {
	VpcId                            string
	EnableDnsSupport                 *AttributeValue
	EnableDnsHostnames               *AttributeValue
	EnableNetworkAddressUsageMetrics *AttributeValue
}

// DescribeVpcAttribute tells one attribute.
func (a *API) DescribeVpcAttribute(_ context.Context, in *DescribeVpcAttributeInput) (*DescribeVpcAttributeOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	out := &DescribeVpcAttributeOutput{VpcId: v.VpcId}
	switch in.Attribute {
	case "enableDnsSupport":
		out.EnableDnsSupport = &AttributeValue{v.DNSSupport}
	case "enableDnsHostnames":
		out.EnableDnsHostnames = &AttributeValue{v.DNSHostnames}
	case "enableNetworkAddressUsageMetrics":
		out.EnableNetworkAddressUsageMetrics = &AttributeValue{v.AddressMetrics}
	default:
		return nil, invalid("attribute", in.Attribute)
	}
	return out, nil
}

// AssociateVpcCidrBlockInput is AssociateVpcCidrBlock's.
type AssociateVpcCidrBlockInput struct {
	VpcId, CidrBlock string
}

// CidrBlockAssociationOutput tells what became of a range.
type CidrBlockAssociationOutput struct {
	VpcId                string
	CidrBlockAssociation *VpcCidrBlockAssociation
}

// AssociateVpcCidrBlock adds a range.
func (a *API) AssociateVpcCidrBlock(_ context.Context, in *AssociateVpcCidrBlockInput) (*CidrBlockAssociationOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	cidr, err := parseCIDR("cidrBlock", in.CidrBlock)
	if err != nil {
		return nil, err
	}
	if !networkSize(cidr) || overlapsAny(cidr, v.cidrs()) {
		return nil, wire.Errorf("InvalidVpc.Range", "The CIDR '%s' is invalid, or overlaps a range of the VPC.", in.CidrBlock)
	}
	if err := a.limit(world.RangesPerVPC, 5, len(v.CidrBlockAssociationSet), "CidrLimitExceeded", "ranges of a VPC"); err != nil {
		return nil, err
	}
	added := a.newRange(cidr)
	v.CidrBlockAssociationSet = append(v.CidrBlockAssociationSet, added)
	return &CidrBlockAssociationOutput{v.VpcId, &added}, nil
}

// AssociationIdInput names an association.
type AssociationIdInput struct {
	AssociationId string
}

// DisassociateVpcCidrBlock removes a range other than the primary.
func (a *API) DisassociateVpcCidrBlock(_ context.Context, in *AssociationIdInput) (*CidrBlockAssociationOutput, error) {
	for _, v := range a.region.Vpcs.All() {
		for i, c := range v.CidrBlockAssociationSet {
			if c.AssociationId != in.AssociationId {
				continue
			}
			if i == 0 || a.rangeInUse(v, netip.MustParsePrefix(c.CidrBlock)) {
				return nil, wire.Errorf("OperationNotPermitted", "The vpc CIDR block with association ID %s may not be disassociated: it is the primary range or has subnets", in.AssociationId)
			}
			v.CidrBlockAssociationSet = append(v.CidrBlockAssociationSet[:i:i], v.CidrBlockAssociationSet[i+1:]...)
			c.CidrBlockState.State = "disassociating"
			return &CidrBlockAssociationOutput{v.VpcId, &c}, nil
		}
	}
	return nil, wire.Errorf("InvalidVpcCidrBlockAssociationID.NotFound", "The vpc CIDR block association ID '%s' does not exist", in.AssociationId)
}

func (a *API) rangeInUse(v *Vpc, cidr netip.Prefix) bool {
	return anyOf(a.region.Subnets.All(), func(s *Subnet) bool { return s.VpcId == v.VpcId && cidr.Overlaps(s.prefix()) })
}
