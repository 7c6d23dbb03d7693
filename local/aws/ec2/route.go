package ec2

import (
	"context"
	"net/netip"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Route is one line of a route table.
type Route struct {
	DestinationCidrBlock                                                            string
	GatewayId, NatGatewayId, VpcPeeringConnectionId, NetworkInterfaceId, InstanceId string
	InstanceOwnerId                                                                 string
	Origin, State                                                                   string
}

// RouteInput is CreateRoute's and ReplaceRoute's.
type RouteInput struct {
	RouteTableId, DestinationCidrBlock                                              string
	GatewayId, NatGatewayId, VpcPeeringConnectionId, NetworkInterfaceId, InstanceId string
}

// CreateRoute adds a line to a table.
func (a *API) CreateRoute(_ context.Context, in *RouteInput) (*Done, error) {
	t, r, err := a.newRoute(in)
	if err != nil {
		return nil, err
	}
	if i := t.route(r.DestinationCidrBlock); i >= 0 {
		if sameTarget(t.Routes[i], r) {
			return done() // CreateRoute is idempotent
		}
		return nil, wire.Errorf("RouteAlreadyExists", "The route identified by %s already exists.", r.DestinationCidrBlock)
	}
	if err := a.limit(world.RoutesPerTable, 500, len(t.Routes), "RouteLimitExceeded", "routes of a route table"); err != nil {
		return nil, err
	}
	t.Routes = append(t.Routes, r)
	a.world.Lag.Made(a.routeKey(t, r))
	return done()
}

func sameTarget(a, b Route) bool {
	a.State, b.State, a.InstanceOwnerId, b.InstanceOwnerId = "", "", "", ""
	return a == b
}

// ReplaceRoute changes a line's target.
func (a *API) ReplaceRoute(_ context.Context, in *RouteInput) (*Done, error) {
	t, r, err := a.newRoute(in)
	if err != nil {
		return nil, err
	}
	i := t.route(r.DestinationCidrBlock)
	if i < 0 {
		return nil, wire.Errorf("InvalidParameterValue", "There is no route defined for '%s' in the route table. Use CreateRoute instead.", r.DestinationCidrBlock)
	}
	t.Routes[i] = r
	return done()
}

// DeleteRouteInput is DeleteRoute's.
type DeleteRouteInput struct {
	RouteTableId, DestinationCidrBlock string
}

// DeleteRoute removes a line.
func (a *API) DeleteRoute(_ context.Context, in *DeleteRouteInput) (*Done, error) {
	t, err := find(a, routeTables, in.RouteTableId)
	if err != nil {
		return nil, err
	}
	cidr, err := parseCIDR("destinationCidrBlock", in.DestinationCidrBlock)
	if err != nil {
		return nil, err
	}
	if slices.Contains(a.region.Vpcs.Get(t.VpcId).cidrs(), cidr) {
		return nil, wire.Errorf("InvalidParameterValue", "cannot remove local route %s in route table %s", cidr, t.RouteTableId)
	}
	i := t.route(cidr.String())
	if i < 0 {
		return nil, wire.Errorf("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", in.DestinationCidrBlock, t.RouteTableId)
	}
	t.Routes = slices.Delete(t.Routes, i, i+1)
	return done()
}

// route is the place of the line for a destination, or -1.
func (t *RouteTable) route(destination string) int {
	return slices.IndexFunc(t.Routes, func(r Route) bool { return r.DestinationCidrBlock == destination })
}

func (a *API) newRoute(in *RouteInput) (*RouteTable, Route, error) {
	r := Route{GatewayId: in.GatewayId, NatGatewayId: in.NatGatewayId, VpcPeeringConnectionId: in.VpcPeeringConnectionId, NetworkInterfaceId: in.NetworkInterfaceId, Origin: "CreateRoute"}
	t, err := find(a, routeTables, in.RouteTableId)
	if err != nil {
		return nil, r, err
	}
	cidr, err := parseCIDR("destinationCidrBlock", in.DestinationCidrBlock)
	if err != nil {
		return nil, r, err
	}
	if withinAny(cidr, a.region.Vpcs.Get(t.VpcId).cidrs()) {
		return nil, r, wire.Errorf("InvalidParameterValue",
			"The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.", cidr)
	}
	r.DestinationCidrBlock = cidr.String()
	if in.InstanceId != "" {
		n, err := find(a, instances, in.InstanceId)
		if err != nil {
			return nil, r, err
		}
		r.InstanceId, r.InstanceOwnerId, r.NetworkInterfaceId = n.InstanceId, a.world.Account, n.primaryInterface()
	}
	return t, r, a.checkTarget(t, r)
}

func withinAny(p netip.Prefix, outer []netip.Prefix) bool {
	return slices.ContainsFunc(outer, func(o netip.Prefix) bool { return within(p, o) })
}

// checkTarget says whether a route's one target exists and belongs to the
// table's VPC.
func (a *API) checkTarget(t *RouteTable, r Route) error {
	given := slices.DeleteFunc([]string{r.GatewayId, r.NatGatewayId, r.VpcPeeringConnectionId, r.NetworkInterfaceId}, func(s string) bool { return s == "" })
	if len(given) != 1 {
		return wire.Errorf("InvalidParameterCombination", "a route takes exactly one target: a gateway, a NAT gateway, a peering connection, a network interface or an instance")
	}
	vpc, err := a.targetVpc(t, r)
	if err != nil {
		return err
	}
	if vpc != t.VpcId {
		return wire.Errorf("InvalidParameterValue", "route table %s and %s belong to different networks", t.RouteTableId, given[0])
	}
	return nil
}

func (a *API) targetVpc(t *RouteTable, r Route) (string, error) {
	switch {
	case r.GatewayId != "":
		g, err := find(a, internetGateways, r.GatewayId)
		if err != nil {
			return "", wire.Errorf("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", r.GatewayId)
		}
		return g.vpc(), nil
	case r.NatGatewayId != "":
		n, err := find(a, natGateways, r.NatGatewayId)
		if err != nil || !n.alive() {
			return "", wire.Errorf("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", r.NatGatewayId)
		}
		return n.VpcId, nil
	case r.VpcPeeringConnectionId != "":
		p, err := a.findPeering(r.VpcPeeringConnectionId)
		if err != nil {
			return "", err
		}
		if !p.open() {
			return "", wire.Errorf("InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID '%s' does not exist", p.VpcPeeringConnectionId)
		}
		if p.Accepter.VpcId == t.VpcId {
			return t.VpcId, nil
		}
		return p.Requester.VpcId, nil
	default:
		i, err := find(a, networkInterfaces, r.NetworkInterfaceId)
		if err != nil {
			return "", err
		}
		return i.VpcId, nil
	}
}

// routes are a table's lines as they are now: the local ones, then those asked
// for, each active or, when its target doesn't work, a blackhole.
func (a *API) routes(t *RouteTable) []Route {
	var out []Route
	if v := a.region.Vpcs.Get(t.VpcId); v != nil {
		for _, c := range v.cidrs() {
			out = append(out, Route{DestinationCidrBlock: c.String(), GatewayId: "local", Origin: "CreateRouteTable", State: "active"})
		}
	}
	for _, r := range t.Routes {
		r.State = "active"
		if !a.works(t, r) {
			r.State = "blackhole"
		}
		out = append(out, r)
	}
	return out
}

func (a *API) works(t *RouteTable, r Route) bool {
	switch {
	case r.GatewayId != "":
		g := a.region.InternetGateways.Get(r.GatewayId)
		return g != nil && g.vpc() == t.VpcId
	case r.NatGatewayId != "":
		n := a.region.NatGateways.Get(r.NatGatewayId)
		return n != nil && n.State == "available"
	case r.VpcPeeringConnectionId != "":
		p := a.state.Peerings.Get(r.VpcPeeringConnectionId)
		return p != nil && p.Status.Code == pcxActive
	default:
		i := a.region.Interfaces.Get(r.NetworkInterfaceId)
		return i != nil && i.Status == "in-use"
	}
}
