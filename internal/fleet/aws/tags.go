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

// retag writes the tags that differ, and takes away those that shall not be.
func (j *job) retag(ctx context.Context) error {
	missing, excess := map[string]string{}, []string{}
	for _, d := range j.step.Differences {
		key, ok := strings.CutPrefix(d.Name, "tag:")
		switch {
		case ok && d.Want == "" && key == infra.TagExpires:
			excess = append(excess, key)
		case ok:
			missing[key] = d.Want
		}
	}
	if len(missing) > 0 {
		if err := j.addTags(ctx, missing); err != nil {
			return err
		}
	}
	if len(excess) > 0 {
		return j.dropTags(ctx, excess)
	}
	return nil
}

func (j *job) inEKS() bool {
	return slices.Contains([]infra.Kind{infra.Cluster, infra.NodePool, infra.Addon, infra.AccessEntry, infra.WorkloadIdentity}, j.step.Kind)
}

func (j *job) addTags(ctx context.Context, tags map[string]string) error {
	if j.inEKS() {
		_, err := j.region.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: awssdk.String(j.step.Found.Have["arn"]), Tags: tags})
		return err
	}
	if j.step.Kind == infra.LinkAcceptance && !j.sameRegion() {
		tags[infra.TagRole] = j.step.ID
	}
	_, err := j.region.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{j.taggable()}, Tags: ec2Tags(tags)})
	return err
}

func (j *job) dropTags(ctx context.Context, keys []string) error {
	if j.inEKS() {
		_, err := j.region.eks.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: awssdk.String(j.step.Found.Have["arn"]), TagKeys: keys})
		return err
	}
	in := &ec2.DeleteTagsInput{Resources: []string{j.taggable()}}
	for _, key := range keys {
		in.Tags = append(in.Tags, types.Tag{Key: awssdk.String(key)})
	}
	_, err := j.region.ec2.DeleteTags(ctx, in)
	return err
}

// taggable is the id that EC2 knows: an acceptance is the peering's other end.
func (j *job) taggable() string {
	id, _, _ := strings.Cut(j.physical, " ")
	return id
}

// role filters for what this step makes.
func (j *job) role() []types.Filter {
	return []types.Filter{filter("tag:"+infra.TagFleetID, j.task.FleetID), filter("tag:"+infra.TagRole, j.step.ID)}
}
