package controller

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/federation"
)

// newID is an object's, given once.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// stay carries out what was decided about a copy that isn't being deleted.
func (p *Pass) stay(ctx context.Context, before client.Object) (outcome, time.Duration, error) {
	plan := p.Plan
	switch plan.Verb {
	case federation.Delete:
		return enough, 0, p.follow(ctx)
	case federation.Unlock:
		return goOn, 0, p.Parts.Unprotect(ctx, p.Object)
	}
	if plan.Verb == federation.Adopt && plan.Other.Deleting {
		return p.adoptLast(ctx, before)
	}
	guarded := controllerutil.AddFinalizer(p.Object, p.Kind.Finalizer)
	if !guarded && !plan.Writes() {
		p.blame(plan)
		return goOn, 0, nil
	}
	return p.rewrite(ctx, before)
}

// rewrite writes the copy as it was decided, if this region's API server can store that.
func (p *Pass) rewrite(ctx context.Context, before client.Object) (outcome, time.Duration, error) {
	p.write()
	if verb := p.Plan.Verb; verb == federation.Adopt || verb == federation.Chosen || verb == federation.NoChoice {
		why, err := p.fits(ctx, before)
		if err != nil {
			return enough, 0, err
		}
		if why != "" {
			p.unfit[p.unfitFor(before)] = why
			p.Object = before
			return anew, 0, nil
		}
	}
	if err := p.patch(ctx, before); err != nil {
		return enough, 0, err
	}
	p.announce(ctx)
	return enough, 0, nil
}

// adoptLast takes over the spec of a copy that is being deleted, before that is followed: this region was away during the last
// edit, which may say how parts go.
func (p *Pass) adoptLast(ctx context.Context, before client.Object) (outcome, time.Duration, error) {
	if heeded, err := p.heed(ctx, p.Plan.From); heeded || err != nil {
		return enough, soon, err
	}
	done, _, err := p.rewrite(ctx, before)
	return done, soon, err
}

// unfitFor is whom a spec that can't be stored is filed under.
func (p *Pass) unfitFor(before client.Object) string {
	if p.Plan.Verb == federation.Adopt {
		return p.Plan.From
	}
	return chosenBy(before.GetAnnotations())
}

// write makes the copy as it was decided.
func (p *Pass) write() {
	plan := p.Plan
	var notes map[string]string
	if from := p.objects[plan.From]; from != nil {
		p.Kind.TakeSpec(p.Object, from)
		if plan.Verb == federation.Adopt || plan.Verb == federation.TakeOver {
			notes = from.GetAnnotations()
		}
	}
	p.writeNotes()
	if !plan.Head.IsZero() {
		p.Kind.Stamp(p.Object, p.Region, plan.Head, notes, newID())
	}
}

// writeNotes writes annotations only.
func (p *Pass) writeNotes() {
	for name, value := range p.Plan.Notes {
		if value == "" {
			federation.Drop(p.Object, name)
			continue
		}
		federation.Note(p.Object, name, value)
	}
	if p.Plan.ID != "" {
		federation.Note(p.Object, p.Kind.ID, p.Plan.ID)
	}
}

// announce tells of what was written.
func (p *Pass) announce(ctx context.Context) {
	plan, noun, to := p.Plan, p.Kind.Noun, log.FromContext(ctx)
	switch plan.Verb {
	case federation.Adopt:
		to.Info("adopting the "+noun, "revision", plan.Head.String(), "from", plan.Other.Region)
	case federation.Publish, federation.Raise:
		to.Info("new revision of the "+noun, "revision", plan.Head.String())
	case federation.Chosen:
		p.Events.Eventf(p.Object, nil, corev1.EventTypeNormal, "Chosen", "Reconcile", "the spec of region %s holds, as revision %s", p.View.Own.Choose, plan.Head.Revision)
	case federation.NoChoice:
		p.Events.Eventf(p.Object, nil, corev1.EventTypeWarning, "NothingToChoose", "Reconcile", "annotation %s: this copy does not say that it has diverged; the annotation is taken away", federation.ChooseAnnotation)
	}
}

// blame says why the copies are two objects.
func (p *Pass) blame(plan federation.Plan) {
	if plan.TwoObjects {
		p.Plan.Choice = p.View.TwoObjects(plan.Other, p.Kind.ID)
	}
}

// follow deletes this copy because another region's is being deleted, unless it was written since it was read: an edit
// must not go unseen. A protected copy stays protected: admission lets one go that says that its deletion was asked for, and
// that is taken back when nothing comes of it, whatever becomes of this process.
func (p *Pass) follow(ctx context.Context) error {
	other := p.Plan.Other
	log.FromContext(ctx).Info("deleting the "+p.Kind.Noun+", because it was deleted in another region", "region", other.Region, "revision", other.String())
	if err := p.Parts.Heed(ctx, p.Object, p.objects[other.Region]); err != nil {
		return err
	}
	if p.Object.GetAnnotations()[federation.DeletionAnnotation] != federation.DeletionAsked {
		before := deepCopy(p.Object)
		federation.Note(p.Object, federation.DeletionAnnotation, federation.DeletionAsked)
		if err := p.patch(ctx, before); err != nil {
			return err
		}
	}
	uid, version := p.Object.GetUID(), p.Object.GetResourceVersion()
	err := p.Client.Delete(ctx, p.Object, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if err == nil {
		p.tellFollowed(other)
	}
	return err
}

func (p *Pass) tellFollowed(other federation.Copy) {
	p.Events.Eventf(p.Object, nil, corev1.EventTypeNormal, "Deleting", "Reconcile", "the %s was deleted in region %s at revision %s", p.Kind.Noun, other.Region, other.Revision)
}
