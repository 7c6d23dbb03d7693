package aws

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

var roleKind = kind{create: (*job).createRole, change: (*job).changeRole, remove: (*job).removeRole}

// purposes of roles, which their names end with.
var purposes = []string{"cluster", "node", "ebs-csi", "operator", "host"}

// roleID is the logical id of a role's name.
func roleID(fleet, name string) string {
	rest, ok := strings.CutPrefix(name, desired.RolePrefix+fleet+"-")
	if !ok {
		return ""
	}
	for _, p := range purposes {
		if site, ok := strings.CutSuffix(rest, "-"+p); ok {
			return site + "/role/" + p
		}
	}
	return ""
}

// roles finds the fleet's roles and instance profiles by their path.
func (c *Cloud) roles(ctx context.Context, q provision.Question) (all []infra.Found, err error) {
	path := desired.RolePath(q.Fleet)
	roles, err := c.rolesBelow(ctx, path)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		f, err := c.role(ctx, q, r)
		if err != nil {
			return nil, err
		}
		if f.ID != "" {
			all = append(all, f)
		}
	}
	profiles, err := c.profilesBelow(ctx, path)
	if err != nil {
		return nil, err
	}
	for _, p := range profiles {
		f := infra.Found{ID: infra.JumpHost + "/profile", Kind: infra.MachineProfile, Physical: awssdk.ToString(p.InstanceProfileName), State: infra.Ready, Refs: map[string]string{}}
		for _, r := range p.Roles {
			f.Refs["role"] = awssdk.ToString(r.RoleName)
		}
		all = append(all, f)
	}
	return all, nil
}

func (c *Cloud) role(ctx context.Context, q provision.Question, r types.Role) (infra.Found, error) {
	name := awssdk.ToString(r.RoleName)
	f := infra.Found{ID: roleID(q.Fleet, name), Kind: infra.Role, Physical: name, State: infra.Ready, Have: map[string]string{"trust": trustedService(awssdk.ToString(r.AssumeRolePolicyDocument))}}
	attached, err := c.attachedPolicies(ctx, name)
	if is(err, notFound) {
		return infra.Found{}, nil // deleted meanwhile, or not known everywhere yet: made again it exists
	}
	if err != nil {
		return f, err
	}
	policies := idsOf(attached, func(p types.AttachedPolicy) *string { return p.PolicyArn })
	f.Have["policies"] = infra.List(policies)
	return f, nil
}

// trustDocument is who may assume a role.
type trustDocument struct {
	Version   string
	Statement []trustStatement
}

type trustStatement struct {
	Effect    string
	Principal map[string]string
	Action    []string
}

// trustPolicy lets a service of AWS assume a role; pods' roles are tagged with the
// pod that has them.
func trustPolicy(service string) string {
	s := trustStatement{Effect: "Allow", Principal: map[string]string{"Service": service}, Action: []string{"sts:AssumeRole"}}
	if service == "pods.eks.amazonaws.com" || service == "eks.amazonaws.com" {
		s.Action = append(s.Action, "sts:TagSession")
	}
	data, _ := json.Marshal(trustDocument{"2012-10-17", []trustStatement{s}}) // strings always marshal
	return string(data)
}

// trustedService is the service of a document, as AWS gives it back: URL-encoded.
func trustedService(document string) string {
	if text, err := url.QueryUnescape(document); err == nil {
		document = text
	}
	var d trustDocument
	if json.Unmarshal([]byte(document), &d) != nil || len(d.Statement) != 1 {
		return document
	}
	return d.Statement[0].Principal["Service"]
}

// createRole: names of roles are unique, so that two runs can't make two.
func (j *job) createRole(ctx context.Context) error {
	j.physical = j.want("name")
	_, err := j.cloud.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &j.physical, Path: awssdk.String(desired.RolePath(j.task.Fleet)),
		AssumeRolePolicyDocument: awssdk.String(trustPolicy(j.want("trust"))), Description: awssdk.String("Ringspan fleet " + j.task.Fleet + ": " + j.step.ID), Tags: iamTags(j.tags())})
	if err != nil && !is(err, exists) {
		return err
	}
	return j.attach(ctx, infra.Values(j.want("policies")))
}

func (j *job) attach(ctx context.Context, policies []string) error {
	for _, arn := range policies {
		err := j.cloud.retry(ctx, "attaching a policy to "+j.physical, func(ctx context.Context) error {
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
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.cloud.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &j.physical})
		return err
	})
}

// roleARN of one of the fleet's roles.
func (j *job) roleARN(name string) string {
	return "arn:" + j.cloud.partition + ":iam::" + j.cloud.account + ":role" + desired.RolePath(j.task.Fleet) + name
}
