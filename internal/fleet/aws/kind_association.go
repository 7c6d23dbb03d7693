package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var associationKind = kind{create: (*job).createAssociation, change: (*job).changeAssociation, remove: (*job).removeAssociation}

// foundAssociations are the associations of a route table with subnets of the fleet.
func (o *observation) foundAssociations(t types.RouteTable) (all []infra.Found) {
	table := awssdk.ToString(t.RouteTableId)
	for _, a := range t.Associations {
		id, subnet := awssdk.ToString(a.RouteTableAssociationId), awssdk.ToString(a.SubnetId)
		if role := o.subnetRole(subnet); role != "" {
			all = append(all, infra.Found{ID: strings.Replace(role, "/subnet/", "/association/", 1), Kind: infra.Association, Physical: id, State: infra.Ready, Refs: map[string]string{"table": table, "subnet": subnet}})
		}
	}
	return all
}

func (j *job) createAssociation(ctx context.Context) error {
	err := j.cloud.retry(ctx, "associating "+j.ref("subnet"), func(ctx context.Context) error {
		out, err := j.region.ec2.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: awssdk.String(j.ref("table")), SubnetId: awssdk.String(j.ref("subnet"))})
		if err == nil {
			j.physical = awssdk.ToString(out.AssociationId)
		}
		return err
	}, notFound)
	if !is(err, exists) {
		return err
	}
	table := ""
	err = j.cloud.poll(ctx, settleBudget, "seeing which table "+j.ref("subnet")+" is associated with", func(ctx context.Context) (bool, error) {
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
	tables, err := j.region.routeTables(ctx, filter("association.subnet-id", subnet))
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
	return j.cloud.retry(ctx, "moving "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.ReplaceRouteTableAssociation(ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: &j.physical, RouteTableId: awssdk.String(j.ref("table"))})
		return err
	}, notFound)
}

func (j *job) removeAssociation(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "ending "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: &j.physical})
		return err
	})
}
