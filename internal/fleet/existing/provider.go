package existing

import (
	"context"
	"fmt"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/network"
)

// Provider is clusters of others.
type Provider struct {
	where    string             // the kubeconfig's path
	contexts map[string]reached // by region
}

var _ provision.Provider = (*Provider)(nil)

// Question implements provision.Provider. Regions are those of the file, else all
// that are known.
func (p *Provider) Question(name string, spec *fleetv1.FleetSpec) provision.Question {
	q := provision.Question{Fleet: name, ID: hash.Text("ringspan/existing/"+name, 10), Spec: spec}
	if spec == nil {
		return q
	}
	for _, r := range spec.Regions {
		q.Regions = append(q.Regions, r.Name)
	}
	return q
}

// uid is the attribute by which clusters are told apart.
const uid = "uid"

// Desire adopts what is there. That two regions are one cluster can't be.
func (p *Provider) Desire(in infra.Input) (*infra.Desired, error) {
	d := &infra.Desired{Tags: map[string]string{}, NetworkOnly: in.NetworkOnly}
	ids := map[string]string{}
	for i := range in.Seen.Found {
		f := &in.Seen.Found[i]
		if f.Kind == infra.Cluster {
			ids[f.Region] = f.Have[uid]
		}
		d.Resources = append(d.Resources, infra.Resource{ID: f.ID, Kind: f.Kind, Region: f.Region, Adopted: f.Physical})
	}
	return d, Distinct(ids)
}

// no is the answer to what can't be done with clusters of others.
func no(what string) error {
	return &provision.NotSupported{Provider: string(fleetv1.ProviderExisting), What: what}
}

// Apply refuses: no plan of this provider has a step.
func (*Provider) Apply(context.Context, provision.Task) (string, error) {
	return "", no("make or delete clusters")
}

// Preflight has nothing to ask: clusters that are there take nothing of an account. That they answer is
// seen by Observe.
func (*Provider) Preflight(context.Context, provision.Question) (*infra.Offer, error) {
	return &infra.Offer{}, nil
}

// Announce does nothing: there is nothing that two runs could make twice.
func (*Provider) Announce(context.Context, *infra.Seen, time.Time) func(context.Context) {
	return func(context.Context) {}
}

// Pause does nothing: the first plan is empty.
func (*Provider) Pause(context.Context, int) error { return nil }

// Endpoints implements provision.Provider. Nobody is asked: the kubeconfig says it.
func (p *Provider) Endpoints(_ context.Context, _ string, spec *fleetv1.FleetSpec) (all []provision.Endpoint, _ error) {
	for _, r := range spec.Regions {
		c, ok := p.contexts[r.Name]
		if !ok {
			return all, fmt.Errorf("%s knows no region %s", p.where, r.Name)
		}
		all = append(all, provision.Endpoint{Region: r.Name, Cluster: c.name, Server: c.cluster.Server, CA: c.cluster.CertificateAuthorityData})
	}
	return all, nil
}

// Credentials are the user's own.
func (p *Provider) Credentials(_ string, e provision.Endpoint) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {
	c := p.contexts[e.Region]
	return c.cluster, c.user
}

// Describe knows nothing of networks: what is measured stands by itself.
func (*Provider) Describe(context.Context, string, *fleetv1.FleetSpec) (cloud network.Cloud, missing []string, err error) {
	return cloud, nil, no("describe the networks between clusters")
}

// Token has none: the user's kubeconfig logs in.
func (*Provider) Token(context.Context, string, string) (string, error) {
	return "", no("make tokens: the kubeconfig says how its users log in")
}

// Fleets can't be found: nobody lists all clusters of others.
func (*Provider) Fleets(context.Context) ([]provision.FoundFleet, error) {
	return nil, no("list fleets")
}

// Policy has none: the user's own permissions in the clusters count.
func (*Provider) Policy(string) ([]byte, error) { return nil, no("have a policy of its own") }

// Account is the kubeconfig.
func (p *Provider) Account() string { return p.where }

// Cost is unknown: clusters of others have prices that nobody tells.
func (*Provider) Cost(*infra.Desired) (cost.Estimate, error) {
	return cost.Estimate{}, no("estimate costs")
}

// CallCount is 0: no cloud is called.
func (*Provider) CallCount() int { return 0 }
