package iam

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
)

const managed = "arn:aws:iam::aws:policy/" // AWS's own policies

// Policy is a named document, in versions.
type Policy struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId, Description string
	AttachmentCount, PermissionsBoundaryUsageCount                 int
	IsAttachable                                                   bool
	CreateDate, UpdateDate                                         time.Time
	Tags                                                           []Tag `wire:",omitempty"`

	Versions []PolicyVersion `wire:"-"`
	Last     int             `wire:"-"`
}

// PolicyVersion is one version of a policy.
type PolicyVersion struct {
	Document, VersionId string
	IsDefaultVersion    bool
	CreateDate          time.Time
}

// findPolicy is a policy of the account, or one of AWS's own.
func (s *Service) findPolicy(arn string) (*Policy, error) {
	if name, ok := strings.CutPrefix(arn, managed); ok && name != "" {
		return s.managedPolicy(arn, name), nil
	}
	p := s.state.Policies.Get(arn)
	if p == nil || !s.world.Lag.Visible(arn) {
		return nil, wire.Errorf("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	p.AttachmentCount = len(s.rolesWith(arn))
	return p, nil
}

// managedPolicy is one of AWS's own. This cloud doesn't know their contents.
func (s *Service) managedPolicy(arn, name string) *Policy {
	_, base := splitPath(name)
	return &Policy{
		PolicyName: base, PolicyId: "ANPA" + strings.ToUpper(base), Arn: arn, Path: "/" + strings.TrimSuffix(name, base), DefaultVersionId: "v1",
		AttachmentCount: len(s.rolesWith(arn)), IsAttachable: true,
		Versions: []PolicyVersion{{Document: `{"Version":"2012-10-17","Statement":[]}`, VersionId: "v1", IsDefaultVersion: true}},
	}
}

func splitPath(name string) (path, base string) {
	i := strings.LastIndex(name, "/")
	return name[:i+1], name[i+1:]
}

func (s *Service) rolesWith(arn string) []*Role {
	return slices.DeleteFunc(s.state.Roles.All(), func(r *Role) bool {
		return !slices.ContainsFunc(r.Attached, func(p AttachedPolicy) bool { return p.PolicyArn == arn })
	})
}

// CreatePolicyInput is CreatePolicy's.
type CreatePolicyInput struct {
	PolicyName, Path, Description, PolicyDocument string
	Tags                                          []Tag
}

// PolicyOutput shows a policy.
type PolicyOutput struct {
	Policy *Policy
}

// CreatePolicy makes a policy with its first version.
func (s *Service) CreatePolicy(_ context.Context, in *CreatePolicyInput) (*PolicyOutput, error) {
	if err := checkDocument(in.PolicyDocument); err != nil {
		return nil, err
	}
	path := in.Path
	if path == "" {
		path = "/"
	}
	p := &Policy{
		PolicyName: in.PolicyName, PolicyId: "ANPA" + s.world.IDs.Upper(17), Arn: s.arn("policy" + path + in.PolicyName), Path: path,
		Description: in.Description, IsAttachable: true, CreateDate: s.world.Clock.Now().Truncate(time.Second), Tags: mergeTags(nil, in.Tags),
	}
	if s.state.Policies.Get(p.Arn) != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
	}
	p.add(s, in.PolicyDocument, true)
	s.state.Policies.Put(p.Arn, p)
	s.world.Lag.Made(p.Arn)
	return &PolicyOutput{p}, nil
}

func (p *Policy) add(s *Service, document string, isDefault bool) *PolicyVersion {
	p.Last++
	p.Versions = append(p.Versions, PolicyVersion{Document: document, VersionId: "v" + strconv.Itoa(p.Last), CreateDate: s.world.Clock.Now().Truncate(time.Second)})
	v := &p.Versions[len(p.Versions)-1]
	if isDefault {
		p.setDefault(v.VersionId)
	}
	p.UpdateDate = v.CreateDate
	return v
}

func (p *Policy) setDefault(id string) {
	p.DefaultVersionId = id
	for i := range p.Versions {
		p.Versions[i].IsDefaultVersion = p.Versions[i].VersionId == id
	}
}

// PolicyArnInput names a policy.
type PolicyArnInput struct {
	PolicyArn string
}

// GetPolicy shows a policy.
func (s *Service) GetPolicy(_ context.Context, in *PolicyArnInput) (*PolicyOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	return &PolicyOutput{p}, err
}

// PolicyVersionInput names a version.
type PolicyVersionInput struct {
	PolicyArn, VersionId string
}

// PolicyVersionOutput shows a version.
type PolicyVersionOutput struct {
	PolicyVersion PolicyVersion
}

// GetPolicyVersion shows a version with its document, escaped.
func (s *Service) GetPolicyVersion(_ context.Context, in *PolicyVersionInput) (*PolicyVersionOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	for _, v := range p.Versions {
		if v.VersionId == in.VersionId {
			v.Document = url.QueryEscape(v.Document)
			return &PolicyVersionOutput{v}, nil
		}
	}
	return nil, wire.Errorf("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", in.PolicyArn, in.VersionId)
}

// CreatePolicyVersionInput is CreatePolicyVersion's.
type CreatePolicyVersionInput struct {
	PolicyArn, PolicyDocument string
	SetAsDefault              bool
}

// CreatePolicyVersion adds a version; a policy has at most five.
func (s *Service) CreatePolicyVersion(_ context.Context, in *CreatePolicyVersionInput) (*PolicyVersionOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := checkDocument(in.PolicyDocument); err != nil {
		return nil, err
	}
	if len(p.Versions) >= 5 {
		return nil, wire.Errorf("LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	}
	v := *p.add(s, in.PolicyDocument, in.SetAsDefault)
	v.Document = ""
	return &PolicyVersionOutput{v}, nil
}

// ListPolicyVersionsInput is ListPolicyVersions's.
type ListPolicyVersionsInput struct {
	PolicyArn string
	Page
}

// ListPolicyVersionsOutput is ListPolicyVersions's.
type ListPolicyVersionsOutput struct {
	Versions []PolicyVersion
	Listed
}

// ListPolicyVersions lists versions without documents.
func (s *Service) ListPolicyVersions(_ context.Context, in *ListPolicyVersionsInput) (*ListPolicyVersionsOutput, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &ListPolicyVersionsOutput{Versions: slices.Clone(p.Versions)}
	for i := range out.Versions {
		out.Versions[i].Document = ""
	}
	return out, nil
}

// DeletePolicyVersion removes a version other than the default one.
func (s *Service) DeletePolicyVersion(_ context.Context, in *PolicyVersionInput) (*Empty, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if p.DefaultVersionId == in.VersionId {
		return nil, wire.Errorf("DeleteConflict", "Cannot delete the default version of a policy.")
	}
	before := len(p.Versions)
	p.Versions = slices.DeleteFunc(p.Versions, func(v PolicyVersion) bool { return v.VersionId == in.VersionId })
	if len(p.Versions) == before {
		return nil, wire.Errorf("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", in.PolicyArn, in.VersionId)
	}
	return &Empty{}, nil
}

// DeletePolicy removes a policy that nothing has.
func (s *Service) DeletePolicy(_ context.Context, in *PolicyArnInput) (*Empty, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.PolicyArn, managed) {
		return nil, wire.Errorf("AccessDenied", "Policy %s belongs to AWS", in.PolicyArn)
	}
	if p.AttachmentCount > 0 {
		return nil, wire.Errorf("DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	if len(p.Versions) > 1 {
		return nil, wire.Errorf("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	s.state.Policies.Delete(p.Arn)
	return &Empty{}, nil
}

// ListPoliciesInput is ListPolicies's.
type ListPoliciesInput struct {
	Scope, PathPrefix string
	OnlyAttached      bool
	Page
}

// ListPoliciesOutput is ListPolicies's.
type ListPoliciesOutput struct {
	Policies []*Policy
	Listed
}

// ListPolicies lists the account's policies; AWS's own aren't known by list.
func (s *Service) ListPolicies(_ context.Context, in *ListPoliciesInput) (*ListPoliciesOutput, error) {
	out := &ListPoliciesOutput{}
	for _, p := range s.state.Policies.All() {
		p.AttachmentCount = len(s.rolesWith(p.Arn))
		if strings.HasPrefix(p.Path, in.PathPrefix) && (!in.OnlyAttached || p.AttachmentCount > 0) && in.Scope != "AWS" {
			out.Policies = append(out.Policies, p)
		}
	}
	return out, nil
}

// PolicyTagsInput is TagPolicy's.
type PolicyTagsInput struct {
	PolicyArn string
	Tags      []Tag
}

// TagPolicy adds tags.
func (s *Service) TagPolicy(_ context.Context, in *PolicyTagsInput) (*Empty, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	p.Tags = mergeTags(p.Tags, in.Tags)
	return &Empty{}, nil
}

// UntagPolicyInput is UntagPolicy's.
type UntagPolicyInput struct {
	PolicyArn string
	TagKeys   []string
}

// UntagPolicy removes tags.
func (s *Service) UntagPolicy(_ context.Context, in *UntagPolicyInput) (*Empty, error) {
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	p.Tags = withoutTags(p.Tags, in.TagKeys)
	return &Empty{}, nil
}

// RolePolicyInput names a role and a policy.
type RolePolicyInput struct {
	RoleName, PolicyArn string
}

// AttachRolePolicy gives a policy to a role; doing it again changes nothing.
func (s *Service) AttachRolePolicy(_ context.Context, in *RolePolicyInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	p, err := s.findPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if !r.Has(p.PolicyName) {
		if len(r.Attached) >= 10 {
			return nil, wire.Errorf("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
		}
		r.Attached = append(r.Attached, AttachedPolicy{p.PolicyName, p.Arn})
		s.world.Lag.Made(r.attachment(p.Arn))
	}
	return &Empty{}, nil
}

// DetachRolePolicy takes a policy from a role.
func (s *Service) DetachRolePolicy(_ context.Context, in *RolePolicyInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	before := len(r.Attached)
	r.Attached = slices.DeleteFunc(r.Attached, func(p AttachedPolicy) bool { return p.PolicyArn == in.PolicyArn })
	if len(r.Attached) == before {
		return nil, wire.Errorf("NoSuchEntity", "Policy %s was not found.", in.PolicyArn)
	}
	return &Empty{}, nil
}

// ListRolePoliciesInput is that of the calls that list a role's policies.
type ListRolePoliciesInput struct {
	RoleName, PathPrefix string
	Page
}

// ListAttachedRolePoliciesOutput is ListAttachedRolePolicies's.
type ListAttachedRolePoliciesOutput struct {
	AttachedPolicies []AttachedPolicy
	Listed
}

// ListAttachedRolePolicies lists the policies that a role has.
func (s *Service) ListAttachedRolePolicies(_ context.Context, in *ListRolePoliciesInput) (*ListAttachedRolePoliciesOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	seen := slices.DeleteFunc(slices.Clone(r.Attached), func(p AttachedPolicy) bool { return !s.world.Lag.Visible(r.attachment(p.PolicyArn)) })
	return &ListAttachedRolePoliciesOutput{AttachedPolicies: seen}, nil
}

// ListRolePoliciesOutput is ListRolePolicies's.
type ListRolePoliciesOutput struct {
	PolicyNames []string
	Listed
}

// ListRolePolicies lists the names of a role's own documents.
func (s *Service) ListRolePolicies(_ context.Context, in *ListRolePoliciesInput) (*ListRolePoliciesOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &ListRolePoliciesOutput{PolicyNames: slices.Sorted(maps.Keys(r.Inline))}, nil
}

// InlinePolicy is a role's own document.
type InlinePolicy struct {
	RoleName, PolicyName, PolicyDocument string
}

// PutRolePolicy gives a role a document of its own.
func (s *Service) PutRolePolicy(_ context.Context, in *InlinePolicy) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := checkDocument(in.PolicyDocument); err != nil {
		return nil, err
	}
	r.Inline[in.PolicyName] = in.PolicyDocument
	return &Empty{}, nil
}

// InlinePolicyInput names a role's own document.
type InlinePolicyInput struct {
	RoleName, PolicyName string
}

// GetRolePolicy shows a role's own document, escaped.
func (s *Service) GetRolePolicy(_ context.Context, in *InlinePolicyInput) (*InlinePolicy, error) {
	document, err := s.inline(in)
	if err != nil {
		return nil, err
	}
	return &InlinePolicy{in.RoleName, in.PolicyName, url.QueryEscape(document)}, nil
}

// DeleteRolePolicy removes a role's own document.
func (s *Service) DeleteRolePolicy(_ context.Context, in *InlinePolicyInput) (*Empty, error) {
	if _, err := s.inline(in); err != nil {
		return nil, err
	}
	delete(s.state.Roles.Get(in.RoleName).Inline, in.PolicyName)
	return &Empty{}, nil
}

func (s *Service) inline(in *InlinePolicyInput) (string, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return "", err
	}
	document, ok := r.Inline[in.PolicyName]
	if !ok {
		return "", wire.Errorf("NoSuchEntity", "The role policy with name %s cannot be found.", in.PolicyName)
	}
	return document, nil
}
