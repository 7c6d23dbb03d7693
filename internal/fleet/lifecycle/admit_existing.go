package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// admitAll checks the clusters that the file names, not those that were saved.
func (p *existingPlatform) admitAll(ctx context.Context, endpoints []provision.Endpoint, silent []string) error {
	all, err := p.Reach(p.provider, endpoints)
	if err != nil {
		return err
	}
	var refused []error
	for _, r := range all {
		if slices.Contains(silent, r.Name) {
			continue
		}
		if err := p.admit(ctx, r); err != nil && !existing.Silent(err) {
			refused = append(refused, fmt.Errorf("region %s: %w", r.Name, err))
		}
	}
	return errors.Join(append(refused, ctx.Err())...)
}

// admit refuses another cluster than the region was before, an operator of others, and a
// ring with a part in a region that the file doesn't have.
func (p *existingPlatform) admit(ctx context.Context, r region.Region) error {
	id, err := p.Identify(ctx, r)
	if err != nil {
		return err
	}
	options, err := p.operator(r.Name)
	if err != nil {
		return err
	}
	if err := install.RefuseForeign(ctx, r.Client, options); err != nil {
		return err
	}
	if err := refuseStrays(ctx, r, p.names()); err != nil {
		return err
	}
	return p.learn(r.Name, id)
}

// learn notes which cluster a region is. One that answers only after the others were saved
// is written down by itself: its context was saved before.
func (p *existingPlatform) learn(name, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := maps.Clone(p.ids)
	ids[name] = id
	if err := existing.Distinct(ids); err != nil {
		return err
	}
	p.ids = ids
	if !p.saved || p.Clusters[name] == id {
		return nil
	}
	p.Clusters[name] = id
	return p.SaveRecord()
}

// refuseStrays is an error when a region has a ring that is also in regions which aren't
// among those that are asked.
func refuseStrays(ctx context.Context, r region.Region, asked []string) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var rings k8ssandra.K8ssandraClusterList
	if err := r.Client.List(ctx, &rings); err != nil && !meta.IsNoMatchError(err) {
		return err
	}
	for i := range rings.Items {
		k := &rings.Items[i]
		if strays := Strays(k, asked); len(strays) > 0 {
			return fmt.Errorf("ring %s is also in region %s, which the file doesn't have; put it back, and take the ring's datacenters there out first; docs/guide/existing.md shows how a region leaves a fleet", client.ObjectKeyFromObject(k), strings.Join(strays, ", "))
		}
	}
	return nil
}

// Strays are the regions besides these that a copy of a ring names: those of its
// datacenters, and those in which it has seen other copies.
func Strays(k *k8ssandra.K8ssandraCluster, regions []string) []string {
	var also []string
	if k.Spec.Cassandra != nil {
		for i := range k.Spec.Cassandra.Datacenters {
			also = append(also, k.Spec.Cassandra.Datacenters[i].K8sContext)
		}
	}
	return straysOf(k, regions, also...)
}

// straysOf are the regions besides these in which a copy has seen others, or that are named otherwise.
func straysOf(o client.Object, regions []string, also ...string) []string {
	named := federation.ParseRegions(o.GetAnnotations()[federation.RegionsAnnotation])
	for _, name := range also {
		named[name] = ""
	}
	delete(named, "") // the region that a ring was applied to
	for _, name := range regions {
		delete(named, name)
	}
	return slices.Sorted(maps.Keys(named))
}
