package controller

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/federation"
)

// leave carries out what was decided about a copy that is being deleted.
func (p *Pass) leave(ctx context.Context, before client.Object) (outcome, time.Duration, error) {
	plan := p.Plan
	if plan.Verb == federation.Adopt {
		return p.adoptLast(ctx, before)
	}
	if p.begins() { // it was lost, and now another region's deletion holds; or parts are about to go
		if heeded, err := p.heedAll(ctx); heeded || err != nil {
			return enough, soon, err
		}
	}
	if plan.Other.Region != "" && plan.Verb == federation.Mark {
		p.tellFollowed(plan.Other)
	}
	if plan.ID != "" || len(plan.Notes) > 0 {
		p.writeNotes()
		if err := p.patch(ctx, before); err != nil {
			return enough, soon, err
		}
	}
	switch plan.Verb {
	case federation.Mark:
		return p.marked(ctx), soon, nil
	case federation.TakeDown:
		return enough, soon, errors.Join(p.takeDown(ctx), p.tell(ctx, plan.Reason, plan.Words, false))
	case federation.LetGo:
		return enough, soon, p.letGo(ctx)
	case federation.Release:
		return enough, soon, p.release(ctx)
	case federation.Yield:
		return enough, 0, p.yield(ctx)
	}
	return enough, soon, p.tell(ctx, plan.Reason, plan.Words, plan.Waiting)
}

// begins tells whether a plan is the beginning of the end of this region's parts.
func (p *Pass) begins() bool {
	switch p.Plan.Verb {
	case federation.Mark:
		return p.Plan.Other.Region != "" || p.Plan.Notes[federation.RemovalAnnotation] == federation.RemovalBegun
	case federation.TakeDown:
		return p.View.Own.Removal != federation.RemovalBegun
	}
	return false
}

// heedAll takes over what the copies that are deleted in other regions say of how parts go: several people may have deleted the
// object, each with a word about that. It tells whether this copy was written, and another pass follows.
func (p *Pass) heedAll(ctx context.Context) (written bool, err error) {
	for _, peer := range p.View.Peers {
		if written || peer.Absent || !peer.Deleting || !peer.Asked || p.View.HasAnother(peer.Region) {
			continue
		}
		if written, err = p.heed(ctx, peer.Region); err != nil {
			return false, err
		}
	}
	return written, nil
}

func (p *Pass) heed(ctx context.Context, region string) (written bool, err error) {
	before := p.Object.GetResourceVersion()
	err = p.Parts.Heed(ctx, p.Object, p.objects[region])
	return p.Object.GetResourceVersion() != before, err
}

// marked goes on at once when it has become clear that a person asked for the deletion.
func (p *Pass) marked(ctx context.Context) outcome {
	what := p.Plan.Notes[federation.DeletionAnnotation]
	if what != "" {
		log.FromContext(ctx).Info("the "+p.Kind.Noun+" is being deleted", "deletion", what)
	}
	if what == federation.DeletionAsked && p.Plan.Other.Region == "" {
		return anew
	}
	return enough
}

// takeDown begins to delete all parts. What fails with one is no reason to leave the others.
func (p *Pass) takeDown(ctx context.Context) error {
	var errs []error
	for _, part := range p.parts {
		errs = append(errs, p.Parts.TakeDown(ctx, p.Object, part))
	}
	return errors.Join(errs...)
}

// letGo ends what was lost here, on a person's word: those parts that go too, and then the copy. A part in another
// namespace stays; one that is held there needs a word of its own.
func (p *Pass) letGo(ctx context.Context) error {
	for _, part := range p.parts {
		if part.GetDeletionTimestamp().IsZero() || part.GetNamespace() != p.name.Namespace {
			continue
		}
		if err := p.Parts.TakeDown(ctx, p.Object, part); err != nil {
			return err
		}
		return p.tell(ctx, p.Plan.Reason, p.Plan.Words+part.GetName(), false)
	}
	return p.release(ctx)
}

func (p *Pass) release(ctx context.Context) error {
	before := deepCopy(p.Object)
	controllerutil.RemoveFinalizer(p.Object, p.Kind.Finalizer)
	return p.patch(ctx, before)
}

// yield lets a copy go whose deletion is overruled: its parts stay, and the other copy is taken over in its place.
func (p *Pass) yield(ctx context.Context) error {
	plan := p.Plan
	log.FromContext(ctx).Info("the deletion is overruled by an edit", "region", plan.Other.Region, "revision", plan.Other.String())
	p.Events.Eventf(p.Object, nil, corev1.EventTypeWarning, "DeletionOverruled", "Reconcile", "%s", plan.Words)
	if err := p.release(ctx); err != nil {
		return err
	}
	p.Object, p.yielded = nil, true
	if _, _, err := p.step(ctx); err != nil || p.Object == nil {
		return err // the next pass takes it over
	}
	p.Parts.SetDeleting(p.Object, Deleting{Reason: plan.Reason, Message: plan.Words})
	return p.Client.Status().Update(ctx, p.Object)
}

// tell says how the deletion goes, with an event when it says something new.
func (p *Pass) tell(ctx context.Context, reason, message string, waiting bool) error {
	if !p.Parts.SetDeleting(p.Object, Deleting{Is: true, Reason: reason, Message: message, Waiting: waiting}) {
		return nil
	}
	if err := p.Client.Status().Update(ctx, p.Object); err != nil {
		return err
	}
	kind := corev1.EventTypeNormal
	if waiting {
		kind = corev1.EventTypeWarning
	}
	p.Events.Eventf(p.Object, nil, kind, reason, "Reconcile", "%s", message)
	return nil
}
