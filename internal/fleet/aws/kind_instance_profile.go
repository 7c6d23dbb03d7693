package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
)

var instanceProfileKind = kind{create: (*job).createProfile, change: (*job).changeProfile, remove: (*job).removeProfile}

func (j *job) createProfile(ctx context.Context) error {
	j.physical = j.want("name")
	_, err := j.cloud.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &j.physical, Path: awssdk.String(desired.RolePath(j.task.Fleet)), Tags: iamTags(j.tags())})
	if err != nil && !is(err, exists) {
		return err
	}
	return j.changeProfile(ctx)
}

// changeProfile adds the role. A profile has one role at most; that AWS refuses a second one
// means that it has ours already, since the profile is the fleet's.
func (j *job) changeProfile(ctx context.Context) error {
	err := j.cloud.retry(ctx, "giving "+j.physical+" its role", func(ctx context.Context) error {
		_, err := j.cloud.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &j.physical, RoleName: awssdk.String(j.ref("role"))})
		return err
	}, notFound)
	if is(err, overLimit) {
		return nil
	}
	return err
}

func (j *job) removeProfile(ctx context.Context) error {
	if role := j.step.Found.Refs["role"]; role != "" {
		_, err := j.cloud.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &j.physical, RoleName: &role})
		if err != nil && !is(err, notFound) {
			return err
		}
	}
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.cloud.IAM.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: &j.physical})
		return err
	})
}
