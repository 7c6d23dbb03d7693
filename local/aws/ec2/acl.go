package ec2

import (
	"cmp"
	"context"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const lastACLRule = 32767 // denies what no other rule names

// NetworkAcl filters a subnet's border.
type NetworkAcl struct {
	NetworkAclId, VpcId, OwnerId string
	IsDefault                    bool                    `wire:"default"`
	Entries                      []NetworkAclEntry       `wire:"entrySet"`
	Associations                 []NetworkAclAssociation `wire:"associationSet"`
	Tagged
}

// NetworkAclEntry is one line.
type NetworkAclEntry struct {
	RuleNumber    int
	Egress        bool
	Protocol      string // IANA number; -1 = all
	RuleAction    string
	CidrBlock     string
	Ipv6CidrBlock string
	PortRange     *PortRange
	IcmpTypeCode  *IcmpTypeCode
}

// PortRange is a range of ports.
type PortRange struct {
	From, To int
}

// IcmpTypeCode is a type and a code of ICMP; -1 = all.
type IcmpTypeCode struct {
	Type, Code int
}

// NetworkAclAssociation makes an ACL hold for a subnet.
type NetworkAclAssociation struct {
	NetworkAclAssociationId, NetworkAclId, SubnetId string
}

var networkAcls = &kind[NetworkAcl]{
	noun: "networkAcl ID", code: "InvalidNetworkAclID", prefix: "acl",
	table: func(r *Region) *world.Table[NetworkAcl] { return &r.NetworkAcls },
	id:    func(n *NetworkAcl) string { return n.NetworkAclId },
	tags:  func(n *NetworkAcl) *[]Tag { return &n.Tags },
	filters: map[string]func(*API, *NetworkAcl) []string{
		"network-acl-id": of(func(n *NetworkAcl) string { return n.NetworkAclId }),
		"vpc-id":         of(func(n *NetworkAcl) string { return n.VpcId }),
		"owner-id":       of(func(n *NetworkAcl) string { return n.OwnerId }),
		"default":        of(func(n *NetworkAcl) string { return flag(n.IsDefault) }),
		"association.subnet-id": many(func(n *NetworkAcl) []string {
			return each(n.Associations, func(s NetworkAclAssociation) string { return s.SubnetId })
		}),
		"association.association-id": many(func(n *NetworkAcl) []string {
			return each(n.Associations, func(s NetworkAclAssociation) string { return s.NetworkAclAssociationId })
		}),
	},
}

func (a *API) newAcl(vpc string, isDefault bool, tags []Tag) *NetworkAcl {
	n := &NetworkAcl{NetworkAclId: a.world.IDs.New("acl"), VpcId: vpc, OwnerId: a.world.Account, IsDefault: isDefault, Tagged: Tagged{tags}}
	for _, egress := range []bool{true, false} {
		if isDefault {
			n.Entries = append(n.Entries, NetworkAclEntry{RuleNumber: 100, Egress: egress, Protocol: "-1", RuleAction: "allow", CidrBlock: "0.0.0.0/0"})
		}
		n.Entries = append(n.Entries, NetworkAclEntry{RuleNumber: lastACLRule, Egress: egress, Protocol: "-1", RuleAction: "deny", CidrBlock: "0.0.0.0/0"})
	}
	put(a, networkAcls, n)
	return n
}

func (a *API) addDefaultNetworkAcl(v *Vpc) { a.newAcl(v.VpcId, true, nil) }

func (a *API) defaultAcl(vpc string) *NetworkAcl {
	for _, n := range a.region.NetworkAcls.All() {
		if n.VpcId == vpc && n.IsDefault {
			return n
		}
	}
	return nil
}

func (a *API) associateDefaultAcl(s *Subnet) { a.associateAcl(a.defaultAcl(s.VpcId), s.SubnetId) }

func (a *API) associateAcl(n *NetworkAcl, subnet string) string {
	id := a.world.IDs.New("aclassoc")
	n.Associations = append(n.Associations, NetworkAclAssociation{id, n.NetworkAclId, subnet})
	return id
}

func (n *NetworkAcl) dropSubnet(id string) {
	n.Associations = slices.DeleteFunc(n.Associations, func(s NetworkAclAssociation) bool { return s.SubnetId == id })
}

// CreateNetworkAclInput is CreateNetworkAcl's.
type CreateNetworkAclInput struct {
	VpcId, ClientToken string
	TagSpecifications  []TagSpecification `wire:"TagSpecification"`
}

// CreateNetworkAclOutput is CreateNetworkAcl's.
type CreateNetworkAclOutput struct {
	NetworkAcl  *NetworkAcl
	ClientToken string
}

// CreateNetworkAcl makes an ACL that denies everything.
func (a *API) CreateNetworkAcl(_ context.Context, in *CreateNetworkAclInput) (*CreateNetworkAclOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, "network-acl")
	if err != nil {
		return nil, err
	}
	count := 0
	for _, n := range a.region.NetworkAcls.All() {
		if n.VpcId == v.VpcId {
			count++
		}
	}
	if err := a.limit(world.ACLsPerVPC, 200, count, "NetworkAclLimitExceeded", "network ACLs of a VPC"); err != nil {
		return nil, err
	}
	return &CreateNetworkAclOutput{a.newAcl(v.VpcId, false, tags), in.ClientToken}, nil
}

