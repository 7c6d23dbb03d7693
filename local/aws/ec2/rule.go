package ec2

import (
	"context"
	"fmt"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// SecurityGroupRule lets one source in or one destination be reached.
type SecurityGroupRule struct {
	SecurityGroupRuleId, SecurityGroupRuleArn, GroupId, GroupOwnerId string
	IsEgress                                                         bool
	IpProtocol                                                       string
	FromPort, ToPort                                                 int
	CidrIpv4, CidrIpv6, PrefixListId                                 string
	ReferencedGroupInfo                                              *ReferencedGroup
	Description                                                      string
	Tagged
}

// ReferencedGroup is the group whose members a rule means.
type ReferencedGroup struct {
	GroupId, UserId, VpcId, VpcPeeringConnectionId, PeeringStatus string
}

var securityGroupRules = &kind[SecurityGroupRule]{
	noun: "security group rule ID", code: "InvalidSecurityGroupRuleId", prefix: "sgr",
	table: func(r *Region) *world.Table[SecurityGroupRule] { return &r.Rules },
	id:    func(r *SecurityGroupRule) string { return r.SecurityGroupRuleId },
	tags:  func(r *SecurityGroupRule) *[]Tag { return &r.Tags },
	filters: map[string]func(*API, *SecurityGroupRule) []string{
		"group-id":               of(func(r *SecurityGroupRule) string { return r.GroupId }),
		"security-group-rule-id": of(func(r *SecurityGroupRule) string { return r.SecurityGroupRuleId }),
	},
}

// group is the group that a rule names, or "".
func (r *SecurityGroupRule) group() string {
	if r.ReferencedGroupInfo == nil {
		return ""
	}
	return r.ReferencedGroupInfo.GroupId
}

// same says whether two rules of one group let the same through.
func (r *SecurityGroupRule) same(o *SecurityGroupRule) bool {
	return r.IsEgress == o.IsEgress && r.IpProtocol == o.IpProtocol && r.FromPort == o.FromPort && r.ToPort == o.ToPort &&
		r.CidrIpv4 == o.CidrIpv4 && r.CidrIpv6 == o.CidrIpv6 && r.PrefixListId == o.PrefixListId && r.group() == o.group()
}

func (r *SecurityGroupRule) peer() string {
	return r.CidrIpv4 + r.CidrIpv6 + r.PrefixListId + r.group()
}

// rulesOf are a group's rules of one direction.
func (a *API) rulesOf(group string, egress bool) []*SecurityGroupRule {
	var out []*SecurityGroupRule
	for _, r := range a.region.Rules.All() {
		if r.GroupId == group && r.IsEgress == egress {
			out = append(out, r)
		}
	}
	return out
}

// seenRules are those of rules that are seen by now.
func (a *API) seenRules(rules []*SecurityGroupRule) []*SecurityGroupRule {
	return slices.DeleteFunc(rules, func(r *SecurityGroupRule) bool {
		return !a.world.Lag.Visible(a.region.Name + "/" + r.SecurityGroupRuleId)
	})
}

// addRule keeps a rule that has been checked.
func (a *API) addRule(r *SecurityGroupRule) {
	r.SecurityGroupRuleId, r.GroupOwnerId = a.world.IDs.New("sgr"), a.world.Account
	r.SecurityGroupRuleArn = a.arn("security-group-rule/" + r.SecurityGroupRuleId)
	a.region.Rules.Put(r.SecurityGroupRuleId, r)
}

// PermissionsInput is that of the calls that add and remove rules.
type PermissionsInput struct {
	GroupId              string
	IpPermissions        []IpPermission
	IpProtocol           string // with ports and CidrIp the short form of one permission
	FromPort, ToPort     *int
	CidrIp               string
	SecurityGroupRuleIds []string           `wire:"SecurityGroupRuleId"`
	TagSpecifications    []TagSpecification `wire:"TagSpecification"`
}

// RulesOutput shows new rules.
type RulesOutput struct {
	Return             bool
	SecurityGroupRules []*SecurityGroupRule `wire:"securityGroupRuleSet"`
}

func (in *PermissionsInput) permissions() []IpPermission {
	if in.IpProtocol == "" && in.CidrIp == "" {
		return in.IpPermissions
	}
	return append(in.IpPermissions, IpPermission{IpProtocol: in.IpProtocol, FromPort: in.FromPort, ToPort: in.ToPort, IpRanges: []IpRange{{CidrIp: in.CidrIp}}})
}

func (a *API) rulesIn(in *PermissionsInput, egress bool) ([]*SecurityGroupRule, error) {
	var out []*SecurityGroupRule
	for _, p := range in.permissions() {
		rules, err := p.rules(a.world.Account)
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			r.GroupId, r.IsEgress = in.GroupId, egress
			out = append(out, r)
		}
	}
	return out, nil
}

// AuthorizeSecurityGroupIngress lets sources in.
func (a *API) AuthorizeSecurityGroupIngress(_ context.Context, in *PermissionsInput) (*RulesOutput, error) {
	return a.authorize(in, false)
}

