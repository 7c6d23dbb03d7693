package server_test

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ringspan/ringspan/local/aws/world"
)

const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`

func TestRoles(t *testing.T) {
	c := start(t)
	api, name := c.iam(), aws.String("node")
	_, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity")
	arn := c.role("node", "ec2", "AmazonEKSWorkerNodePolicy")
	_, err = api.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trust("ec2"))})
	wantCode(t, err, "EntityAlreadyExists")
	_, err = api.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: aws.String("{")})
	wantCode(t, err, "MalformedPolicyDocument")
	got := must(api.GetRole(ctx, &iam.GetRoleInput{RoleName: name}))(t).Role
	text, _ := url.QueryUnescape(*got.AssumeRolePolicyDocument)
	want(t, "the role", *got.Arn+text, arn+trust("ec2"))
	must(api.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(7200)}))(t)
	must(api.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trust("eks"))}))(t)
	must(api.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("c"), Value: aws.String("d")}}}))(t)
	must(api.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"a"}}))(t)
	want(t, "the tag left", *must(api.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name}))(t).Tags[0].Key, "c")

	must(api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("own"), PolicyDocument: aws.String(document)}))(t)
	text, _ = url.QueryUnescape(*must(api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("own")}))(t).PolicyDocument)
	want(t, "the role's own document", text, document)
	want(t, "the number of own documents", len(must(api.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name}))(t).PolicyNames), 1)
	want(t, "the number of attached policies", len(must(api.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name}))(t).AttachedPolicies), 1)

	profile := aws.String("node")
	must(api.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: profile}))(t)
	must(api.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: profile, RoleName: name}))(t)
	must(api.TagInstanceProfile(ctx, &iam.TagInstanceProfileInput{InstanceProfileName: profile, Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
	must(api.UntagInstanceProfile(ctx, &iam.UntagInstanceProfileInput{InstanceProfileName: profile, TagKeys: []string{"a"}}))(t)
	want(t, "the profile's role", *must(api.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: profile}))(t).InstanceProfile.Roles[0].RoleName, "node")
	want(t, "the number of profiles", len(must(api.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{}))(t).InstanceProfiles), 1)
	want(t, "the role's profiles", len(must(api.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name}))(t).InstanceProfiles), 1)

	remove := call(api.DeleteRole, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, remove(), "DeleteConflict")
	must(api.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")}))(t)
	wantCode(t, remove(), "DeleteConflict")
	must(api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("own")}))(t)
	wantCode(t, remove(), "DeleteConflict")
	must(api.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: profile, RoleName: name}))(t)
	must(api.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: profile}))(t)
	if err := remove(); err != nil {
		t.Error(err)
	}

	linked := must(api.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("eks.amazonaws.com")}))(t).Role
	task := must(api.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: linked.RoleName}))(t).DeletionTaskId
	want(t, "the deletion", must(api.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task}))(t).Status, iamtypes.DeletionTaskStatusTypeSucceeded)
}

func TestPolicies(t *testing.T) {
	c := start(t)
	api := c.iam()
	arn := must(api.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("fleet"), PolicyDocument: aws.String(document)}))(t).Policy.Arn
	v2 := must(api.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(trust("ec2")), SetAsDefault: true}))(t).PolicyVersion.VersionId
	want(t, "the default version", *must(api.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn}))(t).Policy.DefaultVersionId, *v2)
	text, _ := url.QueryUnescape(*must(api.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}))(t).PolicyVersion.Document)
	want(t, "the first version", text, document)
	want(t, "the number of versions", len(must(api.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn}))(t).Versions), 2)
	want(t, "the number of policies", len(must(api.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal}))(t).Policies), 1)
	must(api.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: arn, Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
	must(api.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"a"}}))(t)
	_, err := api.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
	wantCode(t, err, "DeleteConflict")
	must(api.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}))(t)
	must(api.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}))(t)
}

func TestOpenIDConnectProviders(t *testing.T) {
	c := start(t)
	api := c.iam()
	arn := must(api.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://oidc.eks.eu-west-1.amazonaws.com/id/A"), ClientIDList: []string{"sts.amazonaws.com"}}))(t).OpenIDConnectProviderArn
	must(api.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("more")}))(t)
	must(api.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{"9e99a48a9960b14926bb7f3b02e22da2b0ab7280"}}))(t)
	must(api.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t)
	p := must(api.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))(t)
	want(t, "the audiences", len(p.ClientIDList), 2)
	want(t, "the number of providers", len(must(api.ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{}))(t).OpenIDConnectProviderList), 1)
	must(api.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))(t)
}

func TestParametersAndQuotas(t *testing.T) {
	c := start(t)
	name := aws.String("/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/standard/recommended/image_id")
	image := must(c.ssm("eu-west-1").GetParameter(ctx, &ssm.GetParameterInput{Name: name}))(t).Parameter.Value
	several := must(c.ssm("eu-west-1").GetParameters(ctx, &ssm.GetParametersInput{Names: []string{*name, "/none"}}))(t)
	want(t, "the image and what isn't there", *several.Parameters[0].Value+several.InvalidParameters[0], *image+"/none")
	_, err := c.ssm("eu-west-1").GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/none")})
	wantCode(t, err, "ParameterNotFound")

	q, vpc := c.quotas("eu-west-1"), aws.String("vpc")
	c.drive("PUT", "quotas", map[string]any{"region": "eu-west-1", "code": world.VPCsPerRegion, "value": 9}, nil)
	want(t, "the quota here", *must(q.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: vpc, QuotaCode: aws.String(world.VPCsPerRegion)}))(t).Quota.Value, 9)
	want(t, "the default", *must(q.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: vpc, QuotaCode: aws.String(world.VPCsPerRegion)}))(t).Quota.Value, 5)
	want(t, "the quota elsewhere", *must(c.quotas("eu-west-2").ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: vpc}))(t).Quotas[0].Value, 5)
	must(q.ListAWSDefaultServiceQuotas(ctx, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: vpc}))(t)
	_, err = q.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: vpc, QuotaCode: aws.String("L-00000000")})
	wantCode(t, err, "NoSuchResourceException")
}
