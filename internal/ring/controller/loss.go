package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
)

// Reasons of the condition Deleting of a copy that nobody asked to delete.
const (
	reasonLost  = "Lost"
	reasonLetGo = "LetGo"
	reasonCause = "CauseUnknown"
)

// leave goes on with a copy that is being deleted. Only a deletion that a person asked for as such is one of the ring; a
// copy that goes with its namespace or its definition is held, with all that the region has, until somebody says what
// should become of it.
func (p *pass) leave(ctx context.Context) (time.Duration, error) {
	if deletion.IsAsked(p.k) || p.k.Annotations[federation.RemovalAnnotation] == federation.RemovalBegun {
		return p.retire(ctx)
	}
	why, err := deletion.Cause(ctx, p.Live, p.k, deletion.RingDefinition)
	switch {
	case err != nil:
		log.FromContext(ctx).Error(err, "finding out why the ring is being deleted")
		return soon, p.tell(ctx, reasonCause, "nothing is taken down before it is known whether the deletion of the ring was asked for: "+err.Error())
	case why == "" && p.k.Annotations[deletion.Annotation] == deletion.Lost: // forced away and made again
		why = "the ring's copy went with its namespace or its definition, which is there again"
	}
	if why != "" {
		return p.lose(ctx, why)
	}
	if err := p.markDeletion(ctx, deletion.Asked); err != nil {
		return soon, err
	}
	return p.retire(ctx)
}

// lose holds a copy that was lost. A deletion of the ring that was asked for in another region holds here too.
func (p *pass) lose(ctx context.Context, why string) (time.Duration, error) {
	copies, _ := p.copies(p.key())
	if d := federation.Follow(ring.Kind.Copy(p.Region, p.k), copies, nil); d.Verb == federation.Delete {
		p.Events.Eventf(p.k, nil, corev1.EventTypeNormal, "Deleting", "Reconcile", "the ring was deleted in region %s at revision %s", d.Other.Region, d.Other.Revision)
		if err := p.heed(ctx, d.Other.Region); err != nil {
			return soon, err
		}
		return soon, p.markDeletion(ctx, deletion.Asked)
	}
	if p.k.Annotations[deletion.Annotation] != deletion.Lost {
		return soon, p.markDeletion(ctx, deletion.Lost)
	}
	may, err := deletion.MayGo(ctx, p.Live, p.k)
	if err != nil {
		return soon, err
	}
	if may {
		return soon, p.letGo(ctx, why)
	}
	return soon, p.tell(ctx, reasonLost, fmt.Sprintf("%s, and nobody asked for the deletion of the ring: the other regions go on, and what this region has is kept. "+
		"Set the annotation %s: \"true\" on the namespace to let it go, or delete the ring in another region to end it everywhere", why, deletion.LetGo))
}

// letGo ends what was lost here, on a person's word: those datacenters that go too, and then the copy.
func (p *pass) letGo(ctx context.Context, why string) error {
	list, err := p.datacenters(ctx, p.key())
	if err != nil {
		return err
	}
	for i := range list {
		dc := &list[i]
		if dc.DeletionTimestamp.IsZero() || dc.Namespace != p.k.Namespace {
			continue // it lives elsewhere, and stays; one that is held there needs a word of its own
		}
		if err := p.agreeTo(ctx, dc); err != nil {
			return err
		}
		return p.tell(ctx, reasonLetGo, fmt.Sprintf("%s, and its data may go: taking down %s", why, dc.Name))
	}
	return p.release(ctx)
}

// agreeTo says on a datacenter that its deletion was agreed on: only then its own loop lets its volumes go, or keeps them for
// as long as the ring says, which the datacenter may not have been told before.
func (p *pass) agreeTo(ctx context.Context, dc *cassandra.CassandraDatacenter) error {
	keep := orElse(dc.Annotations[deletion.KeepVolumes], p.k.Annotations[deletion.KeepVolumes])
	if dc.Annotations[deletion.Annotation] == deletion.Asked && dc.Annotations[deletion.KeepVolumes] == keep {
		return nil
	}
	before := dc.DeepCopy()
	if dc.Annotations == nil {
		dc.Annotations = map[string]string{}
	}
	dc.Annotations[deletion.Annotation] = deletion.Asked
	if keep != "" {
		dc.Annotations[deletion.KeepVolumes] = keep
	}
	return client.IgnoreNotFound(p.Client.Patch(ctx, dc, client.MergeFrom(before)))
}

// heed takes over what the copy that is deleted in another region says of volumes, where this one says nothing: annotations
// that are put on later don't travel.
func (p *pass) heed(ctx context.Context, region string) error {
	_, objects := p.copies(p.key())
	k := objects[region]
	if k == nil || k.Annotations[deletion.KeepVolumes] == "" || p.k.Annotations[deletion.KeepVolumes] != "" {
		return nil
	}
	before := p.k.DeepCopy()
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[deletion.KeepVolumes] = k.Annotations[deletion.KeepVolumes]
	return p.patch(ctx, before)
}

