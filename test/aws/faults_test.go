package aws

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Every call is throttled now and then, and everything new is NotFound at first.
func TestThrottlingAndLagOnEveryCall(t *testing.T) {
	for name, s := range map[string]struct {
		network bool
		flags   []string
		every   int
	}{
		"network, throttled, with lag":  {true, []string{"--lag", "2"}, 5},
		"clusters, throttled, with lag": {false, []string{"--lag", "2"}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, s.flags...)
			e.drive(http.MethodPut, "throttle", []map[string]any{{"every": s.every}}, nil)
			before := e.left()
			c, w := e.cloud(), request(t, twoRegions, s.network)
			up(t, c, w)
			once(t, c, w)
			clean(t, e, c, w, before, name)
		})
	}
}

// What somebody deletes by hand is planned, and made again; nothing else is.
func TestDriftIsMended(t *testing.T) {
	e := serve(t)
	c, w := e.cloud(), request(t, twoRegions, true)
	made := up(t, c, w)
	hand := e.ec2("eu-west-1")
	var table string
	for _, f := range made.Seen.Found {
		if f.Region == "eu-west-1" && f.ID == "eu-west-1/table/public" {
			table = f.Physical
		}
	}
	if table == "" {
		t.Fatal("no public route table in eu-west-1")
	}
	if _, err := hand.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: awssdk.String("0.0.0.0/0")}); err != nil {
		t.Fatal(err)
	}
	d, err := provision.Plan(t.Context(), c, w)
	if err != nil || len(d.Plan.Steps) != 1 || d.Plan.Steps[0].Kind != infra.Route || d.Plan.Steps[0].ID != "eu-west-1/route/public/0.0.0.0/0" {
		t.Fatalf("%v, plan:\n%s", err, d.Plan.Text())
	}
	up(t, c, w)
	once(t, c, w)
}

// Somebody else's machine in the fleet's network stops down, by name, until it
// is gone.
func TestForeignResourceStopsDown(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, true)
	made := up(t, c, w)
	var vpc string
	for _, f := range made.Seen.Found {
		if f.ID == "eu-west-1/vpc" {
			vpc = f.Physical
		}
	}
	hand := e.ec2("eu-west-1")
	group, err := hand.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: awssdk.String("theirs"), Description: awssdk.String("theirs"), VpcId: &vpc})
	if err != nil {
		t.Fatal(err)
	}
	_, err = provision.Down(t.Context(), c, w.Fleet, &w.Spec, time.Now(), provision.Watch{})
	if err == nil || !strings.Contains(err.Error(), *group.GroupId) || !strings.Contains(err.Error(), "eu-west-1") {
		t.Fatalf("down said %v, and does not name %s", err, *group.GroupId)
	}
	if _, err := hand.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: group.GroupId}); err != nil {
		t.Fatal(err)
	}
	clean(t, e, c, w, before, "after the foreign group is gone")
}

// A quota that does not suffice is refused before anything is made.
func TestQuotaIsRefusedFirst(t *testing.T) {
	e := serve(t)
	if _, err := e.ec2("eu-central-1").CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: awssdk.String("10.0.0.0/16")}); err != nil {
		t.Fatal(err)
	}
	before := e.left()
	e.drive(http.MethodPut, "quotas", map[string]any{"region": "eu-central-1", "code": "L-F678F1CE", "value": 1}, nil)
	c, w := e.cloud(), request(t, article, true)
	_, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
	if err == nil || !strings.Contains(err.Error(), "quota") || !strings.Contains(err.Error(), "eu-central-1") {
		t.Fatalf("up said %v", err)
	}
	if left := e.left(); !slices.Equal(left, before) {
		t.Errorf("before: %v\nafter: %v", before, left)
	}
}

// A call that isn't allowed is named, in the words of policies.
func TestDeniedCallIsNamed(t *testing.T) {
	for _, action := range []string{"ec2:CreateVpc", "ec2:DescribeVpcs", "iam:CreateRole", "ec2:CreateNatGateway", "eks:CreateCluster"} {
		t.Run(action, func(t *testing.T) {
			e := serve(t)
			before := e.left()
			e.drive(http.MethodPut, "denied", []string{action}, nil)
			c, w := e.cloud(), request(t, twoRegions, false)
			_, err := provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
			if err == nil || !strings.Contains(err.Error(), action) {
				t.Fatalf("up said %v, and does not name %s", err, action)
			}
			e.drive(http.MethodPut, "denied", []string{}, nil)
			up(t, c, w)
			once(t, c, w)
			clean(t, e, c, w, before, "allowed again")
		})
	}
}

// Credentials that the account doesn't know are told as such, at once.
func TestWrongCredentials(t *testing.T) {
	e := serve(t, "--strict")
	_, err := aws.Open(t.Context(), aws.Options{Region: "us-east-1", Endpoint: e.url, Pause: quick, Backoff: 20 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "credentials") {
		t.Errorf("said %v", err)
	}
}

// A peering that somebody deletes is made again, once.
func TestDeletedPeeringIsMadeAgain(t *testing.T) {
	e := serve(t)
	before := e.left()
	c, w := e.cloud(), request(t, twoRegions, true)
	made := up(t, c, w)
	for _, f := range made.Seen.Found {
		if f.Kind == infra.Link {
			if _, err := e.ec2("eu-west-1").DeleteVpcPeeringConnection(t.Context(), &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: awssdk.String(f.Physical)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	up(t, c, w)
	once(t, c, w)
	var live int
	out, err := e.ec2("eu-west-1").DescribeVpcPeeringConnections(t.Context(), &ec2.DescribeVpcPeeringConnectionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range out.VpcPeeringConnections {
		if p.Status.Code == types.VpcPeeringConnectionStateReasonCodeActive {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d active peerings", live)
	}
	clean(t, e, c, w, before, "after the peering was made again")
}

// ec2 is somebody else's client of the account.
func (e *embedded) ec2(region string, options ...func(*ec2.Options)) *ec2.Client {
	return ec2.New(ec2.Options{Region: region, BaseEndpoint: &e.url, Credentials: credentials.NewStaticCredentialsProvider("other", "other", "")}, options...)
}
