package iam

import (
	"context"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

const servicePath = "/aws-service-role/"

// serviceNames are the service-linked roles that clusters bring.
var serviceNames = map[string]string{
	"eks.amazonaws.com":                  "AWSServiceRoleForAmazonEKS",
	"eks-nodegroup.amazonaws.com":        "AWSServiceRoleForAmazonEKSNodegroup",
	"autoscaling.amazonaws.com":          "AWSServiceRoleForAutoScaling",
	"spot.amazonaws.com":                 "AWSServiceRoleForEC2Spot",
	"elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
}

// CreateServiceLinkedRoleInput is CreateServiceLinkedRole's.
type CreateServiceLinkedRoleInput struct {
	AWSServiceName, Description string
}

// CreateServiceLinkedRole makes a service's own role.
func (s *Service) CreateServiceLinkedRole(_ context.Context, in *CreateServiceLinkedRoleInput) (*RoleOutput, error) {
	name, ok := serviceNames[in.AWSServiceName]
	if !ok {
		return nil, wire.Errorf("InvalidInput", "Service role name %s has no service-linked role in this cloud", in.AWSServiceName)
	}
	if s.state.Roles.Get(name) != nil {
		return nil, wire.Errorf("InvalidInput", "Service role name %s has been taken in this account, please try a different suffix.", name)
	}
	return &RoleOutput{s.EnsureServiceLinked(in.AWSServiceName).view()}, nil
}

// EnsureServiceLinked makes a service's own role when there is none, as
// services do themselves. Inside Do.
func (s *Service) EnsureServiceLinked(service string) *Role {
	name := serviceNames[service]
	if r := s.state.Roles.Get(name); r != nil {
		return r
	}
	r := s.newRole(&CreateRoleInput{
		RoleName: name, Path: servicePath + service + "/",
		AssumeRolePolicyDocument: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`,
	})
	s.state.Roles.Put(name, r)
	return r
}

// DeleteServiceLinkedRoleOutput is DeleteServiceLinkedRole's.
type DeleteServiceLinkedRoleOutput struct {
	DeletionTaskId string
}

// DeleteServiceLinkedRole removes a service's own role at once.
func (s *Service) DeleteServiceLinkedRole(_ context.Context, in *RoleNameInput) (*DeleteServiceLinkedRoleOutput, error) {
	r, err := s.FindRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	s.state.Roles.Delete(r.RoleName)
	return &DeleteServiceLinkedRoleOutput{"task" + r.Path + r.RoleName + "/" + s.world.IDs.UUID()}, nil
}

// DeletionTaskInput names a deletion.
type DeletionTaskInput struct {
	DeletionTaskId string
}

// DeletionTaskOutput says how far it is.
type DeletionTaskOutput struct {
	Status string
}

// GetServiceLinkedRoleDeletionStatus says that a deletion is done.
func (s *Service) GetServiceLinkedRoleDeletionStatus(_ context.Context, in *DeletionTaskInput) (*DeletionTaskOutput, error) {
	if !strings.HasPrefix(in.DeletionTaskId, "task"+servicePath) {
		return nil, noEntity("deletion task", in.DeletionTaskId)
	}
	return &DeletionTaskOutput{"SUCCEEDED"}, nil
}
