package aws

import (
	"context"
	"maps"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// ec2Tags are in EC2's form, in the order of their keys.
func ec2Tags(tags map[string]string) (all []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, types.Tag{Key: awssdk.String(key), Value: awssdk.String(tags[key])})
	}
	return all
}

func iamTags(tags map[string]string) (all []iamtypes.Tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, iamtypes.Tag{Key: awssdk.String(key), Value: awssdk.String(tags[key])})
	}
	return all
}

// tagged is in the call that makes something: there is no moment without tags.
func (j *job) tagged(what types.ResourceType) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: what, Tags: ec2Tags(j.tags())}}
}

// retag writes the tags that differ.
func (j *job) retag(ctx context.Context) error {
	missing := map[string]string{}
	for _, d := range j.step.Differences {
		if key, ok := strings.CutPrefix(d.Name, "tag:"); ok {
			missing[key] = d.Want
		}
	}
	if len(missing) == 0 {
		return nil
	}
	switch j.step.Kind {
	case infra.Cluster, infra.NodeGroup, infra.Addon, infra.AccessEntry, infra.PodIdentity:
		_, err := j.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: awssdk.String(j.step.Found.Have["arn"]), Tags: missing})
		return err
	case infra.Acceptance:
		if !j.sameRegion() {
			missing[infra.TagRole] = j.step.ID
		}
		id, _, _ := strings.Cut(j.physical, " ")
		_, err := j.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(missing)})
		return err
	default:
		_, err := j.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{j.physical}, Tags: ec2Tags(missing)})
		return err
	}
}

// role filters for what this step makes.
func (j *job) role() []types.Filter {
	return []types.Filter{filter("tag:"+infra.TagFleetID, j.ID), filter("tag:"+infra.TagRole, j.step.ID)}
}
