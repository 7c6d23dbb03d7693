package aws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Whatever others put into the fleet's network stops down before it deletes
// anything, by its id; when it is gone, down goes on.
func TestEveryForeignResourceStopsDown(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, true)
	d := up(t, c, w)
	vpc, subnet := d.Seen.Physical("eu-west-1/vpc"), d.Seen.Physical("eu-west-1/subnet/public/eu-west-1a")
	api, ctx := e.ec2("eu-west-1"), t.Context()
	for what, f := range map[string]struct {
		make func() string
		drop func(id string) error
	}{
		"subnet": {
			func() string {
				out, err := api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: awssdk.String("172.21.255.240/28")})
				return *must(t, out, err).Subnet.SubnetId
			},
			func(id string) error {
				_, err := api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &id})
				return err
			},
		},
		"network interface": {
			func() string {
				out, err := api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet})
				return *must(t, out, err).NetworkInterface.NetworkInterfaceId
			},
			func(id string) error {
				_, err := api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &id})
				return err
			},
		},
		"instance": {
			func() string {
				images, err := api.DescribeImages(ctx, &ec2.DescribeImagesInput{})
				out, err := api.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: must(t, images, err).Images[0].ImageId, InstanceType: types.InstanceTypeT3Micro, SubnetId: &subnet, MinCount: awssdk.Int32(1), MaxCount: awssdk.Int32(1)})
				return *must(t, out, err).Instances[0].InstanceId
			},
			func(id string) error {
				_, err := api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
				return err
			},
		},
		"route table": {
			func() string {
				out, err := api.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &vpc})
				return *must(t, out, err).RouteTable.RouteTableId
			},
			func(id string) error {
				_, err := api.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &id})
				return err
			},
		},
		"network ACL": {
			func() string {
				out, err := api.CreateNetworkAcl(ctx, &ec2.CreateNetworkAclInput{VpcId: &vpc})
				return *must(t, out, err).NetworkAcl.NetworkAclId
			},
			func(id string) error {
				_, err := api.DeleteNetworkAcl(ctx, &ec2.DeleteNetworkAclInput{NetworkAclId: &id})
				return err
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			id := f.make()
			was := len(e.left())
			_, err := provision.Down(ctx, c, w.Fleet, &w.Spec, time.Now(), provision.Watch{})
			if err == nil || !strings.Contains(err.Error(), "eu-west-1: "+what+" "+id+" in "+vpc) {
				t.Errorf("down said %v", err)
			}
			if now := len(e.left()); now != was {
				t.Errorf("there were %d resources, and are %d", was, now)
			}
			if err := f.drop(id); err != nil {
				t.Fatal(err)
			}
		})
	}
	clean(t, e, c, w, before, "without them")
}

// What somebody deletes by hand is made again under the same name, though AWS
// remembers the call that made the first one.
func TestWhatIsDeletedByHandIsMadeAgain(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, false)
	d := up(t, c, w)
	api, ctx := e.ec2("eu-west-1"), t.Context()
	gone := map[string]bool{}
	for i := range d.Seen.Found {
		f := &d.Seen.Found[i]
		switch {
		case f.Region != "eu-west-1":
		case f.Kind == infra.Association && strings.Contains(f.ID, "/private/"):
			_, err := api.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: &f.Physical})
			must(t, 0, err)
			gone[f.ID] = true
		case f.Kind == infra.NAT:
			_, err := api.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &f.Physical})
			must(t, 0, err)
			gone[f.ID] = true
		}
	}
	table := d.Seen.Physical("eu-west-1/table/private")
	_, err := api.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: &table})
	must(t, 0, err)
	gone["eu-west-1/table/private"] = true
	plan, err := provision.Plan(ctx, c, w)
	for id := range gone {
		if !strings.Contains(must(t, plan, err).Plan.Text(), id) {
			t.Errorf("the plan doesn't make %s:\n%s", id, plan.Plan.Text())
		}
	}
	up(t, c, w)
	once(t, c, w)
	clean(t, e, c, w, before, "mended")
	up(t, c, w) // the same names as in the former life
	once(t, c, w)
	clean(t, e, c, w, before, "a second life")
}

// An hour after it has ended AWS no longer shows a NAT gateway, and still
// remembers the call that made it.
func TestNATGatewayThatIsForgotten(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, true)
	nat := up(t, c, w).Seen.Physical("eu-west-1/nat/eu-west-1a")
	_, err := e.ec2("eu-west-1").DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: &nat})
	must(t, 0, err)
	e.drive(http.MethodPost, "clock", map[string]string{"advance": "3h"}, nil)
	up(t, c, w)
	once(t, c, w)
	clean(t, e, c, w, before, "with another gateway")
}
