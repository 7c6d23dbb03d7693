package controller

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/propagation"
)

// pass goes on from a copy that is agreed on, or that a person has to decide about.
func (r *calls) pass(c *copies.Pass) *pass {
	p, _ := c.Object.(*api.Propagation)
	s := &propagation.State{Propagation: p, Region: r.Region, Now: r.Now(), Diverged: c.Plan.Choice, Problems: strings.Join(c.Plan.Problems, "; ")}
	if c.Plan.Held {
		s.Held = strings.Join(append(c.Plan.Problems, c.Plan.Waits...), "; ")
	}
	for i := range c.Peers {
		s.Others = append(s.Others, other(&c.Peers[i], client.ObjectKeyFromObject(p), p.Annotations[api.PropagationIDAnnotation]))
	}
	return &pass{calls: r, p: p, state: s}
}

// other is what is known of a peer's copy. One with another id is another Propagation's: what it says is not about this one.
func other(s *peers.Snapshot, name client.ObjectKey, id string) propagation.Other {
	o := propagation.Other{Region: s.Region, Ready: s.Reachable, Since: s.Since, Message: s.Message, Lacks: s.Lacks(propagation.Kind)}
	if p := peers.Object[*api.Propagation](s, name); p != nil {
		o.Revision = p.Annotations[federation.RevisionAnnotation]
		if p.Annotations[api.PropagationIDAnnotation] == id {
			o.Status = &p.Status
		}
	}
	return o
}

// observe reads all that is needed to decide.
func (p *pass) observe(ctx context.Context) error {
	s := p.state
	var err error
	if s.Labels, err = p.labels(ctx); err != nil {
		return err
	}
	for _, ref := range p.p.Status.Managed {
		if p.p.DeletionTimestamp != nil {
			s.Managed = append(s.Managed, p.seeToRemove(ctx, p.p, ref))
			continue
		}
		s.Managed = append(s.Managed, p.seeManaged(ctx, p.p, ref))
	}
	if !propagation.Valid(&p.p.Spec) { // the plan says what is wrong
		return nil
	}
	ref, problem := p.scoped(propagation.Target(p.p))
	s.Target = propagation.Seen{Ref: ref, Problem: problem}
	if problem == nil {
		if err := p.observeTarget(ctx); err != nil {
			return err
		}
	}
	p.found = s.FindOrigin()
	s.Want()
	if s.NeedsPreview() {
		p.preview(ctx)
	}
	return nil
}

// labels are those of the namespace that the operator is in, by which placements choose.
func (r *Reconciler) labels(ctx context.Context) (map[string]string, error) {
	ns := &corev1.Namespace{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: r.Peers.Namespace}, ns)
	return ns.Labels, err
}

// observeTarget reads the object that the Propagation is about, if its namespace lets it.
func (p *pass) observeTarget(ctx context.Context) error {
	t := &p.state.Target
	problem, err := p.granted(ctx, p.Client, p.p, t.Ref)
	if err != nil || problem != nil {
		t.Problem = problem
		return err
	}
	*t = p.seeAs(ctx, p.p, t.Ref)
	return nil
}

// granted says why nothing must be done about an object in its namespace; nil when it may. The Propagation's own namespace needs no
// grant, nor do objects that are in none.
func (r *Reconciler) granted(ctx context.Context, in client.Reader, p *api.Propagation, ref api.ObjectReference) (problem *propagation.Problem, err error) {
	asker := grant.Asker{Kind: propagation.Kind.Grant, Namespace: p.Namespace, Name: p.Name}
	if ref.Namespace == "" || asker.Own(ref.Namespace) {
		return problem, nil
	}
	ns := &corev1.Namespace{}
	err = in.Get(ctx, client.ObjectKey{Name: ref.Namespace}, ns)
	if apierrors.IsNotFound(err) {
		ns, err = nil, nil
	}
	if err != nil || grant.Accepts(ns, asker) {
		return problem, err
	}
	problem = &propagation.Problem{Reason: api.RegionGrantMissing, Message: grant.Missing(ref.Kind+" "+ref.Name, r.Region, ref.Namespace, ns, asker)}
	if ns == nil {
		problem.Reason = api.RegionNamespaceMissing
	}
	return problem, nil
}

