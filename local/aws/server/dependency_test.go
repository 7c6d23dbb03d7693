package server_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestNothingIsDeletedThatSomethingNeeds tries each deletion too early, and
// then takes the network down in the order that AWS asks for.
func TestNothingIsDeletedThatSomethingNeeds(t *testing.T) {
	c := start(t)
	n, m := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	pcx := peer(t, n, m)
	client := *must(n.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &n.vpc, GroupName: aws.String("client"), Description: aws.String("c")}))(t).GroupId
	rule := []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(9042), ToPort: aws.Int32(9042), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &client}}}}
	must(n.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: rule}))(t)
	eni := *must(n.api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &n.other, Groups: []string{n.group}}))(t).NetworkInterface.NetworkInterfaceId
	nacl := *must(n.api.CreateNetworkAcl(ctx, &ec2.CreateNetworkAclInput{VpcId: &n.vpc}))(t).NetworkAcl.NetworkAclId

	main := must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filter("vpc-id", n.vpc, "association.main", "true")}))(t).RouteTables[0]
	def := must(n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filter("vpc-id", n.vpc, "group-name", "default")}))(t).SecurityGroups[0]
	for _, early := range []struct {
		what, code string
		call       func() error
	}{
		{"a VPC with anything in it", "DependencyViolation", call(n.api.DeleteVpc, &ec2.DeleteVpcInput{VpcId: &n.vpc})},
		{"a subnet with a NAT gateway", "DependencyViolation", call(n.api.DeleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &n.subnet})},
		{"a subnet with an interface", "DependencyViolation", call(n.api.DeleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &n.other})},
		{"detaching the gateway of a VPC with public addresses", "DependencyViolation", call(n.api.DetachInternetGateway, &ec2.DetachInternetGatewayInput{VpcId: &n.vpc, InternetGatewayId: &n.gateway})},
		{"an attached gateway", "DependencyViolation", call(n.api.DeleteInternetGateway, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &n.gateway})},
		{"a NAT gateway's address", "InvalidIPAddress.InUse", call(n.api.ReleaseAddress, &ec2.ReleaseAddressInput{AllocationId: &n.address})},
		{"an associated route table", "DependencyViolation", call(n.api.DeleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &n.table})},
		{"the main route table", "DependencyViolation", call(n.api.DeleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: main.RouteTableId})},
		{"the main route table's association", "InvalidParameterValue", call(n.api.DisassociateRouteTable, &ec2.DisassociateRouteTableInput{AssociationId: main.Associations[0].RouteTableAssociationId})},
		{"a group that an interface has", "DependencyViolation", call(n.api.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &n.group})},
		{"a group that a rule names", "DependencyViolation", call(n.api.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &client})},
		{"the default group", "CannotDelete", call(n.api.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: def.GroupId})},
	} {
		t.Run(early.what, func(t *testing.T) { wantCode(t, early.call(), early.code) })
	}

	for _, step := range []func() error{
		call(n.api.DeleteVpcPeeringConnection, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: &pcx}),
		call(n.api.DeleteNatGateway, &ec2.DeleteNatGatewayInput{NatGatewayId: &n.nat}),
		call(n.api.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{}), // lets it end
		call(n.api.ReleaseAddress, &ec2.ReleaseAddressInput{AllocationId: &n.address}),
		call(n.api.DeleteNetworkInterface, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &eni}),
		call(n.api.RevokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: rule}),
		call(n.api.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &client}),
		call(n.api.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: &n.group}),
		call(n.api.DeleteNetworkAcl, &ec2.DeleteNetworkAclInput{NetworkAclId: &nacl}),
		call(n.api.DeleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &n.subnet}),
		call(n.api.DeleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &n.other}),
		call(n.api.DeleteRouteTable, &ec2.DeleteRouteTableInput{RouteTableId: &n.table}),
		call(n.api.DetachInternetGateway, &ec2.DetachInternetGatewayInput{VpcId: &n.vpc, InternetGatewayId: &n.gateway}),
		call(n.api.DeleteInternetGateway, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &n.gateway}),
		call(n.api.DeleteVpc, &ec2.DeleteVpcInput{VpcId: &n.vpc}),
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if left := c.left()["eu-west-1"]; len(left) > 0 {
		t.Errorf("left in eu-west-1: %v", left)
	}
}

// call is an API call whose output doesn't matter.
func call[In, Out, Option any](f func(ctx context.Context, in *In, o ...Option) (*Out, error), in *In) func() error {
	return func() error {
		_, err := f(ctx, in)
		return err
	}
}

// filter makes filters of names and values in turn.
func filter(pairs ...string) []ec2types.Filter {
	var out []ec2types.Filter
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, ec2types.Filter{Name: &pairs[i], Values: []string{pairs[i+1]}})
	}
	return out
}

// peer joins two networks and waits until the connection is active.
func peer(t *testing.T, n, m *network) string {
	t.Helper()
	id := *must(n.api.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: &n.vpc, PeerVpcId: &m.vpc, PeerRegion: &m.region}))(t).VpcPeeringConnection.VpcPeeringConnectionId
	must(m.api.AcceptVpcPeeringConnection(ctx, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: &id}))(t)
	if s := pcxStatus(t, n, id); s != "active" {
		t.Fatalf("the connection is %s", s)
	}
	return id
}

func pcxStatus(t *testing.T, n *network, id string) ec2types.VpcPeeringConnectionStateReasonCode {
	t.Helper()
	return must(n.api.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{id}}))(t).VpcPeeringConnections[0].Status.Code
}
