package eks

import (
	"context"
	"strings"
	"time"
)

// PodIdentity gives a service account a role.
type PodIdentity struct {
	AssociationId, AssociationArn, ClusterName, Namespace, ServiceAccount, RoleArn, TargetRoleArn, OwnerArn string
	DisableSessionTags                                                                                      bool
	CreatedAt, ModifiedAt                                                                                   time.Time
	Tags                                                                                                    map[string]string
}

// AssociationOutput shows an association.
type AssociationOutput struct {
	Association *PodIdentity
}

// CreatePodIdentityAssociationInput is CreatePodIdentityAssociation's.
type CreatePodIdentityAssociationInput struct {
	ClusterName                                                           string `wire:",uri"`
	Namespace, ServiceAccount, RoleArn, TargetRoleArn, ClientRequestToken string
	DisableSessionTags                                                    bool
	Tags                                                                  map[string]string
}

// CreatePodIdentityAssociation gives a service account a role.
func (a *API) CreatePodIdentityAssociation(_ context.Context, in *CreatePodIdentityAssociationInput) (*AssociationOutput, error) {
	c, err := a.cluster(in.ClusterName)
	if err != nil {
		return nil, err
	}
	if in.Namespace == "" || in.ServiceAccount == "" {
		return nil, invalid("namespace and serviceAccount are required")
	}
	if err := a.podRole(in.RoleArn); err != nil {
		return nil, err
	}
	for _, p := range c.Associations.All() {
		if p.Namespace == in.Namespace && p.ServiceAccount == in.ServiceAccount {
			return nil, conflict("Association already exists: %s", p.AssociationId).With("clusterName", c.Name)
		}
	}
	p := a.newAssociation(c, in.Namespace, in.ServiceAccount, in.RoleArn, in.Tags)
	p.TargetRoleArn, p.DisableSessionTags = in.TargetRoleArn, in.DisableSessionTags
	a.world.Lag.Made(c.id() + "/" + p.AssociationId)
	return &AssociationOutput{p}, nil
}

func (a *API) podRole(arn string) error {
	role := a.iam.RoleByARN(arn)
	if role == nil {
		return invalid("Role provided in the request does not exist: %s", arn)
	}
	if !role.Trusts("pods.eks.amazonaws.com") {
		return invalid("Trust policy of role %s must name the service pods.eks.amazonaws.com", arn)
	}
	return nil
}

func (a *API) newAssociation(c *Cluster, namespace, account, role string, tags map[string]string) *PodIdentity {
	id := "a-" + a.world.IDs.Hex(17)
	p := &PodIdentity{
		AssociationId: id, AssociationArn: a.arn("podidentityassociation/" + c.Name + "/" + id), ClusterName: c.Name, Namespace: namespace, ServiceAccount: account,
		RoleArn: role, CreatedAt: a.now(), ModifiedAt: a.now(), Tags: tags,
	}
	c.Associations.Put(id, p)
	return p
}

// PodRole is the ARN of the role that a service account of a cluster has; "" when
// it has none. cluster is region/name. Inside Do.
func (s *Service) PodRole(cluster, namespace, account string) string {
	region, name, _ := strings.Cut(cluster, "/")
	r := s.state.Regions[region]
	if r == nil {
		return ""
	}
	c := r.Clusters.Get(name)
	if c == nil {
		return ""
	}
	for _, p := range c.Associations.All() {
		if p.Namespace == namespace && p.ServiceAccount == account {
			return p.RoleArn
		}
	}
	return ""
}

// AssociationInput names an association.
type AssociationInput struct {
	ClusterName   string `wire:",uri"`
	AssociationId string `wire:",uri"`
}

func (a *API) association(cluster, id string) (*Cluster, *PodIdentity, error) {
	c, err := a.cluster(cluster)
	if err != nil {
		return nil, nil, err
	}
	p := c.Associations.Get(id)
	if p == nil || !a.world.Lag.Visible(c.id()+"/"+id) {
		return nil, nil, notFound("No pod identity association found for: %s", id).With("clusterName", cluster)
	}
	return c, p, nil
}

// DescribePodIdentityAssociation shows an association.
func (a *API) DescribePodIdentityAssociation(_ context.Context, in *AssociationInput) (*AssociationOutput, error) {
	_, p, err := a.association(in.ClusterName, in.AssociationId)
	return &AssociationOutput{p}, err
}

// ListPodIdentityAssociationsInput is ListPodIdentityAssociations's.
type ListPodIdentityAssociationsInput struct {
	ClusterName    string `wire:",uri"`
	Namespace      string `wire:",query"`
	ServiceAccount string `wire:",query"`
	Page
}

// PodIdentitySummary is an association in a list.
type PodIdentitySummary struct {
	AssociationId, AssociationArn, ClusterName, Namespace, ServiceAccount, OwnerArn string
}

// ListPodIdentityAssociationsOutput is ListPodIdentityAssociations's.
type ListPodIdentityAssociationsOutput struct {
	Associations []PodIdentitySummary
	NextToken    string
}

// ListPodIdentityAssociations lists a cluster's associations.
func (a *API) ListPodIdentityAssociations(_ context.Context, in *ListPodIdentityAssociationsInput) (*ListPodIdentityAssociationsOutput, error) {
	c, err := a.cluster(in.ClusterName)
	if err != nil {
		return nil, err
	}
	all := []PodIdentitySummary{}
	for _, p := range c.Associations.All() {
		if (in.Namespace == "" || in.Namespace == p.Namespace) && (in.ServiceAccount == "" || in.ServiceAccount == p.ServiceAccount) && a.world.Lag.Visible(c.id()+"/"+p.AssociationId) {
			all = append(all, PodIdentitySummary{p.AssociationId, p.AssociationArn, p.ClusterName, p.Namespace, p.ServiceAccount, p.OwnerArn})
		}
	}
	found, next, err := page(in.Page, all)
	return &ListPodIdentityAssociationsOutput{found, next}, err
}

// UpdatePodIdentityAssociationInput is UpdatePodIdentityAssociation's.
type UpdatePodIdentityAssociationInput struct {
	ClusterName                                string `wire:",uri"`
	AssociationId                              string `wire:",uri"`
	RoleArn, TargetRoleArn, ClientRequestToken string
	DisableSessionTags                         *bool
}

// UpdatePodIdentityAssociation changes a service account's role.
func (a *API) UpdatePodIdentityAssociation(_ context.Context, in *UpdatePodIdentityAssociationInput) (*AssociationOutput, error) {
	_, p, err := a.association(in.ClusterName, in.AssociationId)
	if err != nil {
		return nil, err
	}
	if in.RoleArn != "" {
		if err := a.podRole(in.RoleArn); err != nil {
			return nil, err
		}
		p.RoleArn = in.RoleArn
	}
	if in.TargetRoleArn != "" {
		p.TargetRoleArn = in.TargetRoleArn
	}
	if in.DisableSessionTags != nil {
		p.DisableSessionTags = *in.DisableSessionTags
	}
	p.ModifiedAt = a.now()
	return &AssociationOutput{p}, nil
}

// DeletePodIdentityAssociation takes a service account's role.
func (a *API) DeletePodIdentityAssociation(_ context.Context, in *AssociationInput) (*AssociationOutput, error) {
	c, p, err := a.association(in.ClusterName, in.AssociationId)
	if err != nil {
		return nil, err
	}
	if p.OwnerArn != "" {
		return nil, invalid("The association %s belongs to the add-on %s: change it with UpdateAddon", p.AssociationId, p.OwnerArn)
	}
	c.Associations.Delete(p.AssociationId)
	return &AssociationOutput{p}, nil
}
