package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

const theirs = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: theirs}
spec: {provider: aws, regions: [{name: eu-west-1, cidr: 172.21.0.0/16}]}
`

const adopting = `apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: ours}
spec: {provider: aws, regions: [{name: eu-west-1, adopt: {%s}}, {name: eu-central-1}]}
`

const theirCluster = "theirs-eu-west-1"

// given is a network, and with a cluster one in it, of nobody's fleet: as if
// somebody had made them by other means.
func given(t *testing.T, e *embedded, cluster bool) (vpc string) {
	t.Helper()
	vpc = up(t, e.cloud(), request(t, theirs, !cluster)).Seen.Physical("eu-west-1/vpc")
	api := e.ec2("eu-west-1")
	tags, err := api.DescribeTags(t.Context(), &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: awssdk.String("key"), Values: []string{"ringspan.io/*"}}}})
	for _, d := range must(t, tags, err).Tags {
		_, err := api.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{*d.ResourceId}, Tags: []types.Tag{{Key: d.Key}}})
		must(t, 0, err)
	}
	if cluster {
		untag(t, e)
	}
	return vpc
}

// untag takes a fleet's tags from the cluster.
func untag(t *testing.T, e *embedded) {
	t.Helper()
	c, err := e.eks("eu-west-1").DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: awssdk.String(theirCluster)})
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(must(t, c, err).Cluster.Tags)), func(key string) bool { return !strings.HasPrefix(key, "ringspan.io/") })
	_, err = e.eks("eu-west-1").UntagResource(t.Context(), &eks.UntagResourceInput{ResourceArn: c.Cluster.Arn, TagKeys: keys})
	must(t, 0, err)
}

// ways are a network's routes and rules, as text.
func ways(t *testing.T, e *embedded, vpc string) (all []string) {
	t.Helper()
	api := e.ec2("eu-west-1")
	tables, err := api.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{Filters: in(vpc)})
	for _, table := range must(t, tables, err).RouteTables {
		for _, r := range table.Routes {
			all = append(all, fmt.Sprintf("%s to %s over %s%s%s", *table.RouteTableId, awssdk.ToString(r.DestinationCidrBlock), awssdk.ToString(r.GatewayId), awssdk.ToString(r.NatGatewayId), awssdk.ToString(r.VpcPeeringConnectionId)))
		}
	}
	groups, err := api.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{Filters: in(vpc)})
	for _, g := range must(t, groups, err).SecurityGroups {
		for _, p := range g.IpPermissions {
			for _, r := range p.IpRanges {
				all = append(all, fmt.Sprintf("%s takes %s %d from %s", *g.GroupId, *p.IpProtocol, awssdk.ToInt32(p.FromPort), *r.CidrIp))
			}
		}
	}
	slices.Sort(all)
	return all
}

// A network or a cluster that is there already is used, and is afterwards as it
// was before, to the last route and rule.
func TestAdopt(t *testing.T) {
	for _, what := range []string{"vpc", "cluster"} {
		t.Run(what, func(t *testing.T) {
			e := serve(t)
			c, vpc := e.cloud(), given(t, e, what == "cluster")
			before, were := e.left(), ways(t, e, vpc)
			id := map[string]string{"vpc": vpc, "cluster": theirCluster}[what]
			w := request(t, fmt.Sprintf(adopting, what+": "+id), false)
			d := up(t, c, w)
			once(t, c, w)
			for _, f := range d.Seen.Found {
				if f.Physical == id {
					t.Errorf("%s is taken for the fleet's own", id)
				}
			}
			if len(e.left()) < len(before)+20 || slices.Equal(ways(t, e, vpc), were) {
				t.Errorf("beside %d there are only %d, with the same routes and rules", len(before), len(e.left()))
			}
			clean(t, e, c, w, before, "what was adopted stays")
			if now := ways(t, e, vpc); !slices.Equal(now, were) {
				t.Errorf("the network was\n%s\nand is\n%s", strings.Join(were, "\n"), strings.Join(now, "\n"))
			}
		})
	}
}

// What is another fleet's isn't adopted: plan and up say whose it is, and what to
// do, before anything is made. When the fleet is no more, it is.
func TestAdoptingAnotherFleetsIsRefused(t *testing.T) {
	for _, what := range []string{"vpc", "cluster", "cluster in the VPC of a fleet"} {
		t.Run(what, func(t *testing.T) {
			e := serve(t)
			c := e.cloud()
			owner := request(t, theirs, what == "vpc")
			vpc := up(t, c, owner).Seen.Physical("eu-west-1/vpc")
			id, key := vpc, "vpc"
			if what != "vpc" {
				id, key = theirCluster, "cluster"
			}
			if strings.HasSuffix(what, "of a fleet") {
				untag(t, e)
			}
			before := e.left()
			w := request(t, fmt.Sprintf(adopting, key+": "+id), false)
			d, err := provision.Plan(t.Context(), c, w)
			if err != nil || len(d.Plan.Refused) != 1 {
				t.Fatalf("%v: the plan is not refused", err)
			}
			_, err = provision.Up(t.Context(), c, w, time.Now(), provision.Watch{})
			for _, said := range []string{d.Plan.Refused[0], fmt.Sprint(err)} {
				for _, part := range []string{id, "eu-west-1", "fleet theirs", infra.TagFleet, "take it down first"} {
					if !strings.Contains(said, part) {
						t.Errorf("%q is not in %q", part, said)
					}
				}
			}
			if left := e.left(); !slices.Equal(left, before) {
				t.Errorf("before: %v\nafter: %v", before, left)
			}
			if what == "cluster" {
				once(t, c, owner)
			}
		})
	}
}

// A fleet that names what it has made itself keeps it: there is nothing to do, and
// it goes with the fleet.
func TestAdoptingOnesOwnChangesNothing(t *testing.T) {
	e := serve(t)
	c, before := e.cloud(), e.left()
	w := request(t, theirs, false)
	vpc := up(t, c, w).Seen.Physical("eu-west-1/vpc")
	for _, adopt := range []string{"vpc: " + vpc, "cluster: " + theirCluster} {
		named := request(t, strings.Replace(theirs, "cidr: 172.21.0.0/16", "adopt: {"+adopt+"}", 1), false)
		once(t, c, named)
		w = named
	}
	clean(t, e, c, w, before, "the fleet's own")
}

// What was adopted and has been deleted since doesn't keep the fleet from going.
func TestDownWhenWhatWasAdoptedIsGone(t *testing.T) {
	e := serve(t)
	c, before := e.cloud(), e.left()
	api := e.ec2("eu-west-1")
	made, err := api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: awssdk.String("172.21.0.0/16")})
	vpc := must(t, made, err).Vpc.VpcId
	w := request(t, fmt.Sprintf(adopting, "vpc: "+*vpc), true)
	up(t, c, w)
	peerings, err := api.DescribeVpcPeeringConnections(t.Context(), &ec2.DescribeVpcPeeringConnectionsInput{})
	for _, p := range must(t, peerings, err).VpcPeeringConnections {
		_, err := api.DeleteVpcPeeringConnection(t.Context(), &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: p.VpcPeeringConnectionId})
		must(t, 0, err)
	}
	_, err = api.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: vpc})
	must(t, 0, err)
	if _, err := provision.Plan(t.Context(), c, w); err == nil || !strings.Contains(err.Error(), *vpc) {
		t.Errorf("plan said %v", err)
	}
	clean(t, e, c, w, before, "without the network that was adopted")
}
