package aws

import (
	"context"
	"fmt"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// failure is AWS's own end of what was asked: waiting longer doesn't help.
func failure(format string, args ...any) error { return fmt.Errorf(format, args...) }

// createTable takes no token: a table that somebody has deleted would be taken for
// the one that is made in its place.
func (j *job) createTable(ctx context.Context) error {
	err := j.cloud.settle(ctx, "making a route table", func(ctx context.Context) error {
		out, err := j.ec2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: awssdk.String(j.ref("vpc")), TagSpecifications: j.tagged(types.ResourceTypeRouteTable)})
		if err == nil {
			j.physical = awssdk.ToString(out.RouteTable.RouteTableId)
		}
		return err
	}, notFound)
	if err != nil {
		return err
	}
	return j.only(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.routeTables(ctx, j.role()...)
		return idsOf(all, func(t types.RouteTable) *string { return t.RouteTableId }), err
	}, j.deleteTable)
}

func (j *job) deleteTable(ctx context.Context, id string) error {
	return j.gone(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.ec2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &id})
		return err
	})
}

func (j *job) removeTable(ctx context.Context) error { return j.deleteTable(ctx, j.physical) }

func (j *job) createAssociation(ctx context.Context) error {
	err := j.cloud.settle(ctx, "associating "+j.ref("subnet"), func(ctx context.Context) error {
		out, err := j.ec2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: awssdk.String(j.ref("table")), SubnetId: awssdk.String(j.ref("subnet"))})
		if err == nil {
			j.physical = awssdk.ToString(out.AssociationId)
		}
		return err
	}, notFound)
	if !is(err, exists) {
		return err
	}
	table := ""
	err = j.cloud.until(ctx, settleBudget, "seeing which table "+j.ref("subnet")+" is associated with", func(ctx context.Context) (bool, error) {
		table, j.physical, err = j.tableOf(ctx, j.ref("subnet"))
		return table != "", err
	})
	if err != nil || table == j.ref("table") {
		return err
	}
	return j.changeAssociation(ctx)
}

// tableOf is a subnet's route table and their association; "" while AWS's
// listings don't show it.
func (j *job) tableOf(ctx context.Context, subnet string) (table, association string, err error) {
	tables, err := j.routeTables(ctx, filter("association.subnet-id", subnet))
	if err != nil {
		return "", "", err
	}
	for _, t := range tables {
		for _, a := range t.Associations {
			if awssdk.ToString(a.SubnetId) == subnet {
				return awssdk.ToString(t.RouteTableId), awssdk.ToString(a.RouteTableAssociationId), nil
			}
		}
	}
	return "", "", nil
}

func (j *job) changeAssociation(ctx context.Context) error {
	return j.cloud.settle(ctx, "moving "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.ReplaceRouteTableAssociation(ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: &j.physical, RouteTableId: awssdk.String(j.ref("table"))})
		return err
	}, notFound)
}

func (j *job) removeAssociation(ctx context.Context) error {
	return j.gone(ctx, "ending "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: &j.physical})
		return err
	})
}

// createRoute: AWS may not know the new target yet.
func (j *job) createRoute(ctx context.Context) error {
	j.physical = j.ref("table") + " " + j.want("destination")
	in := &ec2.CreateRouteInput{RouteTableId: awssdk.String(j.ref("table")), DestinationCidrBlock: awssdk.String(j.want("destination"))}
	in.GatewayId, in.NatGatewayId, in.VpcPeeringConnectionId = target(j.ref("target"))
	err := j.cloud.settle(ctx, "making a route", func(ctx context.Context) error {
		_, err := j.ec2.CreateRoute(ctx, in)
		return err
	}, notFound)
	if is(err, exists) {
		return j.changeRoute(ctx)
	}
	return err
}

// target puts an id where AWS wants it.
func target(id string) (gateway, nat, peering *string) {
	switch {
	case strings.HasPrefix(id, "nat-"):
		return nil, &id, nil
	case strings.HasPrefix(id, "pcx-"):
		return nil, nil, &id
	}
	return &id, nil, nil
}

func (j *job) changeRoute(ctx context.Context) error {
	in := &ec2.ReplaceRouteInput{RouteTableId: awssdk.String(j.ref("table")), DestinationCidrBlock: awssdk.String(j.want("destination"))}
	in.GatewayId, in.NatGatewayId, in.VpcPeeringConnectionId = target(j.ref("target"))
	return j.cloud.settle(ctx, "changing a route", func(ctx context.Context) error {
		_, err := j.ec2.ReplaceRoute(ctx, in)
		return err
	}, notFound)
}

