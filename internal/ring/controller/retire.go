package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// Reasons of the condition Deleting.
const (
	reasonWaiting   = "WaitingForRegions"
	reasonAgreed    = "Agreed"
	reasonRemoving  = "Removing"
	reasonOverruled = "Overruled"
)

// retire goes on with a copy that is being deleted: nothing is taken down before every region has agreed, and for as long
// as a region may not have been looked at since.
func (p *pass) retire(ctx context.Context) (again time.Duration, err error) {
	if done, err := p.identifyFirst(ctx); done || err != nil {
		return soon, err
	}
	decision := federation.Retire(ring.Kind.Copy(p.Region, p.k), p.retiring())
	state := p.k.Annotations[federation.RemovalAnnotation]
	switch {
	case state == federation.RemovalBegun:
		return soon, p.remove(ctx, decision)
	case decision.Verb == federation.Yield:
		return 0, p.yield(ctx, decision.Other)
	case decision.Verb == federation.Await:
		return soon, errors.Join(p.mark(ctx, ""), p.tell(ctx, reasonWaiting, "nothing is taken down before every region has agreed: waiting for "+p.blocker(decision.Other)))
	}
	since := p.agreedSince(state)
	at := since.Add(peers.Lag)
	if !p.alone() && p.Now().Before(at) {
		words := fmt.Sprintf("every region has agreed: datacenters are taken down from %s on", at.UTC().Format(time.RFC3339))
		return soon, errors.Join(p.mark(ctx, p.agreed(since)), p.tell(ctx, reasonAgreed, words))
	}
	return soon, p.mark(ctx, federation.RemovalBegun)
}

// agreed is how it is written down that all regions have agreed: since when, and which ones.
func (p *pass) agreed(since time.Time) string {
	regions := []string{since.UTC().Format(time.RFC3339)}
	for i := range p.peers {
		regions = append(regions, p.peers[i].Region)
	}
	return federation.RemovalAgreed + strings.Join(regions, " ")
}

// agreedSince is since when all regions have agreed that are known now: one whose ClientConfig was away when it was written
// down is waited for anew.
func (p *pass) agreedSince(state string) time.Time {
	text, regions, _ := strings.Cut(strings.TrimPrefix(state, federation.RemovalAgreed), " ")
	since, err := time.Parse(time.RFC3339, text)
	known := strings.Fields(regions)
	if err != nil || slices.ContainsFunc(p.peers, func(s peers.Snapshot) bool { return !slices.Contains(known, s.Region) }) {
		return p.Now()
	}
	return since
}

// alone tells whether no other region was ever a part of the ring, as far as is known. That none has a ClientConfig now is
// no proof: one that is taken away by mistake comes back.
func (p *pass) alone() bool {
	elsewhere := func(t api.CassandraDatacenterTemplate) bool { return p.regionOf(t) != p.Region }
	return len(p.peers) == 0 && p.k.Annotations[federation.RegionsAnnotation] == "" &&
		(p.k.Spec.Cassandra == nil || !slices.ContainsFunc(p.k.Spec.Cassandra.Datacenters, elsewhere))
}

// retiring are the regions as a deletion sees them.
func (p *pass) retiring() (all []federation.Peer) {
	for i := range p.peers {
		s := &p.peers[i]
		one := federation.Peer{Copy: federation.Copy{Region: s.Region}, Reachable: s.Reachable, Absent: true, Datacenters: len(datacentersAt(s, p.key())) > 0}
		switch o, c := s.Copy(ring.Kind, p.key()); {
		case o == nil:
		case p.stranger(s.Region): // another ring of the name is none of this one's business
			one.Datacenters = false
		default:
			one.Copy, one.Absent = c, false
		}
		all = append(all, one)
	}
	return all
}

// blocker says what a region has to do.
func (p *pass) blocker(other federation.Copy) string {
	i := slices.IndexFunc(p.peers, func(s peers.Snapshot) bool { return s.Region == other.Region })
	switch {
	case !p.peers[i].Reachable:
		return fmt.Sprintf("region %s to answer; if it is gone for good, delete its ClientConfig in namespace %s", other.Region, p.Peers.Namespace)
	case copyAt(&p.peers[i], p.key()) == nil:
		return fmt.Sprintf("region %s to take the ring over and delete it too: it has datacenters of it", other.Region)
	}
	if k := copyAt(&p.peers[i], p.key()); !k.DeletionTimestamp.IsZero() && other.Deleting && !other.Asked {
		return fmt.Sprintf("region %s to let go of its copy, which it has lost: it holds revision %s, which this deletion does not know of", other.Region, other.Revision)
	}
	return fmt.Sprintf("region %s to delete its copy too", other.Region)
}

// mark writes how far the deletion is.
func (p *pass) mark(ctx context.Context, state string) error {
	if p.k.Annotations[federation.RemovalAnnotation] == state {
		return nil
	}
	before := p.k.DeepCopy()
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[federation.RemovalAnnotation] = state
	if state == "" {
		delete(p.k.Annotations, federation.RemovalAnnotation)
	}
	return p.patch(ctx, before)
}

