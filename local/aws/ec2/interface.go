package ec2

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// NetworkInterface is one interface with its addresses.
type NetworkInterface struct {
	NetworkInterfaceId, SubnetId, VpcId, AvailabilityZone, AvailabilityZoneId, Description string
	OwnerId, RequesterId                                                                   string
	RequesterManaged, SourceDestCheck                                                      bool
	Status, MacAddress, PrivateIpAddress, PrivateDnsName, InterfaceType                    string
	Groups                                                                                 []GroupIdentifier `wire:"groupSet"`
	Attachment                                                                             *InterfaceAttachment
	Association                                                                            *InterfaceAssociation
	PrivateIpAddresses                                                                     []InterfaceAddress `wire:"privateIpAddressesSet"`
	Ipv4Prefixes                                                                           []Ipv4Prefix       `wire:"ipv4PrefixSet,omitempty"`
	Tagged

	Owner string `wire:"-"` // cluster whose control plane it is, "" otherwise
}

// GroupIdentifier names a security group.
type GroupIdentifier struct {
	GroupId, GroupName string
}

// InterfaceAttachment is the machine that an interface belongs to.
type InterfaceAttachment struct {
	AttachmentId, InstanceId, InstanceOwnerId, Status string
	DeviceIndex                                       int
	DeleteOnTermination                               bool
	AttachTime                                        time.Time
}

// InterfaceAssociation is an interface's public address.
type InterfaceAssociation struct {
	AllocationId, AssociationId, IpOwnerId, PublicIp, PublicDnsName string
}

// InterfaceAddress is one private address.
type InterfaceAddress struct {
	PrivateIpAddress, PrivateDnsName string
	Primary                          bool
	Association                      *InterfaceAssociation
}

// Ipv4Prefix is a range delegated to an interface.
type Ipv4Prefix struct {
	Ipv4Prefix string
}

var networkInterfaces = &kind[NetworkInterface]{
	noun: "networkInterface ID", code: "InvalidNetworkInterfaceID", prefix: "eni",
	table: func(r *Region) *world.Table[NetworkInterface] { return &r.Interfaces },
	id:    func(i *NetworkInterface) string { return i.NetworkInterfaceId },
	tags:  func(i *NetworkInterface) *[]Tag { return &i.Tags },
	filters: map[string]func(*API, *NetworkInterface) []string{
		"network-interface-id": of(func(i *NetworkInterface) string { return i.NetworkInterfaceId }),
		"subnet-id":            of(func(i *NetworkInterface) string { return i.SubnetId }),
		"vpc-id":               of(func(i *NetworkInterface) string { return i.VpcId }),
		"availability-zone":    of(func(i *NetworkInterface) string { return i.AvailabilityZone }),
		"description":          of(func(i *NetworkInterface) string { return i.Description }),
		"status":               of(func(i *NetworkInterface) string { return i.Status }),
		"interface-type":       of(func(i *NetworkInterface) string { return i.InterfaceType }),
		"requester-id":         of(func(i *NetworkInterface) string { return i.RequesterId }),
		"requester-managed":    of(func(i *NetworkInterface) string { return flag(i.RequesterManaged) }),
		"owner-id":             of(func(i *NetworkInterface) string { return i.OwnerId }),
		"mac-address":          of(func(i *NetworkInterface) string { return i.MacAddress }),
		"private-dns-name":     of(func(i *NetworkInterface) string { return i.PrivateDnsName }),
		"private-ip-address":   of(func(i *NetworkInterface) string { return i.PrivateIpAddress }),
		"addresses.private-ip-address": many(func(i *NetworkInterface) []string {
			return each(i.PrivateIpAddresses, func(p InterfaceAddress) string { return p.PrivateIpAddress })
		}),
		"group-id": many(func(i *NetworkInterface) []string {
			return each(i.Groups, func(g GroupIdentifier) string { return g.GroupId })
		}),
		"group-name": many(func(i *NetworkInterface) []string {
			return each(i.Groups, func(g GroupIdentifier) string { return g.GroupName })
		}),
		"attachment.instance-id":       ofAttachment(func(t *InterfaceAttachment) string { return t.InstanceId }),
		"attachment.instance-owner-id": ofAttachment(func(t *InterfaceAttachment) string { return t.InstanceOwnerId }),
		"attachment.attachment-id":     ofAttachment(func(t *InterfaceAttachment) string { return t.AttachmentId }),
		"attachment.status":            ofAttachment(func(t *InterfaceAttachment) string { return t.Status }),
		"association.public-ip":        ofAssociation(func(s *InterfaceAssociation) string { return s.PublicIp }),
		"association.allocation-id":    ofAssociation(func(s *InterfaceAssociation) string { return s.AllocationId }),
		"association.ip-owner-id":      ofAssociation(func(s *InterfaceAssociation) string { return s.IpOwnerId }),
	},
}

