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

// askInside lists a network's contents without regard to tags.
func (o *observation) askInside(ctx context.Context, vpc string) error {
	n := o.in.within(vpc)
	o.inside = append(o.inside, n)
	return askAll(ctx, n.askInterfaces, n.askGroups, n.askSubnets, n.askTables, n.askLists, n.askNATs, n.askInstances)
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

func (o *observation) foreign(mine map[string]bool) []infra.Foreign {
	s := &search{region: o.in.name, fleet: o.question.Fleet, cluster: desired.ClusterName(o.question.Fleet, o.in.name), mine: mine}
	for _, n := range o.inside {
		for _, find := range []func(*contents){s.instances, s.nats, s.tables, s.lists, s.interfaces, s.groups, s.subnets} {
			find(n)
		}
	}
	slices.SortFunc(s.found, func(a, b infra.Foreign) int { return strings.Compare(a.Physical, b.Physical) })
	return s.found
}

// search is for what is foreign in one region's networks of a fleet.
type search struct {
	region, fleet, cluster string
	mine                   map[string]bool // ids of what is the fleet's

	found []infra.Foreign
}

func (s *search) add(kind string, id, vpc *string, detail string) {
	s.found = append(s.found, infra.Foreign{Region: s.region, Network: awssdk.ToString(vpc), Kind: kind, Physical: awssdk.ToString(id), Detail: detail})
}

// ofCluster tells whether EKS, or what runs in the fleet's cluster, made something.
func (s *search) ofCluster(tags map[string]string) bool {
	return tags["aws:eks:cluster-name"] == s.cluster || tags["kubernetes.io/cluster/"+s.cluster] == "owned"
}

func (s *search) instances(n *contents) {
	for _, i := range n.instances {
		tags := readTags(i.Tags)
		gone := i.State != nil && i.State.Name == types.InstanceStateNameTerminated
		if !gone && !s.mine[awssdk.ToString(i.InstanceId)] && !s.ofCluster(tags) && tags["eks:cluster-name"] != s.cluster {
			s.add("instance", i.InstanceId, i.VpcId, tags["Name"])
		}
	}
}

func (s *search) nats(n *contents) {
	for _, g := range n.nats {
		if !s.mine[awssdk.ToString(g.NatGatewayId)] && g.State != types.NatGatewayStateDeleted {
			s.add("NAT gateway", g.NatGatewayId, g.VpcId, "")
		}
	}
}

// tables: the main one goes with its network.
func (s *search) tables(n *contents) {
	for _, t := range n.tables {
		main := slices.ContainsFunc(t.Associations, func(a types.RouteTableAssociation) bool { return awssdk.ToBool(a.Main) })
		if !main && !s.mine[awssdk.ToString(t.RouteTableId)] {
			s.add("route table", t.RouteTableId, t.VpcId, readTags(t.Tags)["Name"])
		}
	}
}

func (s *search) lists(n *contents) {
	for _, l := range n.lists {
		if !awssdk.ToBool(l.IsDefault) {
			s.add("network ACL", l.NetworkAclId, l.VpcId, readTags(l.Tags)["Name"])
		}
	}
}

// interfaces that are attached aren't named: their machine or gateway is.
func (s *search) interfaces(n *contents) {
	for _, i := range n.interfaces {
		attached := i.Attachment != nil && awssdk.ToString(i.Attachment.InstanceId) != ""
		if !attached && !fromCluster(i, s.fleet, s.region) && !ofGateway(i) {
			s.add("network interface", i.NetworkInterfaceId, i.VpcId, awssdk.ToString(i.Description))
		}
	}
}

func (s *search) groups(n *contents) {
	for _, g := range n.groups {
		name := awssdk.ToString(g.GroupName)
		if name != "default" && !s.mine[awssdk.ToString(g.GroupId)] && !s.ofCluster(readTags(g.Tags)) && !strings.HasPrefix(name, "eks-cluster-sg-"+s.cluster+"-") {
			s.add("security group", g.GroupId, g.VpcId, name)
		}
	}
}

func (s *search) subnets(n *contents) {
	for _, t := range n.subnets {
		if !s.mine[awssdk.ToString(t.SubnetId)] {
			s.add("subnet", t.SubnetId, t.VpcId, readTags(t.Tags)["Name"])
		}
	}
}
