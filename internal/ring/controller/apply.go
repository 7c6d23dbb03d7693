package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// fieldOwner is this operator in server-side apply.
const fieldOwner = client.FieldOwner("ringspan")

// reconcile makes this region's part of the ring.
func (p *pass) reconcile(ctx context.Context) error {
	if p.k.Spec.Cassandra == nil || len(p.k.Spec.Cassandra.Datacenters) == 0 {
		p.errs = append(p.errs, errors.New("spec.cassandra.datacenters: a ring needs at least one datacenter"))
		return nil
	}
	if err := p.secrets(ctx); err != nil {
		return err
	}
	for i, t := range p.k.Spec.Cassandra.Datacenters {
		if p.regionOf(t) != p.Region {
			p.checkRegion(i, t)
			if dc := p.datacenterOf(ctx, t); dc != nil && dc.Owes() != "" {
				p.waits = append(p.waits, fmt.Sprintf("datacenter %s to be rebuilt from %s", t.Metadata.Name, dc.Owes()))
			}
			continue
		}
		switch err := p.datacenter(ctx, i); {
		case apierrors.IsConflict(err):
			return err
		case err != nil: // it is no reason to leave the others
			p.errs = append(p.errs, fmt.Errorf("datacenter %s: %w", t.Metadata.Name, err))
		}
	}
	if err := p.broughtBack(ctx); err != nil {
		return err
	}
	return p.orphans(ctx)
}

func (p *pass) regionOf(t api.CassandraDatacenterTemplate) string { return ring.RegionOf(p.k, t) }

func (p *pass) checkRegion(i int, t api.CassandraDatacenterTemplate) {
	if !slices.ContainsFunc(p.peers, func(s peers.Snapshot) bool { return s.Region == p.regionOf(t) }) {
		p.errs = append(p.errs, fmt.Errorf("spec.cassandra.datacenters[%d].k8sContext: %q is not a region that this one knows", i, p.regionOf(t)))
	}
}

// datacenter writes one CassandraDatacenter, if it differs, and its seeds.
func (p *pass) datacenter(ctx context.Context, i int) error {
	want, err := ring.Build(p.k, i)
	if err != nil {
		p.errs = append(p.errs, err)
		return nil
	}
	have := &cassandra.CassandraDatacenter{}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(want), have)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return err
	case err != nil && p.gone(want.Name):
		return nil // see report
	case p.anothers(have) != nil:
		return p.anothers(have)
	case !have.DeletionTimestamp.IsZero() && !deletion.IsAsked(have):
		p.errs = append(p.errs, fmt.Errorf("datacenter %s is being deleted, although its ring isn't: it is kept; its own condition Deleting says what can be done", want.Name))
		return nil
	case !have.DeletionTimestamp.IsZero(): // written now, it would not come back once it is gone
		p.waits = append(p.waits, fmt.Sprintf("the earlier datacenter %s to be gone", want.Name))
		return nil
	}
	if ok, err := p.mayUse(ctx, want, have); !ok || err != nil {
		return err
	}
	if err := p.rebuild(ctx, i, want, have); err != nil {
		return err
	}
	hash := hashObject(want)
	want.Annotations[api.ResourceHashAnnotation] = hash
	if err := errors.Join(p.seeds(ctx, i, want), p.secretFor(ctx, want.Namespace)); err != nil {
		return err
	}
	if have.Annotations[api.ResourceHashAnnotation] == hash {
		return nil
	}
	err = p.Client.Patch(ctx, want, client.Apply, fieldOwner, client.ForceOwnership) //nolint:staticcheck // typed objects: see package datacenter
	if apierrors.IsInvalid(err) {
		p.errs = append(p.errs, err)
		return nil
	}
	return err
}

func nameOf(dc *cassandra.CassandraDatacenter) string {
	if dc.Spec.DatacenterName != "" {
		return dc.Spec.DatacenterName
	}
	return dc.Name
}

// datacenterOf finds a datacenter here or as its region was last seen; nil when it is in neither.
func (p *pass) datacenterOf(ctx context.Context, t api.CassandraDatacenterTemplate) *cassandra.CassandraDatacenter {
	key := types.NamespacedName{Namespace: ring.Namespace(p.k, t), Name: t.Metadata.Name}
	if p.regionOf(t) == p.Region {
		dc := &cassandra.CassandraDatacenter{}
		if err := p.Client.Get(ctx, key, dc); err != nil {
			return nil
		}
		return dc
	}
	for i := range p.peers {
		if p.peers[i].Region != p.regionOf(t) {
			continue
		}
		if dc := peers.Object[*cassandra.CassandraDatacenter](&p.peers[i], key); dc != nil {
			return dc
		}
	}
	return nil
}

// statusOf is what is known of a datacenter, here or in its region.
func (p *pass) statusOf(ctx context.Context, t api.CassandraDatacenterTemplate) (*cassandra.CassandraDatacenterStatus, string) {
	region := p.regionOf(t)
	if dc := p.datacenterOf(ctx, t); dc != nil {
		return &dc.Status, region
	}
	for _, s := range p.peers {
		if s.Region == region && !s.Reachable { // since before this process began: what it knew then
			return p.k.Status.Datacenters[t.Metadata.Name].Cassandra, region
		}
	}
	return nil, region
}

// orphans names datacenters that are no longer in the ring: taking one down
// loses its data, so it is not done unasked.
func (p *pass) orphans(ctx context.Context) error {
	list, err := datacenters(ctx, p.Client, p.key())
	if err != nil {
		return err
	}
	for _, dc := range list {
		ours, err := p.mayBeIn(ctx, dc.Namespace)
		if err != nil {
			return err
		}
		if ours && !slices.ContainsFunc(p.k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == dc.Name }) {
			p.errs = append(p.errs, fmt.Errorf("datacenter %s is no longer in spec.cassandra.datacenters: decommissioning one is not acted on in this version; it is left as it is", dc.Name))
		}
	}
	return nil
}
