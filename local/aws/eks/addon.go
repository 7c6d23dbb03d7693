package eks

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
)

// Addon is software that EKS runs in a cluster.
type Addon struct {
	AddonName, AddonArn, AddonVersion, ClusterName, Status, ServiceAccountRoleArn, ConfigurationValues, Owner, Publisher string
	CreatedAt, ModifiedAt                                                                                                time.Time
	Health                                                                                                               Health
	PodIdentityAssociations                                                                                              []string `wire:",omitempty"` // ARNs
	NamespaceConfig                                                                                                      *Namespaced
	Tags                                                                                                                 map[string]string

	Due time.Time `wire:"-"`
}

// Namespaced is the namespace that an add-on runs in.
type Namespaced struct {
	Namespace string
}

// addonKind is an add-on that this cloud has. Needs means that it stays
// DEGRADED until a node is there to run it.
type addonKind struct {
	name, version string
	needs         bool
}

var addonKinds = []addonKind{
	{"vpc-cni", "v1.20.4-eksbuild.1", false},
	{"kube-proxy", "v1.34.0-eksbuild.2", false},
	{"coredns", "v1.12.3-eksbuild.1", true},
	{"eks-pod-identity-agent", "v1.3.9-eksbuild.1", false},
	{"aws-ebs-csi-driver", "v1.50.1-eksbuild.1", true},
	{"metrics-server", "v0.8.0-eksbuild.2", true},
}

func addonKindOf(name string) (addonKind, bool) {
	i := slices.IndexFunc(addonKinds, func(k addonKind) bool { return k.name == name })
	if i < 0 {
		return addonKind{}, false
	}
	return addonKinds[i], true
}

// AddonOutput shows an add-on.
type AddonOutput struct {
	Addon *Addon
}

// AddonPodIdentity is a role of one of an add-on's service accounts.
type AddonPodIdentity struct {
	RoleArn, ServiceAccount string
}

// CreateAddonInput is CreateAddon's.
type CreateAddonInput struct {
	ClusterName                                                                                               string `wire:",uri"`
	AddonName, AddonVersion, ServiceAccountRoleArn, ConfigurationValues, ResolveConflicts, ClientRequestToken string
	PodIdentityAssociations                                                                                   []AddonPodIdentity
	NamespaceConfig                                                                                           *Namespaced
	Tags                                                                                                      map[string]string
}

// CreateAddon begins to run software in a cluster.
func (a *API) CreateAddon(_ context.Context, in *CreateAddonInput) (*AddonOutput, error) {
	c, err := a.ready(in.ClusterName)
	if err != nil {
		return nil, err
	}
	k, ok := addonKindOf(in.AddonName)
	if !ok {
		return nil, invalid("Addon specified is not supported: this cloud has no add-on %s", in.AddonName).With("addonName", in.AddonName)
	}
	if c.Addons.Get(in.AddonName) != nil {
		return nil, conflict("Addon already exists.").With("clusterName", c.Name).With("addonName", in.AddonName)
	}
	if err := checkConfiguration(in.ConfigurationValues); err != nil {
		return nil, err
	}
	d := &Addon{
		AddonName: k.name, AddonArn: a.arn("addon/" + c.Name + "/" + k.name + "/" + a.world.IDs.UUID()), AddonVersion: in.AddonVersion, ClusterName: c.Name, Status: creating,
		ServiceAccountRoleArn: in.ServiceAccountRoleArn, ConfigurationValues: in.ConfigurationValues, Owner: "aws", Publisher: "eks", CreatedAt: a.now(), ModifiedAt: a.now(),
		Health: Health{[]Issue{}}, NamespaceConfig: &Namespaced{"kube-system"}, Tags: in.Tags, Due: a.world.In(addonCreates),
	}
	if d.AddonVersion == "" {
		d.AddonVersion = k.version
	}
	if in.NamespaceConfig != nil {
		d.NamespaceConfig = in.NamespaceConfig
	}
	if err := a.setIdentities(c, d, in.PodIdentityAssociations); err != nil {
		return nil, err
	}
	c.Addons.Put(d.AddonName, d)
	a.world.Lag.Made(c.id() + "/" + d.AddonName)
	copied := *d
	return &AddonOutput{&copied}, nil
}

func checkConfiguration(values string) error {
	var v map[string]any
	if values != "" && json.Unmarshal([]byte(values), &v) != nil {
		return invalid("ConfigurationValue provided in request is not supported: Json schema validation failed: it is not a JSON object")
	}
	return nil
}

// setIdentities replaces an add-on's own pod identity associations.
func (a *API) setIdentities(c *Cluster, d *Addon, roles []AddonPodIdentity) error {
	for _, r := range roles {
		if err := a.podRole(r.RoleArn); err != nil {
			return err
		}
	}
	for _, p := range c.Associations.All() {
		if p.OwnerArn == d.AddonArn {
			c.Associations.Delete(p.AssociationId)
		}
	}
	d.PodIdentityAssociations = nil
	for _, r := range roles {
		p := a.newAssociation(c, d.NamespaceConfig.Namespace, r.ServiceAccount, r.RoleArn, nil)
		p.OwnerArn = d.AddonArn
		d.PodIdentityAssociations = append(d.PodIdentityAssociations, p.AssociationArn)
	}
	return nil
}

// addon is an add-on by names.
func (a *API) addon(cluster, name string) (*Cluster, *Addon, error) {
	c, err := a.cluster(cluster)
	if err != nil {
		return nil, nil, err
	}
	d := c.Addons.Get(name)
	if d == nil || !a.world.Lag.Visible(c.id()+"/"+name) {
		return nil, nil, notFound("No addon: %s found in cluster: %s", name, cluster).With("clusterName", cluster).With("addonName", name)
	}
	return c, d, nil
}

