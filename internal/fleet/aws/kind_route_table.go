package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var routeTableKind = kind{create: (*job).createTable, remove: (*job).removeTable}

func (n *contents) askTables(ctx context.Context) (err error) {
	n.tables, err = n.in.routeTables(ctx, n.filters...)
	return err
}

// foundTables are the route tables, their associations, and those of their routes that are
// the fleet's (see foundRoute).
func (o *observation) foundTables() (all []infra.Found) {
	seen := map[string]bool{}
	for _, t := range slices.Concat(o.ours.tables, o.othersTables) {
		f := tagged(infra.RouteTable, t.RouteTableId, t.Tags)
		if seen[f.Physical] {
			continue
		}
		seen[f.Physical] = true
		f.Refs["vpc"] = awssdk.ToString(t.VpcId)
		own := f.Tags[infra.TagFleetID] == o.question.ID
		table := o.in.name + "/table/" + f.Physical // as the planner names those that it adopts
		if own {
			table = f.ID
			all = append(all, f)
			all = append(all, o.foundAssociations(t)...)
		}
		for _, r := range t.Routes {
			if route, ok := o.foundRoute(r, f.Physical, table, own); ok {
				all = append(all, route)
			}
		}
	}
	return all
}

// createTable sends no client token: AWS would return a table that was deleted since
// instead of making another.
func (j *job) createTable(ctx context.Context) error {
	err := j.cloud.retry(ctx, "making a route table", func(ctx context.Context) error {
		out, err := j.region.ec2.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: awssdk.String(j.ref("vpc")), TagSpecifications: j.tagged(types.ResourceTypeRouteTable)})
		if err == nil {
			j.physical = awssdk.ToString(out.RouteTable.RouteTableId)
		}
		return err
	}, notFound)
	if err != nil {
		return err
	}
	return j.claim(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.region.routeTables(ctx, j.role()...)
		return idsOf(all, func(t types.RouteTable) *string { return t.RouteTableId }), err
	}, j.deleteTable)
}

func (j *job) deleteTable(ctx context.Context, id string) error {
	return j.deleteWhenUnused(ctx, "deleting "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &id})
		return err
	})
}

func (j *job) removeTable(ctx context.Context) error { return j.deleteTable(ctx, j.physical) }