// scoped is a reference as it is in this cluster: without a namespace when objects of the kind are in none.
func (p *pass) scoped(ref api.ObjectReference) (api.ObjectReference, *propagation.Problem) {
	gvk := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	mapping, err := p.Client.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	switch {
	case meta.IsNoMatchError(err):
		return ref, &propagation.Problem{Reason: api.RegionKindUnknown, Message: "the API server of this region doesn't know " + ref.APIVersion + " " + ref.Kind}
	case err != nil:
		return ref, &propagation.Problem{Reason: api.RegionRetrievalFailed, Message: err.Error()}
	case mapping.Scope.Name() == meta.RESTScopeNameRoot:
		ref.Namespace = ""
	}
	return ref, nil
}

// seeAs reads an object as the service account that it is written as. With its namespace or its definition it is gone.
func (r *calls) seeAs(ctx context.Context, p *api.Propagation, ref api.ObjectReference) propagation.Seen {
	seen := propagation.Seen{Ref: ref}
	o, err := r.read(ctx, p, ref)
	switch {
	case err == nil:
		seen.Live = o
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err), apierrors.IsForbidden(err) && r.isNamespaceGone(ctx, ref.Namespace):
	default:
		problem := r.problem(ctx, p, ref, api.RegionRetrievalFailed, err)
		seen.Problem = &problem
	}
	return seen
}

// seeManaged reads an object that a status names, where its namespace lets it: a status is no grant, and a grant can be taken back.
// That is asked of no cache, because what follows may be a deletion.
func (r *calls) seeManaged(ctx context.Context, p *api.Propagation, ref api.ObjectReference) propagation.Seen {
	problem, err := r.granted(ctx, r.Live, p, ref)
	switch {
	case err != nil:
		problem = &propagation.Problem{Reason: api.RegionRetrievalFailed, Message: "its namespace: " + err.Error()}
	case problem == nil:
		return r.seeAs(ctx, p, ref)
	case problem.Reason == api.RegionNamespaceMissing: // the object is gone with it
		problem = nil
	}
	return propagation.Seen{Ref: ref, Problem: problem}
}

// seeToRemove reads an object that may be deleted, and then the volume claims that would go with it: with the operator's own
// rights, and from no cache.
func (r *calls) seeToRemove(ctx context.Context, p *api.Propagation, ref api.ObjectReference) propagation.Seen {
	seen := r.seeManaged(ctx, p, ref)
	if seen.Live == nil || ref.Namespace == "" {
		return seen
	}
	claims := &corev1.PersistentVolumeClaimList{}
	if err := r.Live.List(ctx, claims, client.InNamespace(ref.Namespace)); err != nil {
		seen.Problem = &propagation.Problem{Reason: api.RegionRetrievalFailed, Message: "its volume claims: " + err.Error()}
		return seen
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		if slices.ContainsFunc(claim.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == seen.Live.GetUID() }) {
			seen.Claims = append(seen.Claims, claim.Name)
		}
	}
	return seen
}

func (r *calls) read(ctx context.Context, p *api.Propagation, ref api.ObjectReference) (*unstructured.Unstructured, error) {
	gvk, err := r.served(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	if err != nil {
		return nil, err
	}
	as, err := r.as(p, ref)
	if err != nil {
		return nil, err
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(gvk)
	return o, r.heard(ref, as.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, o))
}

// served is a version of a kind that the API server serves: the one that is asked for, or another one, because an object that
// was written down outlives the versions of its kind.
func (r *Reconciler) served(gvk schema.GroupVersionKind) (schema.GroupVersionKind, error) {
	mapping, err := r.Client.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		mapping, err = r.Client.RESTMapper().RESTMapping(gvk.GroupKind())
	}
	if err != nil {
		return gvk, err
	}
	return mapping.GroupVersionKind, nil
}

// isNamespaceGone is asked with the operator's own rights: those of a service account go with its namespace.
func (r *Reconciler) isNamespaceGone(ctx context.Context, name string) bool {
	return name != "" && apierrors.IsNotFound(r.Live.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{}))
}

// preview asks the API server what it would make of the object.
func (p *pass) preview(ctx context.Context) {
	t := &p.state.Target
	o, err := p.write(ctx, propagation.Step{Ref: t.Ref, Object: t.Wanted, Live: t.Live}, client.ForceOwnership, client.DryRunAll)
	switch {
	case err == nil:
		t.Preview = o
	case apierrors.IsConflict(err), apierrors.IsNotFound(err): // written since it was read: the next look sees it
		t.Preview = t.Live
	default:
		problem := p.problem(ctx, p.p, t.Ref, api.RegionUpdateFailed, err)
		t.Problem = &problem
	}
}
