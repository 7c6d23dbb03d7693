package aws

import (
	"context"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// observation is one region's answers.
type observation struct {
	cloud    *Cloud
	in       *regional
	question provision.Question
	asked    bool // for its own sake, not only because the tag was found

	ours       *contents // with the fleet's tag
	vpcs       []types.Vpc
	attributes map[string][2]bool // dnsSupport, dnsHostnames by VPC
	clusters   []observedCluster
	adopted    *infra.AdoptedNetwork
	inside     []*contents // of the fleet's networks, when it is deleted

	othersTables []types.RouteTable    // of networks that were there before
	joinedGroups []types.SecurityGroup // of networks that the fleet only joins
}

// observe prepares the questions about a region.
func (c *Cloud) observe(region string, q provision.Question) *observation {
	in := c.in(region)
	return &observation{cloud: c, in: in, question: q, asked: slices.Contains(q.Regions, region),
		ours: &contents{in: in, filters: []types.Filter{filter("tag:"+infra.TagFleetID, q.ID)}}}
}

// all asks everything at once.
func (o *observation) all(ctx context.Context) error {
	n := o.ours
	asks := []func(context.Context) error{
		o.askVPCs, n.askGateways, n.askSubnets, n.askAddresses, n.askNATs, n.askTables, n.askPeerings, n.askGroups,
		n.askInstances, o.askClusters, o.askAdopted,
	}
	if o.question.Deleting {
		asks = append(asks, n.askVolumes)
	}
	if err := askAll(ctx, asks...); err != nil {
		return err
	}
	return o.askJoined(ctx)
}

// askJoined lists route tables and security groups of others' networks that the fleet's
// peerings lead to, when a fleet is deleted without a file that names what it adopted:
// the fleet's routes and rules in them are deleted too.
func (o *observation) askJoined(ctx context.Context) error {
	if !o.question.Deleting || o.question.Spec != nil {
		return nil
	}
	for _, id := range o.joined() {
		n := o.in.within(id)
		if err := askAll(ctx, n.askTables, n.askGroups); err != nil {
			return err
		}
		o.othersTables, o.joinedGroups = append(o.othersTables, n.tables...), append(o.joinedGroups, n.groups...)
	}
	return nil
}

// joined are the networks of this region that the fleet's peerings have an end in
// and that aren't its own.
func (o *observation) joined() (ids []string) {
	for _, p := range o.ours.peerings {
		for _, end := range []*types.VpcPeeringConnectionVpcInfo{p.RequesterVpcInfo, p.AccepterVpcInfo} {
			if end == nil || awssdk.ToString(end.Region) != o.in.name {
				continue
			}
			id := awssdk.ToString(end.VpcId)
			own := slices.ContainsFunc(o.vpcs, func(v types.Vpc) bool { return awssdk.ToString(v.VpcId) == id })
			if !own && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// into turns a region's answers into resources.
func (o *observation) into(seen *infra.Seen) {
	region := o.in.name
	if o.adopted != nil {
		seen.Adopted[region] = *o.adopted
	}
	var all []infra.Found
	for _, found := range []func() []infra.Found{
		o.foundVPCs, o.foundGateways, o.foundSubnets, o.foundAddresses, o.foundNATs, o.foundTables, o.foundPeerings,
		o.foundGroups, o.foundInstances, o.foundVolumes, o.foundInterfaces,
	} {
		all = append(all, found()...)
	}
	for i := range o.clusters {
		all = append(all, o.clusters[i].found(region, o.question.ID)...)
	}
	for i := range o.joinedGroups {
		all = append(all, rulesIn(&o.joinedGroups[i], region, "", o.question.ID)...)
	}
	for _, f := range all {
		f.Region = region
		seen.Found = append(seen.Found, f)
	}
	seen.Runs = append(seen.Runs, o.runs()...)
}

// read turns AWS's list of tags into a map.
func readTags(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

// tagged is a resource whose logical id is in its tag.
func tagged(kind infra.Kind, physical *string, tags []types.Tag) infra.Found {
	t := readTags(tags)
	return infra.Found{ID: t[infra.TagRole], Kind: kind, Physical: awssdk.ToString(physical), State: infra.Ready, Tags: t, Have: map[string]string{}, Refs: map[string]string{}}
}

func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// runs are others that say they are at work.
func (o *observation) runs() (all []infra.Run) {
	for _, v := range o.vpcs {
		if by, since, ok := strings.Cut(readTags(v.Tags)[infra.TagRun], " since "); ok && by != runner() {
			all = append(all, infra.Run{By: by, Since: since})
		}
	}
	return all
}
