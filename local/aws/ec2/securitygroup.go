package ec2

import (
	"context"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

const defaultGroup = "default"

// SecurityGroup filters interfaces. Its permissions follow from its rules.
type SecurityGroup struct {
	GroupId, GroupName, VpcId, OwnerId, SecurityGroupArn string
	Description                                          string         `wire:"groupDescription"`
	IpPermissions                                        []IpPermission `json:"-"`
	IpPermissionsEgress                                  []IpPermission `json:"-"`
	Tagged
}

var securityGroups = &kind[SecurityGroup]{
	noun: "security group", code: "InvalidGroup", prefix: "sg",
	table: func(r *Region) *world.Table[SecurityGroup] { return &r.SecurityGroups },
	id:    func(g *SecurityGroup) string { return g.GroupId },
	tags:  func(g *SecurityGroup) *[]Tag { return &g.Tags },
	filters: map[string]func(*API, *SecurityGroup) []string{
		"group-id":                      of(func(g *SecurityGroup) string { return g.GroupId }),
		"group-name":                    of(func(g *SecurityGroup) string { return g.GroupName }),
		"description":                   of(func(g *SecurityGroup) string { return g.Description }),
		"vpc-id":                        of(func(g *SecurityGroup) string { return g.VpcId }),
		"owner-id":                      of(func(g *SecurityGroup) string { return g.OwnerId }),
		"ip-permission.group-id":        ruleFilter(false, (*SecurityGroupRule).group),
		"ip-permission.cidr":            ruleFilter(false, func(r *SecurityGroupRule) string { return r.CidrIpv4 }),
		"ip-permission.protocol":        ruleFilter(false, func(r *SecurityGroupRule) string { return r.IpProtocol }),
		"egress.ip-permission.group-id": ruleFilter(true, (*SecurityGroupRule).group),
		"egress.ip-permission.cidr":     ruleFilter(true, func(r *SecurityGroupRule) string { return r.CidrIpv4 }),
	},
}

func ruleFilter(egress bool, f func(*SecurityGroupRule) string) func(*API, *SecurityGroup) []string {
	return func(a *API, g *SecurityGroup) []string { return each(a.rulesOf(g.GroupId, egress), f) }
}

// CreateSecurityGroupInput is CreateSecurityGroup's.
type CreateSecurityGroupInput struct {
	GroupName, VpcId  string
	Description       string             `wire:"GroupDescription"`
	TagSpecifications []TagSpecification `wire:"TagSpecification"`
}

// CreateSecurityGroupOutput is CreateSecurityGroup's.
type CreateSecurityGroupOutput struct {
	Return                    bool
	GroupId, SecurityGroupArn string
	Tagged
}

// CreateSecurityGroup makes a group that lets nothing in and everything out.
func (a *API) CreateSecurityGroup(_ context.Context, in *CreateSecurityGroupInput) (*CreateSecurityGroupOutput, error) {
	switch {
	case in.GroupName == "":
		return nil, missing("GroupName")
	case in.Description == "":
		return nil, missing("GroupDescription")
	case in.VpcId == "":
		return nil, wire.Errorf("VPCIdNotSpecified", "No default VPC for this user")
	case in.GroupName == defaultGroup:
		return nil, wire.Errorf("InvalidParameterValue", "Cannot use reserved security group name: default")
	case len(in.GroupName) > 255 || len(in.GroupName) > 3 && in.GroupName[:3] == "sg-":
		return nil, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", in.GroupName)
	}
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, "security-group")
	if err != nil {
		return nil, err
	}
	if err := a.limit(world.GroupsPerRegion, 2500, a.region.SecurityGroups.Len(), "SecurityGroupLimitExceeded", "security groups"); err != nil {
		return nil, err
	}
	if anyOf(a.region.SecurityGroups.All(), func(g *SecurityGroup) bool { return g.VpcId == v.VpcId && g.GroupName == in.GroupName }) {
		return nil, wire.Errorf("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", in.GroupName, v.VpcId)
	}
	g := a.newGroup(v.VpcId, in.GroupName, in.Description, tags)
	return &CreateSecurityGroupOutput{true, g.GroupId, g.SecurityGroupArn, g.Tagged}, nil
}

