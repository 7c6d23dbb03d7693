package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
)

// copies are the peers' of one ring, and the objects that they were made of by region.
func (p *pass) copies(name types.NamespacedName) (all []federation.Copy, objects map[string]*api.K8ssandraCluster) {
	objects = map[string]*api.K8ssandraCluster{}
	for i := range p.peers {
		s := &p.peers[i]
		if o, c := s.Copy(ring.Kind, name); o != nil {
			all, objects[s.Region] = append(all, c), o.(*api.K8ssandraCluster)
		}
	}
	return all, objects
}

// told are the revisions that this copy names as diverged from it.
func (p *pass) told() (all []federation.Revision) {
	if !p.k.Status.IsTrue(api.ClusterDiverged) {
		return nil
	}
	for _, s := range p.k.Status.Peers {
		if r, err := federation.ParseRevision(s.Revision); err == nil && !r.IsZero() && !p.stranger(s.Region) {
			all = append(all, r)
		}
	}
	return all
}

// stranger tells whether a region has another ring of this name.
func (p *pass) stranger(region string) bool {
	for i := range p.peers {
		if k := copyAt(&p.peers[i], p.key()); k != nil && p.peers[i].Region == region {
			return federation.Stranger(p.k.Annotations[api.RingIDAnnotation], federation.Copy{ID: k.Annotations[api.RingIDAnnotation]})
		}
	}
	return false
}

// agree brings the copy and the peers' to one revision. again says that the copy was written and another pass follows.
func (p *pass) agree(ctx context.Context) (again bool, err error) {
	before := p.k.DeepCopy()
	ring.Kind.GiveBack(p.k)
	finalizer := controllerutil.AddFinalizer(p.k, api.Finalizer)
	news := p.remember()
	news = p.unsaid() || news
	copies, objects := p.copies(p.key())
	identified, err := p.identify(ctx, copies)
	if err != nil {
		return false, err
	}
	own, err := p.own(ctx)
	if err != nil {
		return false, err
	}
	untouched := p.k.DeepCopy()
	if announce := p.choose(own, copies, objects); announce != nil {
		is, err := p.fits(ctx, before, untouched, untouched.Annotations[api.ChooseAnnotation])
		if err == nil && is {
			err = p.writeChoice(ctx, before, announce)
		}
		if is || err != nil {
			return true, err
		}
	}
	decision := federation.Follow(own, copies, p.told())
	if decision.Verb == federation.Delete {
		return true, p.follow(ctx, decision.Other)
	}
	if p.k.Annotations[deletion.Annotation] == deletion.Asked { // nothing came of it
		delete(p.k.Annotations, deletion.Annotation)
		news = true
	}
	written, err := p.act(ctx, decision, before, untouched, objects[decision.Other.Region])
	if err != nil || !written && !identified && !finalizer && !news {
		return err != nil, err
	}
	return true, p.patch(ctx, before)
}

// act does to the copy what was decided, and tells whether there is anything to write.
func (p *pass) act(ctx context.Context, d federation.Decision, before, untouched, from *api.K8ssandraCluster) (written bool, err error) {
	switch other := d.Other; d.Verb {
	case federation.Adopt:
		p.adopt(d.Head, from)
		log.FromContext(ctx).Info("adopting the ring", "revision", d.Head.String(), "from", other.Region)
		return p.fits(ctx, before, untouched, other.Region)
	case federation.Publish, federation.Raise:
		p.stamp(d.Head, nil)
		log.FromContext(ctx).Info("new revision of the ring", "revision", d.Head.String())
		return true, nil
	case federation.Keep:
		if !d.Head.Recorded { // the first version made it
			p.stamp(d.Head, nil)
			return true, nil
		}
	case federation.Await:
		p.held = true
		p.waits = append(p.waits, fmt.Sprintf("region %s to finish deleting the earlier ring of this name", other.Region))
	case federation.Unread:
		p.held = other.Region == p.Region
		p.errs = append(p.errs, p.unread(other))
	case federation.Diverged:
		p.choice = fmt.Sprintf("this region has revision %s and region %s has %s: edit the ring in the region whose spec should hold, or set the annotation %s to that region's name",
			orNone(p.k.Annotations[api.RevisionAnnotation]), other.Region, other.Revision, api.ChooseAnnotation)
	case federation.TwoRings:
		p.choice, p.reason = p.twoRings(other), reasonTwoRings
	}
	return false, nil
}

// choose carries out a person's choice between diverged copies. announce tells of it, once it is written; nil when there is
// nothing to write.
func (p *pass) choose(own federation.Copy, copies []federation.Copy, objects map[string]*api.K8ssandraCluster) (announce func()) {
	region := p.k.Annotations[api.ChooseAnnotation]
	switch {
	case region == "" || own.IsZero():
		return nil
	case region == p.Region:
	case objects[region] == nil:
		p.errs = append(p.errs, fmt.Errorf("annotation %s: region %q has no copy of the ring that this one knows", api.ChooseAnnotation, region))
		return nil
	case p.stranger(region):
		p.errs = append(p.errs, fmt.Errorf("annotation %s: region %s has another ring of this name", api.ChooseAnnotation, region))
		return nil
	}
	decision := federation.Choose(own, copies, p.told(), region)
	delete(p.k.Annotations, api.ChooseAnnotation)
	switch decision.Verb {
	case federation.Unread:
		p.k.Annotations[api.ChooseAnnotation] = region
		p.errs = append(p.errs, p.unread(decision.Other))
		return nil
	case federation.Raise:
		if region != p.Region {
			ring.Kind.TakeSpec(p.k, objects[region])
		}
		p.stamp(decision.Head, nil)
		return func() {
			p.Events.Eventf(p.k, nil, corev1.EventTypeNormal, "Chosen", "Reconcile", "the spec of region %s holds, as revision %s", region, decision.Head.Revision)
		}
	}
	return func() {
		p.Events.Eventf(p.k, nil, corev1.EventTypeWarning, "NothingToChoose", "Reconcile", "annotation %s: this copy does not say that it has diverged; the annotation is taken away", api.ChooseAnnotation)
	}
}

