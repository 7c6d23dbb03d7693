package server_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestStatesFollowTheClock(t *testing.T) {
	c := start(t, waits(1))
	n := &network{cloud: c, api: c.ec2("eu-west-1"), region: "eu-west-1"}
	v := must(n.api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))(t).Vpc
	if v.State != ec2types.VpcStatePending {
		t.Errorf("a new VPC is %s", v.State)
	}
	c.advance(5 * time.Second)
	if got := must(n.api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{*v.VpcId}}))(t).Vpcs[0].State; got != ec2types.VpcStateAvailable {
		t.Errorf("after 5 s it is %s", got)
	}

	n = c.network("us-east-1", "10.3.0.0/16")
	nat := func() ec2types.NatGateway {
		return must(n.api.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{n.nat}}))(t).NatGateways[0]
	}
	if s := nat().State; s != ec2types.NatGatewayStatePending {
		t.Errorf("a new NAT gateway is %s", s)
	}
	must(n.api.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: &n.nat}))(t)
	if s := routeState(t, n, "0.0.0.0/0"); s != ec2types.RouteStateBlackhole {
		t.Errorf("the route to a pending gateway is %s", s)
	}
	c.advance(3 * time.Minute)
	if s := routeState(t, n, "0.0.0.0/0"); s != ec2types.RouteStateActive {
		t.Errorf("the route to a gateway that should be available by now is %s", s)
	}
	must(n.api.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &n.nat}))(t)
	if s := nat().State; s != ec2types.NatGatewayStateDeleting {
		t.Errorf("a gateway being deleted is %s", s)
	}
	_, err := n.api.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &n.address})
	wantCode(t, err, "InvalidIPAddress.InUse")
	c.advance(2 * time.Minute)
	if s := nat().State; s != ec2types.NatGatewayStateDeleted {
		t.Errorf("a deleted gateway is %s", s)
	}
	must(n.api.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &n.address}))(t)
	c.advance(2 * time.Hour)
	_, err = n.api.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{n.nat}})
	wantCode(t, err, "NatGatewayNotFound")
}

func routeState(t *testing.T, n *network, to string) ec2types.RouteState {
	t.Helper()
	for _, r := range must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{n.table}}))(t).RouteTables[0].Routes {
		if aws.ToString(r.DestinationCidrBlock) == to {
			return r.State
		}
	}
	return "absent"
}

func TestPeeringLifecycle(t *testing.T) {
	c := start(t, waits(1))
	n, m := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	request := func(to string, region string) string {
		return *must(n.api.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: &n.vpc, PeerVpcId: &to, PeerRegion: &region}))(t).VpcPeeringConnection.VpcPeeringConnectionId
	}
	step := func(id string, after time.Duration, want ec2types.VpcPeeringConnectionStateReasonCode) {
		t.Helper()
		c.advance(after)
		if got := pcxStatus(t, n, id); got != want {
			t.Errorf("the connection is %s, want %s", got, want)
		}
	}
	accept := func(at *network, id string) error {
		return call(at.api.AcceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: &id})()
	}
	remove := func(id string) error {
		return call(n.api.DeleteVpcPeeringConnection, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: &id})()
	}

	pcx := request(m.vpc, m.region)
	step(pcx, 0, "initiating-request")
	wantCode(t, accept(m, pcx), "InvalidVpcPeeringConnectionID.NotFound") // not there yet
	step(pcx, 5*time.Second, "pending-acceptance")
	wantCode(t, accept(n, pcx), "OperationNotPermitted") // the wrong region
	if err := accept(m, pcx); err != nil {
		t.Fatal(err)
	}
	step(pcx, 0, "provisioning")
	step(pcx, 5*time.Second, "active")
	wantCode(t, accept(m, pcx), "InvalidStateTransition")
	_, err := c.ec2("us-east-1").DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{pcx}})
	wantCode(t, err, "InvalidVpcPeeringConnectionID.NotFound") // a third region doesn't see it
	_, err = n.api.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: &n.vpc, PeerVpcId: &m.vpc, PeerRegion: &m.region})
	wantCode(t, err, "VpcPeeringConnectionAlreadyExists")

	tag := []ec2types.Tag{{Key: aws.String("fleet"), Value: aws.String("a")}}
	must(m.api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{pcx}, Tags: tag}))(t)
	if tags := must(n.api.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: filter("tag:fleet", "a")}))(t).VpcPeeringConnections; len(tags) > 0 {
		t.Error("a tag of the accepter's region is seen in the requester's")
	}
	if tags := must(m.api.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: filter("tag:fleet", "a")}))(t).VpcPeeringConnections; len(tags) != 1 {
		t.Error("the tag isn't seen in its own region")
	}

	must(n.api.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("10.2.0.0/16"), VpcPeeringConnectionId: &pcx}))(t)
	if err := remove(pcx); err != nil {
		t.Fatal(err)
	}
	step(pcx, 5*time.Second, "deleted")
	if s := routeState(t, n, "10.2.0.0/16"); s != ec2types.RouteStateBlackhole {
		t.Errorf("the route to a deleted connection is %s", s)
	}
	wantCode(t, remove(pcx), "InvalidStateTransition")

	pcx = request(m.vpc, m.region)
	step(pcx, 6*24*time.Hour, "pending-acceptance")
	step(pcx, 2*24*time.Hour, "expired")
	c.advance(3 * 24 * time.Hour)
	_, err = n.api.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{pcx}})
	wantCode(t, err, "InvalidVpcPeeringConnectionID.NotFound") // listed for two days
	pcx = request(m.vpc, m.region)
	c.advance(time.Minute)
	must(m.api.RejectVpcPeeringConnection(ctx, &ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: &pcx}))(t)
	step(pcx, 0, "rejected")

	same := c.network("us-west-2", "10.1.0.0/16")
	pcx = request(same.vpc, same.region)
	step(pcx, time.Minute, "failed")
	wantCode(t, remove(pcx), "InvalidStateTransition")
}
