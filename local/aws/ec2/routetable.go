package ec2

import (
	"context"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// RouteTable decides where packets that leave its subnets go. Routes holds
// what was asked for; the local routes follow from the VPC's ranges.
type RouteTable struct {
	RouteTableId, VpcId, OwnerId string
	Associations                 []RouteTableAssociation `wire:"associationSet"`
	Routes                       []Route                 `wire:"routeSet"`
	PropagatingVgws              []struct{}              `wire:"propagatingVgwSet"`
	Tagged
}

// RouteTableAssociation makes a table hold for a subnet, or for all that have
// no other.
type RouteTableAssociation struct {
	RouteTableAssociationId, RouteTableId, SubnetId string
	Main                                            bool
	AssociationState                                NestedState
}

// NestedState is a state as EC2 nests it.
type NestedState struct {
	State string
}

var routeTables = &kind[RouteTable]{
	noun: "routeTable ID", code: "InvalidRouteTableID", prefix: "rtb",
	table: func(r *Region) *world.Table[RouteTable] { return &r.RouteTables },
	id:    func(t *RouteTable) string { return t.RouteTableId },
	tags:  func(t *RouteTable) *[]Tag { return &t.Tags },
	filters: map[string]func(*API, *RouteTable) []string{
		"route-table-id": of(func(t *RouteTable) string { return t.RouteTableId }),
		"vpc-id":         of(func(t *RouteTable) string { return t.VpcId }),
		"owner-id":       of(func(t *RouteTable) string { return t.OwnerId }),
		"association.main": many(func(t *RouteTable) []string {
			return each(t.Associations, func(s RouteTableAssociation) string { return flag(s.Main) })
		}),
		"association.subnet-id": many(func(t *RouteTable) []string {
			return each(t.Associations, func(s RouteTableAssociation) string { return s.SubnetId })
		}),
		"association.route-table-id": many(func(t *RouteTable) []string {
			return each(t.Associations, func(s RouteTableAssociation) string { return s.RouteTableId })
		}),
		"association.route-table-association-id": many(func(t *RouteTable) []string {
			return each(t.Associations, func(s RouteTableAssociation) string { return s.RouteTableAssociationId })
		}),
		"route.destination-cidr-block":    routeFilter(func(r Route) string { return r.DestinationCidrBlock }),
		"route.gateway-id":                routeFilter(func(r Route) string { return r.GatewayId }),
		"route.nat-gateway-id":            routeFilter(func(r Route) string { return r.NatGatewayId }),
		"route.vpc-peering-connection-id": routeFilter(func(r Route) string { return r.VpcPeeringConnectionId }),
		"route.origin":                    routeFilter(func(r Route) string { return r.Origin }),
		"route.state":                     routeFilter(func(r Route) string { return r.State }),
	},
}

func routeFilter(f func(Route) string) func(*API, *RouteTable) []string {
	return func(a *API, t *RouteTable) []string { return each(a.routes(t), f) }
}

// main is the association by which a table is its VPC's main one, or nil.
func (t *RouteTable) main() *RouteTableAssociation {
	for i := range t.Associations {
		if t.Associations[i].Main {
			return &t.Associations[i]
		}
	}
	return nil
}

func (t *RouteTable) dropSubnet(id string) {
	t.Associations = slices.DeleteFunc(t.Associations, func(s RouteTableAssociation) bool { return s.SubnetId == id })
}

func (a *API) newRouteTable(vpc string, tags []Tag) *RouteTable {
	t := &RouteTable{RouteTableId: a.world.IDs.New("rtb"), VpcId: vpc, OwnerId: a.world.Account, Tagged: Tagged{tags}}
	put(a, routeTables, t)
	return t
}

func (a *API) addMainRouteTable(v *Vpc) {
	t := a.newRouteTable(v.VpcId, nil)
	a.associate(t, "")
}

// associate makes a table hold for a subnet, or, without one, for the VPC.
func (a *API) associate(t *RouteTable, subnet string) string {
	id := a.world.IDs.New("rtbassoc")
	t.Associations = append(t.Associations, RouteTableAssociation{id, t.RouteTableId, subnet, subnet == "", NestedState{"associated"}})
	if subnet != "" { // the main one is there with its VPC
		a.world.Lag.Made(a.region.Name + "/" + id)
	}
	return id
}

// CreateRouteTableInput is CreateRouteTable's.
type CreateRouteTableInput struct {
	VpcId, ClientToken string
	TagSpecifications  []TagSpecification `wire:"TagSpecification"`
}

// CreateRouteTableOutput is CreateRouteTable's.
type CreateRouteTableOutput struct {
	RouteTable  *RouteTable
	ClientToken string
}

// CreateRouteTable makes a table with the VPC's local routes.
func (a *API) CreateRouteTable(_ context.Context, in *CreateRouteTableInput) (*CreateRouteTableOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, "route-table")
	if err != nil {
		return nil, err
	}
	count := 0
	for _, t := range a.region.RouteTables.All() {
		if t.VpcId == v.VpcId {
			count++
		}
	}
	if err := a.limit(world.RouteTablesPerVPC, 200, count, "RouteTableLimitExceeded", "route tables of a VPC"); err != nil {
		return nil, err
	}
	return &CreateRouteTableOutput{a.routeTableView(a.newRouteTable(v.VpcId, tags)), in.ClientToken}, nil
}

