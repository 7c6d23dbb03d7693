package ec2

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// How long a NAT gateway takes on AWS, about.
const (
	natPending  = 100 * time.Second
	natDeleting = 45 * time.Second
	natListed   = time.Hour // a deleted or failed one stays in lists
)

const natInterface = "nat_gateway"

// NatGateway lets private subnets reach the internet.
type NatGateway struct {
	NatGatewayId, VpcId, SubnetId, State, ConnectivityType string
	AvailabilityMode                                       string
	FailureCode, FailureMessage                            string
	CreateTime, DeleteTime                                 time.Time
	NatGatewayAddresses                                    []NatGatewayAddress `wire:"natGatewayAddressSet"`
	Tagged

	Due time.Time `wire:"-"` // when the state changes by itself
}

// NatGatewayAddress is one address of a NAT gateway.
type NatGatewayAddress struct {
	AllocationId, AssociationId, NetworkInterfaceId, PrivateIp, PublicIp, Status string
	IsPrimary                                                                    bool
}

var natGateways = &kind[NatGateway]{
	noun: "NatGateway", code: "NatGatewayNotFound", prefix: "nat",
	table: func(r *Region) *world.Table[NatGateway] { return &r.NatGateways },
	id:    func(n *NatGateway) string { return n.NatGatewayId },
	tags:  func(n *NatGateway) *[]Tag { return &n.Tags },
	filters: map[string]func(*API, *NatGateway) []string{
		"nat-gateway-id": of(func(n *NatGateway) string { return n.NatGatewayId }),
		"state":          of(func(n *NatGateway) string { return n.State }),
		"subnet-id":      of(func(n *NatGateway) string { return n.SubnetId }),
		"vpc-id":         of(func(n *NatGateway) string { return n.VpcId }),
	},
}

// CreateNatGatewayInput is CreateNatGateway's.
type CreateNatGatewayInput struct {
	SubnetId, AllocationId, ClientToken, ConnectivityType, PrivateIpAddress string
	AvailabilityMode                                                        string
	TagSpecifications                                                       []TagSpecification `wire:"TagSpecification"`
}

// CreateNatGatewayOutput is CreateNatGateway's.
type CreateNatGatewayOutput struct {
	ClientToken string
	NatGateway  *NatGateway
}

// CreateNatGateway makes a gateway. What is wrong with the VPC or the address
// shows as its state, failed, as on AWS.
func (a *API) CreateNatGateway(_ context.Context, in *CreateNatGatewayInput) (*CreateNatGatewayOutput, error) {
	s, err := find(a, subnets, in.SubnetId)
	if err != nil {
		return nil, wire.Errorf("InvalidSubnet", "%s", wire.AsError(err).Message)
	}
	n := &NatGateway{VpcId: s.VpcId, SubnetId: s.SubnetId, State: "pending", ConnectivityType: "public", AvailabilityMode: "zonal", CreateTime: a.now()}
	if err := n.configure(in); err != nil {
		return nil, err
	}
	if n.Tags, err = tagsFor(in.TagSpecifications, "natgateway"); err != nil {
		return nil, err
	}
	if err := a.natLimit(s); err != nil {
		return nil, err
	}
	if err := a.giveAddresses(n, s, in); err != nil {
		return nil, err
	}
	n.NatGatewayId, n.Due = a.world.IDs.New("nat"), a.world.In(natPending)
	if i := a.region.Interfaces.Get(n.NatGatewayAddresses[0].NetworkInterfaceId); i != nil {
		i.Description = "Interface for NAT Gateway " + n.NatGatewayId
	}
	put(a, natGateways, n)
	copied := *n
	return &CreateNatGatewayOutput{in.ClientToken, &copied}, nil
}

func (n *NatGateway) configure(in *CreateNatGatewayInput) error {
	switch in.ConnectivityType {
	case "", "public":
		if in.AllocationId == "" {
			return missing("allocationId")
		}
	case "private":
		n.ConnectivityType = "private"
	default:
		return invalid("connectivityType", in.ConnectivityType)
	}
	if in.AvailabilityMode != "" && in.AvailabilityMode != "zonal" {
		return wire.Errorf("UnsupportedOperation", "this cloud has zonal NAT gateways only, not %s ones", in.AvailabilityMode)
	}
	return nil
}

func (a *API) natLimit(s *Subnet) error {
	count := 0
	for _, n := range a.region.NatGateways.All() {
		other := a.region.Subnets.Get(n.SubnetId)
		if n.alive() && other != nil && other.AvailabilityZone == s.AvailabilityZone {
			count++
		}
	}
	return a.limit(world.NATsPerZone, 5, count, "NatGatewayLimitExceeded", "NAT gateways in "+s.AvailabilityZone)
}

