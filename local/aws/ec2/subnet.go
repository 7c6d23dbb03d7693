package ec2

import (
	"context"
	"net/netip"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const reservedAddresses = 5 // first four and the last of each subnet

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	SubnetId, SubnetArn, VpcId, OwnerId, State, CidrBlock, AvailabilityZone, AvailabilityZoneId string
	AvailableIpAddressCount                                                                     int
	DefaultForAz, MapPublicIpOnLaunch, AssignIpv6AddressOnCreation, EnableDns64, Ipv6Native     bool
	MapCustomerOwnedIpOnLaunch                                                                  bool
	PrivateDnsNameOptionsOnLaunch                                                               PrivateDnsNameOptions
	Tagged
}

// PrivateDnsNameOptions say how machines of a subnet are named.
type PrivateDnsNameOptions struct {
	HostnameType                                                  string
	EnableResourceNameDnsARecord, EnableResourceNameDnsAAAARecord bool
}

var subnets = &kind[Subnet]{
	noun: "subnet ID", code: "InvalidSubnetID", prefix: "subnet",
	table: func(r *Region) *world.Table[Subnet] { return &r.Subnets },
	id:    func(s *Subnet) string { return s.SubnetId },
	tags:  func(s *Subnet) *[]Tag { return &s.Tags },
	filters: map[string]func(*API, *Subnet) []string{
		"subnet-id":               of(func(s *Subnet) string { return s.SubnetId }),
		"vpc-id":                  of(func(s *Subnet) string { return s.VpcId }),
		"state":                   of(func(s *Subnet) string { return s.State }),
		"cidr-block":              of(func(s *Subnet) string { return s.CidrBlock }),
		"cidr":                    of(func(s *Subnet) string { return s.CidrBlock }),
		"availability-zone":       of(func(s *Subnet) string { return s.AvailabilityZone }),
		"availabilityZone":        of(func(s *Subnet) string { return s.AvailabilityZone }),
		"availability-zone-id":    of(func(s *Subnet) string { return s.AvailabilityZoneId }),
		"owner-id":                of(func(s *Subnet) string { return s.OwnerId }),
		"default-for-az":          of(func(s *Subnet) string { return flag(s.DefaultForAz) }),
		"defaultForAz":            of(func(s *Subnet) string { return flag(s.DefaultForAz) }),
		"map-public-ip-on-launch": of(func(s *Subnet) string { return flag(s.MapPublicIpOnLaunch) }),
	},
}

func (s *Subnet) prefix() netip.Prefix { return netip.MustParsePrefix(s.CidrBlock) }

// CreateSubnetInput is CreateSubnet's.
type CreateSubnetInput struct {
	VpcId, CidrBlock, AvailabilityZone, AvailabilityZoneId string
	TagSpecifications                                      []TagSpecification `wire:"TagSpecification"`
}

// CreateSubnetOutput is CreateSubnet's.
type CreateSubnetOutput struct {
	Subnet *Subnet
}

// CreateSubnet makes a part of a VPC; without a zone, in the first.
func (a *API) CreateSubnet(_ context.Context, in *CreateSubnetInput) (*CreateSubnetOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	cidr, err := a.subnetRange(v, in.CidrBlock)
	if err != nil {
		return nil, err
	}
	zone, err := a.subnetZone(in)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, "subnet")
	if err != nil {
		return nil, err
	}
	id := a.world.IDs.New("subnet")
	s := &Subnet{
		SubnetId: id, SubnetArn: a.arn("subnet/" + id), VpcId: v.VpcId, OwnerId: a.world.Account, State: "available", CidrBlock: cidr.String(),
		AvailabilityZone: zone.ZoneName, AvailabilityZoneId: zone.ZoneId, AvailableIpAddressCount: size(cidr) - reservedAddresses,
		PrivateDnsNameOptionsOnLaunch: PrivateDnsNameOptions{HostnameType: "ip-name"}, Tagged: Tagged{tags},
	}
	put(a, subnets, s)
	a.associateDefaultAcl(s)
	return &CreateSubnetOutput{s}, nil
}