// AuthorizeSecurityGroupEgress lets destinations be reached.
func (a *API) AuthorizeSecurityGroupEgress(_ context.Context, in *PermissionsInput) (*RulesOutput, error) {
	return a.authorize(in, true)
}

// authorize adds all rules or, when one of them is wrong, none.
func (a *API) authorize(in *PermissionsInput, egress bool) (*RulesOutput, error) {
	g, err := find(a, securityGroups, in.GroupId)
	if err != nil {
		return nil, err
	}
	add, err := a.rulesIn(in, egress)
	if err != nil {
		return nil, err
	}
	if len(add) == 0 {
		return nil, missing("ipPermissions")
	}
	tags, err := tagsFor(in.TagSpecifications, "security-group-rule")
	if err != nil {
		return nil, err
	}
	have := a.rulesOf(g.GroupId, egress)
	for _, r := range add {
		if err := a.checkRule(g, r, have); err != nil {
			return nil, err
		}
		have = append(have, r)
	}
	if err := a.limit(world.RulesPerGroup, 60, len(have)-1, "RulesPerSecurityGroupLimitExceeded", "rules per security group"); err != nil {
		return nil, err
	}
	for _, r := range add {
		r.Tags = tags
		a.addRule(r)
		a.world.Lag.Made(a.region.Name + "/" + r.SecurityGroupRuleId)
	}
	return &RulesOutput{true, add}, nil
}

func (a *API) checkRule(g *SecurityGroup, r *SecurityGroupRule, have []*SecurityGroupRule) error {
	if r.peer() == "" {
		return missing("a source: a range, a prefix list or a group")
	}
	if r.PrefixListId != "" && a.prefixList(r.PrefixListId) == nil {
		return wire.Errorf("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", r.PrefixListId)
	}
	if r.group() != "" {
		other := a.region.SecurityGroups.Get(r.group())
		if other == nil || other.VpcId != g.VpcId && !a.peered(other.VpcId, g.VpcId) {
			return wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s', nor in one of this region that is peered with it", r.group(), g.VpcId)
		}
	}
	for _, h := range have {
		if h.same(r) {
			return wire.Errorf("InvalidPermission.Duplicate", "the specified rule %q already exists", r.sentence())
		}
	}
	return nil
}

func (r *SecurityGroupRule) sentence() string {
	return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", r.peer(), r.IpProtocol, r.FromPort, r.ToPort)
}

func (a *API) peered(v, w string) bool {
	return anyOf(a.state.Peerings.All(), func(p *Peering) bool {
		return p.Status.Code == pcxActive && (p.Requester.VpcId == v && p.Accepter.VpcId == w || p.Requester.VpcId == w && p.Accepter.VpcId == v)
	})
}

// RevokeOutput shows what was removed.
type RevokeOutput struct {
	Return                    bool
	RevokedSecurityGroupRules []*SecurityGroupRule `wire:"revokedSecurityGroupRuleSet"`
}

// RevokeSecurityGroupIngress removes rules, named by id or by what they are.
func (a *API) RevokeSecurityGroupIngress(_ context.Context, in *PermissionsInput) (*RevokeOutput, error) {
	return a.revoke(in, false)
}

// RevokeSecurityGroupEgress removes rules, named by id or by what they are.
func (a *API) RevokeSecurityGroupEgress(_ context.Context, in *PermissionsInput) (*RevokeOutput, error) {
	return a.revoke(in, true)
}

func (a *API) revoke(in *PermissionsInput, egress bool) (*RevokeOutput, error) {
	g, err := find(a, securityGroups, in.GroupId)
	if err != nil {
		return nil, err
	}
	have := a.rulesOf(g.GroupId, egress)
	var gone []*SecurityGroupRule
	for _, id := range in.SecurityGroupRuleIds {
		r := a.region.Rules.Get(id)
		if r == nil || r.GroupId != g.GroupId || r.IsEgress != egress {
			return nil, securityGroupRules.notFound(id)
		}
		gone = append(gone, r)
	}
	asked, err := a.rulesIn(in, egress)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		found := sameRule(have, r)
		if found == nil {
			return nil, wire.Errorf("InvalidPermission.NotFound", "The specified rule does not exist in this security group: %s", r.sentence())
		}
		gone = append(gone, found)
	}
	for _, r := range gone {
		a.region.Rules.Delete(r.SecurityGroupRuleId)
	}
	return &RevokeOutput{true, gone}, nil
}

func sameRule(have []*SecurityGroupRule, r *SecurityGroupRule) *SecurityGroupRule {
	for _, h := range have {
		if h.same(r) {
			return h
		}
	}
	return nil
}

// DescribeSecurityGroupRulesInput is DescribeSecurityGroupRules's.
type DescribeSecurityGroupRulesInput struct {
	SecurityGroupRuleIds []string `wire:"SecurityGroupRuleId"`
	Filters              []Filter `wire:"Filter"`
	Page
}

