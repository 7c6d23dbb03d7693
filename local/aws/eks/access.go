package eks

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// Authentication modes, in the order in which a cluster may move through them.
const (
	configMap    = "CONFIG_MAP"
	apiAndConfig = "API_AND_CONFIG_MAP"
	apiOnly      = "API"
)

var modes = []string{configMap, apiAndConfig, apiOnly}

const (
	policyPrefix = "arn:aws:eks::aws:cluster-access-policy/"
	clusterAdmin = "AmazonEKSClusterAdminPolicy"
)

var accessPolicies = []string{clusterAdmin, "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"}

// entryTypes are the kinds of access entries; those of machines have a group
// and a user name of their own.
var entryTypes = []string{"STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX"}

// AccessEntry lets a principal log in to a cluster.
type AccessEntry struct {
	PrincipalArn, ClusterName, AccessEntryArn, Username, Type string
	KubernetesGroups                                          []string
	CreatedAt, ModifiedAt                                     time.Time
	Tags                                                      map[string]string

	Policies []AssociatedPolicy `wire:"-"`
}

// AssociatedPolicy gives an entry EKS's own permissions.
type AssociatedPolicy struct {
	PolicyArn                string
	AccessScope              AccessScope
	AssociatedAt, ModifiedAt time.Time
}

// AccessScope is where a policy holds: cluster, or some namespaces.
type AccessScope struct {
	Type       string
	Namespaces []string
}

// AccessEntryOutput shows an entry.
type AccessEntryOutput struct {
	AccessEntry *AccessEntry
}

// accessible is a cluster whose mode has access entries.
func (a *API) accessible(name string) (*Cluster, error) {
	c, err := a.cluster(name)
	if err == nil && c.AccessConfig.AuthenticationMode == configMap {
		err = wire.Errorf("InvalidRequestException", "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.").With("clusterName", name)
	}
	return c, err
}

func (a *API) entry(cluster, principal string) (*Cluster, *AccessEntry, error) {
	c, err := a.accessible(cluster)
	if err != nil {
		return nil, nil, err
	}
	e := c.Entries.Get(principal)
	if e == nil || !a.world.Lag.Visible(e.lag(c)) {
		return nil, nil, notFound("The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.").With("clusterName", cluster)
	}
	return c, e, nil
}

// lag is by what the entry's is kept.
func (e *AccessEntry) lag(c *Cluster) string { return c.id() + "/entry/" + e.PrincipalArn }

// newEntry keeps an entry that has been checked.
func (a *API) newEntry(c *Cluster, principal, kind string) *AccessEntry {
	role := principal[strings.LastIndex(principal, ":")+1:]
	e := &AccessEntry{
		PrincipalArn: principal, ClusterName: c.Name, Type: kind, CreatedAt: a.now(), ModifiedAt: a.now(), KubernetesGroups: []string{}, Username: defaultUsername(principal, kind),
		AccessEntryArn: a.arn("access-entry/" + c.Name + "/" + strings.Replace(role, "/", "/"+a.world.Account+"/", 1) + "/" + a.world.IDs.UUID()),
	}
	if kind == "EC2_LINUX" || kind == "EC2" {
		e.KubernetesGroups = []string{"system:nodes"}
	}
	c.Entries.Put(principal, e)
	return e
}

// defaultUsername is how a principal is called inside the cluster.
func defaultUsername(principal, kind string) string {
	if kind != "STANDARD" {
		return "system:node:{{EC2PrivateDNSName}}"
	}
	if before, role, ok := strings.Cut(principal, ":role/"); ok {
		name := role[strings.LastIndex(role, "/")+1:]
		return strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + name + "/{{SessionName}}"
	}
	return principal
}

// addCreator lets whoever made the cluster administer it.
func (a *API) addCreator(c *Cluster) {
	principal := a.caller
	if before, rest, ok := strings.Cut(principal, ":assumed-role/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		principal = strings.Replace(before, ":sts:", ":iam:", 1) + ":role/" + name
	}
	e := a.newEntry(c, principal, "STANDARD")
	e.Policies = []AssociatedPolicy{{policyPrefix + clusterAdmin, AccessScope{Type: "cluster"}, a.now(), a.now()}}
}

// addNodeEntry lets a node role's machines join, as EKS does with a group.
func (a *API) addNodeEntry(c *Cluster, role string) {
	if c.AccessConfig.AuthenticationMode != configMap && c.Entries.Get(role) == nil {
		a.newEntry(c, role, "EC2_LINUX")
	}
}

// CreateAccessEntryInput is CreateAccessEntry's.
type CreateAccessEntryInput struct {
	ClusterName                                      string `wire:",uri"`
	PrincipalArn, Type, Username, ClientRequestToken string
	KubernetesGroups                                 []string
	Tags                                             map[string]string
}

