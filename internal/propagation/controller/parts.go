package controller

import (
	"context"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/propagation"
)

// parts are a Propagation's in this region: the objects that were written down as made for it.
type parts struct{ *Reconciler }

// unreadAnnotation is on what stands for an object that can't be read, and says why. It is never written.
const unreadAnnotation = "ringspan.io/unread"

// List are the objects that are still the Propagation's, or may be.
func (p parts) List(ctx context.Context, name types.NamespacedName) (all []client.Object, err error) {
	o := &api.Propagation{}
	if err := p.Client.Get(ctx, name, o); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	for _, ref := range o.Status.Managed {
		seen := p.seeAs(ctx, o, ref)
		switch {
		case seen.Problem != nil && o.Spec.DeletionPolicy == api.DeletionOrphan: // it is to stay in any case
		case seen.Problem != nil:
			all = append(all, unread(ref, seen.Problem.Message))
		case seen.Live != nil && propagation.Holds(seen.Live, o):
			all = append(all, seen.Live)
		}
	}
	return all, nil
}

// unread stands for an object that can't be read: whether it is there isn't known.
func unread(ref api.ObjectReference, why string) client.Object {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	o.SetNamespace(ref.Namespace)
	o.SetName(ref.Name)
	o.SetUID(ref.UID)
	o.SetAnnotations(map[string]string{unreadAnnotation: why})
	return o
}

// At tells whether a peer has objects of a Propagation.
func (parts) At(s *peers.Snapshot, name types.NamespacedName) bool {
	o := peers.Object[*api.Propagation](s, name)
	return o != nil && len(o.Status.Managed) > 0
}

// ID is that of the Propagation that an object was made for.
func (parts) ID(part client.Object) string {
	from := strings.Split(part.GetAnnotations()[api.PropagatedFromAnnotation], "/")
	return from[len(from)-1]
}

// HeldUp is why an object can't be read, in parentheses.
func (parts) HeldUp(part client.Object) string {
	if why := part.GetAnnotations()[unreadAnnotation]; why != "" {
		return " (" + why + ")"
	}
	return ""
}

// TakeDown deletes an object, or lets it go, as is decided for a Propagation that is being deleted.
func (p parts) TakeDown(ctx context.Context, o, part client.Object) error {
	made, _ := o.(*api.Propagation)
	live, _ := part.(*unstructured.Unstructured)
	if live.GetAnnotations()[unreadAnnotation] != "" {
		return nil // the status says so
	}
	ref := api.ObjectReference{APIVersion: live.GetAPIVersion(), Kind: live.GetKind(), Namespace: live.GetNamespace(), Name: live.GetName()}
	s := &propagation.State{Propagation: made, Region: p.Region, Now: p.Now(), Managed: []propagation.Seen{{Ref: ref, Live: live}}}
	var errs []error
	for _, step := range propagation.Plan(s).Steps {
		switch step.Verb {
		case propagation.Delete:
			errs = append(errs, ignoreConflict(p.remove(ctx, made, step)))
		case propagation.Release:
			errs = append(errs, ignoreConflict(p.release(ctx, made, step)))
		}
	}
	return errors.Join(errs...)
}

// Heed and Unprotect have nothing to do: a deletion policy is in the spec, and there is no protection.
func (parts) Heed(context.Context, client.Object, client.Object) error { return nil }

// Unprotect is said with Heed.
func (parts) Unprotect(context.Context, client.Object) error { return nil }

// Told are the revisions that this copy names as diverged from it.
func (parts) Told(o client.Object) map[string]string {
	p, _ := o.(*api.Propagation)
	if !meta.IsStatusConditionTrue(p.Status.Conditions, api.PropagationDiverged) {
		return nil
	}
	all := map[string]string{}
	for _, r := range p.Status.Regions {
		if r.Name != p.Status.Region && r.Revision != "" {
			all[r.Name] = r.Revision
		}
	}
	return all
}

// SetDeleting makes the condition Deleting say how a deletion goes.
func (p parts) SetDeleting(o client.Object, d copies.Deleting) (news bool) {
	made, _ := o.(*api.Propagation)
	if !d.Is {
		meta.RemoveStatusCondition(&made.Status.Conditions, api.PropagationDeleting)
		return true
	}
	return meta.SetStatusCondition(&made.Status.Conditions, metav1.Condition{Type: api.PropagationDeleting, Status: metav1.ConditionTrue, Reason: d.Reason, Message: d.Message,
		ObservedGeneration: made.Generation, LastTransitionTime: metav1.NewTime(p.Now())})
}
