package iam

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// Role is what services and people act as.
type Role struct {
	RoleName, RoleId, Arn, Path, Description string
	CreateDate                               time.Time
	AssumeRolePolicyDocument                 string
	MaxSessionDuration                       int
	PermissionsBoundary                      *Boundary
	Tags                                     []Tag `wire:",omitempty"`
	RoleLastUsed                             struct{}

	Attached []AttachedPolicy  `wire:"-"`
	Inline   map[string]string `wire:"-"` // policy documents by name
}

// Boundary limits what a role may do.
type Boundary struct {
	PermissionsBoundaryType, PermissionsBoundaryArn string
}

// AttachedPolicy names a policy of a role.
type AttachedPolicy struct {
	PolicyName, PolicyArn string
}

var validName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// FindRole is a role by name. Inside Do.
func (s *Service) FindRole(name string) (*Role, error) {
	r := s.state.Roles.Get(name)
	if r == nil || !s.world.Lag.Visible("role/"+name) {
		return nil, noEntity("role", name)
	}
	return r, nil
}

// RoleByARN is a role that other services see, or nil. Inside Do.
func (s *Service) RoleByARN(arn string) *Role {
	for _, r := range s.state.Roles.All() {
		if r.Arn == arn && !s.world.Clock.Now().Before(r.CreateDate.Add(s.lag())) {
			return r
		}
	}
	return nil
}

func (s *Service) lag() time.Duration {
	if s.world.Lag.IAM > 0 {
		return s.world.Lag.IAM
	}
	return s.world.Waits().Of(VisibleAfter)
}

// Has says whether a policy is attached to the role.
func (r *Role) Has(policy string) bool {
	return slices.ContainsFunc(r.Attached, func(p AttachedPolicy) bool { return p.PolicyName == policy })
}

// Trusts says whether a service may assume the role.
func (r *Role) Trusts(service string) bool {
	return strings.Contains(r.AssumeRolePolicyDocument, service)
}

// attachment is by what the lag of a policy's being attached is kept.
func (r *Role) attachment(policy string) string { return "role/" + r.RoleName + "/" + policy }

// view is a role as it is shown: documents are escaped.
func (r *Role) view() *Role {
	v := *r
	v.AssumeRolePolicyDocument = url.QueryEscape(r.AssumeRolePolicyDocument)
	return &v
}

// CreateRoleInput is CreateRole's.
type CreateRoleInput struct {
	RoleName, Path, Description, AssumeRolePolicyDocument, PermissionsBoundary string
	MaxSessionDuration                                                         int
	Tags                                                                       []Tag
}

// RoleOutput shows a role.
type RoleOutput struct {
	Role *Role
}

// CreateRole makes a role.
func (s *Service) CreateRole(_ context.Context, in *CreateRoleInput) (*RoleOutput, error) {
	if !validName.MatchString(in.RoleName) {
		return nil, invalid("The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 64 of them")
	}
	if err := checkDocument(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if s.state.Roles.Get(in.RoleName) != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "Role with name %s already exists.", in.RoleName)
	}
	r := s.newRole(in)
	s.state.Roles.Put(r.RoleName, r)
	s.world.Lag.Made("role/" + r.RoleName)
	return &RoleOutput{r.view()}, nil
}

func (s *Service) newRole(in *CreateRoleInput) *Role {
	r := &Role{
		RoleName: in.RoleName, RoleId: "AROA" + s.world.IDs.Upper(17), Path: in.Path, Description: in.Description, CreateDate: s.world.Clock.Now().Truncate(time.Second),
		AssumeRolePolicyDocument: in.AssumeRolePolicyDocument, MaxSessionDuration: 3600, Tags: mergeTags(nil, in.Tags), Inline: map[string]string{},
	}
	if r.Path == "" {
		r.Path = "/"
	}
	if in.MaxSessionDuration > 0 {
		r.MaxSessionDuration = in.MaxSessionDuration
	}
	if in.PermissionsBoundary != "" {
		r.PermissionsBoundary = &Boundary{"Policy", in.PermissionsBoundary}
	}
	r.Arn = s.arn("role" + r.Path + r.RoleName)
	return r
}

