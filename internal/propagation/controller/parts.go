package controller

import (
	"context"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/propagation"
)

// parts are a Propagation's in this region: the objects that were written down as made for it.
type parts struct{ *calls }

// heldUpAnnotation is on what is shown to package federation/controller as a part, and says why its end waits for somebody.
// It is never written.
const heldUpAnnotation = "ringspan.io/held-up"

// List are the objects that the deletion of the Propagation has to do something about, or can't.
func (p parts) List(ctx context.Context, name types.NamespacedName) (all []client.Object, err error) {
	o := &api.Propagation{}
	if err := p.Client.Get(ctx, name, o); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if len(o.Status.Managed) == 0 {
		return nil, nil
	}
	s, err := p.removal(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, ref := range o.Status.Managed {
		if seen := p.seeToRemove(ctx, o, ref); !s.Removal(seen).Gone {
			all = append(all, p.part(seen, s.Removal(seen)))
		}
	}
	return all, nil
}

// removal is what is to be known to take objects down.
func (p parts) removal(ctx context.Context, o *api.Propagation) (*propagation.State, error) {
	labels, err := p.labels(ctx)
	return &propagation.State{Propagation: o, Region: p.Region, Labels: labels, Now: p.Now()}, err
}

// part is an object, or what stands for one that can't be read: whether that is there isn't known.
func (p parts) part(seen propagation.Seen, d propagation.Decision) client.Object {
	why := d.Trouble
	o := &unstructured.Unstructured{}
	if seen.Live != nil {
		o = seen.Live.DeepCopy()
		if stuck := p.stuckBy(o.GetUID()); stuck != "" {
			why = append(why, stuck)
		}
	} else {
		o.SetGroupVersionKind(schema.FromAPIVersionAndKind(seen.Ref.APIVersion, seen.Ref.Kind))
		o.SetNamespace(seen.Ref.Namespace)
		o.SetName(seen.Ref.Name)
		o.SetUID(seen.Ref.UID)
	}
	if len(why) > 0 {
		notes := maps.Clone(o.GetAnnotations())
		if notes == nil {
			notes = map[string]string{}
		}
		notes[heldUpAnnotation] = strings.Join(why, "; ")
		o.SetAnnotations(notes)
	}
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

// HeldUp is why an object doesn't go, in parentheses.
func (parts) HeldUp(part client.Object) string {
	if why := part.GetAnnotations()[heldUpAnnotation]; why != "" {
		return " (" + why + ")"
	}
	return ""
}

// TakeDown deletes an object, or lets it go, as is decided for a Propagation that is being deleted, by what it is now.
func (p parts) TakeDown(ctx context.Context, o, part client.Object) error {
	made, _ := o.(*api.Propagation)
	s, err := p.removal(ctx, made)
	if err != nil {
		return err
	}
	gvk := part.GetObjectKind().GroupVersionKind()
	ref := api.ObjectReference{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind, Namespace: part.GetNamespace(), Name: part.GetName()}
	for _, step := range s.Removal(p.seeToRemove(ctx, made, ref)).Steps {
		switch step.Verb {
		case propagation.Delete:
			err = p.remove(ctx, made, step)
		case propagation.Release:
			err = p.release(ctx, made, step)
		default:
			continue
		}
		p.note(ctx, made, step, ignoreConflict(err))
	}
	return nil
}

// note remembers why an object can't be taken down, for the status, until it is tried again.
func (p parts) note(ctx context.Context, o *api.Propagation, step propagation.Step, err error) {
	why := ""
	if err != nil {
		why = p.problem(ctx, o, step.Ref, api.RegionDeletionFailed, err).Message
		p.Events.Eventf(o, nil, corev1.EventTypeWarning, api.RegionDeletionFailed, "Reconcile", "%s: %s", step.Target, why)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck == nil {
		p.stuck = map[types.UID]string{}
	}
	if p.stuck[step.Ref.UID] = why; why == "" {
		delete(p.stuck, step.Ref.UID)
	}
}

func (p parts) stuckBy(uid types.UID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stuck[uid]
}

// Heed notes why objects stay by the copy that is deleted in another region: its spec does not come with the deletion.
func (p parts) Heed(ctx context.Context, o, other client.Object) error {
	own, _ := o.(*api.Propagation)
	theirs, is := other.(*api.Propagation)
	if !is {
		return nil
	}
	labels, err := p.labels(ctx)
	if err != nil {
		return err
	}
	why := propagation.Heed(own, theirs, p.Region, labels)
	if why == "" {
		return nil
	}
	before := own.DeepCopy()
	federation.Note(own, api.PropagationOrphanAnnotation, why)
	return p.Client.Patch(ctx, own, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// Unprotect has nothing to do: there is no protection.
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
