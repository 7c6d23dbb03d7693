package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ringspan/ringspan/local/aws/server"
)

// nodeGroup makes one over subnets of a new cluster.
func (n *network) nodeGroup(k *eks.Client, count int32, subnets ...string) {
	n.t.Helper()
	n.clusterRoles()
	must(k.CreateCluster(ctx, n.cluster("ring")))(n.t)
	must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: aws.String("ring"), AddonName: aws.String("vpc-cni")}))(n.t)
	in := n.nodes("ring", "workers", count)
	in.Subnets, in.ScalingConfig.MaxSize = subnets, aws.Int32(96)
	must(k.CreateNodegroup(ctx, in))(n.t)
}

// places are the group's machines by subnet, and how many ranges each has for its
// pods, in the order in which they were made.
func (n *network) places() (count map[string]int, ranges []int) {
	n.t.Helper()
	count = map[string]int{}
	interfaces := must(n.api.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: filter("attachment.instance-owner-id", account)}))(n.t).NetworkInterfaces
	for _, i := range interfaces {
		if strings.HasPrefix(aws.ToString(i.Attachment.InstanceId), "i-") {
			count[*i.SubnetId]++
			ranges = append(ranges, len(i.Ipv4Prefixes))
		}
	}
	return count, ranges
}

func TestNodesAreSpreadOverZones(t *testing.T) {
	c := start(t, func(o *server.Options) { o.World.Unlimited = true })
	n := c.network("eu-west-1", "10.1.0.0/16")
	k := c.eks("eu-west-1")
	second, third := n.newSubnet("10.1.3.0/24", "eu-west-1a"), n.newSubnet("10.1.4.0/24", "eu-west-1c")
	all := []string{n.subnet, n.other, second, third} // two of them in the first zone
	n.nodeGroup(k, 8, all...)
	scale := func(count int32) {
		t.Helper()
		must(k.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers"),
			ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: aws.Int32(0), MaxSize: aws.Int32(96), DesiredSize: &count}}))(t)
	}
	expect := func(want ...int) {
		t.Helper()
		count, _ := n.places()
		var got []int
		for _, s := range all {
			got = append(got, count[s])
		}
		if !slices.Equal(got, want) {
			t.Errorf("the subnets have %v nodes, want %v", got, want)
		}
	}
	expect(2, 3, 1, 2)
	scale(4) // the first zone keeps the rest
	expect(1, 1, 1, 1)
	scale(9)
	expect(2, 3, 1, 3)
}

// Small subnets have room for more nodes, and every node has room for some pods.
func TestRoomForPods(t *testing.T) {
	for _, x := range []struct {
		cidr string
		want []int
	}{
		{"10.1.8.0/22", []int{2, 2, 2, 2}},
		{"10.1.8.0/24", []int{1, 1, 1, 1}},
		{"10.1.8.0/25", []int{1, 1, 1, 1, 1, 1}}, // all that there are
		{"10.1.8.0/26", []int{1, 1}},
	} {
		t.Run(x.cidr, func(t *testing.T) {
			c := start(t)
			n := c.network("eu-west-1", "10.1.0.0/16")
			n.nodeGroup(c.eks("eu-west-1"), int32(len(x.want)), n.newSubnet(x.cidr, "eu-west-1a"))
			if _, got := n.places(); fmt.Sprint(got) != fmt.Sprint(x.want) {
				t.Errorf("the nodes have %v ranges, want %v", got, x.want)
			}
		})
	}
}

func TestManyNodes(t *testing.T) {
	c := start(t, func(o *server.Options) { o.World.Unlimited = true })
	n := c.network("eu-west-1", "10.1.0.0/16")
	var subnets []string
	for i, zone := range []string{"a", "b", "c"} {
		subnets = append(subnets, n.newSubnet(fmt.Sprintf("10.1.%d.0/20", 32+16*i), "eu-west-1"+zone))
	}
	n.nodeGroup(c.eks("eu-west-1"), 96, subnets...)
	count, ranges := n.places()
	for _, s := range subnets {
		if count[s] != 32 {
			t.Errorf("subnet %s has %d nodes, want 32", s, count[s])
		}
	}
	if slices.Min(ranges) != 2 {
		t.Error("a node has room for less than 32 pods")
	}
}
