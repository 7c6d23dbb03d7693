package aws

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/google/go-cmp/cmp"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Roles carry no tag in IAM's listing: that their names lead back to what they are for is all
// by which they are found again.
func TestEveryRoleIsFoundByItsName(t *testing.T) {
	f, err := fleet.Parse("f.yaml", []byte("apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: my-fleet}\nspec:\n  provider: aws\n  jumpHost: {region: eu-west-1, cidr: 172.20.0.0/16}\n  regions: [{name: eu-west-1}, {name: us-gov-west-1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	seen := &infra.Seen{Account: "1", Offer: infra.Offer{Zones: map[string][]infra.Zone{}}}
	for _, r := range []string{"eu-west-1", "us-gov-west-1"} {
		seen.Offer.Zones[r] = []infra.Zone{{Name: r + "a", ID: "z1"}, {Name: r + "b", ID: "z2"}}
	}
	d, err := desired.Planner{Partition: "aws"}.Desire(infra.Input{Fleet: "my-fleet", ID: "id", Spec: f.Fleet.Spec, Seen: seen})
	if err != nil {
		t.Fatal(err)
	}
	roles := 0
	for i := range d.Resources {
		r := &d.Resources[i]
		if r.Kind != infra.Role {
			continue
		}
		roles++
		if got := roleID("my-fleet", r.Make["name"]); got != r.ID {
			t.Errorf("role %s of %s is found as %q", r.Make["name"], r.ID, got)
		}
		if trust := r.Want["trust"]; trustedService(trustPolicy(trust)) != trust {
			t.Errorf("the trust of %s comes back as %s", r.ID, trustedService(trustPolicy(trust)))
		}
	}
	if roles != 9 {
		t.Errorf("%d roles", roles)
	}
	for _, name := range []string{"ringspan-my-fleet-eu-west-1-builder", "ringspan-my-eu-west-1-node", "somebodys-eu-west-1-node", ""} {
		if got := roleID("my-fleet", name); got != "" {
			t.Errorf("role %s was taken for %s", name, got)
		}
	}
}

func TestWhichClusterARegionHas(t *testing.T) {
	for want, r := range map[string]fleetv1.Region{
		"f-eu-west-1": {Name: "eu-west-1"},
		"f-eu-west-2": {Name: "eu-west-2", Adopt: &fleetv1.Adopt{VPC: "vpc-1"}},
		"theirs":      {Name: "eu-west-3", Adopt: &fleetv1.Adopt{Cluster: "theirs"}},
	} {
		if got := clusterName("f", &r); got != want {
			t.Errorf("%s: %s", want, got)
		}
	}
}

// vpcStep is a step about a VPC of fleet f.
func vpcStep(verb string) *job {
	s := &infra.Step{Kind: infra.Network, ID: "eu-west-1/vpc", Region: "eu-west-1", Resource: &infra.Resource{Want: map[string]string{"cidr": "10.0.0.0/16", "tag:kubernetes.io/role/elb": "1"}, Refs: map[string]string{"a": "x", "b": "y"}}}
	s.Verb = infra.Create
	physical := map[string]string{"x": "x-1", "y": "y-1"}
	return &job{cloud: &Cloud{}, step: s, physical: verb, task: provision.Task{Step: s, Fleet: "f", FleetID: "id", Tags: map[string]string{infra.TagFleet: "f", "team": "db"},
		Physical: func(id string) string { return physical[id] }, Waits: func(string) {}}}
}

// What is made carries its tags in the call that makes it: the fleet's, its own role, a name
// for people, and what its kind wants.
func TestTagsOfWhatIsMade(t *testing.T) {
	j := vpcStep("")
	want := map[string]string{infra.TagFleet: "f", "team": "db", infra.TagRole: "eu-west-1/vpc", "Name": "f eu-west-1/vpc", "kubernetes.io/role/elb": "1"}
	if d := cmp.Diff(want, j.tags()); d != "" {
		t.Error(d)
	}
	if len(j.task.Tags) != 2 {
		t.Errorf("the fleet's own tags were changed: %v", j.task.Tags)
	}
	specs := j.tagged(types.ResourceTypeVpc)
	if len(specs) != 1 || specs[0].ResourceType != types.ResourceTypeVpc || !maps.Equal(readTags(specs[0].Tags), want) {
		t.Errorf("%+v", specs)
	}
	if !slices.IsSortedFunc(specs[0].Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) }) {
		t.Errorf("the same tags are another call: %+v", specs[0].Tags)
	}
}