// AddonInput names an add-on.
type AddonInput struct {
	ClusterName string `wire:",uri"`
	AddonName   string `wire:",uri"`
}

// DescribeAddon shows an add-on.
func (a *API) DescribeAddon(_ context.Context, in *AddonInput) (*AddonOutput, error) {
	_, d, err := a.addon(in.ClusterName, in.AddonName)
	return &AddonOutput{d}, err
}

// ListAddonsOutput is ListAddons's.
type ListAddonsOutput struct {
	Addons    []string
	NextToken string
}

// ListAddons lists a cluster's add-ons.
func (a *API) ListAddons(_ context.Context, in *ListInput) (*ListAddonsOutput, error) {
	c, err := a.cluster(in.ClusterName)
	if err != nil {
		return nil, err
	}
	found, next, err := page(in.Page, names(a, c.id()+"/", &c.Addons, func(d *Addon) string { return d.AddonName }))
	return &ListAddonsOutput{found, next}, err
}

// UpdateAddonInput is UpdateAddon's.
type UpdateAddonInput struct {
	ClusterName                                                                                    string `wire:",uri"`
	AddonName                                                                                      string `wire:",uri"`
	AddonVersion, ServiceAccountRoleArn, ConfigurationValues, ResolveConflicts, ClientRequestToken string
	PodIdentityAssociations                                                                        []AddonPodIdentity
}

// UpdateAddon begins to change an add-on.
func (a *API) UpdateAddon(_ context.Context, in *UpdateAddonInput) (*UpdateOutput, error) {
	c, d, err := a.addon(in.ClusterName, in.AddonName)
	if err != nil {
		return nil, err
	}
	if d.Status == creating || d.Status == updating || d.Status == deleting {
		return nil, conflict("Addon %s cannot be updated as it is currently in %s state", d.AddonName, d.Status).With("clusterName", c.Name).With("addonName", d.AddonName)
	}
	if err := checkConfiguration(in.ConfigurationValues); err != nil {
		return nil, err
	}
	if in.AddonVersion != "" {
		d.AddonVersion = in.AddonVersion
	}
	d.ServiceAccountRoleArn, d.ConfigurationValues = in.ServiceAccountRoleArn, in.ConfigurationValues
	if in.PodIdentityAssociations != nil {
		if err := a.setIdentities(c, d, in.PodIdentityAssociations); err != nil {
			return nil, err
		}
	}
	u := a.begin(c, "AddonUpdate", addonCreates, param("AddonVersion", d.AddonVersion), param("ConfigurationValues", d.ConfigurationValues), param("ResolveConflicts", in.ResolveConflicts))
	u.Addon, d.Status, d.Due, d.ModifiedAt = d.AddonName, updating, u.Due, a.now()
	return u.show(), nil
}

// DeleteAddonInput is DeleteAddon's.
type DeleteAddonInput struct {
	ClusterName string `wire:",uri"`
	AddonName   string `wire:",uri"`
	Preserve    bool   `wire:",query"`
}

// DeleteAddon begins to end an add-on.
func (a *API) DeleteAddon(_ context.Context, in *DeleteAddonInput) (*AddonOutput, error) {
	c, d, err := a.addon(in.ClusterName, in.AddonName)
	if err != nil {
		return nil, err
	}
	if in.Preserve {
		return nil, wire.Errorf("InvalidRequestException", "this cloud can't keep an add-on's software when the add-on is deleted: leave preserve out")
	}
	_ = a.setIdentities(c, d, nil) // without roles nothing can be wrong
	d.Status, d.Due = deleting, a.world.In(addonDeletes)
	return &AddonOutput{d}, nil
}

// DescribeAddonVersionsInput is DescribeAddonVersions's.
type DescribeAddonVersionsInput struct {
	AddonName         string `wire:",query"`
	KubernetesVersion string `wire:",query"`
	Page
}

// AddonInfo is an add-on with its versions.
type AddonInfo struct {
	AddonName, Type, Owner, Publisher, DefaultNamespace string
	AddonVersions                                       []AddonVersion
}

// AddonVersion is a version with the cluster versions that it fits.
type AddonVersion struct {
	AddonVersion                                  string
	Architecture, ComputeTypes                    []string
	Compatibilities                               []Compatibility
	RequiresConfiguration, RequiresIamPermissions bool
}

// Compatibility is a cluster version that an add-on fits.
type Compatibility struct {
	ClusterVersion   string
	PlatformVersions []string
	DefaultVersion   bool
}

// DescribeAddonVersionsOutput is DescribeAddonVersions's.
type DescribeAddonVersionsOutput struct {
	Addons    []AddonInfo
	NextToken string
}

// DescribeAddonVersions lists the add-ons, each in the one version that this
// cloud names.
func (a *API) DescribeAddonVersions(_ context.Context, in *DescribeAddonVersionsInput) (*DescribeAddonVersionsOutput, error) {
	all := []AddonInfo{}
	for _, k := range addonKinds {
		if in.AddonName != "" && in.AddonName != k.name {
			continue
		}
		v := AddonVersion{AddonVersion: k.version, Architecture: []string{"amd64", "arm64"}, ComputeTypes: []string{"ec2"}}
		for _, version := range ec2.Versions {
			if in.KubernetesVersion == "" || in.KubernetesVersion == version {
				v.Compatibilities = append(v.Compatibilities, Compatibility{version, []string{"*"}, true})
			}
		}
		all = append(all, AddonInfo{k.name, "networking", "aws", "eks", "kube-system", []AddonVersion{v}})
	}
	found, next, err := page(in.Page, all)
	return &DescribeAddonVersionsOutput{found, next}, err
}