func checkDocument(document string) error {
	var policy struct{ Statement any }
	if err := json.Unmarshal([]byte(document), &policy); err != nil || policy.Statement == nil {
		return wire.Errorf("MalformedPolicyDocument", "The policy document is not JSON with a Statement")
	}
	return nil
}

// RoleNameInput names a role.
type RoleNameInput struct {
	RoleName string
}

// GetRole shows a role.
func (s *Service) GetRole(_ context.Context, in *RoleNameInput) (*RoleOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &RoleOutput{r.view()}, nil
}

// Page is what calls that list take. This cloud answers in one page.
type Page struct {
	Marker   string
	MaxItems int
}

// Listed ends a list.
type Listed struct {
	IsTruncated bool
}

// ListRolesInput is ListRoles's.
type ListRolesInput struct {
	PathPrefix string
	Page
}

// ListRolesOutput is ListRoles's.
type ListRolesOutput struct {
	Roles []*Role
	Listed
}

// ListRoles lists roles.
func (s *Service) ListRoles(_ context.Context, in *ListRolesInput) (*ListRolesOutput, error) {
	out := &ListRolesOutput{}
	for _, r := range s.state.Roles.All() {
		if strings.HasPrefix(r.Path, in.PathPrefix) && s.world.Lag.Visible("role/"+r.RoleName) {
			out.Roles = append(out.Roles, r.view())
		}
	}
	return out, nil
}

// DeleteRole removes a role that has no policies and no profiles.
func (s *Service) DeleteRole(_ context.Context, in *RoleNameInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.Attached) > 0:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(s.profilesOf(r.RoleName)) > 0:
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	case strings.HasPrefix(r.Path, servicePath):
		return nil, wire.Errorf("UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.RoleName)
	}
	s.state.Roles.Delete(r.RoleName)
	return &Empty{}, nil
}

// UpdateRoleInput is UpdateRole's.
type UpdateRoleInput struct {
	RoleName           string
	Description        *string
	MaxSessionDuration int
}

// UpdateRole changes a role's description and session length.
func (s *Service) UpdateRole(_ context.Context, in *UpdateRoleInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		r.Description = *in.Description
	}
	if in.MaxSessionDuration > 0 {
		r.MaxSessionDuration = in.MaxSessionDuration
	}
	return &Empty{}, nil
}

// UpdateAssumeRolePolicyInput is UpdateAssumeRolePolicy's.
type UpdateAssumeRolePolicyInput struct {
	RoleName, PolicyDocument string
}

// UpdateAssumeRolePolicy changes who may assume a role.
func (s *Service) UpdateAssumeRolePolicy(_ context.Context, in *UpdateAssumeRolePolicyInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := checkDocument(in.PolicyDocument); err != nil {
		return nil, err
	}
	r.AssumeRolePolicyDocument = in.PolicyDocument
	return &Empty{}, nil
}

// TagRoleInput is TagRole's.
type TagRoleInput struct {
	RoleName string
	Tags     []Tag
}

// TagRole adds tags.
func (s *Service) TagRole(_ context.Context, in *TagRoleInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.Tags = mergeTags(r.Tags, in.Tags)
	return &Empty{}, nil
}

// UntagRoleInput is UntagRole's.
type UntagRoleInput struct {
	RoleName string
	TagKeys  []string
}

// UntagRole removes tags.
func (s *Service) UntagRole(_ context.Context, in *UntagRoleInput) (*Empty, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r.Tags = withoutTags(r.Tags, in.TagKeys)
	return &Empty{}, nil
}

// TagsOutput lists tags.
type TagsOutput struct {
	Tags []Tag
	Listed
}

// ListRoleTagsInput is ListRoleTags's.
type ListRoleTagsInput struct {
	RoleName string
	Page
}

// ListRoleTags lists a role's tags.
func (s *Service) ListRoleTags(_ context.Context, in *ListRoleTagsInput) (*TagsOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &TagsOutput{Tags: r.Tags}, nil
}
