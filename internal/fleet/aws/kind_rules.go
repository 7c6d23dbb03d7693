package aws

import (
	"cmp"
	"context"
	"fmt"
	"sort"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var rulesKind = kind{create: (*job).createRules, change: (*job).changeRules, remove: (*job).removeRules}

// ruleDescription marks a rule of a security group as a fleet's: rules have no tags here.
func ruleDescription(fleet, id string) string { return "ringspan " + fleet + " " + id }

// rulesIn are the fleet's rules of a group, by their description.
func rulesIn(g *types.SecurityGroup, region, cluster, fleet string) (all []infra.Found) {
	rules := map[string][]string{}
	for _, r := range rulesOf(g.IpPermissions) {
		if id, ours := strings.CutPrefix(r.description, ruleDescription(fleet, "")); ours && r.group == "" {
			rules[id] = append(rules[id], r.String())
		}
	}
	for id, list := range rules {
		group := awssdk.ToString(g.GroupId)
		all = append(all, infra.Found{ID: id, Kind: infra.FirewallRules, Region: region, Physical: group + " " + id, State: infra.Ready,
			Have: map[string]string{"rules": infra.List(list), "group": group}, Refs: map[string]string{"cluster": cluster}})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// rule lets packets in from, or out to, a range or a security group.
type rule struct {
	protocol    string // EC2's name, or IANA's number; "-1" is all
	from, to    *int32 // ports, or type and code of ICMP; nil is all
	cidr, group string // one of them
	description string
}

// rulesOf takes permissions apart: one of EC2's is a rule for each IPv4 range and each group
// in it.
func rulesOf(all []types.IpPermission) (rules []rule) {
	for _, p := range all {
		one := rule{protocol: awssdk.ToString(p.IpProtocol), from: p.FromPort, to: p.ToPort}
		for _, r := range p.IpRanges {
			one.cidr, one.group, one.description = awssdk.ToString(r.CidrIp), "", awssdk.ToString(r.Description)
			rules = append(rules, one)
		}
		for _, g := range p.UserIdGroupPairs {
			one.cidr, one.group, one.description = "", awssdk.ToString(g.GroupId), awssdk.ToString(g.Description)
			rules = append(rules, one)
		}
	}
	return rules
}

// String is a rule as desired.Rulebook writes it.
func (r rule) String() string {
	return fmt.Sprintf("%s %d-%d %s", r.protocol, awssdk.ToInt32(r.from), awssdk.ToInt32(r.to), cmp.Or(r.cidr, r.group))
}

// clusterGroup is the security group that EKS makes for a cluster.
func (j *job) clusterGroup(ctx context.Context) (string, error) {
	if f := j.step.Found; f != nil && f.Have["group"] != "" {
		return f.Have["group"], nil
	}
	name := j.ref("cluster")
	out, err := j.region.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return "", err
	}
	if v := out.Cluster.ResourcesVpcConfig; v != nil && awssdk.ToString(v.ClusterSecurityGroupId) != "" {
		return *v.ClusterSecurityGroupId, nil
	}
	return "", fmt.Errorf("cluster %s has no security group", name)
}

func (j *job) createRules(ctx context.Context) error {
	group, err := j.clusterGroup(ctx)
	if err != nil {
		return err
	}
	j.physical = group + " " + j.step.ID
	return j.authorize(ctx, group, infra.Values(j.want("rules")))
}

// authorize adds rules with one call, and one by one when one of them is there already. Such
// a one gets the fleet's description in place: to revoke and add it again would cut
// connections off.
func (j *job) authorize(ctx context.Context, group string, rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	open := func(some []string) error {
		return j.cloud.retry(ctx, "opening "+group, func(ctx context.Context) error {
			_, err := j.region.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: j.permissions(some)})
			return err
		}, notFound)
	}
	err := open(rules)
	if !is(err, exists) {
		return err
	}
	for _, rule := range rules {
		one := []string{rule}
		err := open(one)
		if is(err, exists) {
			_, err = j.region.ec2.UpdateSecurityGroupRuleDescriptionsIngress(ctx, &ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{GroupId: &group, IpPermissions: j.permissions(one)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) revoke(ctx context.Context, group string, rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	_, err := j.region.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &group, IpPermissions: j.permissions(rules)})
	if is(err, notFound) {
		return nil
	}
	return err
}

// permissions are rules in EC2's form, with the fleet's description.
func (j *job) permissions(rules []string) (all []types.IpPermission) {
	for _, rule := range rules {
		var protocol, cidr string
		var from, to int32
		if _, err := fmt.Sscanf(rule, "%s %d-%d %s", &protocol, &from, &to, &cidr); err != nil {
			continue // rules are written by desired.Rulebook and rule only
		}
		all = append(all, types.IpPermission{IpProtocol: &protocol, FromPort: &from, ToPort: &to,
			IpRanges: []types.IpRange{{CidrIp: &cidr, Description: awssdk.String(ruleDescription(j.task.FleetID, j.step.ID))}}})
	}
	return all
}

func (j *job) changeRules(ctx context.Context) error {
	have, want := infra.Values(j.step.Found.Have["rules"]), infra.Values(j.want("rules"))
	group := j.step.Found.Have["group"]
	if err := j.authorize(ctx, group, without(want, have)); err != nil {
		return err
	}
	return j.revoke(ctx, group, without(have, want))
}

func (j *job) removeRules(ctx context.Context) error {
	f := j.step.Found
	return j.revoke(ctx, f.Have["group"], infra.Values(f.Have["rules"]))
}
