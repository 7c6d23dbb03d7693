package aws

import (
	"context"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// observation is one region's answers.
type observation struct {
	cloud    *Cloud
	in       *regional
	question provision.Question
	asked    bool // for its own sake, not only because the tag was found

	vpcs       []types.Vpc
	attributes map[string][2]bool // dnsSupport, dnsHostnames by VPC
	gateways   []types.InternetGateway
	subnets    []types.Subnet
	addresses  []types.Address
	nats       []types.NatGateway
	tables     []types.RouteTable
	peerings   []types.VpcPeeringConnection
	groups     []types.SecurityGroup
	instances  []types.Instance
	volumes    []types.Volume
	clusters   []observedCluster
	adopted    *infra.AdoptedNetwork
	inside     inside

	adoptedTables []types.RouteTable    // of a network that was there before
	joinedGroups  []types.SecurityGroup // of networks that the fleet only joins
}

// ours is the filter for the fleet's tag.
func (o *observation) ours() []types.Filter {
	return []types.Filter{filter("tag:"+infra.TagFleetID, o.question.ID)}
}

// all asks everything at once.
func (o *observation) all(asked context.Context) error {
	group, ctx := errgroup.WithContext(asked)
	for _, ask := range []func(context.Context) error{
		o.askVPCs, o.askGateways, o.askSubnets, o.askAddresses, o.askNATs, o.askTables, o.askPeerings, o.askGroups,
		o.askInstances, o.askVolumes, o.askClusters, o.askAdopted,
	} {
		group.Go(func() error { return ask(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	o.tables = append(o.tables, o.adoptedTables...)
	return o.askJoined(asked)
}

// askJoined looks, when a fleet is deleted without a file that names what was adopted,
// at the networks of others that the fleet's peerings lead to: its routes and rules
// in them go too.
func (o *observation) askJoined(ctx context.Context) error {
	if !o.question.Deleting || o.question.Spec != nil {
		return nil
	}
	for _, id := range o.joined() {
		within := filter("vpc-id", id)
		tables, err := o.in.routeTables(ctx, within)
		if err != nil {
			return err
		}
		groups, err := o.in.securityGroups(ctx, within)
		if err != nil {
			return err
		}
		o.tables, o.joinedGroups = append(o.tables, tables...), append(o.joinedGroups, groups...)
	}
	return nil
}

// joined are the networks of this region that the fleet's peerings have an end in
// and that aren't its own.
func (o *observation) joined() (ids []string) {
	for _, p := range o.peerings {
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

// tagged begins a resource that carries its role.
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
