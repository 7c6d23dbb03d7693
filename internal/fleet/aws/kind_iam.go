package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// createRole: names of roles are unique, so that two runs can't make two.
func (j *job) createRole(ctx context.Context) error {
	j.physical = j.want("name")
	_, err := j.cloud.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &j.physical, Path: awssdk.String(infra.RolePath(j.Fleet)),
		AssumeRolePolicyDocument: awssdk.String(trusting(j.want("trust"))), Description: awssdk.String("Ringspan fleet " + j.Fleet + ": " + j.step.ID), Tags: iamTags(j.tags())})
	if err != nil && !is(err, exists) {
		return err
	}
	return j.attach(ctx, infra.Values(j.want("policies")))
}

func (j *job) attach(ctx context.Context, policies []string) error {
	for _, arn := range policies {
		err := j.cloud.settle(ctx, "attaching a policy to "+j.physical, func(ctx context.Context) error {
			_, err := j.cloud.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &j.physical, PolicyArn: &arn})
			return err
		}, notFound, inUse)
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) changeRole(ctx context.Context) error {
	have, want := infra.Values(j.step.Found.Have["policies"]), infra.Values(j.want("policies"))
	if err := j.attach(ctx, without(want, have)); err != nil {
		return err
	}
	return j.detach(ctx, without(have, want))
}

// without are the values of a that aren't in b.
func without(a, b []string) (out []string) {
	for _, v := range a {
		if !slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

func (j *job) detach(ctx context.Context, policies []string) error {
	for _, arn := range policies {
		_, err := j.cloud.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &j.physical, PolicyArn: &arn})
		if err != nil && !is(err, notFound) {
			return err
		}
	}
	return nil
}

func (j *job) removeRole(ctx context.Context) error {
	if err := j.detach(ctx, infra.Values(j.step.Found.Have["policies"])); err != nil {
		return err
	}
	return j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.cloud.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &j.physical})
		return err
	})
}

func (j *job) createProfile(ctx context.Context) error {
	j.physical = j.want("name")
	_, err := j.cloud.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &j.physical, Path: awssdk.String(infra.RolePath(j.Fleet)), Tags: iamTags(j.tags())})
	if err != nil && !is(err, exists) {
		return err
	}
	return j.changeProfile(ctx)
}

// changeProfile: a profile has one role at most, so that a second one is refused
// as too many; it is the same one then, since the profile is the fleet's.
func (j *job) changeProfile(ctx context.Context) error {
	err := j.cloud.settle(ctx, "giving "+j.physical+" its role", func(ctx context.Context) error {
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
	return j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.cloud.IAM.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: &j.physical})
		return err
	})
}
