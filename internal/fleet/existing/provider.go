package existing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
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
	sum := sha256.Sum256([]byte("ringspan/existing/" + name))
	q := provision.Question{Fleet: name, ID: hex.EncodeToString(sum[:10]), Spec: spec}
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

// errNotOurs is the answer to every step: no plan of this provider has one.
var errNotOurs = errors.New("provider existing makes and deletes no clusters")

// Apply refuses.
func (*Provider) Apply(context.Context, provision.Task) (string, error) { return "", errNotOurs }

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
	return cloud, nil, nil
}

// Account is the kubeconfig.
func (p *Provider) Account() string { return p.where }

// Cost is unknown.
func (*Provider) Cost(*infra.Desired) *cost.Estimate { return nil }

// CallCount is 0: no cloud is called.
func (*Provider) CallCount() int { return 0 }