func (p *pass) writeChoice(ctx context.Context, before *api.K8ssandraCluster, announce func()) error {
	err := p.patch(ctx, before)
	if err == nil {
		announce()
	}
	return err
}

// adopt takes a peer's spec and annotations over.
func (p *pass) adopt(head federation.Head, from *api.K8ssandraCluster) {
	ring.Kind.TakeSpec(p.k, from)
	p.stamp(head, from.Annotations)
}

// stamp writes a head on the copy, and takes a peer's other annotations over.
func (p *pass) stamp(head federation.Head, from map[string]string) {
	ring.Kind.Stamp(p.k, p.Region, head, from, newID())
}

// pull makes a copy of a ring that a peer has and this region has not.
func (p *pass) pull(ctx context.Context, name types.NamespacedName) error {
	leftovers, err := p.datacenters(ctx, name)
	if err != nil {
		return err
	}
	id, err := p.ringOfDatacenters(ctx, name)
	if err != nil {
		return err
	}
	copies, objects := p.copies(name)
	same := federation.OfOneRing(id, len(leftovers) > 0, copies)
	if len(same) < len(copies) {
		p.tellHomeless(leftovers, name, copies)
	}
	best, ok := federation.Take(same, len(leftovers) > 0)
	if !ok {
		return nil
	}
	if living := slices.ContainsFunc(leftovers, func(dc cassandra.CassandraDatacenter) bool { return dc.DeletionTimestamp.IsZero() }); !living && p.lostHere(name, best.ID) {
		p.refuse(leftovers, name, best.Region, fmt.Sprintf("this region has lost its copy of it, which is not made again without a person's word: the annotation %s: %s on the copy of region %s",
			deletion.BringBack, p.Region, best.Region))
		return nil
	}
	if missing, err := p.missingToTakeOver(ctx, name); missing != "" || err != nil {
		p.refuse(leftovers, name, best.Region, missing)
		return err
	}
	from := objects[best.Region]
	p.k.Namespace, p.k.Name, p.k.Labels = name.Namespace, name.Name, from.Labels
	p.adopt(best.Head, from)
	controllerutil.AddFinalizer(p.k, api.Finalizer)
	lost, err := p.create(ctx)
	switch {
	case len(lost) > 0:
		p.refuse(leftovers, name, best.Region, "the definition of a K8ssandraCluster here doesn't know "+strings.Join(lost, ", ")+" of it")
	case apierrors.IsAlreadyExists(err):
		return nil
	case err != nil:
		p.refuse(leftovers, name, best.Region, err.Error())
		return err
	default:
		log.FromContext(ctx).Info("taking the ring over", "revision", best.Head.String(), "from", best.Region)
		p.Events.Eventf(p.k, nil, corev1.EventTypeNormal, "TakenOver", "Reconcile", "took the ring over from region %s at revision %s", best.Region, best.Revision)
	}
	return nil
}

// create makes the copy, in a namespace that is made if need be, unless a part of its spec would be lost.
func (p *pass) create(ctx context.Context) (lost []string, err error) {
	if err := p.ensureNamespace(ctx, p.k.Namespace); err != nil {
		return nil, err
	}
	if lost, err := p.lostIfCreated(ctx); err != nil || len(lost) > 0 {
		return lost, err
	}
	return nil, p.Client.Create(ctx, p.k)
}

// refuse says why a ring isn't taken over from a region. There is no copy that could say it: the region's ClientConfig does,
// and the ring's datacenters that are here.
func (p *pass) refuse(here []cassandra.CassandraDatacenter, name types.NamespacedName, region, why string) {
	if why == "" {
		return
	}
	p.refused = true
	words := fmt.Sprintf("ring %s of region %s is not taken over: %s", name, region, why)
	p.Peers.Warn(region, "NotTakenOver", words)
	for i := range here {
		p.Events.Eventf(&here[i], nil, corev1.EventTypeWarning, "NotTakenOver", "Reconcile", "%s", words)
	}
}

func (p *pass) ensureNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{}
	ns.Name = name
	if err := p.Client.Create(ctx, ns); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// follow deletes this copy because another region's is being deleted, unless it was written since it was read: an edit
// must not go unseen. A protected copy stays protected: admission lets one go that says that its deletion was asked for, and
// that is taken back when nothing comes of it, whatever becomes of this process.
func (p *pass) follow(ctx context.Context, other federation.Copy) error {
	log.FromContext(ctx).Info("deleting the ring, because it was deleted in another region", "region", other.Region, "revision", other.String())
	if err := p.heed(ctx, other.Region); err != nil {
		return err
	}
	if p.k.Annotations[deletion.Annotation] != deletion.Asked {
		if err := p.markDeletion(ctx, deletion.Asked); err != nil {
			return err
		}
	}
	err := p.Client.Delete(ctx, p.k, client.Preconditions{UID: &p.k.UID, ResourceVersion: &p.k.ResourceVersion})
	if err == nil {
		p.Events.Eventf(p.k, nil, corev1.EventTypeNormal, "Deleting", "Reconcile", "the ring was deleted in region %s at revision %s", other.Region, other.Revision)
	}
	return err
}