// unsaid takes off a copy that isn't being deleted how far the deletion of an earlier one was: its manifest was applied again.
func (p *pass) unsaid() (news bool) {
	_, said := p.k.Annotations[federation.RemovalAnnotation]
	delete(p.k.Annotations, federation.RemovalAnnotation)
	return said
}

// markDeletion writes down whether the deletion was asked for, for the other regions and for whoever comes after this
// process.
func (p *pass) markDeletion(ctx context.Context, what string) error {
	before := p.k.DeepCopy()
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[deletion.Annotation] = what
	log.FromContext(ctx).Info("the ring is being deleted", "deletion", what)
	return p.patch(ctx, before)
}

// doomed holds a copy that isn't deleted yet, because it is protected, in a namespace that is being deleted: nothing can
// be made there any more.
func (p *pass) doomed(ctx context.Context) error {
	why, err := deletion.NamespaceGoes(ctx, p.Live, p.k.Namespace)
	if err != nil {
		return err
	}
	said := p.k.Annotations[deletion.Annotation] != ""
	switch {
	case why == "" && said: // copied from an object that was lost
		before := p.k.DeepCopy()
		delete(p.k.Annotations, deletion.Annotation)
		return p.patch(ctx, before)
	case why == "":
		return nil
	case !said:
		return p.markDeletion(ctx, deletion.Lost)
	}
	p.held = true
	may, err := deletion.MayGo(ctx, p.Live, p.k)
	if err != nil {
		return err
	}
	if may {
		return p.unprotect(ctx)
	}
	p.errs = append(p.errs, fmt.Errorf("%s, and nobody asked for the deletion of the ring: nothing can be made here any more; what is left of it is kept", why))
	return nil
}

// lostIn says in words how a region lost its part of the ring, "" when it didn't, as far as is known.
func (p *pass) lostIn(region string) string {
	seen := federation.ParseRegions(p.k.Annotations[federation.RegionsAnnotation])
	for i := range p.peers {
		s := &p.peers[i]
		k := copyAt(s, p.key())
		switch {
		case s.Region != region || !s.Reachable || p.stranger(region):
		case k == nil && seen[region] != "":
			return fmt.Sprintf("region %s has lost its part of the ring, and nobody asked for that: the other regions go on. To have it made again, empty, "+
				"set the annotation %s: %s on this copy", region, deletion.BringBack, region)
		case k == nil || deletion.IsAsked(k):
		case k.Annotations[deletion.Annotation] == deletion.Lost:
			return fmt.Sprintf("region %s loses its part of the ring, and nobody asked for that: the other regions go on. Its own copy says why", region)
		case k.DeletionTimestamp.IsZero():
		case k.Annotations[federation.RemovalAnnotation] != federation.RemovalBegun:
			return fmt.Sprintf("region %s deletes its copy and doesn't say that somebody asked for that (older operators never do): the other regions go on. "+
				"Delete the ring in this region too if it should go everywhere", region)
		}
	}
	return ""
}

// losses are what the other regions have lost, by region.
func (p *pass) losses() (words []string) {
	for i := range p.peers {
		if why := p.lostIn(p.peers[i].Region); why != "" {
			words = append(words, why)
		}
	}
	return words
}

// gone tells whether a datacenter of this region was there before and is not any more, although nobody agreed to that.
// It isn't made again without a person's word.
func (p *pass) gone(name string) bool {
	before, known := p.k.Status.Datacenters[name]
	return known && before.ContextName == p.Region && before.Cassandra != nil && p.k.Annotations[deletion.BringBack] != p.Region
}

// broughtBack takes the word away that let this region make its datacenters again: all of them are there.
func (p *pass) broughtBack(ctx context.Context) error {
	if p.k.Annotations[deletion.BringBack] != p.Region || len(p.errs) > 0 {
		return nil
	}
	for _, t := range p.k.Spec.Cassandra.Datacenters {
		if status, region := p.statusOf(ctx, t); region == p.Region && status == nil {
			return nil
		}
	}
	before := p.k.DeepCopy()
	delete(p.k.Annotations, deletion.BringBack)
	return p.patch(ctx, before)
}

// unprotect takes the protection from deletion off this region's copy and off those of its datacenters that go with it: a
// person said that what is lost may go.
func (p *pass) unprotect(ctx context.Context) error {
	list, err := p.datacenters(ctx, p.key())
	if err != nil {
		return err
	}
	for i := range list {
		dc := &list[i]
		if dc.Annotations[deletion.Protection] == "" || dc.Namespace != p.k.Namespace {
			continue
		}
		before := dc.DeepCopy()
		delete(dc.Annotations, deletion.Protection)
		if err := p.Client.Patch(ctx, dc, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	if p.k.Annotations[deletion.Protection] == "" {
		return nil
	}
	before := p.k.DeepCopy()
	delete(p.k.Annotations, deletion.Protection)
	return p.patch(ctx, before)
}
