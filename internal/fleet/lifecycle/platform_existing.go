package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// existingPlatform is clusters that are there already. Nothing of them is made.
type existingPlatform struct {
	inventory.Existing

	provider *existing.Provider
	spec     fleetv1.FleetSpec

	mu    sync.Mutex
	ids   map[string]string // which cluster each region that has answered is
	saved bool
}

func newExisting(f *fleet.File) (*existingPlatform, error) {
	p, err := existing.Load(f)
	if err != nil {
		return nil, fmt.Errorf("nothing was made: %w", err)
	}
	known, err := inventory.OpenExisting(f.Fleet.Name, p.Account())
	return &existingPlatform{Existing: known, provider: p, spec: f.Fleet.Spec, ids: map[string]string{}}, err
}

// create looks whether the clusters are there and are what the file takes them for, and
// only then keeps how they are reached. Those that don't answer are left out later, where
// operators are installed.
func (p *existingPlatform) create(ctx context.Context, w work) (func(), error) {
	w.report.Phase("clusters as the file says")
	if err := p.RefuseDropped(p.names()); err != nil {
		return nil, fmt.Errorf("nothing was made: %w", err)
	}
	r, err := provision.Plan(ctx, p.provider, provision.Request{Fleet: p.Name(), Spec: p.spec, NetworkOnly: w.Scope.Network})
	silent := provision.OnlyUnreachable(err)
	if err != nil && (len(silent) == 0 || len(silent) == len(p.spec.Regions)) {
		return nil, err
	}
	if r != nil && len(r.Plan.Steps)+len(r.Plan.Refused) > 0 { // it adopts all that it finds
		return nil, fmt.Errorf("provider existing makes no clusters, and there is to do:\n%s", r.Plan.Text())
	}
	endpoints, err := p.provider.Endpoints(ctx, p.Name(), &p.spec)
	if err != nil {
		return nil, err
	}
	if err := p.admitAll(ctx, endpoints, silent); err != nil {
		return nil, fmt.Errorf("nothing was made: %w", err)
	}
	p.saved = true
	return func() {}, p.SaveKubeconfig(p.provider, endpoints, p.ids)
}

func (p *existingPlatform) names() (all []string) {
	for _, r := range p.spec.Regions {
		all = append(all, r.Name)
	}
	return all
}

func (p *existingPlatform) operator(name string) (install.Options, error) {
	o := install.Options{Region: name, Fleet: p.Name()}
	if r := p.spec.ImageRegistry; r != "" {
		o.Image, o.AgentImage = distribution.ImageIn(r, distribution.OperatorImage), distribution.ImageIn(r, distribution.AgentImage)
	}
	return o, nil
}

// storage classes are the clusters' own.
func (*existingPlatform) storage(context.Context, region.Region, func(string)) error { return nil }

// peer is nil: the user applies the ClientConfigs by which the other regions are reached.
func (*existingPlatform) peer(string) (*install.Peer, error) {
	return nil, nil //nolint:nilnil // none is no error
}

// identities are the ClientConfigs of the other regions.
func (p *existingPlatform) identities(ctx context.Context, r region.Region) error {
	var others []string
	for _, other := range p.spec.Regions {
		if other.Name != r.Name {
			others = append(others, other.Name)
		}
	}
	missing, err := install.MissingPeers(ctx, r.Client, install.Namespace, others)
	if err != nil {
		return fmt.Errorf("region %s: %w", r.Name, err)
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("region %s: the operator knows no way to %s: namespace %s has no ClientConfig of that contextName; apply one for each, as docs/guide/existing.md shows, and run up again", r.Name, strings.Join(missing, " and "), install.Namespace)
}

// agent images have the same tag everywhere.
func (*existingPlatform) agent() string { return "" }

func (*existingPlatform) calls() int { return 0 }

func (p *existingPlatform) summary() string {
	return "The clusters are those of " + p.provider.Account() + "."
}
