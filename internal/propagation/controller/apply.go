package controller

import (
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/propagation"
)

// failed are the reasons of steps that don't work.
var failed = map[plan.Verb]string{
	propagation.Create: api.RegionCreationFailed, propagation.Adopt: api.RegionUpdateFailed, propagation.Update: api.RegionUpdateFailed,
	propagation.Release: api.RegionUpdateFailed, propagation.Delete: api.RegionDeletionFailed,
}

// apply carries out a plan, and says what is managed then and what became of the region's part. What was refused, not allowed or not
// answered is told, and looked at again; an error is about the copy.
func (p *pass) apply(ctx context.Context, d propagation.Decision) ([]api.ObjectReference, propagation.Problem, error) {
	managed, verdict := p.p.Status.Managed, d.Verdict
	for _, step := range d.Steps {
		done, err := p.carryOut(ctx, step)
		switch {
		case apierrors.IsConflict(err): // somebody else writes it: the next look sees what
			return managed, propagation.Problem{Reason: api.RegionChanging, Message: "somebody else changes " + step.Target}, nil
		case err != nil:
			verdict = p.problem(ctx, p.p, step.Ref, failed[step.Verb], err)
			p.Events.Eventf(p.p, nil, corev1.EventTypeWarning, verdict.Reason, "Reconcile", "%s: %s", step.Target, verdict.Message)
			return managed, verdict, nil
		}
		managed = propagation.Managed(managed, done)
		if step.Verb == propagation.Record {
			if err := p.record(ctx, managed); err != nil {
				return p.p.Status.Managed, propagation.Problem{Reason: api.RegionChanging}, err
			}
		}
	}
	return managed, verdict, nil
}

// record writes down what is about to be managed, before it is: a crash in between forgets nothing.
func (p *pass) record(ctx context.Context, managed []api.ObjectReference) error {
	p.p.Status.Region, p.p.Status.Managed = p.Region, managed
	return p.Client.Status().Update(ctx, p.p)
}

// carryOut does one step, and returns it with the UID of what it made.
func (p *pass) carryOut(ctx context.Context, step propagation.Step) (propagation.Step, error) {
	var o *unstructured.Unstructured
	var err error
	switch step.Verb {
	case propagation.Create: // what somebody else has made since the look is neither overwritten nor merged with
		o, err = p.write(ctx, step)
	case propagation.Adopt, propagation.Update:
		o, err = p.write(ctx, step, client.ForceOwnership)
	case propagation.Release:
		err = p.release(ctx, p.p, step)
	case propagation.Delete:
		err = p.remove(ctx, p.p, step)
	case propagation.Record, propagation.Forget:
	}
	if o != nil {
		step.Ref.UID = o.GetUID()
	}
	return step, err
}

// newOnly is a resource version that no object has, because etcd's first write makes the second one: an apply that names it
// makes an object, or is refused with a conflict when there is one. A create in the place of an apply would have the object's
// fields owned by two managers, and what leaves the template would stay.
const newOnly = "1"

// write applies an object. One that exists must be the one that was looked at, unchanged: what is retained was taken from it.
// One that didn't exist must not exist yet.
func (p *pass) write(ctx context.Context, step propagation.Step, opts ...client.ApplyOption) (*unstructured.Unstructured, error) {
	as, err := p.as(p.p, step.Ref)
	if err != nil {
		return nil, err
	}
	o := step.Object.DeepCopy()
	if step.Ref.Namespace == "" {
		unstructured.RemoveNestedField(o.Object, "metadata", "namespace")
	}
	o.SetResourceVersion(newOnly)
	if step.Live != nil {
		o.SetUID(step.Live.GetUID())
		o.SetResourceVersion(step.Live.GetResourceVersion())
	}
	return o, p.heard(step.Ref, as.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), append(opts, client.FieldOwner(api.PropagationFieldOwner))...))
}

// release takes the mark off an object.
func (r *calls) release(ctx context.Context, p *api.Propagation, step propagation.Step) error {
	as, err := r.as(p, step.Ref)
	if err != nil {
		return err
	}
	none := func(keys []string) map[string]any {
		gone := map[string]any{}
		for _, key := range keys {
			gone[key] = nil
		}
		return gone
	}
	labels, annotations := propagation.Marks(step.Live)
	data, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": step.Live.GetUID(), "resourceVersion": step.Live.GetResourceVersion(), "labels": none(labels), "annotations": none(annotations),
	}})
	if err != nil {
		return err
	}
	err = as.Patch(ctx, step.Live.DeepCopy(), client.RawPatch(types.MergePatchType, data), client.FieldOwner(api.PropagationFieldOwner))
	return client.IgnoreNotFound(r.heard(step.Ref, err))
}

// remove deletes an object: the very one that was looked at, as it was.
func (r *calls) remove(ctx context.Context, p *api.Propagation, step propagation.Step) error {
	as, err := r.as(p, step.Ref)
	if err != nil {
		return err
	}
	uid, version := step.Live.GetUID(), step.Live.GetResourceVersion()
	policy := p.Spec.Dependents
	if policy == "" {
		policy = metav1.DeletePropagationBackground
	}
	err = as.Delete(ctx, step.Live.DeepCopy(), client.Preconditions{UID: &uid, ResourceVersion: &version}, client.PropagationPolicy(policy))
	return client.IgnoreNotFound(r.heard(step.Ref, err))
}