// remove takes this region's datacenters down and lets the copy go when they are gone and no region could bring the ring
// back from its own.
func (p *pass) remove(ctx context.Context, decision federation.Decision) error {
	list, err := p.datacenters(ctx, p.key())
	if err != nil {
		return err
	}
	var errs []error
	var names []string
	for i := range list {
		names = append(names, list[i].Name+heldUp(&list[i]))
		if err := p.agreeTo(ctx, &list[i]); err != nil {
			errs = append(errs, err)
			continue // deleted without that, it would be kept as lost
		}
		if list[i].DeletionTimestamp.IsZero() {
			errs = append(errs, client.IgnoreNotFound(p.Client.Delete(ctx, &list[i])))
		}
	}
	switch {
	case len(list) > 0:
		errs = append(errs, p.tell(ctx, reasonRemoving, "taking down "+strings.Join(names, ", ")))
	case decision.Verb == federation.Await:
		errs = append(errs, p.tell(ctx, reasonRemoving, "all is taken down here: waiting for "+p.blocker(decision.Other)))
	default:
		errs = append(errs, p.release(ctx))
	}
	return errors.Join(errs...)
}

// datacenters are this region's of a ring.
func (p *pass) datacenters(ctx context.Context, ring types.NamespacedName) ([]cassandra.CassandraDatacenter, error) {
	var list cassandra.CassandraDatacenterList
	err := p.Client.List(ctx, &list, client.MatchingLabels{api.ClusterNameLabel: ring.Name, api.ClusterNamespaceLabel: ring.Namespace})
	return list.Items, err
}

// yield lets a copy go whose deletion is overruled: its datacenters stay, and the other copy is taken over in its place.
func (p *pass) yield(ctx context.Context, other federation.Copy) error {
	words := fmt.Sprintf("deleted at revision %s, but region %s has %s, which that did not know of: nothing is taken down, and this region takes %s over; delete the ring once more if it should go",
		orNone(ring.Kind.Copy(p.Region, p.k).Revision.String()), other.Region, other.Revision, other.Revision)
	log.FromContext(ctx).Info("the deletion is overruled by an edit", "region", other.Region, "revision", other.String())
	p.Events.Eventf(p.k, nil, corev1.EventTypeWarning, "DeletionOverruled", "Reconcile", "%s", words)
	if err := p.release(ctx); err != nil {
		return err
	}
	name := p.key()
	p.k = &api.K8ssandraCluster{}
	if err := p.pull(ctx, name); err != nil || p.k.UID == "" {
		return err // the next pass takes it over
	}
	p.k.Status = api.K8ssandraClusterStatus{ObservedGeneration: p.k.Generation, Error: api.NoError,
		Conditions: []api.K8ssandraClusterCondition{p.condition(api.ClusterDeleting, false, reasonOverruled, words)}}
	return p.Client.Status().Update(ctx, p.k)
}

func (p *pass) release(ctx context.Context) error {
	before := p.k.DeepCopy()
	controllerutil.RemoveFinalizer(p.k, api.Finalizer)
	return p.patch(ctx, before)
}

// tell says how the deletion goes: the condition Deleting, status.error, and an event when it says something new.
func (p *pass) tell(ctx context.Context, reason, message string) error {
	old := p.k.Status.Condition(api.ClusterDeleting)
	if old != nil && old.Reason == reason && old.Message == message {
		return nil
	}
	next := p.condition(api.ClusterDeleting, true, reason, message)
	kept := slices.DeleteFunc(slices.Clone(p.k.Status.Conditions), func(c api.K8ssandraClusterCondition) bool { return c.Type == api.ClusterDeleting })
	kept = append(kept, next)
	p.k.Status.Conditions = kept
	p.k.Status.Error = api.NoError
	waiting := reason == reasonWaiting || reason == reasonLost || reason == reasonCause
	if waiting {
		p.k.Status.Error = message
	}
	if err := p.Client.Status().Update(ctx, p.k); err != nil {
		return err
	}
	kind := corev1.EventTypeNormal
	if waiting {
		kind = corev1.EventTypeWarning
	}
	p.Events.Eventf(p.k, nil, kind, reason, "Reconcile", "%s", message)
	return nil
}

// overruled says, in the copy that stays, that a deletion in another region does not hold. It is told until the next edit.
func (p *pass) overruled() *api.K8ssandraClusterCondition {
	own := ring.Kind.Copy(p.Region, p.k)
	for i := range p.peers {
		s := &p.peers[i]
		k := copyAt(s, p.key())
		if k == nil || !deletion.IsAsked(k) || !s.Reachable || own.IsZero() || p.stranger(s.Region) || ring.Kind.Copy(s.Region, k).Supersedes(own.Head) {
			continue
		}
		c := p.condition(api.ClusterDeleting, false, reasonOverruled, fmt.Sprintf(
			"region %s deleted the ring at revision %s, which did not know of %s: the ring stays; delete it once more if it should go",
			s.Region, orNone(k.Annotations[api.RevisionAnnotation]), own.Revision))
		return &c
	}
	if old := p.k.Status.Condition(api.ClusterDeleting); old != nil && old.Reason == reasonOverruled && p.k.Status.ObservedGeneration == p.k.Generation {
		return old
	}
	return nil
}