// DescribeSecurityGroupRulesOutput is DescribeSecurityGroupRules's.
type DescribeSecurityGroupRulesOutput struct {
	SecurityGroupRules []*SecurityGroupRule `wire:"securityGroupRuleSet"`
	NextToken          string
}

// DescribeSecurityGroupRules lists rules, each with its id and tags.
func (a *API) DescribeSecurityGroupRules(_ context.Context, in *DescribeSecurityGroupRulesInput) (*DescribeSecurityGroupRulesOutput, error) {
	found, next, err := list(a, securityGroupRules, in.SecurityGroupRuleIds, in.Filters, in.Page)
	return &DescribeSecurityGroupRulesOutput{found, next}, err
}

// SecurityGroupRuleRequest is what a rule shall become.
type SecurityGroupRuleRequest struct {
	IpProtocol                                          string
	FromPort, ToPort                                    *int
	CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId string
	Description                                         string
}

// ModifySecurityGroupRulesInput is ModifySecurityGroupRules's.
type ModifySecurityGroupRulesInput struct {
	GroupId            string
	SecurityGroupRules []struct {
		SecurityGroupRuleId string
		SecurityGroupRule   *SecurityGroupRuleRequest
	} `wire:"SecurityGroupRule"`
}

// ModifySecurityGroupRules changes rules in place; ids and tags stay.
func (a *API) ModifySecurityGroupRules(_ context.Context, in *ModifySecurityGroupRulesInput) (*Done, error) {
	g, err := find(a, securityGroups, in.GroupId)
	if err != nil {
		return nil, err
	}
	for _, change := range in.SecurityGroupRules {
		r := a.region.Rules.Get(change.SecurityGroupRuleId)
		if r == nil || r.GroupId != g.GroupId {
			return nil, securityGroupRules.notFound(change.SecurityGroupRuleId)
		}
		if change.SecurityGroupRule == nil {
			return nil, missing("SecurityGroupRule")
		}
		if err := a.modifyRule(g, r, change.SecurityGroupRule); err != nil {
			return nil, err
		}
	}
	return done()
}

func (a *API) modifyRule(g *SecurityGroup, r *SecurityGroupRule, to *SecurityGroupRuleRequest) error {
	n := *r
	n.CidrIpv4, n.CidrIpv6, n.PrefixListId, n.ReferencedGroupInfo, n.Description = to.CidrIpv4, to.CidrIpv6, to.PrefixListId, nil, to.Description
	if to.ReferencedGroupId != "" {
		n.ReferencedGroupInfo = &ReferencedGroup{GroupId: to.ReferencedGroupId, UserId: a.world.Account}
	}
	if err := n.setPorts(to.IpProtocol, to.FromPort, to.ToPort); err != nil {
		return err
	}
	if err := n.normalize(); err != nil {
		return err
	}
	var others []*SecurityGroupRule
	for _, o := range a.rulesOf(g.GroupId, r.IsEgress) {
		if o != r {
			others = append(others, o)
		}
	}
	if err := a.checkRule(g, &n, others); err != nil {
		return err
	}
	*r = n
	return nil
}

// DescriptionsInput is that of the calls that describe rules.
type DescriptionsInput struct {
	GroupId                       string
	IpPermissions                 []IpPermission
	SecurityGroupRuleDescriptions []struct {
		SecurityGroupRuleId, Description string
	} `wire:"SecurityGroupRuleDescription"`
}

// UpdateSecurityGroupRuleDescriptionsIngress describes rules.
func (a *API) UpdateSecurityGroupRuleDescriptionsIngress(_ context.Context, in *DescriptionsInput) (*Done, error) {
	return a.describeRules(in, false)
}

// UpdateSecurityGroupRuleDescriptionsEgress describes rules.
func (a *API) UpdateSecurityGroupRuleDescriptionsEgress(_ context.Context, in *DescriptionsInput) (*Done, error) {
	return a.describeRules(in, true)
}

func (a *API) describeRules(in *DescriptionsInput, egress bool) (*Done, error) {
	g, err := find(a, securityGroups, in.GroupId)
	if err != nil {
		return nil, err
	}
	for _, d := range in.SecurityGroupRuleDescriptions {
		r := a.region.Rules.Get(d.SecurityGroupRuleId)
		if r == nil || r.GroupId != g.GroupId {
			return nil, securityGroupRules.notFound(d.SecurityGroupRuleId)
		}
		r.Description = d.Description
	}
	asked, err := a.rulesIn(&PermissionsInput{GroupId: g.GroupId, IpPermissions: in.IpPermissions}, egress)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		found := sameRule(a.rulesOf(g.GroupId, egress), r)
		if found == nil {
			return nil, wire.Errorf("InvalidPermission.NotFound", "The specified rule does not exist in this security group: %s", r.sentence())
		}
		found.Description = r.Description
	}
	return done()
}
