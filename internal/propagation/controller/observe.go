package controller

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
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
func (r *Reconciler) pass(c *copies.Pass) *pass {
	p, _ := c.Object.(*api.Propagation)
	s := &propagation.State{Propagation: p, Region: r.Region, Now: r.Now(), Diverged: c.Plan.Choice, Problems: strings.Join(c.Plan.Problems, "; ")}
	if c.Plan.Held {
		s.Held = strings.Join(append(c.Plan.Problems, c.Plan.Waits...), "; ")
	}
	for i := range c.Peers {
		s.Others = append(s.Others, other(&c.Peers[i], client.ObjectKeyFromObject(p)))
	}
	return &pass{Reconciler: r, p: p, state: s}
}

// other is what is known of a peer's copy.
func other(s *peers.Snapshot, name client.ObjectKey) propagation.Other {
	o := propagation.Other{Region: s.Region, Ready: s.Reachable, Since: s.Since, Message: s.Message, Lacks: s.Lacks(propagation.Kind)}
	if p := peers.Object[*api.Propagation](s, name); p != nil {
		o.Status, o.Revision = &p.Status, p.Annotations[federation.RevisionAnnotation]
	}
	return o
}

// observe reads all that is needed to decide.
func (p *pass) observe(ctx context.Context) error {
	s := p.state
	ns := &corev1.Namespace{}
	if err := p.Client.Get(ctx, client.ObjectKey{Name: p.Peers.Namespace}, ns); err != nil {
		return err
	}
	s.Labels = ns.Labels
	for _, ref := range p.p.Status.Managed {
		s.Managed = append(s.Managed, p.see(ctx, ref))
	}
	if propagation.Check(&p.p.Spec) != nil {
		return nil
	}
	ref, problem := p.scoped(propagation.Target(p.p))
	s.Target = propagation.Seen{Ref: ref, Problem: problem}
	if problem == nil {
		if err := p.observeTarget(ctx); err != nil {
			return err
		}
	}
	p.observeOrigin()
	s.Want()
	if s.NeedsPreview() {
		p.preview(ctx)
	}
	return nil
}

// observeTarget reads the object that the Propagation is about, if its namespace lets it.
func (p *pass) observeTarget(ctx context.Context) error {
	t := &p.state.Target
	problem, err := p.granted(ctx, t.Ref)
	if err != nil || problem != nil {
		t.Problem = problem
		return err
	}
	*t = p.see(ctx, t.Ref)
	return nil
}

// granted says why an object must not be written in a namespace; nil when it may. The Propagation's own namespace needs no
// grant, nor do objects that are in none.
func (p *pass) granted(ctx context.Context, ref api.ObjectReference) (*propagation.Problem, error) {
	asker := grant.Asker{Namespace: p.p.Namespace, Name: p.p.Name}
	if ref.Namespace == "" || asker.Own(ref.Namespace) {
		return nil, nil
	}
	ns := &corev1.Namespace{}
	err := p.Client.Get(ctx, client.ObjectKey{Name: ref.Namespace}, ns)
	if apierrors.IsNotFound(err) {
		ns, err = nil, nil
	}
	if err != nil || grant.Accepts(ns, asker) {
		return nil, err
	}
	problem := &propagation.Problem{Reason: api.RegionGrantMissing, Message: grant.Missing(ref.Kind+" "+ref.Name, p.Region, ref.Namespace, ns, asker)}
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

// see reads an object as the service account that it is written as.
func (r *Reconciler) seeAs(ctx context.Context, p *api.Propagation, ref api.ObjectReference) propagation.Seen {
	seen := propagation.Seen{Ref: ref}
	as, err := r.as(p, ref)
	if err != nil {
		seen.Problem = &propagation.Problem{Reason: api.RegionRetrievalFailed, Message: err.Error()}
		return seen
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	err = as.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, o)
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		problem := r.problem(ctx, p, ref, api.RegionRetrievalFailed, err)
		seen.Problem = &problem
	default:
		seen.Live = o
	}
	return seen
}

func (p *pass) see(ctx context.Context, ref api.ObjectReference) propagation.Seen {
	return p.seeAs(ctx, p.p, ref)
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

// observeOrigin finds what the object is made from: the template, or what the source's region has published.
func (p *pass) observeOrigin() {
	s, from := p.state, p.p.Spec.Source
	switch {
	case from == nil:
		s.Origin.Template = p.p.Spec.Template
	case from.Region == p.Region:
		p.publish()
	default:
		s.Origin = p.published(from)
	}
}

// publish makes this region's object the others' template.
func (p *pass) publish() {
	s, t := p.state, p.state.Target
	p.found = &api.PublishedSource{}
	switch {
	case t.Problem != nil:
		p.found.Message = t.Problem.Message
		s.Origin.Problem = t.Problem
	case t.Live == nil || t.Live.GetDeletionTimestamp() != nil:
		p.found.Message = "the object does not exist"
		s.Origin.Problem = &propagation.Problem{Reason: api.RegionSourceMissing, Message: p.found.Message}
	case propagation.OwnedBy(t.Live) != "":
		p.found.Message = propagation.OwnedBy(t.Live)
		s.Origin.Problem = &propagation.Problem{Reason: api.RegionRefused, Message: p.found.Message}
	default:
		p.found.Template = propagation.Template(t.Live)
	}
}

// published is what the source's region says that the object is. What it said of another object is not taken for it.
func (p *pass) published(from *api.PropagationSource) propagation.Origin {
	missing := func(why string) propagation.Origin {
		return propagation.Origin{Problem: &propagation.Problem{Reason: api.RegionSourceMissing, Message: "region " + from.Region + ", which has the source, " + why}}
	}
	for _, o := range p.state.Others {
		if o.Region != from.Region {
			continue
		}
		switch {
		case o.Status == nil || o.Status.Source == nil:
			return missing("has not published it yet")
		case o.Status.Source.Message != "":
			return missing("says: " + o.Status.Source.Message)
		}
		made := unstructured.Unstructured{Object: o.Status.Source.Template}
		if made.GetKind() != from.Kind || made.GetName() != from.Name {
			return missing("has not published it yet")
		}
		return propagation.Origin{Template: o.Status.Source.Template}
	}
	return missing("is not known here")
}