// DescribeNetworkAclsInput is DescribeNetworkAcls's.
type DescribeNetworkAclsInput struct {
	NetworkAclIds []string `wire:"NetworkAclId"`
	Filters       []Filter `wire:"Filter"`
	Page
}

// DescribeNetworkAclsOutput is DescribeNetworkAcls's.
type DescribeNetworkAclsOutput struct {
	NetworkAcls []*NetworkAcl `wire:"networkAclSet"`
	NextToken   string
}

// DescribeNetworkAcls lists ACLs.
func (a *API) DescribeNetworkAcls(_ context.Context, in *DescribeNetworkAclsInput) (*DescribeNetworkAclsOutput, error) {
	found, next, err := list(a, networkAcls, in.NetworkAclIds, in.Filters, in.Page)
	return &DescribeNetworkAclsOutput{found, next}, err
}

// NetworkAclIdInput names an ACL.
type NetworkAclIdInput struct {
	NetworkAclId string
}

// DeleteNetworkAcl removes an ACL that holds for no subnet.
func (a *API) DeleteNetworkAcl(_ context.Context, in *NetworkAclIdInput) (*Done, error) {
	n, err := find(a, networkAcls, in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	if n.IsDefault {
		return nil, wire.Errorf("InvalidParameterValue", "cannot delete default network ACL %s", n.NetworkAclId)
	}
	if len(n.Associations) > 0 {
		return nil, inUse("networkAcl", n.NetworkAclId)
	}
	a.region.NetworkAcls.Delete(n.NetworkAclId)
	return done()
}

// NetworkAclEntryInput is that of the calls that write a line.
type NetworkAclEntryInput struct {
	NetworkAclId, Protocol, RuleAction, CidrBlock string
	RuleNumber                                    int
	Egress                                        bool
	PortRange                                     *PortRange
	Icmp                                          *IcmpTypeCode
}

// CreateNetworkAclEntry adds a line.
func (a *API) CreateNetworkAclEntry(_ context.Context, in *NetworkAclEntryInput) (*Done, error) {
	n, e, err := a.aclEntry(in)
	if err != nil {
		return nil, err
	}
	if n.entry(e.RuleNumber, e.Egress) >= 0 {
		return nil, wire.Errorf("NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", e.RuleNumber)
	}
	n.Entries = append(n.Entries, e)
	slices.SortStableFunc(n.Entries, func(x, y NetworkAclEntry) int { return cmp.Compare(x.RuleNumber, y.RuleNumber) })
	return done()
}

// ReplaceNetworkAclEntry changes a line.
func (a *API) ReplaceNetworkAclEntry(_ context.Context, in *NetworkAclEntryInput) (*Done, error) {
	n, e, err := a.aclEntry(in)
	if err != nil {
		return nil, err
	}
	i := n.entry(e.RuleNumber, e.Egress)
	if i < 0 {
		return nil, noEntry(e.RuleNumber)
	}
	n.Entries[i] = e
	return done()
}

// DeleteNetworkAclEntryInput is DeleteNetworkAclEntry's.
type DeleteNetworkAclEntryInput struct {
	NetworkAclId string
	RuleNumber   int
	Egress       bool
}

// DeleteNetworkAclEntry removes a line.
func (a *API) DeleteNetworkAclEntry(_ context.Context, in *DeleteNetworkAclEntryInput) (*Done, error) {
	n, err := find(a, networkAcls, in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	i := n.entry(in.RuleNumber, in.Egress)
	if i < 0 || in.RuleNumber == lastACLRule {
		return nil, noEntry(in.RuleNumber)
	}
	n.Entries = slices.Delete(n.Entries, i, i+1)
	return done()
}

func noEntry(number int) error {
	return wire.Errorf("InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist", number)
}

func (n *NetworkAcl) entry(number int, egress bool) int {
	return slices.IndexFunc(n.Entries, func(e NetworkAclEntry) bool { return e.RuleNumber == number && e.Egress == egress })
}

func (a *API) aclEntry(in *NetworkAclEntryInput) (*NetworkAcl, NetworkAclEntry, error) {
	e := NetworkAclEntry{RuleNumber: in.RuleNumber, Egress: in.Egress, RuleAction: in.RuleAction, PortRange: in.PortRange, IcmpTypeCode: in.Icmp}
	n, err := find(a, networkAcls, in.NetworkAclId)
	if err != nil {
		return nil, e, err
	}
	cidr, err := parseCIDR("cidrBlock", in.CidrBlock)
	if err != nil {
		return nil, e, err
	}
	probe := SecurityGroupRule{}
	zero, most := 0, 65535
	if err := probe.setPorts(in.Protocol, &zero, &most); err != nil {
		return nil, e, err
	}
	e.CidrBlock, e.Protocol = cidr.String(), protocolNumber(probe.IpProtocol)
	switch {
	case in.RuleNumber < 1 || in.RuleNumber >= lastACLRule:
		return nil, e, wire.Errorf("InvalidParameterValue", "Value (%d) for parameter ruleNumber is invalid. It is from 1 to %d.", in.RuleNumber, lastACLRule-1)
	case in.RuleAction != "allow" && in.RuleAction != "deny":
		return nil, e, invalid("ruleAction", in.RuleAction)
	case (e.Protocol == "6" || e.Protocol == "17") && in.PortRange == nil:
		return nil, e, missing("portRange")
	case e.Protocol == "1" && in.Icmp == nil:
		return nil, e, missing("icmp")
	}
	return n, e, nil
}

func protocolNumber(name string) string {
	for number, n := range protocols {
		if n == name {
			return number
		}
	}
	return name
}

// ReplaceNetworkAclAssociationInput is ReplaceNetworkAclAssociation's.
type ReplaceNetworkAclAssociationInput struct {
	AssociationId, NetworkAclId string
}

// ReplaceNetworkAclAssociationOutput is ReplaceNetworkAclAssociation's.
type ReplaceNetworkAclAssociationOutput struct {
	NewAssociationId string
}

// ReplaceNetworkAclAssociation moves a subnet to another ACL.
func (a *API) ReplaceNetworkAclAssociation(_ context.Context, in *ReplaceNetworkAclAssociationInput) (*ReplaceNetworkAclAssociationOutput, error) {
	to, err := find(a, networkAcls, in.NetworkAclId)
	if err != nil {
		return nil, err
	}
	for _, n := range a.region.NetworkAcls.All() {
		for i, s := range n.Associations {
			if s.NetworkAclAssociationId != in.AssociationId {
				continue
			}
			if n.VpcId != to.VpcId {
				return nil, wire.Errorf("InvalidParameterValue", "network ACL %s and subnet %s belong to different networks", to.NetworkAclId, s.SubnetId)
			}
			n.Associations = slices.Delete(n.Associations, i, i+1)
			return &ReplaceNetworkAclAssociationOutput{a.associateAcl(to, s.SubnetId)}, nil
		}
	}
	return nil, wire.Errorf("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", in.AssociationId)
}
