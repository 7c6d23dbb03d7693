package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/replication"
)

// Reconciler replicates the Secrets of one region.
type Reconciler struct {
	Client client.Client // reads Secrets from the API server, not from a cache
	Events events.EventRecorder
	Peers  *peers.Peers
	Region string
	Now    func() time.Time

	refused map[types.UID]bool // Secrets that were said to be in the way; one pass runs at a time
}

// How often everything is looked at: while nothing is replicated, only what peers begin to.
const (
	blind    = 100 * time.Millisecond
	interval = 5 * time.Second
	idle     = 30 * time.Second
)

// everything is the one thing that is reconciled.
var everything = []reconcile.Request{{NamespacedName: client.ObjectKey{Name: "everything"}}}

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	all := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request { return everything })
	return ctrl.NewControllerManagedBy(m).Named("replicatedsecret").
		Watches(&api.ReplicatedSecret{}, all).
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), all)).
		Complete(r)
}

// Followed is what this loop reads at the peers. News are what a ReplicatedSecret chooses, and where to.
func Followed() []peers.Followed {
	return []peers.Followed{{New: func() client.Object { return &api.ReplicatedSecret{} }, News: func(o client.Object) string {
		s, _ := o.(*api.ReplicatedSecret)
		return fmt.Sprint(s.Generation, s.Status.Secrets, s.DeletionTimestamp)
	}}}
}

// about says that a peer's ReplicatedSecret is one of everything.
func about(o client.Object) []types.NamespacedName {
	if _, is := o.(*api.ReplicatedSecret); is {
		return []types.NamespacedName{everything[0].NamespacedName}
	}
	return nil
}

// pass is one look at everything.
type pass struct {
	*Reconciler
	peers []peers.Snapshot
	own   []api.ReplicatedSecret
}

// Reconcile is one pass. Its parts don't depend on each other: what fails in one is no reason to leave the others.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	if !whole && r.Peers.Unlisted() != "" {
		return ctrl.Result{RequeueAfter: interval}, nil // the rings say why
	}
	if !whole {
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	var list api.ReplicatedSecretList
	if err := r.Client.List(ctx, &list); err != nil {
		return ctrl.Result{}, err
	}
	p := &pass{Reconciler: r, peers: known, own: list.Items}
	var errs []error
	for i := range p.own {
		if p.own[i].DeletionTimestamp.IsZero() {
			errs = append(errs, p.publish(ctx, replication.Source{Region: r.Region, ReplicatedSecret: &p.own[i]}))
		}
	}
	for i := range p.peers {
		errs = append(errs, p.pull(ctx, &p.peers[i]))
	}
	busy, err := p.tidy(ctx)
	if errs = append(errs, err); busy || len(p.own) > 0 {
		return ctrl.Result{RequeueAfter: interval}, errors.Join(errs...)
	}
	return ctrl.Result{RequeueAfter: idle}, errors.Join(errs...)
}

// write makes a copy, or makes it like its original. What can't be changed in a Secret is made anew, in the next pass.
func (p *pass) write(ctx context.Context, s replication.Source, want *corev1.Secret) error {
	if replication.Special(want.Type) {
		return fmt.Errorf("Secret %s/%s would have the type %s: such ones are not copied", want.Namespace, want.Name, want.Type)
	}
	var there corev1.Secret
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(want), &there)
	switch {
	case apierrors.IsNotFound(err):
		if ok, err := p.mayUse(ctx, s, want.Namespace); !ok || err != nil {
			return err
		}
		if err := p.mark(ctx, want.Namespace); err != nil {
			return err
		}
		return client.IgnoreAlreadyExists(p.Client.Create(ctx, want))
	case err != nil:
		return err
	case !s.Owns(&there): // made by somebody else meanwhile
		p.refuse(s, &there)
		return nil
	case there.Type != want.Type || there.Immutable != nil && *there.Immutable:
		if ok, err := p.mayUse(ctx, s, want.Namespace); !ok || err != nil {
			return err // it couldn't be made anew
		}
		return client.IgnoreNotFound(p.Client.Delete(ctx, &there, client.Preconditions{UID: &there.UID}))
	}
	if kept, is := there.Annotations[api.OrphanAnnotation]; is { // set by a user, on the copy
		want.Annotations[api.OrphanAnnotation] = kept
	}
	there.Labels, there.Annotations, there.Data, there.Immutable = want.Labels, want.Annotations, want.Data, want.Immutable
	return p.Client.Update(ctx, &there)
}

// refuse tells, once, that a Secret that somebody else made is in a copy's place.
func (p *pass) refuse(s replication.Source, there *corev1.Secret) {
	if p.refused[there.UID] {
		return
	}
	if p.refused == nil {
		p.refused = map[types.UID]bool{}
	}
	p.refused[there.UID] = true
	p.Events.Eventf(there, nil, corev1.EventTypeWarning, "NotReplicated", "Reconcile",
		"ReplicatedSecret %s/%s of region %s has this place as a target, but this Secret is no copy of it: it is left as it is", s.Namespace, s.Name, s.Region)
}

// tidy takes away copies that nobody asks for any more, and tells whether there are any copies. The word of a region
// counts only while it answers.
func (p *pass) tidy(ctx context.Context) (busy bool, err error) {
	list, err := p.existing(ctx)
	if err != nil {
		return false, err
	}
	var errs []error
	for i := range list {
		copied := &list[i]
		if !replication.IsCopy(copied) || replication.Kept(copied) {
			continue
		}
		busy = true
		if !p.wanted(copied) {
			errs = append(errs, client.IgnoreNotFound(p.Client.Delete(ctx, copied, client.Preconditions{UID: &copied.UID})))
		}
	}
	return busy, errors.Join(errs...)
}

// wanted tells whether a copy is asked for, or may be.
func (p *pass) wanted(copied *corev1.Secret) bool {
	region, namespace, name := replication.From(copied)
	var list []*api.ReplicatedSecret
	for i := range p.own {
		list = append(list, &p.own[i])
	}
	if region != p.Region {
		s := p.peer(region)
		if s == nil || !s.Reachable {
			return true
		}
		list = peers.All[*api.ReplicatedSecret](s)
	}
	for _, rs := range list {
		if rs.Namespace == namespace && rs.Name == name && rs.DeletionTimestamp.IsZero() {
			return replication.Source{Region: region, ReplicatedSecret: rs}.Wanted(p.Region, copied)
		}
	}
	return false
}

func (p *pass) peer(region string) *peers.Snapshot {
	for i := range p.peers {
		if p.peers[i].Region == region {
			return &p.peers[i]
		}
	}
	return nil
}