// routeTableView is a table as a reader sees it, with local routes and the
// routes' states of this moment.
func (a *API) routeTableView(t *RouteTable) *RouteTable {
	view := *t
	view.Routes = a.routes(t)
	return &view
}

// visibleParts leaves out of a view what isn't seen yet.
func (a *API) visibleParts(view *RouteTable) *RouteTable {
	view.Associations = slices.DeleteFunc(slices.Clone(view.Associations), func(s RouteTableAssociation) bool {
		return !a.world.Lag.Visible(a.region.Name + "/" + s.RouteTableAssociationId)
	})
	view.Routes = slices.DeleteFunc(view.Routes, func(r Route) bool { return !a.world.Lag.Visible(a.routeKey(view, r)) })
	return view
}

// routeKey is by what the lag of a table's line is kept.
func (a *API) routeKey(t *RouteTable, r Route) string {
	return a.region.Name + "/" + t.RouteTableId + "/" + r.DestinationCidrBlock
}

// DescribeRouteTablesInput is DescribeRouteTables's.
type DescribeRouteTablesInput struct {
	RouteTableIds []string `wire:"RouteTableId"`
	Filters       []Filter `wire:"Filter"`
	Page
}

// DescribeRouteTablesOutput is DescribeRouteTables's.
type DescribeRouteTablesOutput struct {
	RouteTables []*RouteTable `wire:"routeTableSet"`
	NextToken   string
}

// DescribeRouteTables lists tables.
func (a *API) DescribeRouteTables(_ context.Context, in *DescribeRouteTablesInput) (*DescribeRouteTablesOutput, error) {
	found, next, err := list(a, routeTables, in.RouteTableIds, in.Filters, in.Page)
	for i, t := range found {
		found[i] = a.visibleParts(a.routeTableView(t))
	}
	return &DescribeRouteTablesOutput{found, next}, err
}

// RouteTableIdInput names a route table.
type RouteTableIdInput struct {
	RouteTableId string
}

// DeleteRouteTable removes a table that holds for nothing.
func (a *API) DeleteRouteTable(_ context.Context, in *RouteTableIdInput) (*Done, error) {
	t, err := find(a, routeTables, in.RouteTableId)
	if err != nil {
		return nil, err
	}
	if len(t.Associations) > 0 {
		return nil, inUse("routeTable", t.RouteTableId)
	}
	a.region.RouteTables.Delete(t.RouteTableId)
	return done()
}

