package aws

import (
	"context"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
)

var routeKind = kind{create: (*job).createRoute, change: (*job).changeRoute, remove: (*job).removeRoute}

func (o *observation) foundRoute(r types.Route, physical, table string, own bool) (infra.Found, bool) {
	destination := awssdk.ToString(r.DestinationCidrBlock)
	_, target := routeTarget(r)
	// In a network that is adopted only what leads over the fleet's peerings is
	// the fleet's; elsewhere what a person added towards something else is left.
	mine := strings.HasPrefix(target, "pcx-") && slices.ContainsFunc(o.ours.peerings, func(p types.VpcPeeringConnection) bool { return awssdk.ToString(p.VpcPeeringConnectionId) == target })
	mine = mine || own && (strings.HasPrefix(target, "igw-") || strings.HasPrefix(target, "nat-") || strings.HasPrefix(target, "pcx-"))
	if destination == "" || !mine {
		return infra.Found{}, false
	}
	id := strings.Replace(table, "/table/", "/route/", 1) + "/" + destination
	return infra.Found{ID: id, Kind: infra.Route, Physical: physical + " " + destination, State: infra.Ready,
		Have: map[string]string{"destination": destination, "state": string(r.State)}, Refs: map[string]string{"table": physical, "target": target}}, true
}

// routeTarget is what a route points at, also when that is gone.
func routeTarget(r types.Route) (kind network.TargetKind, id string) {
	switch {
	case r.VpcPeeringConnectionId != nil:
		return network.ToPeering, *r.VpcPeeringConnectionId
	case r.NatGatewayId != nil:
		return network.ToNAT, *r.NatGatewayId
	case r.NetworkInterfaceId != nil:
		return network.ToInterface, *r.NetworkInterfaceId
	}
	return network.ToInternet, awssdk.ToString(r.GatewayId)
}

// createRoute: AWS may not know the new target yet.
func (j *job) createRoute(ctx context.Context) error {
	j.physical = j.ref("table") + " " + j.want("destination")
	in := &ec2.CreateRouteInput{RouteTableId: awssdk.String(j.ref("table")), DestinationCidrBlock: awssdk.String(j.want("destination"))}
	in.GatewayId, in.NatGatewayId, in.VpcPeeringConnectionId = target(j.ref("target"))
	err := j.cloud.retry(ctx, "making a route", func(ctx context.Context) error {
		_, err := j.region.ec2.CreateRoute(ctx, in)
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
	return j.cloud.retry(ctx, "changing a route", func(ctx context.Context) error {
		_, err := j.region.ec2.ReplaceRoute(ctx, in)
		return err
	}, notFound)
}

func (j *job) removeRoute(ctx context.Context) error {
	f := j.step.Found
	return j.deleteWhenUnused(ctx, "deleting a route", func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: awssdk.String(f.Refs["table"]), DestinationCidrBlock: awssdk.String(f.Have["destination"])})
		return err
	})
}
