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

	"github.com/ringspan/ringspan/internal/federation"
)

// Regions may run different versions. A spec that this one can't hold as it is, is not taken over: what would be left out
// would be gone in all regions with the next edit.

// fits says why this region's API server doesn't store the spec that the copy is about to have, as it is; "" when it does.
func (p *Pass) fits(ctx context.Context, before client.Object) (why string, err error) {
	lost, err := p.lostIfPatched(ctx, before)
	revision, from := p.Object.GetAnnotations()[federation.RevisionAnnotation], p.View.Own.Choose
	if p.Plan.Verb == federation.Adopt {
		from = p.Plan.From
	}
	switch {
	case err == nil && len(lost) == 0:
		return "", nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return "", err
	case err != nil:
		return fmt.Sprintf("revision %s of region %s can't be taken over: %s", revision, from, err), nil
	}
	return fmt.Sprintf("revision %s of region %s sets %s, which the definition of %ss in this region does not know: it is not taken over, and this region stays at its own revision; install the definitions of that region's version here",
		revision, from, strings.Join(lost, ", "), p.Kind.Kind), nil
}

// lostIfPatched names what this region's API server would leave out.
func (p *Pass) lostIfPatched(ctx context.Context, before client.Object) ([]string, error) {
	data, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(p.Object)
	if err != nil {
		return nil, err
	}
	raw := p.raw()
	if err := p.Client.Patch(ctx, raw, client.RawPatch(types.MergePatchType, data), client.DryRunAll); err != nil {
		return nil, err
	}
	return p.lost(raw)
}

func (p *Pass) lostIfCreated(ctx context.Context) ([]string, error) {
	data, err := json.Marshal(p.Object)
	if err != nil {
		return nil, err
	}
	raw := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &raw.Object); err != nil {
		return nil, err
	}
	raw.SetGroupVersionKind(p.Kind.GroupVersionKind)
	if err := p.Client.Create(ctx, raw, client.DryRunAll); err != nil {
		return nil, err
	}
	return p.lost(raw)
}

// lost compares what would be stored with what should be.
func (p *Pass) lost(stored *unstructured.Unstructured) ([]string, error) {
	data, err := stored.MarshalJSON()
	if err != nil {
		return nil, err
	}
	o := p.Kind.New()
	if err := json.Unmarshal(data, o); err != nil {
		return nil, err
	}
	return p.Kind.Lost(p.Object, o), nil
}