func (j *job) removeRoute(ctx context.Context) error {
	f := j.step.Found
	return j.gone(ctx, "deleting a route", func(ctx context.Context) error {
		_, err := j.ec2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: awssdk.String(f.Refs["table"]), DestinationCidrBlock: awssdk.String(f.Have["destination"])})
		return err
	})
}

// livePeering filters for peerings that work or are on their way.
func livePeering() types.Filter {
	return filter("status-code", "initiating-request", "pending-acceptance", "provisioning", "active")
}

func (j *job) createPeering(ctx context.Context) error {
	err := j.cloud.settle(ctx, "asking for a peering", func(ctx context.Context) error {
		out, err := j.ec2.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: awssdk.String(j.ref("vpc")), PeerVpcId: awssdk.String(j.ref("peer")),
			PeerRegion: awssdk.String(j.want("peerRegion")), TagSpecifications: j.tagged(types.ResourceTypeVpcPeeringConnection)})
		if err == nil {
			j.physical = awssdk.ToString(out.VpcPeeringConnection.VpcPeeringConnectionId)
		}
		return err
	}, notFound)
	if !is(err, exists) {
		return err
	}
	return j.adoptTwin(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.peerings(ctx, append(j.role(), livePeering())...)
		return idsOf(all, func(p types.VpcPeeringConnection) *string { return p.VpcPeeringConnectionId }), err
	}, err)
}

// peering's state, as the region of this step sees it.
func (j *job) peering(ctx context.Context, id string) (code types.VpcPeeringConnectionStateReasonCode, message string, err error) {
	out, err := j.ec2.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{id}})
	if is(err, notFound) || err == nil && (len(out.VpcPeeringConnections) == 0 || out.VpcPeeringConnections[0].Status == nil) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	status := out.VpcPeeringConnections[0].Status
	return status.Code, awssdk.ToString(status.Message), nil
}

// awaitPeering: AWS says at once when the ranges overlap.
func (j *job) awaitPeering(ctx context.Context) error {
	return j.cloud.until(ctx, settleBudget, "peering "+j.physical, func(ctx context.Context) (bool, error) {
		code, message, err := j.peering(ctx, j.physical)
		if err != nil {
			return false, err
		}
		switch code {
		case "", types.VpcPeeringConnectionStateReasonCodeInitiatingRequest:
			return false, nil
		case types.VpcPeeringConnectionStateReasonCodeFailed, types.VpcPeeringConnectionStateReasonCodeRejected, types.VpcPeeringConnectionStateReasonCodeExpired:
			return false, failure("%s is %s: %s. Do the ranges of the two networks overlap?", j.physical, code, message)
		default:
			return true, nil
		}
	})
}

func (j *job) removePeering(ctx context.Context) error {
	err := j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.ec2.DeleteVpcPeeringConnection(ctx, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: &j.physical})
		return err
	})
	if err != nil {
		return err
	}
	return j.cloud.until(ctx, settleBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		code, _, err := j.peering(ctx, j.physical)
		return err == nil && code != types.VpcPeeringConnectionStateReasonCodeDeleting && code != types.VpcPeeringConnectionStateReasonCodeActive, err
	})
}

// accept answers in the accepter's region, where the request arrives a little
// later, and puts the tags on, which don't cross regions.
func (j *job) accept(ctx context.Context) error {
	id := j.ref("peering")
	j.physical = id + " in " + j.step.Region
	err := j.cloud.settle(ctx, "accepting "+id, func(ctx context.Context) error {
		_, err := j.ec2.AcceptVpcPeeringConnection(ctx, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: &id})
		return err
	}, notFound)
	if err != nil && !is(err, settled) {
		return err
	}
	err = j.cloud.until(ctx, settleBudget, "peering "+id, func(ctx context.Context) (bool, error) {
		code, message, err := j.peering(ctx, id)
		switch code {
		case types.VpcPeeringConnectionStateReasonCodeFailed, types.VpcPeeringConnectionStateReasonCodeRejected, types.VpcPeeringConnectionStateReasonCodeExpired, types.VpcPeeringConnectionStateReasonCodeDeleted:
			return false, failure("%s is %s: %s", id, code, message)
		default:
			return code == types.VpcPeeringConnectionStateReasonCodeActive, err
		}
	})
	if err != nil || j.sameRegion() {
		return err
	}
	return j.cloud.settle(ctx, "tagging "+id, func(ctx context.Context) error {
		_, err := j.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(j.tags())})
		return err
	}, notFound)
}

// sameRegion: both sides share one set of tags then, and the requester's stay.
func (j *job) sameRegion() bool { return j.want("requester") == j.step.Region }
