package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/version"
)

// Regions may run different versions. A spec that this one can't hold as it is, is not taken over: what would be left out
// would be gone in all regions with the next edit.

// own is this region's copy. Before an edit gets a revision it must be known that it is one: a spec with fields that this
// version leaves out looks edited too.
func (p *pass) own(ctx context.Context) (federation.Copy, error) {
	own := ring.Kind.Copy(p.Region, p.k)
	if own.IsZero() || !own.Edited() {
		return own, nil
	}
	raw := ringObject(p.k)
	if err := p.Client.Get(ctx, p.key(), raw); err != nil {
		return own, err
	}
	spec, _, _ := unstructured.NestedMap(raw.Object, "spec")
	own.Unknown = ring.Kind.Schema.Unknown(spec)
	return own, nil
}

func ringObject(k *api.K8ssandraCluster) *unstructured.Unstructured {
	raw := &unstructured.Unstructured{}
	raw.SetGroupVersionKind(api.GroupVersion.WithKind("K8ssandraCluster"))
	raw.SetNamespace(k.Namespace)
	raw.SetName(k.Name)
	return raw
}

// unread says what is not understood.
func (p *pass) unread(c federation.Copy) error {
	fields := strings.Join(c.Unknown, ", ")
	if c.Region == p.Region {
		return fmt.Errorf("this copy sets %s, which version %s of the operator, in this region, does not know: nothing is changed", fields, version.Version)
	}
	return fmt.Errorf("revision %s of region %s sets %s, which version %s of the operator, in this region, does not know: it is not taken over, and this region stays at its own revision",
		c.Revision, c.Region, fields, version.Version)
}

// fits tells whether this region's API server stores the spec that the copy is about to have, as it is. If not, it says so
// and leaves the copy as it was.
func (p *pass) fits(ctx context.Context, before, untouched *api.K8ssandraCluster, from string) (bool, error) {
	lost, err := p.lostIfPatched(ctx, before)
	revision := p.k.Annotations[api.RevisionAnnotation]
	switch {
	case err == nil && len(lost) == 0:
		return true, nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return false, err
	}
	p.k = untouched
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("revision %s of region %s can't be taken over: %w", revision, from, err))
		return false, nil
	}
	p.errs = append(p.errs, fmt.Errorf("revision %s of region %s sets %s, which the definition of K8ssandraClusters in this region does not know: it is not taken over, and this region stays at its own revision; install the definitions of that region's version here",
		revision, from, strings.Join(lost, ", ")))
	return false, nil
}

// lostIfPatched names what this region's API server would leave out.
func (p *pass) lostIfPatched(ctx context.Context, before *api.K8ssandraCluster) ([]string, error) {
	data, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(p.k)
	if err != nil {
		return nil, err
	}
	raw := ringObject(p.k)
	if err := p.Client.Patch(ctx, raw, client.RawPatch(types.MergePatchType, data), client.DryRunAll); err != nil {
		return nil, err
	}
	return p.lost(raw)
}

func (p *pass) lostIfCreated(ctx context.Context) ([]string, error) {
	data, err := json.Marshal(p.k)
	if err != nil {
		return nil, err
	}
	raw := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &raw.Object); err != nil {
		return nil, err
	}
	raw.SetGroupVersionKind(api.GroupVersion.WithKind("K8ssandraCluster"))
	if err := p.Client.Create(ctx, raw, client.DryRunAll); err != nil {
		return nil, err
	}
	return p.lost(raw)
}

// lost compares what would be stored with what should be.
func (p *pass) lost(stored *unstructured.Unstructured) ([]string, error) {
	data, err := stored.MarshalJSON()
	if err != nil {
		return nil, err
	}
	k := &api.K8ssandraCluster{}
	if err := json.Unmarshal(data, k); err != nil {
		return nil, err
	}
	return ring.Kind.Lost(p.k, k), nil
}