func ofAttachment(f func(*InterfaceAttachment) string) func(*API, *NetworkInterface) []string {
	return func(_ *API, i *NetworkInterface) []string {
		if i.Attachment == nil {
			return nil
		}
		return []string{f(i.Attachment)}
	}
}

func ofAssociation(f func(*InterfaceAssociation) string) func(*API, *NetworkInterface) []string {
	return func(_ *API, i *NetworkInterface) []string {
		if i.Association == nil {
			return nil
		}
		return []string{f(i.Association)}
	}
}

func (i *NetworkInterface) instance() string {
	if i.Attachment == nil {
		return ""
	}
	return i.Attachment.InstanceId
}

func (i *NetworkInterface) attach(t *InterfaceAttachment) { i.Attachment, i.Status = t, "in-use" }

func (i *NetworkInterface) detach() { i.Attachment, i.Status = nil, "available" }

func (i *NetworkInterface) setAssociation(s *InterfaceAssociation) {
	i.Association, i.PrivateIpAddresses[0].Association = s, s
}

// interfaceSpec is what a new interface shall be.
type interfaceSpec struct {
	private     string // address; "" takes the next free one
	more        int    // secondary addresses
	kind        string // interface type; "" is interface
	description string
	requester   string // set when AWS itself asks for it
	groups      []string
	tags        []Tag
}

// newInterface makes an interface in a subnet. Without groups it gets the
// VPC's default one, unless it is AWS's own.
func (a *API) newInterface(s *Subnet, spec interfaceSpec) (*NetworkInterface, error) {
	groups, err := a.interfaceGroups(s, spec)
	if err != nil {
		return nil, err
	}
	i := &NetworkInterface{
		NetworkInterfaceId: a.world.IDs.New("eni"), SubnetId: s.SubnetId, VpcId: s.VpcId, AvailabilityZone: s.AvailabilityZone,
		AvailabilityZoneId: s.AvailabilityZoneId, Description: spec.description, OwnerId: a.world.Account, RequesterId: spec.requester,
		RequesterManaged: spec.requester != "", SourceDestCheck: true, Status: "available", InterfaceType: "interface", Groups: groups, Tagged: Tagged{spec.tags},
	}
	if spec.kind != "" {
		i.InterfaceType = spec.kind
	}
	if err := a.assign(i, s, spec.private, 1+spec.more); err != nil {
		return nil, err
	}
	i.PrivateIpAddresses[0].Primary = true
	i.PrivateIpAddress, i.PrivateDnsName = i.PrivateIpAddresses[0].PrivateIpAddress, i.PrivateIpAddresses[0].PrivateDnsName
	i.MacAddress = macOf(i.PrivateIpAddress)
	put(a, networkInterfaces, i)
	return i, nil
}