// newGroup makes a group with the rule that lets everything out.
func (a *API) newGroup(vpc, name, description string, tags []Tag) *SecurityGroup {
	id := a.world.IDs.New("sg")
	g := &SecurityGroup{
		GroupId: id, GroupName: name, VpcId: vpc, OwnerId: a.world.Account, SecurityGroupArn: a.arn("security-group/" + id), Description: description, Tagged: Tagged{tags},
	}
	put(a, securityGroups, g)
	a.addRule(&SecurityGroupRule{GroupId: id, IsEgress: true, IpProtocol: "-1", FromPort: -1, ToPort: -1, CidrIpv4: "0.0.0.0/0"})
	return g
}

func (a *API) addDefaultSecurityGroup(v *Vpc) {
	g := a.newGroup(v.VpcId, defaultGroup, "default VPC security group", nil)
	a.addRule(&SecurityGroupRule{GroupId: g.GroupId, IpProtocol: "-1", FromPort: -1, ToPort: -1, ReferencedGroupInfo: &ReferencedGroup{GroupId: g.GroupId, UserId: a.world.Account}})
}

func (a *API) defaultGroupOf(vpc string) *SecurityGroup {
	for _, g := range a.region.SecurityGroups.All() {
		if g.VpcId == vpc && g.GroupName == defaultGroup {
			return g
		}
	}
	return nil
}

// DescribeSecurityGroupsInput is DescribeSecurityGroups's.
type DescribeSecurityGroupsInput struct {
	GroupIds   []string `wire:"GroupId"`
	GroupNames []string `wire:"GroupName"`
	Filters    []Filter `wire:"Filter"`
	Page
}

// DescribeSecurityGroupsOutput is DescribeSecurityGroups's.
type DescribeSecurityGroupsOutput struct {
	SecurityGroups []*SecurityGroup `wire:"securityGroupInfo"`
	NextToken      string
}

// DescribeSecurityGroups lists groups with their permissions.
func (a *API) DescribeSecurityGroups(_ context.Context, in *DescribeSecurityGroupsInput) (*DescribeSecurityGroupsOutput, error) {
	filters := in.Filters
	if len(in.GroupNames) > 0 {
		filters = append(filters, Filter{"group-name", in.GroupNames})
	}
	found, next, err := list(a, securityGroups, in.GroupIds, filters, in.Page)
	for i, g := range found {
		view := *g
		view.IpPermissions, view.IpPermissionsEgress = permissionsOf(a.seenRules(a.rulesOf(g.GroupId, false))), permissionsOf(a.seenRules(a.rulesOf(g.GroupId, true)))
		found[i] = &view
	}
	return &DescribeSecurityGroupsOutput{found, next}, err
}

// GroupIdInput names a group.
type GroupIdInput struct {
	GroupId string
}

// DeleteSecurityGroupOutput is DeleteSecurityGroup's.
type DeleteSecurityGroupOutput struct {
	Return  bool
	GroupId string
}

// DeleteSecurityGroup removes a group that no interface has and no other
// group's rule names.
func (a *API) DeleteSecurityGroup(_ context.Context, in *GroupIdInput) (*DeleteSecurityGroupOutput, error) {
	g, err := find(a, securityGroups, in.GroupId)
	if err != nil {
		return nil, err
	}
	if g.GroupName == defaultGroup {
		return nil, wire.Errorf("CannotDelete", "the specified group: %q name: %q cannot be deleted by a user", g.GroupId, g.GroupName)
	}
	if a.groupInUse(g.GroupId) {
		return nil, wire.Errorf("DependencyViolation", "resource %s has a dependent object", g.GroupId)
	}
	a.deleteGroup(g)
	return &DeleteSecurityGroupOutput{true, g.GroupId}, nil
}

func (a *API) groupInUse(id string) bool {
	return anyOf(a.region.Rules.All(), func(r *SecurityGroupRule) bool { return r.GroupId != id && r.group() == id }) ||
		anyOf(a.region.Interfaces.All(), func(i *NetworkInterface) bool {
			return slices.ContainsFunc(i.Groups, func(g GroupIdentifier) bool { return g.GroupId == id })
		})
}

func (a *API) deleteGroup(g *SecurityGroup) {
	for _, egress := range []bool{false, true} {
		for _, r := range a.rulesOf(g.GroupId, egress) {
			a.region.Rules.Delete(r.SecurityGroupRuleId)
		}
	}
	a.region.SecurityGroups.Delete(g.GroupId)
}