func (a *API) subnetRange(v *Vpc, s string) (netip.Prefix, error) {
	cidr, err := parseCIDR("cidrBlock", s)
	if err != nil {
		return cidr, err
	}
	inside := false
	for _, c := range v.cidrs() {
		inside = inside || within(cidr, c)
	}
	if !inside || !networkSize(cidr) {
		return cidr, wire.Errorf("InvalidSubnet.Range", "The CIDR '%s' is invalid.", s)
	}
	count := 0
	for _, other := range a.region.Subnets.All() {
		if other.VpcId != v.VpcId {
			continue
		}
		count++
		if other.prefix().Overlaps(cidr) {
			return cidr, wire.Errorf("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", s)
		}
	}
	return cidr, a.limit(world.SubnetsPerVPC, 200, count, "SubnetLimitExceeded", "subnets")
}

func (a *API) subnetZone(in *CreateSubnetInput) (AvailabilityZone, error) {
	p, _ := a.regionOf(a.region.Name)
	if in.AvailabilityZone == "" && in.AvailabilityZoneId == "" {
		return p.zones()[0], nil
	}
	var names string
	for _, z := range p.zones() {
		if (in.AvailabilityZone == "" || in.AvailabilityZone == z.ZoneName) && (in.AvailabilityZoneId == "" || in.AvailabilityZoneId == z.ZoneId) {
			return z, nil
		}
		names += ", " + z.ZoneName
	}
	return AvailabilityZone{}, wire.Errorf("InvalidParameterValue",
		"Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.",
		in.AvailabilityZone+in.AvailabilityZoneId, names[2:])
}

// DescribeSubnetsInput is DescribeSubnets's.
type DescribeSubnetsInput struct {
	SubnetIds []string `wire:"SubnetId"`
	Filters   []Filter `wire:"Filter"`
	Page
}

// DescribeSubnetsOutput is DescribeSubnets's.
type DescribeSubnetsOutput struct {
	Subnets   []*Subnet `wire:"subnetSet"`
	NextToken string
}

// DescribeSubnets lists subnets.
func (a *API) DescribeSubnets(_ context.Context, in *DescribeSubnetsInput) (*DescribeSubnetsOutput, error) {
	found, next, err := list(a, subnets, in.SubnetIds, in.Filters, in.Page)
	for _, s := range found {
		s.AvailableIpAddressCount = size(s.prefix()) - reservedAddresses - len(a.usedAddresses(s.SubnetId))
	}
	return &DescribeSubnetsOutput{found, next}, err
}

// ModifySubnetAttributeInput is ModifySubnetAttribute's; it takes one at a time.
type ModifySubnetAttributeInput struct {
	SubnetId                             string
	MapPublicIpOnLaunch                  *AttributeValue
	EnableResourceNameDnsARecordOnLaunch *AttributeValue
	PrivateDnsHostnameTypeOnLaunch       string
}

// ModifySubnetAttribute changes an attribute.
func (a *API) ModifySubnetAttribute(_ context.Context, in *ModifySubnetAttributeInput) (*Done, error) {
	s, err := find(a, subnets, in.SubnetId)
	if err != nil {
		return nil, err
	}
	switch {
	case in.MapPublicIpOnLaunch != nil:
		s.MapPublicIpOnLaunch = in.MapPublicIpOnLaunch.Value
	case in.EnableResourceNameDnsARecordOnLaunch != nil:
		s.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord = in.EnableResourceNameDnsARecordOnLaunch.Value
	case in.PrivateDnsHostnameTypeOnLaunch == "ip-name", in.PrivateDnsHostnameTypeOnLaunch == "resource-name":
		s.PrivateDnsNameOptionsOnLaunch.HostnameType = in.PrivateDnsHostnameTypeOnLaunch
	default:
		return nil, missing("an attribute to change")
	}
	return done()
}

// SubnetIdInput names a subnet.
type SubnetIdInput struct {
	SubnetId string
}

// DeleteSubnet removes a subnet that has no network interfaces.
func (a *API) DeleteSubnet(_ context.Context, in *SubnetIdInput) (*Done, error) {
	s, err := find(a, subnets, in.SubnetId)
	if err != nil {
		return nil, err
	}
	if anyOf(a.region.Interfaces.All(), func(i *NetworkInterface) bool { return i.SubnetId == s.SubnetId }) {
		return nil, inUse("subnet", s.SubnetId)
	}
	for _, t := range a.region.RouteTables.All() {
		t.dropSubnet(s.SubnetId)
	}
	for _, n := range a.region.NetworkAcls.All() {
		n.dropSubnet(s.SubnetId)
	}
	a.region.Subnets.Delete(s.SubnetId)
	return done()
}