// Two runs that make the same thing send the same token, and nothing else does.
func TestATokenFollowsFromWhatIsMade(t *testing.T) {
	token := func(change func(*job)) string {
		j := vpcStep("")
		change(j)
		return *j.token()
	}
	same := token(func(*job) {})
	if again := token(func(*job) {}); again != same || len(same) > 64 {
		t.Errorf("%s and %s", same, again)
	}
	for name, change := range map[string]func(*job){
		"another fleet":           func(j *job) { j.task.FleetID = "other" },
		"another role":            func(j *job) { j.step.ID = "eu-west-2/vpc" },
		"what replaces one":       func(j *job) { j.step.Physical = "vpc-1" },
		"made in another network": func(j *job) { j.task.Physical = func(string) string { return "z" } },
	} {
		if token(change) == same {
			t.Errorf("%s has the same token", name)
		}
	}
}

// tagger is EC2 and EKS as far as tags are written.
type tagger struct {
	EC2
	EKS

	wrote   map[string]string
	dropped []string
	of      []string
}

func (r *tagger) CreateTags(_ context.Context, in *ec2.CreateTagsInput, _ ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error) {
	r.wrote, r.of = readTags(in.Tags), in.Resources
	return &ec2.CreateTagsOutput{}, nil
}

func (r *tagger) DeleteTags(_ context.Context, in *ec2.DeleteTagsInput, _ ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error) {
	for _, t := range in.Tags {
		r.dropped = append(r.dropped, *t.Key)
	}
	r.of = in.Resources
	return &ec2.DeleteTagsOutput{}, nil
}

// TagResource implements EKS.
func (r *tagger) TagResource(_ context.Context, in *eks.TagResourceInput, _ ...func(*eks.Options)) (*eks.TagResourceOutput, error) {
	r.wrote, r.of = in.Tags, []string{*in.ResourceArn}
	return &eks.TagResourceOutput{}, nil
}

// Only tags that differ are written; of those that the file no longer has, the expiry is taken
// off, by which gc would delete the fleet.
func TestTagsThatDiffer(t *testing.T) {
	differs := func(all ...string) (out []infra.Difference) {
		for i := 0; i < len(all); i += 3 {
			out = append(out, infra.Difference{Name: all[i], Have: all[i+1], Want: all[i+2]})
		}
		return out
	}
	for name, test := range map[string]struct {
		kind        infra.Kind
		physical    string
		differences []infra.Difference
		wrote       map[string]string
		dropped     []string
		of          string
	}{
		"none":                         {kind: infra.Network, physical: "vpc-1", differences: differs("dnsSupport", "false", "true")},
		"one":                          {kind: infra.Network, physical: "vpc-1", differences: differs("tag:team", "", "db"), wrote: map[string]string{"team": "db"}, of: "vpc-1"},
		"one is to be empty":           {kind: infra.Network, physical: "vpc-1", differences: differs("tag:team", "db", ""), wrote: map[string]string{"team": ""}, of: "vpc-1"},
		"the expiry goes":              {kind: infra.Network, physical: "vpc-1", differences: differs("tag:"+infra.TagExpires, "2026-01-01", ""), dropped: []string{infra.TagExpires}, of: "vpc-1"},
		"the expiry is another one":    {kind: infra.Network, physical: "vpc-1", differences: differs("tag:"+infra.TagExpires, "2026-01-01", "2027-01-01"), wrote: map[string]string{infra.TagExpires: "2027-01-01"}, of: "vpc-1"},
		"a cluster, by its ARN":        {kind: infra.Cluster, physical: "f-eu-west-1", differences: differs("tag:team", "", "db"), wrote: map[string]string{"team": "db"}, of: "arn:c"},
		"an acceptance names its role": {kind: infra.LinkAcceptance, physical: "pcx-1 in eu-west-1", differences: differs("tag:team", "", "db"), wrote: map[string]string{"team": "db", infra.TagRole: "eu-west-1/vpc"}, of: "pcx-1"},
	} {
		r := &tagger{}
		j := vpcStep(test.physical)
		j.region = &regional{ec2: r, eks: r}
		j.step.Kind, j.step.Differences, j.step.Found = test.kind, test.differences, &infra.Found{Have: map[string]string{"arn": "arn:c"}}
		if err := j.retag(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !maps.Equal(r.wrote, test.wrote) || !slices.Equal(r.dropped, test.dropped) || test.of != strings.Join(r.of, " ") {
			t.Errorf("%s: of %v wrote %v, dropped %v", name, r.of, r.wrote, r.dropped)
		}
	}
}

// AWS has list prices; another cloud that answers its API has none, and says so.
func TestOnlyAWSHasPrices(t *testing.T) {
	wanted := &infra.Desired{Resources: []infra.Resource{{ID: "eu-west-1/cluster", Kind: infra.Cluster, Region: "eu-west-1"}}}
	if e, err := (&Cloud{}).Cost(wanted); err != nil || e.Monthly == 0 {
		t.Errorf("in AWS: %+v %v", e, err)
	}
	if _, err := (&Cloud{name: "this machine"}).Cost(wanted); !provision.IsNotSupported(err) || !strings.Contains(err.Error(), "does not estimate costs") {
		t.Errorf("on this machine: %v", err)
	}
}