// CreateAccessEntry lets a principal log in to a cluster.
func (a *API) CreateAccessEntry(_ context.Context, in *CreateAccessEntryInput) (*AccessEntryOutput, error) {
	c, err := a.accessible(in.ClusterName)
	if err != nil {
		return nil, err
	}
	if c.Entries.Get(in.PrincipalArn) != nil {
		return nil, conflict("The specified access entry resource is already in use on this cluster.").With("clusterName", c.Name)
	}
	kind := in.Type
	if kind == "" {
		kind = "STANDARD"
	}
	if err := a.checkEntry(in.PrincipalArn, kind, in.KubernetesGroups, in.Username); err != nil {
		return nil, err
	}
	e := a.newEntry(c, in.PrincipalArn, kind)
	e.Tags = in.Tags
	a.world.Lag.Made(e.lag(c))
	e.update(in.KubernetesGroups, in.Username)
	return &AccessEntryOutput{e}, nil
}

func (a *API) checkEntry(principal, kind string, groups []string, username string) error {
	prefix := "arn:aws:iam::" + a.world.Account + ":"
	switch {
	case !slices.Contains(entryTypes, kind):
		return invalid("type must be one of %s", strings.Join(entryTypes, ", "))
	case !strings.HasPrefix(principal, prefix+"role/") && !strings.HasPrefix(principal, prefix+"user/") && principal != prefix+"root":
		return invalid("The specified principalArn is invalid: invalid principal.")
	case strings.HasPrefix(principal, prefix+"role/") && a.iam.RoleByARN(principal) == nil:
		return invalid("The specified principalArn is invalid: invalid principal.")
	case kind != "STANDARD" && (len(groups) > 0 || username != ""):
		return invalid("kubernetesGroups and username can't be given for type %s", kind)
	}
	for _, g := range groups {
		if strings.HasPrefix(g, "system:") {
			return invalid("The kubernetes group name %s is invalid, it cannot start with system:", g)
		}
	}
	return nil
}

func (e *AccessEntry) update(groups []string, username string) {
	if groups != nil {
		e.KubernetesGroups = groups
	}
	if username != "" {
		e.Username = username
	}
}

// AccessEntryInput names an entry.
type AccessEntryInput struct {
	ClusterName  string `wire:",uri"`
	PrincipalArn string `wire:",uri"`
}

// DescribeAccessEntry shows an entry.
func (a *API) DescribeAccessEntry(_ context.Context, in *AccessEntryInput) (*AccessEntryOutput, error) {
	_, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	return &AccessEntryOutput{e}, err
}

// ListAccessEntriesInput is ListAccessEntries's.
type ListAccessEntriesInput struct {
	ClusterName         string `wire:",uri"`
	AssociatedPolicyArn string `wire:",query"`
	Page
}

// ListAccessEntriesOutput is ListAccessEntries's.
type ListAccessEntriesOutput struct {
	AccessEntries []string
	NextToken     string
}

// ListAccessEntries lists the principals that may log in.
func (a *API) ListAccessEntries(_ context.Context, in *ListAccessEntriesInput) (*ListAccessEntriesOutput, error) {
	c, err := a.accessible(in.ClusterName)
	if err != nil {
		return nil, err
	}
	arns := []string{}
	for _, e := range c.Entries.All() {
		if (in.AssociatedPolicyArn == "" || e.policy(in.AssociatedPolicyArn) >= 0) && a.world.Lag.Visible(e.lag(c)) {
			arns = append(arns, e.PrincipalArn)
		}
	}
	found, next, err := page(in.Page, arns)
	return &ListAccessEntriesOutput{found, next}, err
}

func (e *AccessEntry) policy(arn string) int {
	return slices.IndexFunc(e.Policies, func(p AssociatedPolicy) bool { return p.PolicyArn == arn })
}

// UpdateAccessEntryInput is UpdateAccessEntry's.
type UpdateAccessEntryInput struct {
	ClusterName                  string `wire:",uri"`
	PrincipalArn                 string `wire:",uri"`
	Username, ClientRequestToken string
	KubernetesGroups             []string
}

// UpdateAccessEntry changes who a principal is inside the cluster.
func (a *API) UpdateAccessEntry(_ context.Context, in *UpdateAccessEntryInput) (*AccessEntryOutput, error) {
	_, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	if err := a.checkEntry(e.PrincipalArn, e.Type, in.KubernetesGroups, in.Username); err != nil {
		return nil, err
	}
	e.update(in.KubernetesGroups, in.Username)
	e.ModifiedAt = a.now()
	return &AccessEntryOutput{e}, nil
}