// macOf is a locally administered address that follows from the IPv4 address.
func macOf(private string) string {
	b := netip.MustParseAddr(private).As4()
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

func (a *API) interfaceGroups(s *Subnet, spec interfaceSpec) ([]GroupIdentifier, error) {
	ids := spec.groups
	if len(ids) == 0 && spec.kind == "" {
		ids = []string{a.defaultGroupOf(s.VpcId).GroupId}
	}
	var out []GroupIdentifier
	for _, id := range ids {
		g, err := find(a, securityGroups, id)
		if err != nil {
			return nil, err
		}
		if g.VpcId != s.VpcId {
			return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s'", id, s.VpcId)
		}
		out = append(out, GroupIdentifier{g.GroupId, g.GroupName})
	}
	return out, a.limit(world.GroupsPerInterface, 5, len(out)-1, "SecurityGroupsPerInterfaceLimitExceeded", "security groups per interface")
}

// assign gives count more addresses to an interface, the first of them as
// asked for when it is.
func (a *API) assign(i *NetworkInterface, s *Subnet, first string, count int) error {
	used := a.usedAddresses(s.SubnetId)
	for range count {
		address, err := freeAddress(s, used, first)
		if err != nil {
			return err
		}
		used[address], first = true, ""
		i.PrivateIpAddresses = append(i.PrivateIpAddresses, InterfaceAddress{PrivateIpAddress: address.String(), PrivateDnsName: a.privateName(address.String())})
	}
	return nil
}

func freeAddress(s *Subnet, used map[netip.Addr]bool, wish string) (netip.Addr, error) {
	p := s.prefix()
	if wish != "" {
		w, err := netip.ParseAddr(wish)
		if err != nil || !p.Contains(w) {
			return w, wire.Errorf("InvalidParameterValue", "Address %s does not fall within the subnet's address range", wish)
		}
		if used[w] {
			return w, wire.Errorf("InvalidIPAddress.InUse", "Address %s is in use.", wish)
		}
		return w, nil
	}
	for n := reservedAddresses - 1; n < size(p)-1; n++ {
		if address := nth(p, n); !used[address] {
			return address, nil
		}
	}
	return netip.Addr{}, wire.Errorf("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
}

// usedAddresses are a subnet's addresses that interfaces have.
func (a *API) usedAddresses(subnet string) map[netip.Addr]bool {
	used := map[netip.Addr]bool{}
	for _, i := range a.region.Interfaces.All() {
		if i.SubnetId != subnet {
			continue
		}
		for _, p := range i.PrivateIpAddresses {
			used[netip.MustParseAddr(p.PrivateIpAddress)] = true
		}
		for _, p := range i.Ipv4Prefixes {
			for n := range 16 {
				used[nth(netip.MustParsePrefix(p.Ipv4Prefix), n)] = true
			}
		}
	}
	return used
}

func (a *API) privateName(address string) string {
	suffix := "." + a.region.Name + ".compute.internal"
	if a.region.Name == "us-east-1" {
		suffix = ".ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(address, ".", "-") + suffix
}

func (a *API) publicName(address string) string {
	suffix := "." + a.region.Name + ".compute.amazonaws.com"
	if a.region.Name == "us-east-1" {
		suffix = ".compute-1.amazonaws.com"
	}
	return "ec2-" + strings.ReplaceAll(address, ".", "-") + suffix
}

// CreateNetworkInterfaceInput is CreateNetworkInterface's.
type CreateNetworkInterfaceInput struct {
	SubnetId, Description, PrivateIpAddress, ClientToken, InterfaceType string
	Groups                                                              []string `wire:"SecurityGroupId"`
	SecondaryPrivateIpAddressCount                                      int
	TagSpecifications                                                   []TagSpecification `wire:"TagSpecification"`
}

// CreateNetworkInterfaceOutput is CreateNetworkInterface's.
type CreateNetworkInterfaceOutput struct {
	NetworkInterface *NetworkInterface
	ClientToken      string
}

// CreateNetworkInterface makes an interface that belongs to no machine.
func (a *API) CreateNetworkInterface(_ context.Context, in *CreateNetworkInterfaceInput) (*CreateNetworkInterfaceOutput, error) {
	s, err := find(a, subnets, in.SubnetId)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, "network-interface")
	if err != nil {
		return nil, err
	}
	if in.InterfaceType != "" && in.InterfaceType != "interface" {
		return nil, wire.Errorf("UnsupportedOperation", "this cloud makes interfaces of type interface only, not %s", in.InterfaceType)
	}
	i, err := a.newInterface(s, interfaceSpec{private: in.PrivateIpAddress, more: in.SecondaryPrivateIpAddressCount, description: in.Description, groups: in.Groups, tags: tags})
	if err != nil {
		return nil, err
	}
	return &CreateNetworkInterfaceOutput{i, in.ClientToken}, nil
}

// DescribeNetworkInterfacesInput is DescribeNetworkInterfaces's.
type DescribeNetworkInterfacesInput struct {
	NetworkInterfaceIds []string `wire:"NetworkInterfaceId"`
	Filters             []Filter `wire:"Filter"`
	Page
}

// DescribeNetworkInterfacesOutput is DescribeNetworkInterfaces's.
type DescribeNetworkInterfacesOutput struct {
	NetworkInterfaces []*NetworkInterface `wire:"networkInterfaceSet"`
	NextToken         string
}

// DescribeNetworkInterfaces lists interfaces, AWS's own too.
func (a *API) DescribeNetworkInterfaces(_ context.Context, in *DescribeNetworkInterfacesInput) (*DescribeNetworkInterfacesOutput, error) {
	found, next, err := list(a, networkInterfaces, in.NetworkInterfaceIds, in.Filters, in.Page)
	return &DescribeNetworkInterfacesOutput{found, next}, err
}

// NetworkInterfaceIdInput names an interface.
type NetworkInterfaceIdInput struct {
	NetworkInterfaceId string
}

// DeleteNetworkInterface removes an interface that belongs to no machine.
func (a *API) DeleteNetworkInterface(_ context.Context, in *NetworkInterfaceIdInput) (*Done, error) {
	i, err := find(a, networkInterfaces, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	if i.Status == "in-use" {
		return nil, wire.Errorf("InvalidParameterValue", "Network interface '%s' is currently in use.", i.NetworkInterfaceId)
	}
	a.dropInterface(i)
	return done()
}

// dropInterface removes an interface and frees its elastic IP.
func (a *API) dropInterface(i *NetworkInterface) {
	for _, v := range a.region.Addresses.All() {
		if v.NetworkInterfaceId == i.NetworkInterfaceId {
			a.unmap(v)
		}
	}
	a.region.Interfaces.Delete(i.NetworkInterfaceId)
}

// ModifyNetworkInterfaceAttributeInput is ModifyNetworkInterfaceAttribute's.
type ModifyNetworkInterfaceAttributeInput struct {
	NetworkInterfaceId string
	SourceDestCheck    *AttributeValue
	Groups             []string `wire:"SecurityGroupId"`
	Description        *struct{ Value string }
}

// ModifyNetworkInterfaceAttribute changes an interface.
func (a *API) ModifyNetworkInterfaceAttribute(_ context.Context, in *ModifyNetworkInterfaceAttributeInput) (*Done, error) {
	i, err := find(a, networkInterfaces, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	if len(in.Groups) > 0 {
		groups, err := a.interfaceGroups(a.region.Subnets.Get(i.SubnetId), interfaceSpec{groups: in.Groups})
		if err != nil {
			return nil, err
		}
		i.Groups = groups
	}
	if in.SourceDestCheck != nil {
		i.SourceDestCheck = in.SourceDestCheck.Value
	}
	if in.Description != nil {
		i.Description = in.Description.Value
	}
	return done()
}

// AttachNetworkInterfaceInput is AttachNetworkInterface's.
type AttachNetworkInterfaceInput struct {
	NetworkInterfaceId, InstanceId string
	DeviceIndex, NetworkCardIndex  int
}

// AttachNetworkInterfaceOutput is AttachNetworkInterface's.
type AttachNetworkInterfaceOutput struct {
	AttachmentId     string
	NetworkCardIndex int
}

// AttachNetworkInterface gives an interface to an instance of the same zone.
func (a *API) AttachNetworkInterface(_ context.Context, in *AttachNetworkInterfaceInput) (*AttachNetworkInterfaceOutput, error) {
	i, err := find(a, networkInterfaces, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	n, err := find(a, instances, in.InstanceId)
	if err != nil {
		return nil, err
	}
	if i.Status == "in-use" {
		return nil, wire.Errorf("InvalidNetworkInterface.InUse", "Interface: %s in use.", i.NetworkInterfaceId)
	}
	if i.AvailabilityZone != n.Placement.AvailabilityZone {
		return nil, wire.Errorf("InvalidParameterCombination", "You may not attach a network interface to an instance if they are not in the same availability zone")
	}
	i.attach(&InterfaceAttachment{
		AttachmentId: a.world.IDs.New("eni-attach"), InstanceId: n.InstanceId, InstanceOwnerId: a.world.Account, Status: "attached", DeviceIndex: in.DeviceIndex, AttachTime: a.now(),
	})
	return &AttachNetworkInterfaceOutput{AttachmentId: i.Attachment.AttachmentId}, nil
}

// DetachNetworkInterfaceInput is DetachNetworkInterface's.
type DetachNetworkInterfaceInput struct {
	AttachmentId string
	Force        bool
}

// DetachNetworkInterface takes an interface from its machine.
func (a *API) DetachNetworkInterface(_ context.Context, in *DetachNetworkInterfaceInput) (*Done, error) {
	for _, i := range a.region.Interfaces.All() {
		if i.Attachment == nil || i.Attachment.AttachmentId != in.AttachmentId {
			continue
		}
		if i.RequesterManaged || i.Attachment.DeviceIndex == 0 {
			return nil, wire.Errorf("OperationNotPermitted", "The network interface %s is a machine's first one or managed by AWS, and can't be detached", i.NetworkInterfaceId)
		}
		i.detach()
		return done()
	}
	return nil, wire.Errorf("InvalidAttachmentID.NotFound", "The attachment '%s' does not exist", in.AttachmentId)
}

// AssignPrivateIpAddressesInput is AssignPrivateIpAddresses's.
type AssignPrivateIpAddressesInput struct {
	NetworkInterfaceId             string
	SecondaryPrivateIpAddressCount int
	PrivateIpAddresses             []string `wire:"PrivateIpAddress"`
}

// AssignPrivateIpAddressesOutput is AssignPrivateIpAddresses's.
type AssignPrivateIpAddressesOutput struct {
	NetworkInterfaceId         string
	AssignedPrivateIpAddresses []InterfaceAddress `wire:"assignedPrivateIpAddressesSet"`
}

// AssignPrivateIpAddresses gives an interface more addresses.
func (a *API) AssignPrivateIpAddresses(_ context.Context, in *AssignPrivateIpAddressesInput) (*AssignPrivateIpAddressesOutput, error) {
	i, err := find(a, networkInterfaces, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	before, s := len(i.PrivateIpAddresses), a.region.Subnets.Get(i.SubnetId)
	kept := slices.Clone(i.PrivateIpAddresses)
	for _, wish := range in.PrivateIpAddresses {
		if err := a.assign(i, s, wish, 1); err != nil {
			i.PrivateIpAddresses = kept
			return nil, err
		}
	}
	if err := a.assign(i, s, "", in.SecondaryPrivateIpAddressCount); err != nil {
		i.PrivateIpAddresses = kept
		return nil, err
	}
	return &AssignPrivateIpAddressesOutput{i.NetworkInterfaceId, i.PrivateIpAddresses[before:]}, nil
}

// UnassignPrivateIpAddressesInput is UnassignPrivateIpAddresses's.
type UnassignPrivateIpAddressesInput struct {
	NetworkInterfaceId string
	PrivateIpAddresses []string `wire:"PrivateIpAddress"`
}

// UnassignPrivateIpAddresses removes secondary addresses.
func (a *API) UnassignPrivateIpAddresses(_ context.Context, in *UnassignPrivateIpAddressesInput) (*Done, error) {
	i, err := find(a, networkInterfaces, in.NetworkInterfaceId)
	if err != nil {
		return nil, err
	}
	for _, address := range in.PrivateIpAddresses {
		if !slices.ContainsFunc(i.PrivateIpAddresses, func(p InterfaceAddress) bool { return p.PrivateIpAddress == address && !p.Primary }) {
			return nil, wire.Errorf("InvalidParameterValue", "Some of the addresses are not assigned to interface %s", i.NetworkInterfaceId)
		}
	}
	i.PrivateIpAddresses = slices.DeleteFunc(i.PrivateIpAddresses, func(p InterfaceAddress) bool { return slices.Contains(in.PrivateIpAddresses, p.PrivateIpAddress) })
	return done()
}
