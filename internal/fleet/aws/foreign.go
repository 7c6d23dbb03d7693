package aws

import (
	"context"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// inside is what is in the fleet's networks, whoever made it.
type inside struct {
	interfaces []types.NetworkInterface
	groups     []types.SecurityGroup
	subnets    []types.Subnet
	nats       []types.NatGateway
	instances  []types.Instance
	tables     []types.RouteTable
	lists      []types.NetworkAcl
}

// askInside lists a network's contents without regard to tags.
func (o *observation) askInside(ctx context.Context, vpc string) error {
	within := filter("vpc-id", vpc)
	interfaces, err := o.in.networkInterfaces(ctx, within)
	if err != nil {
		return err
	}
	groups, err := o.in.securityGroups(ctx, within)
	if err != nil {
		return err
	}
	subnets, err := o.in.subnets(ctx, within)
	if err != nil {
		return err
	}
	tables, err := o.in.routeTables(ctx, within)
	if err != nil {
		return err
	}
	lists, err := o.in.networkACLs(ctx, within)
	if err != nil {
		return err
	}
	nats, err := o.in.natGateways(ctx, within)
	if err != nil {
		return err
	}
	instances, err := o.in.instances(ctx, within)
	if err != nil {
		return err
	}
	n := &o.inside
	n.interfaces, n.groups, n.subnets = append(n.interfaces, interfaces...), append(n.groups, groups...), append(n.subnets, subnets...)
	n.tables, n.lists = append(n.tables, tables...), append(n.lists, lists...)
	n.nats, n.instances = append(n.nats, nats...), append(n.instances, instances...)
	return nil
}

// foreign names what in the fleet's networks is neither the fleet's nor follows
// from what is.
func foreign(observations []*observation, seen *infra.Seen) (all []infra.Foreign) {
	mine := map[string]bool{}
	for _, f := range seen.Found {
		mine[f.Physical] = true
	}
	for _, o := range observations {
		all = append(all, o.foreign(mine)...)
	}
	return all
}

func (o *observation) foreign(mine map[string]bool) (all []infra.Foreign) {
	cluster := desired.ClusterName(o.question.Fleet, o.in.name)
	ours := map[string]bool{} // machines
	say := func(kind string, id, vpc *string, detail string) {
		all = append(all, infra.Foreign{Region: o.in.name, Network: awssdk.ToString(vpc), Kind: kind, Physical: awssdk.ToString(id), Detail: detail})
	}
	for _, i := range o.inside.instances {
		tags := readTags(i.Tags)
		id := awssdk.ToString(i.InstanceId)
		gone := i.State != nil && i.State.Name == types.InstanceStateNameTerminated
		if mine[id] || gone || tags["eks:cluster-name"] == cluster || tags["aws:eks:cluster-name"] == cluster || tags["kubernetes.io/cluster/"+cluster] == "owned" {
			ours[id] = true
			continue
		}
		say("instance", i.InstanceId, i.VpcId, tags["Name"])
	}
	for _, n := range o.inside.nats {
		if !mine[awssdk.ToString(n.NatGatewayId)] && n.State != types.NatGatewayStateDeleted {
			say("NAT gateway", n.NatGatewayId, n.VpcId, "")
		}
	}
	for _, r := range o.inside.tables { // the main one goes with its network
		main := slices.ContainsFunc(r.Associations, func(a types.RouteTableAssociation) bool { return awssdk.ToBool(a.Main) })
		if !main && !mine[awssdk.ToString(r.RouteTableId)] {
			say("route table", r.RouteTableId, r.VpcId, readTags(r.Tags)["Name"])
		}
	}
	for _, n := range o.inside.lists {
		if !awssdk.ToBool(n.IsDefault) {
			say("network ACL", n.NetworkAclId, n.VpcId, readTags(n.Tags)["Name"])
		}
	}
	for _, n := range o.inside.interfaces {
		attached := ""
		if n.Attachment != nil {
			attached = awssdk.ToString(n.Attachment.InstanceId)
		}
		if fromCluster(n, o.question.Fleet, o.in.name) || ofGateway(n) || attached != "" {
			continue // its machine or gateway is named instead
		}
		say("network interface", n.NetworkInterfaceId, n.VpcId, awssdk.ToString(n.Description))
	}
	for _, g := range o.inside.groups {
		tags := readTags(g.Tags)
		if awssdk.ToString(g.GroupName) == "default" || mine[awssdk.ToString(g.GroupId)] || tags["aws:eks:cluster-name"] == cluster || tags["kubernetes.io/cluster/"+cluster] == "owned" || strings.HasPrefix(awssdk.ToString(g.GroupName), "eks-cluster-sg-"+cluster+"-") {
			continue
		}
		say("security group", g.GroupId, g.VpcId, awssdk.ToString(g.GroupName))
	}
	for _, s := range o.inside.subnets {
		if !mine[awssdk.ToString(s.SubnetId)] {
			say("subnet", s.SubnetId, s.VpcId, readTags(s.Tags)["Name"])
		}
	}
	slices.SortFunc(all, func(a, b infra.Foreign) int { return strings.Compare(a.Physical, b.Physical) })
	return all
}
