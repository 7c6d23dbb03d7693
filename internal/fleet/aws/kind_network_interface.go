package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var networkInterfaceKind = kind{remove: (*job).removeInterface}

func (n *contents) askInterfaces(ctx context.Context) (err error) {
	n.interfaces, err = n.in.networkInterfaces(ctx, n.filters...)
	return err
}

// foundInterfaces are those that the clusters' network plugin left: nothing uses
// them, and they would hold the subnets for ever.
func (o *observation) foundInterfaces() (all []infra.Found) {
	for _, inside := range o.inside {
		for _, n := range inside.interfaces {
			if n.Status != types.NetworkInterfaceStatusAvailable || !fromCluster(n, o.question.Fleet, o.in.name) {
				continue
			}
			all = append(all, infra.Found{ID: o.in.name + "/interface/" + awssdk.ToString(n.NetworkInterfaceId), Kind: infra.Interface, Physical: awssdk.ToString(n.NetworkInterfaceId), State: infra.Ready,
				Detail: "the cluster left it: " + awssdk.ToString(n.Description), Refs: map[string]string{"subnet": awssdk.ToString(n.SubnetId), "vpc": awssdk.ToString(n.VpcId)}})
		}
	}
	return all
}

// fromCluster tells whether EKS or its network plugin made an interface.
func fromCluster(n types.NetworkInterface, fleet, region string) bool {
	cluster := desired.ClusterName(fleet, region)
	tags := readTags(n.TagSet)
	description := awssdk.ToString(n.Description)
	return tags["cluster.k8s.amazonaws.com/name"] == cluster || tags["kubernetes.io/cluster/"+cluster] == "owned" || tags["eks:cluster-name"] == cluster || tags["aws:eks:cluster-name"] == cluster ||
		description == "Amazon EKS "+cluster || strings.HasPrefix(description, "aws-K8S-")
}

// ofGateway: the SDK's name of the type and the one that AWS sends differ.
func ofGateway(n types.NetworkInterface) bool {
	return n.InterfaceType == types.NetworkInterfaceTypeNatGateway || n.InterfaceType == "nat_gateway" || strings.HasPrefix(awssdk.ToString(n.Description), "Interface for NAT Gateway ")
}

func (j *job) removeInterface(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &j.physical})
		return err
	})
}
