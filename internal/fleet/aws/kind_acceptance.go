package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var acceptanceKind = kind{create: (*job).accept}

// deriveAcceptances joins what two regions say of one peering: it is accepted when it is
// active, whatever its tags on the other side.
func deriveAcceptances(seen *infra.Seen) {
	tags := map[string]map[string]string{}
	for _, f := range seen.Found {
		if f.Kind == infra.LinkAcceptance {
			tags[f.Region+" "+f.Physical] = f.Tags
		}
	}
	seen.Found = slices.DeleteFunc(seen.Found, func(f infra.Found) bool { return f.Kind == infra.LinkAcceptance })
	for _, f := range slices.Clone(seen.Found) {
		if f.Kind != infra.Link || f.Have["status"] != string(types.VpcPeeringConnectionStateReasonCodeActive) {
			continue
		}
		region := f.Have["accepter"]
		t := tags[region+" "+f.Physical]
		if region == f.Region { // one set of tags for both sides
			t = f.Tags
		}
		if t == nil {
			t = map[string]string{}
		}
		seen.Found = append(seen.Found, infra.Found{ID: strings.Replace(f.ID, "peering/", "acceptance/", 1), Kind: infra.LinkAcceptance, Region: region, Physical: f.Physical + " in " + region,
			State: infra.Ready, Tags: t, Refs: map[string]string{"peering": f.Physical}})
	}
}

// accept accepts the request in the accepter's region, where it arrives a little later, and
// tags the peering there: tags don't cross regions.
func (j *job) accept(ctx context.Context) error {
	id := j.ref("peering")
	j.physical = id + " in " + j.step.Region
	err := j.cloud.retry(ctx, "accepting "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.AcceptVpcPeeringConnection(ctx, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: &id})
		return err
	}, notFound)
	if err != nil && !is(err, settled) {
		return err
	}
	err = j.cloud.poll(ctx, settleBudget, "peering "+id, func(ctx context.Context) (bool, error) {
		code, message, err := j.peering(ctx, id)
		switch code {
		case types.VpcPeeringConnectionStateReasonCodeFailed, types.VpcPeeringConnectionStateReasonCodeRejected, types.VpcPeeringConnectionStateReasonCodeExpired, types.VpcPeeringConnectionStateReasonCodeDeleted:
			return false, failure("%s is %s: %s", id, code, message)
		default:
			return code == types.VpcPeeringConnectionStateReasonCodeActive, err
		}
	})
	if err != nil || j.sameRegion() {
		return err
	}
	return j.cloud.retry(ctx, "tagging "+id, func(ctx context.Context) error {
		_, err := j.region.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(j.tags())})
		return err
	}, notFound)
}

// sameRegion: both sides share one set of tags then, and the requester's stay.
func (j *job) sameRegion() bool { return j.want("requester") == j.step.Region }
