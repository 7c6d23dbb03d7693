package aws

import (
	"net/http"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// halted brings a network up as far as a call that is denied, and allows it then.
func halted(t *testing.T, e *embedded, c *aws.Cloud, w provision.Request, action string) {
	t.Helper()
	e.drive(http.MethodPut, "denied", []string{action}, nil)
	if _, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{}); err == nil || !strings.Contains(err.Error(), action) {
		t.Fatalf("up said %v, and does not name %s", err, action)
	}
	e.drive(http.MethodPut, "denied", []string{}, nil)
}

// physical is the id of what a role has become, "" when it isn't there.
func physical(t *testing.T, c *aws.Cloud, w provision.Request, id string) string {
	t.Helper()
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	return d.Seen.Physical(id)
}

// A request that somebody rejects, or that nobody accepts for a week, is dead:
// another is made.
func TestRejectedAndExpiredPeering(t *testing.T) {
	for name, end := range map[string]func(e *embedded, id string){
		"rejected": func(e *embedded, id string) {
			if _, err := e.ec2("eu-central-1").RejectVpcPeeringConnection(t.Context(), &ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: &id}); err != nil {
				t.Fatal(err)
			}
		},
		"expired": func(e *embedded, _ string) {
			e.drive(http.MethodPost, "clock", map[string]string{"advance": "170h"}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t)
			before := e.left()
			c, w := e.cloud(), request(t, twoRegions, true)
			halted(t, e, c, w, "ec2:AcceptVpcPeeringConnection")
			id := physical(t, c, w, requested(t, c, w))
			end(e, id)
			d, err := provision.Plan(t.Context(), c, w)
			if err != nil || !strings.Contains(strings.ToLower(d.Plan.Text()), name) {
				t.Fatalf("%v: the plan does not say that the peering is %s:\n%s", err, name, d.Plan.Text())
			}
			up(t, c, w)
			once(t, c, w)
			if now := physical(t, c, w, requested(t, c, w)); now == id {
				t.Errorf("%s is still used", id)
			}
			clean(t, e, c, w, before, name)
		})
	}
}

// requested is the role of the fleet's only peering.
func requested(t *testing.T, c *aws.Cloud, w provision.Request) string {
	t.Helper()
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Wanted.Resources {
		if d.Wanted.Resources[i].Kind == infra.Link {
			return d.Wanted.Resources[i].ID
		}
	}
	t.Fatal("no peering is wanted")
	return ""
}

// Ranges that overlap make AWS fail a peering. Up says so, and goes on when they
// no longer do.
func TestOverlappingPeering(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, true)
	halted(t, e, c, w, "ec2:CreateVpcPeeringConnection")
	vpc := physical(t, c, w, "eu-central-1/vpc")
	hand := e.ec2("eu-central-1")
	added, err := hand.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: awssdk.String("172.21.128.0/20")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{}); err == nil || !strings.Contains(err.Error(), "overlap") || !strings.Contains(err.Error(), "pcx-") {
		t.Fatalf("up said %v", err)
	}
	if _, err := hand.DisassociateVpcCidrBlock(t.Context(), &ec2.DisassociateVpcCidrBlockInput{AssociationId: added.CidrBlockAssociation.AssociationId}); err != nil {
		t.Fatal(err)
	}
	up(t, c, w)
	once(t, c, w)
	clean(t, e, c, w, before, "after the overlap")
}