// AssociateRouteTableInput is AssociateRouteTable's.
type AssociateRouteTableInput struct {
	RouteTableId, SubnetId string
}

// AssociateRouteTableOutput is AssociateRouteTable's.
type AssociateRouteTableOutput struct {
	AssociationId    string
	AssociationState NestedState
}

// AssociateRouteTable makes a table hold for a subnet.
func (a *API) AssociateRouteTable(_ context.Context, in *AssociateRouteTableInput) (*AssociateRouteTableOutput, error) {
	t, err := find(a, routeTables, in.RouteTableId)
	if err != nil {
		return nil, err
	}
	s, err := find(a, subnets, in.SubnetId)
	if err != nil {
		return nil, err
	}
	if s.VpcId != t.VpcId {
		return nil, wire.Errorf("InvalidParameterValue", "route table %s and subnet %s belong to different networks", t.RouteTableId, s.SubnetId)
	}
	if other := a.explicitTable(s.SubnetId); other != nil {
		return nil, wire.Errorf("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", other.RouteTableId)
	}
	return &AssociateRouteTableOutput{a.associate(t, s.SubnetId), NestedState{"associated"}}, nil
}

// explicitTable is the table associated with a subnet, or nil.
func (a *API) explicitTable(subnet string) *RouteTable {
	for _, t := range a.region.RouteTables.All() {
		for _, s := range t.Associations {
			if s.SubnetId == subnet && subnet != "" {
				return t
			}
		}
	}
	return nil
}

// mainTable is a VPC's main table.
func (a *API) mainTable(vpc string) *RouteTable {
	for _, t := range a.region.RouteTables.All() {
		if t.VpcId == vpc && t.main() != nil {
			return t
		}
	}
	return nil
}

func (a *API) findAssociation(id string) (*RouteTable, int, error) {
	for _, t := range a.region.RouteTables.All() {
		for i, s := range t.Associations {
			if s.RouteTableAssociationId == id && a.world.Lag.Visible(a.region.Name+"/"+id) {
				return t, i, nil
			}
		}
	}
	return nil, 0, wire.Errorf("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

// DisassociateRouteTable leaves a subnet to the main table.
func (a *API) DisassociateRouteTable(_ context.Context, in *AssociationIdInput) (*Done, error) {
	t, i, err := a.findAssociation(in.AssociationId)
	if err != nil {
		return nil, err
	}
	if t.Associations[i].Main {
		return nil, wire.Errorf("InvalidParameterValue", "cannot disassociate the main route table association %s", in.AssociationId)
	}
	t.Associations = slices.Delete(t.Associations, i, i+1)
	return done()
}

// ReplaceRouteTableAssociationInput is ReplaceRouteTableAssociation's.
type ReplaceRouteTableAssociationInput struct {
	AssociationId, RouteTableId string
}

// ReplaceRouteTableAssociationOutput is ReplaceRouteTableAssociation's.
type ReplaceRouteTableAssociationOutput struct {
	NewAssociationId string
	AssociationState NestedState
}

// ReplaceRouteTableAssociation moves an association to another table; moving
// the main one makes that table the VPC's main table.
func (a *API) ReplaceRouteTableAssociation(_ context.Context, in *ReplaceRouteTableAssociationInput) (*ReplaceRouteTableAssociationOutput, error) {
	from, i, err := a.findAssociation(in.AssociationId)
	if err != nil {
		return nil, err
	}
	to, err := find(a, routeTables, in.RouteTableId)
	if err != nil {
		return nil, err
	}
	if from.VpcId != to.VpcId {
		return nil, wire.Errorf("InvalidParameterValue", "route table %s and route table %s belong to different networks", from.RouteTableId, to.RouteTableId)
	}
	subnet := from.Associations[i].SubnetId
	from.Associations = slices.Delete(from.Associations, i, i+1)
	return &ReplaceRouteTableAssociationOutput{a.associate(to, subnet), NestedState{"associated"}}, nil
}