func (n *NatGateway) alive() bool { return n.State != "deleted" && n.State != "failed" }

// giveAddresses gives the gateway its interface and its public address.
func (a *API) giveAddresses(n *NatGateway, s *Subnet, in *CreateNatGatewayInput) error {
	first := NatGatewayAddress{AllocationId: in.AllocationId, Status: "associating", IsPrimary: true}
	if n.ConnectivityType == "public" {
		v, err := find(a, addresses, in.AllocationId)
		if err != nil {
			return err
		}
		first.PublicIp = v.PublicIp
		n.fail(a, v)
	}
	if n.FailureCode == "" {
		i, err := a.newInterface(s, interfaceSpec{private: in.PrivateIpAddress, kind: natInterface, requester: "amazon-elb"})
		if err != nil {
			return err
		}
		i.SourceDestCheck = false
		i.attach(&InterfaceAttachment{AttachmentId: a.world.IDs.New("ela-attach"), InstanceOwnerId: "amazon-aws", DeviceIndex: 1, Status: "attached"})
		if v := a.region.Addresses.Get(in.AllocationId); v != nil {
			a.mapAddress(v, i)
			first.AssociationId = v.AssociationId
		}
		first.NetworkInterfaceId, first.PrivateIp = i.NetworkInterfaceId, i.PrivateIpAddress
	}
	n.NatGatewayAddresses = []NatGatewayAddress{first}
	return nil
}

// fail finds what will keep a public gateway from coming up.
func (n *NatGateway) fail(a *API, v *Address) {
	switch {
	case v.AssociationId != "":
		n.FailureCode, n.FailureMessage = "Resource.AlreadyAssociated", "Elastic IP address ["+v.AllocationId+"] is already associated"
	case a.gatewayOf(n.VpcId) == nil:
		n.FailureCode, n.FailureMessage = "Gateway.NotAttached", "Network "+n.VpcId+" has no Internet gateway attached"
	}
}

// DescribeNatGatewaysInput is DescribeNatGateways's.
type DescribeNatGatewaysInput struct {
	NatGatewayIds []string `wire:"NatGatewayId"`
	Filter        []Filter
	Page
}

// DescribeNatGatewaysOutput is DescribeNatGateways's.
type DescribeNatGatewaysOutput struct {
	NatGateways []*NatGateway `wire:"natGatewaySet"`
	NextToken   string
}

// DescribeNatGateways lists gateways, for an hour the deleted ones too.
func (a *API) DescribeNatGateways(_ context.Context, in *DescribeNatGatewaysInput) (*DescribeNatGatewaysOutput, error) {
	found, next, err := list(a, natGateways, in.NatGatewayIds, in.Filter, in.Page)
	return &DescribeNatGatewaysOutput{found, next}, err
}

// NatGatewayIdInput names a NAT gateway.
type NatGatewayIdInput struct {
	NatGatewayId string
}

// NatGatewayIdOutput repeats it.
type NatGatewayIdOutput struct {
	NatGatewayId string
}

// DeleteNatGateway begins to end a gateway; its address stays allocated.
func (a *API) DeleteNatGateway(_ context.Context, in *NatGatewayIdInput) (*NatGatewayIdOutput, error) {
	n, err := find(a, natGateways, in.NatGatewayId)
	if err != nil {
		return nil, err
	}
	if n.State != "deleting" && n.State != "deleted" {
		n.State, n.Due, n.DeleteTime = "deleting", a.world.In(natDeleting), a.now()
	}
	return &NatGatewayIdOutput{n.NatGatewayId}, nil
}

// settleNat moves a gateway to its next state.
func (a *API) settleNat(n *NatGateway) {
	switch n.State {
	case "pending":
		n.State, n.Due = "available", time.Time{}
		n.NatGatewayAddresses[0].Status = "succeeded"
		if n.FailureCode != "" {
			n.State, n.Due = "failed", a.now().Add(natListed)
			n.NatGatewayAddresses[0].Status = "failed"
		}
	case "deleting":
		if v := a.region.Addresses.Get(n.NatGatewayAddresses[0].AllocationId); v != nil && v.NetworkInterfaceId == n.NatGatewayAddresses[0].NetworkInterfaceId {
			a.unmap(v)
		}
		a.region.Interfaces.Delete(n.NatGatewayAddresses[0].NetworkInterfaceId)
		n.State, n.Due = "deleted", a.now().Add(natListed)
	default:
		a.region.NatGateways.Delete(n.NatGatewayId)
	}
}
