package server_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
)

// own gives the account regions of its own: one that AWS hasn't, and one of
// AWS's with other zones.
func own(o *server.Options) {
	o.World.Regions = []world.Region{{Name: "north", Zones: []string{"north-a", "attic"}}, {Name: "us-east-1", Zones: []string{"x", "y", "z"}}}
}

func TestRegionsOfItsOwn(t *testing.T) {
	c := start(t, own)
	regions := must(c.ec2("north").DescribeRegions(ctx, &ec2.DescribeRegionsInput{}))(t).Regions
	seen := map[string]int{}
	for _, r := range regions {
		seen[*r.RegionName]++
	}
	if seen["north"] != 1 || seen["us-east-1"] != 1 || seen["eu-west-1"] != 1 {
		t.Errorf("the regions are %v", seen)
	}
	for region, want := range map[string]string{"north": "north-a attic", "us-east-1": "x y z"} {
		var zones, ids []string
		for _, z := range must(c.ec2(region).DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{}))(t).AvailabilityZones {
			zones, ids = append(zones, *z.ZoneName), append(ids, *z.ZoneId)
		}
		if got := strings.Join(zones, " "); got != want || ids[0] != region+"-az1" {
			t.Errorf("%s has the zones %s with the ids %v, want %s", region, got, ids, want)
		}
	}
	api := c.ec2("north")
	vpc := must(api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))(t).Vpc.VpcId
	subnet := must(api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc, CidrBlock: aws.String("10.1.0.0/24"), AvailabilityZone: aws.String("attic")}))(t).Subnet
	if *subnet.AvailabilityZone != "attic" {
		t.Errorf("the subnet is in %s", *subnet.AvailabilityZone)
	}
}

// An account that is read again shows connections that never had a tag.
func TestUntaggedPeeringIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "aws.json")
	kept := func(o *server.Options) { o.World.File = file }
	c := start(t, kept)
	n, m := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	must(n.api.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: &n.vpc, PeerVpcId: &m.vpc, PeerRegion: &m.region}))(t)
	c.end()
	again := start(t, kept)
	if found := must(again.ec2("eu-west-1").DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{}))(t).VpcPeeringConnections; len(found) != 1 || len(found[0].Tags) != 0 {
		t.Errorf("got %+v", found)
	}
}

// A region with resources must stay among the account's.
func TestRegionThatIsGone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "aws.json")
	kept := func(o *server.Options) { o.World.File = file }
	c := start(t, own, kept)
	must(c.ec2("north").CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))(t)
	c.end()
	_, err := server.New(server.Options{World: world.Options{Account: account, File: file}})
	if err == nil || !strings.Contains(err.Error(), `region "north"`) {
		t.Errorf("got %v", err)
	}
}

// Two servers of one file would each overwrite what the other has answered for.
func TestOneServerOfAFile(t *testing.T) {
	o := server.Options{World: world.Options{Account: account, File: filepath.Join(t.TempDir(), "aws.json")}}
	c := start(t, func(first *server.Options) { first.World.File = o.World.File })
	if _, err := server.New(o); err == nil || !strings.Contains(err.Error(), "is in use by another server") {
		t.Errorf("a second server of the file: %v", err)
	}
	c.end()
	if _, err := server.New(o); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

func TestUnlimited(t *testing.T) {
	c := start(t, func(o *server.Options) { o.World.Unlimited = true })
	api := c.ec2("eu-west-1")
	for range 7 { // AWS's quota is five
		must(api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")}))(t)
	}
	quota := must(c.quotas("eu-west-1").GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("ec2"), QuotaCode: aws.String(world.OnDemandVCPUs)}))(t).Quota
	if *quota.Value < 1e6 {
		t.Errorf("the quota of virtual CPUs is %v", *quota.Value)
	}
}
