package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// InstanceProfile gives a role to instances.
type InstanceProfile struct {
	InstanceProfileName, InstanceProfileId, Arn, Path string
	CreateDate                                        time.Time
	Roles                                             []*Role `json:"-"`
	Tags                                              []Tag   `wire:",omitempty"`

	RoleNames []string `wire:"-"`
}

// Profile finds an instance profile by name, for EC2. Inside Do.
func (s *Service) Profile(name string) (arn, id string, ok bool) {
	p := s.state.Profiles.Get(name)
	if p == nil || s.world.Clock.Now().Before(p.CreateDate.Add(s.lag())) {
		return "", "", false
	}
	return p.Arn, p.InstanceProfileId, true
}

func (s *Service) findProfile(name string) (*InstanceProfile, error) {
	p := s.state.Profiles.Get(name)
	if p == nil || !s.world.Lag.Visible("profile/"+name) {
		return nil, wire.Errorf("NoSuchEntity", "Instance Profile %s cannot be found.", name)
	}
	return p, nil
}

// profileView is a profile with its roles as they are now.
func (s *Service) profileView(p *InstanceProfile) *InstanceProfile {
	v := *p
	for _, name := range p.RoleNames {
		if r := s.state.Roles.Get(name); r != nil {
			v.Roles = append(v.Roles, r.view())
		}
	}
	return &v
}

func (s *Service) profilesOf(role string) []*InstanceProfile {
	return slices.DeleteFunc(s.state.Profiles.All(), func(p *InstanceProfile) bool { return !slices.Contains(p.RoleNames, role) })
}

// CreateInstanceProfileInput is CreateInstanceProfile's.
type CreateInstanceProfileInput struct {
	InstanceProfileName, Path string
	Tags                      []Tag
}

// InstanceProfileOutput shows a profile.
type InstanceProfileOutput struct {
	InstanceProfile *InstanceProfile
}

// CreateInstanceProfile makes a profile without a role.
func (s *Service) CreateInstanceProfile(_ context.Context, in *CreateInstanceProfileInput) (*InstanceProfileOutput, error) {
	if s.state.Profiles.Get(in.InstanceProfileName) != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "Instance Profile %s already exists.", in.InstanceProfileName)
	}
	path := in.Path
	if path == "" {
		path = "/"
	}
	p := &InstanceProfile{
		InstanceProfileName: in.InstanceProfileName, InstanceProfileId: "AIPA" + s.world.IDs.Upper(17), Path: path,
		Arn: s.arn("instance-profile" + path + in.InstanceProfileName), CreateDate: s.world.Clock.Now().Truncate(time.Second), Tags: mergeTags(nil, in.Tags),
	}
	s.state.Profiles.Put(p.InstanceProfileName, p)
	s.world.Lag.Made("profile/" + p.InstanceProfileName)
	return &InstanceProfileOutput{s.profileView(p)}, nil
}

// ProfileNameInput names a profile.
type ProfileNameInput struct {
	InstanceProfileName string
}

// GetInstanceProfile shows a profile.
func (s *Service) GetInstanceProfile(_ context.Context, in *ProfileNameInput) (*InstanceProfileOutput, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &InstanceProfileOutput{s.profileView(p)}, nil
}

// DeleteInstanceProfile removes a profile that has no role.
func (s *Service) DeleteInstanceProfile(_ context.Context, in *ProfileNameInput) (*Empty, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if len(p.RoleNames) > 0 {
		return nil, wire.Errorf("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	}
	s.state.Profiles.Delete(p.InstanceProfileName)
	return &Empty{}, nil
}

// ProfileRoleInput names a profile and a role.
type ProfileRoleInput struct {
	InstanceProfileName, RoleName string
}

// AddRoleToInstanceProfile gives a profile its one role.
func (s *Service) AddRoleToInstanceProfile(_ context.Context, in *ProfileRoleInput) (*Empty, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if _, err := s.FindRole(in.RoleName); err != nil {
		return nil, err
	}
	if len(p.RoleNames) > 0 {
		return nil, wire.Errorf("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.RoleNames = []string{in.RoleName}
	return &Empty{}, nil
}

// RemoveRoleFromInstanceProfile takes a profile's role.
func (s *Service) RemoveRoleFromInstanceProfile(_ context.Context, in *ProfileRoleInput) (*Empty, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.RoleNames, in.RoleName) {
		return nil, noEntity("role", in.RoleName)
	}
	p.RoleNames = nil
	return &Empty{}, nil
}

// ListInstanceProfilesInput is ListInstanceProfiles's.
type ListInstanceProfilesInput struct {
	PathPrefix string
	Page
}

// ListInstanceProfilesOutput is that of the calls that list profiles.
type ListInstanceProfilesOutput struct {
	InstanceProfiles []*InstanceProfile
	Listed
}

// ListInstanceProfiles lists the profiles below a path.
func (s *Service) ListInstanceProfiles(_ context.Context, in *ListInstanceProfilesInput) (*ListInstanceProfilesOutput, error) {
	return s.showProfiles(slices.DeleteFunc(s.state.Profiles.All(), func(p *InstanceProfile) bool {
		return !strings.HasPrefix(p.Path, in.PathPrefix) || !s.world.Lag.Visible("profile/"+p.InstanceProfileName)
	})), nil
}

// ListInstanceProfilesForRoleInput is ListInstanceProfilesForRole's.
type ListInstanceProfilesForRoleInput struct {
	RoleName string
	Page
}

// ListInstanceProfilesForRole lists the profiles that have a role.
func (s *Service) ListInstanceProfilesForRole(_ context.Context, in *ListInstanceProfilesForRoleInput) (*ListInstanceProfilesOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	return s.showProfiles(s.profilesOf(r.RoleName)), nil
}

func (s *Service) showProfiles(profiles []*InstanceProfile) *ListInstanceProfilesOutput {
	out := &ListInstanceProfilesOutput{}
	for _, p := range profiles {
		out.InstanceProfiles = append(out.InstanceProfiles, s.profileView(p))
	}
	return out
}

// TagInstanceProfileInput is TagInstanceProfile's.
type TagInstanceProfileInput struct {
	InstanceProfileName string
	Tags                []Tag
}

// TagInstanceProfile adds tags.
func (s *Service) TagInstanceProfile(_ context.Context, in *TagInstanceProfileInput) (*Empty, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	p.Tags = mergeTags(p.Tags, in.Tags)
	return &Empty{}, nil
}

// UntagInstanceProfileInput is UntagInstanceProfile's.
type UntagInstanceProfileInput struct {
	InstanceProfileName string
	TagKeys             []string
}

// UntagInstanceProfile removes tags.
func (s *Service) UntagInstanceProfile(_ context.Context, in *UntagInstanceProfileInput) (*Empty, error) {
	p, err := s.findProfile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	p.Tags = withoutTags(p.Tags, in.TagKeys)
	return &Empty{}, nil
}
