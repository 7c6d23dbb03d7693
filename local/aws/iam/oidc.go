package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// OpenIDConnectProvider lets a cluster's service accounts assume roles.
type OpenIDConnectProvider struct {
	Url                          string
	ClientIDList, ThumbprintList []string
	CreateDate                   time.Time
	Tags                         []Tag `wire:",omitempty"`

	ARN string `wire:"-"`
}

// CreateOpenIDConnectProviderInput is CreateOpenIDConnectProvider's.
type CreateOpenIDConnectProviderInput struct {
	Url                          string
	ClientIDList, ThumbprintList []string
	Tags                         []Tag
}

// CreateOpenIDConnectProviderOutput is CreateOpenIDConnectProvider's.
type CreateOpenIDConnectProviderOutput struct {
	OpenIDConnectProviderArn string
	Tags                     []Tag `wire:",omitempty"`
}

// CreateOpenIDConnectProvider makes a provider of an https address.
func (s *Service) CreateOpenIDConnectProvider(_ context.Context, in *CreateOpenIDConnectProviderInput) (*CreateOpenIDConnectProviderOutput, error) {
	host, ok := strings.CutPrefix(in.Url, "https://")
	if !ok || host == "" {
		return nil, wire.Errorf("InvalidInput", "the provider's URL begins with https://")
	}
	p := &OpenIDConnectProvider{
		Url: host, ClientIDList: in.ClientIDList, ThumbprintList: in.ThumbprintList, CreateDate: s.world.Clock.Now().Truncate(time.Second),
		Tags: mergeTags(nil, in.Tags), ARN: s.arn("oidc-provider/" + strings.TrimSuffix(host, "/")),
	}
	if s.state.Providers.Get(p.ARN) != nil {
		return nil, wire.Errorf("EntityAlreadyExists", "Provider with url %s already exists.", in.Url)
	}
	s.state.Providers.Put(p.ARN, p)
	return &CreateOpenIDConnectProviderOutput{p.ARN, p.Tags}, nil
}

// ProviderArnInput names a provider.
type ProviderArnInput struct {
	OpenIDConnectProviderArn string
}

func (s *Service) findProvider(arn string) (*OpenIDConnectProvider, error) {
	if p := s.state.Providers.Get(arn); p != nil {
		return p, nil
	}
	return nil, wire.Errorf("NoSuchEntity", "OpenIDConnect Provider not found for arn %s", arn)
}

// GetOpenIDConnectProvider shows a provider.
func (s *Service) GetOpenIDConnectProvider(_ context.Context, in *ProviderArnInput) (*OpenIDConnectProvider, error) {
	return s.findProvider(in.OpenIDConnectProviderArn)
}

// DeleteOpenIDConnectProvider removes a provider.
func (s *Service) DeleteOpenIDConnectProvider(_ context.Context, in *ProviderArnInput) (*Empty, error) {
	if _, err := s.findProvider(in.OpenIDConnectProviderArn); err != nil {
		return nil, err
	}
	s.state.Providers.Delete(in.OpenIDConnectProviderArn)
	return &Empty{}, nil
}

// ProviderEntry is a provider in a list.
type ProviderEntry struct {
	Arn string
}

// ListOpenIDConnectProvidersOutput is ListOpenIDConnectProviders's.
type ListOpenIDConnectProvidersOutput struct {
	OpenIDConnectProviderList []ProviderEntry
}

// ListOpenIDConnectProviders lists providers.
func (s *Service) ListOpenIDConnectProviders(_ context.Context, _ *Empty) (*ListOpenIDConnectProvidersOutput, error) {
	out := &ListOpenIDConnectProvidersOutput{}
	for _, p := range s.state.Providers.All() {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList, ProviderEntry{p.ARN})
	}
	return out, nil
}

// ProviderTagsInput is TagOpenIDConnectProvider's.
type ProviderTagsInput struct {
	OpenIDConnectProviderArn string
	Tags                     []Tag
}

// TagOpenIDConnectProvider adds tags.
func (s *Service) TagOpenIDConnectProvider(_ context.Context, in *ProviderTagsInput) (*Empty, error) {
	p, err := s.findProvider(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	p.Tags = mergeTags(p.Tags, in.Tags)
	return &Empty{}, nil
}

// AddClientIDInput is AddClientIDToOpenIDConnectProvider's.
type AddClientIDInput struct {
	OpenIDConnectProviderArn, ClientID string
}

// AddClientIDToOpenIDConnectProvider adds an audience.
func (s *Service) AddClientIDToOpenIDConnectProvider(_ context.Context, in *AddClientIDInput) (*Empty, error) {
	p, err := s.findProvider(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.ClientIDList, in.ClientID) {
		p.ClientIDList = append(p.ClientIDList, in.ClientID)
	}
	return &Empty{}, nil
}

// UpdateThumbprintInput is UpdateOpenIDConnectProviderThumbprint's.
type UpdateThumbprintInput struct {
	OpenIDConnectProviderArn string
	ThumbprintList           []string
}

// UpdateOpenIDConnectProviderThumbprint replaces the thumbprints.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(_ context.Context, in *UpdateThumbprintInput) (*Empty, error) {
	p, err := s.findProvider(in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	p.ThumbprintList = in.ThumbprintList
	return &Empty{}, nil
}