// DeleteAccessEntry keeps a principal out.
func (a *API) DeleteAccessEntry(_ context.Context, in *AccessEntryInput) (*Empty, error) {
	c, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	c.Entries.Delete(e.PrincipalArn)
	return &Empty{}, nil
}

// Empty is an output with nothing in it.
type Empty struct{}

// AssociateAccessPolicyInput is AssociateAccessPolicy's.
type AssociateAccessPolicyInput struct {
	ClusterName  string `wire:",uri"`
	PrincipalArn string `wire:",uri"`
	PolicyArn    string
	AccessScope  AccessScope
}

// AssociateAccessPolicyOutput is AssociateAccessPolicy's.
type AssociateAccessPolicyOutput struct {
	ClusterName, PrincipalArn string
	AssociatedAccessPolicy    AssociatedPolicy
}

// AssociateAccessPolicy gives an entry EKS's own permissions; doing it again
// changes their scope.
func (a *API) AssociateAccessPolicy(_ context.Context, in *AssociateAccessPolicyInput) (*AssociateAccessPolicyOutput, error) {
	c, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(in.PolicyArn, policyPrefix)
	switch s := in.AccessScope; {
	case !ok || !slices.Contains(accessPolicies, name):
		return nil, invalid("The policyArn parameter format is not valid, or this cloud has no such policy: %s", in.PolicyArn)
	case e.Type != "STANDARD":
		return nil, invalid("Access policies can't be associated with an entry of type %s", e.Type)
	case s.Type != "cluster" && s.Type != "namespace", (s.Type == "namespace") != (len(s.Namespaces) > 0):
		return nil, invalid("accessScope must be of type cluster without namespaces, or of type namespace with some")
	}
	p := AssociatedPolicy{in.PolicyArn, in.AccessScope, a.now(), a.now()}
	if i := e.policy(in.PolicyArn); i >= 0 {
		p.AssociatedAt = e.Policies[i].AssociatedAt
		e.Policies[i] = p
	} else {
		e.Policies = append(e.Policies, p)
	}
	return &AssociateAccessPolicyOutput{c.Name, e.PrincipalArn, p}, nil
}

// DisassociateAccessPolicyInput is DisassociateAccessPolicy's.
type DisassociateAccessPolicyInput struct {
	ClusterName  string `wire:",uri"`
	PrincipalArn string `wire:",uri"`
	PolicyArn    string `wire:",uri"`
}

// DisassociateAccessPolicy takes permissions from an entry.
func (a *API) DisassociateAccessPolicy(_ context.Context, in *DisassociateAccessPolicyInput) (*Empty, error) {
	_, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	i := e.policy(in.PolicyArn)
	if i < 0 {
		return nil, notFound("No access policy found for: %s", in.PolicyArn)
	}
	e.Policies = slices.Delete(e.Policies, i, i+1)
	return &Empty{}, nil
}

// ListAssociatedAccessPoliciesInput is ListAssociatedAccessPolicies's.
type ListAssociatedAccessPoliciesInput struct {
	ClusterName  string `wire:",uri"`
	PrincipalArn string `wire:",uri"`
	Page
}

// ListAssociatedAccessPoliciesOutput is ListAssociatedAccessPolicies's.
type ListAssociatedAccessPoliciesOutput struct {
	ClusterName, PrincipalArn, NextToken string
	AssociatedAccessPolicies             []AssociatedPolicy
}

// ListAssociatedAccessPolicies lists an entry's permissions.
func (a *API) ListAssociatedAccessPolicies(_ context.Context, in *ListAssociatedAccessPoliciesInput) (*ListAssociatedAccessPoliciesOutput, error) {
	c, e, err := a.entry(in.ClusterName, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	found, next, err := page(in.Page, e.Policies)
	return &ListAssociatedAccessPoliciesOutput{c.Name, e.PrincipalArn, next, found}, err
}

// AccessPolicy is one of EKS's own sets of permissions.
type AccessPolicy struct {
	Name, Arn string
}

// ListAccessPoliciesOutput is ListAccessPolicies's.
type ListAccessPoliciesOutput struct {
	AccessPolicies []AccessPolicy
	NextToken      string
}

// ListAccessPolicies lists EKS's own sets of permissions.
func (a *API) ListAccessPolicies(_ context.Context, in *Page) (*ListAccessPoliciesOutput, error) {
	var all []AccessPolicy
	for _, name := range accessPolicies {
		all = append(all, AccessPolicy{name, policyPrefix + name})
	}
	found, next, err := page(*in, all)
	return &ListAccessPoliciesOutput{found, next}, err
}
