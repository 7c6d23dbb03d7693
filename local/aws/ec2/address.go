package ec2

import (
	"context"
	"net/netip"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// publicRange is where this cloud's public addresses come from: the range that
// RFC 2544 keeps for benchmarks, which no network routes.
var publicRange = netip.MustParsePrefix("198.18.0.0/15")

// Address is an elastic IP.
type Address struct {
	AllocationId, PublicIp, Domain, NetworkBorderGroup, PublicIpv4Pool string
	AssociationId, NetworkInterfaceId, NetworkInterfaceOwnerId         string
	InstanceId, PrivateIpAddress                                       string
	Tagged
}

var addresses = &kind[Address]{
	noun: "allocation ID", code: "InvalidAllocationID", prefix: "eipalloc",
	table: func(r *Region) *world.Table[Address] { return &r.Addresses },
	id:    func(v *Address) string { return v.AllocationId },
	tags:  func(v *Address) *[]Tag { return &v.Tags },
	filters: map[string]func(*API, *Address) []string{
		"allocation-id":        of(func(v *Address) string { return v.AllocationId }),
		"association-id":       of(func(v *Address) string { return v.AssociationId }),
		"domain":               of(func(v *Address) string { return v.Domain }),
		"instance-id":          of(func(v *Address) string { return v.InstanceId }),
		"network-interface-id": of(func(v *Address) string { return v.NetworkInterfaceId }),
		"private-ip-address":   of(func(v *Address) string { return v.PrivateIpAddress }),
		"public-ip":            of(func(v *Address) string { return v.PublicIp }),
		"network-border-group": of(func(v *Address) string { return v.NetworkBorderGroup }),
	},
}

// newPublicIP is an address that was never given out before.
func (a *API) newPublicIP() string {
	a.state.LastIP++
	return nth(publicRange, a.state.LastIP%(size(publicRange)-1)).String()
}

// AllocateAddressInput is AllocateAddress's.
type AllocateAddressInput struct {
	Domain, NetworkBorderGroup, PublicIpv4Pool string
	TagSpecifications                          []TagSpecification `wire:"TagSpecification"`
}

// AllocateAddressOutput is AllocateAddress's.
type AllocateAddressOutput struct {
	AllocationId, PublicIp, Domain, NetworkBorderGroup, PublicIpv4Pool string
}

// AllocateAddress takes a public address.
func (a *API) AllocateAddress(_ context.Context, in *AllocateAddressInput) (*AllocateAddressOutput, error) {
	tags, err := tagsFor(in.TagSpecifications, "elastic-ip")
	if err != nil {
		return nil, err
	}
	if in.Domain != "" && in.Domain != "vpc" {
		return nil, invalid("domain", in.Domain)
	}
	if err := a.limit(world.EIPsPerRegion, 5, a.region.Addresses.Len(), "AddressLimitExceeded", "addresses"); err != nil {
		return nil, err
	}
	v := &Address{
		AllocationId: a.world.IDs.New("eipalloc"), PublicIp: a.newPublicIP(), Domain: "vpc",
		NetworkBorderGroup: a.region.Name, PublicIpv4Pool: "amazon", Tagged: Tagged{tags},
	}
	put(a, addresses, v)
	return &AllocateAddressOutput{v.AllocationId, v.PublicIp, v.Domain, v.NetworkBorderGroup, v.PublicIpv4Pool}, nil
}

// DescribeAddressesInput is DescribeAddresses's.
type DescribeAddressesInput struct {
	AllocationIds []string `wire:"AllocationId"`
	PublicIps     []string `wire:"PublicIp"`
	Filters       []Filter `wire:"Filter"`
}

// DescribeAddressesOutput is DescribeAddresses's.
type DescribeAddressesOutput struct {
	Addresses []*Address `wire:"addressesSet"`
}

// DescribeAddresses lists public addresses.
func (a *API) DescribeAddresses(_ context.Context, in *DescribeAddressesInput) (*DescribeAddressesOutput, error) {
	filters := in.Filters
	if len(in.PublicIps) > 0 {
		filters = append(filters, Filter{"public-ip", in.PublicIps})
	}
	found, _, err := list(a, addresses, in.AllocationIds, filters, Page{})
	return &DescribeAddressesOutput{found}, err
}

// DescribeAddressesAttributeInput is DescribeAddressesAttribute's.
type DescribeAddressesAttributeInput struct {
	AllocationIds []string `wire:"AllocationId"`
	Attribute     string
	Page
}

// AddressAttribute is the name of an address in DNS; here there is none.
type AddressAttribute struct {
	AllocationId, PublicIp string
}

// DescribeAddressesAttributeOutput is DescribeAddressesAttribute's.
type DescribeAddressesAttributeOutput struct {
	Addresses []AddressAttribute `wire:"addressSet"`
	NextToken string
}

// DescribeAddressesAttribute lists addresses that have a name in DNS: none.
func (a *API) DescribeAddressesAttribute(_ context.Context, in *DescribeAddressesAttributeInput) (*DescribeAddressesAttributeOutput, error) {
	_, next, err := list(a, addresses, in.AllocationIds, nil, in.Page)
	return &DescribeAddressesAttributeOutput{NextToken: next}, err
}

// AssociateAddressInput is AssociateAddress's.
type AssociateAddressInput struct {
	AllocationId, InstanceId, NetworkInterfaceId, PrivateIpAddress string
	AllowReassociation                                             bool
}

// AssociateAddressOutput is AssociateAddress's.
type AssociateAddressOutput struct {
	Return        bool
	AssociationId string
}

// AssociateAddress gives a public address to an interface.
func (a *API) AssociateAddress(_ context.Context, in *AssociateAddressInput) (*AssociateAddressOutput, error) {
	v, err := find(a, addresses, in.AllocationId)
	if err != nil {
		return nil, err
	}
	i, err := a.addressTarget(in)
	if err != nil {
		return nil, err
	}
	if v.AssociationId != "" && !in.AllowReassociation {
		return nil, wire.Errorf("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", v.AllocationId, v.AssociationId)
	}
	if a.gatewayOf(i.VpcId) == nil {
		return nil, wire.Errorf("Gateway.NotAttached", "Network %s is not attached to any internet gateway", i.VpcId)
	}
	a.unmap(v)
	a.mapAddress(v, i)
	return &AssociateAddressOutput{true, v.AssociationId}, nil
}

func (a *API) addressTarget(in *AssociateAddressInput) (*NetworkInterface, error) {
	if in.NetworkInterfaceId != "" {
		return find(a, networkInterfaces, in.NetworkInterfaceId)
	}
	n, err := find(a, instances, in.InstanceId)
	if err != nil {
		return nil, err
	}
	return find(a, networkInterfaces, n.primaryInterface())
}

// mapAddress gives an elastic IP to an interface.
func (a *API) mapAddress(v *Address, i *NetworkInterface) {
	v.AssociationId = a.world.IDs.New("eipassoc")
	v.NetworkInterfaceId, v.NetworkInterfaceOwnerId = i.NetworkInterfaceId, i.OwnerId
	v.InstanceId, v.PrivateIpAddress = i.instance(), i.PrivateIpAddress
	i.setAssociation(&InterfaceAssociation{
		AllocationId: v.AllocationId, AssociationId: v.AssociationId, IpOwnerId: a.world.Account, PublicIp: v.PublicIp, PublicDnsName: a.publicName(v.PublicIp),
	})
}

// unmap takes an elastic IP from its interface.
func (a *API) unmap(v *Address) {
	if i := a.region.Interfaces.Get(v.NetworkInterfaceId); i != nil {
		i.setAssociation(nil)
	}
	v.AssociationId, v.NetworkInterfaceId, v.NetworkInterfaceOwnerId, v.InstanceId, v.PrivateIpAddress = "", "", "", "", ""
}

// DisassociateAddress takes a public address from its interface.
func (a *API) DisassociateAddress(_ context.Context, in *AssociationIdInput) (*Done, error) {
	for _, v := range a.region.Addresses.All() {
		if v.AssociationId != "" && v.AssociationId == in.AssociationId {
			if a.ownedByNat(v) {
				return nil, wire.Errorf("AuthFailure", "You do not have permission to access the specified resource.")
			}
			a.unmap(v)
			return done()
		}
	}
	return nil, wire.Errorf("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", in.AssociationId)
}

func (a *API) ownedByNat(v *Address) bool {
	i := a.region.Interfaces.Get(v.NetworkInterfaceId)
	return i != nil && i.InterfaceType == natInterface
}

// ReleaseAddressInput is ReleaseAddress's.
type ReleaseAddressInput struct {
	AllocationId, PublicIp, NetworkBorderGroup string
}

// ReleaseAddress gives an address back that nothing uses.
func (a *API) ReleaseAddress(_ context.Context, in *ReleaseAddressInput) (*Done, error) {
	v, err := find(a, addresses, in.AllocationId)
	if err != nil {
		return nil, err
	}
	if v.AssociationId != "" {
		return nil, wire.Errorf("InvalidIPAddress.InUse", "Address %s is in use.", v.PublicIp)
	}
	a.region.Addresses.Delete(v.AllocationId)
	return done()
}
