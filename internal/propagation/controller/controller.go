package controller

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/propagation"
)

// Reconciler acts on the Propagations of one region.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // not a cache: proof of what is being deleted
	Events events.EventRecorder
	Peers  *peers.Peers
	Region string
	Now    func() time.Time
	// As is a client that acts as a service account. It may be called for the same one again and again.
	As func(namespace, account string) (client.Client, error)

	mu    sync.Mutex
	stuck map[types.UID]string // why objects couldn't be taken down at the last try
}

// How soon the next pass comes when nothing else causes one. Objects are not watched: what others change in them is mended
// at the next look.
const (
	blind = 100 * time.Millisecond
	look  = 5 * time.Second
	// silence is how long one whose object nobody answered about is left alone, so that such ones leave time for all others.
	silence = 30 * time.Second
)

// How many Propagations have a pass at a time: a call that isn't answered holds one of them up, and costs nothing. Two that are
// about one object can't harm each other, because whatever is written or deleted names the version that was looked at. passLimit
// bounds a pass whose every call is slow.
const (
	workers   = 8
	passLimit = 2 * time.Minute
)

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("propagation").
		For(&api.Propagation{}).
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), handler.EnqueueRequestsFromMapFunc(peers.Requests))).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers, ReconciliationTimeout: passLimit}).
		Complete(r)
}

// Followed is what this loop reads at the peers. A region of a former version has none.
func Followed() []peers.Followed {
	shared := peers.Shared(propagation.Kind)
	shared.Optional = true
	return []peers.Followed{shared}
}

// about says which Propagation a peer's object is about.
func about(o client.Object) []types.NamespacedName {
	if _, is := o.(*api.Propagation); is {
		return []types.NamespacedName{client.ObjectKeyFromObject(o)}
	}
	return nil
}

// pass is one look at one Propagation.
type pass struct {
	*calls

	p     *api.Propagation
	state *propagation.State
	found *api.PublishedSource // what this region publishes, if it is the source's
}

// Reconcile is one pass. It decides nothing before every peer has been looked at: what is not known yet is not absent.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	if !whole {
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	c := &calls{Reconciler: r, silent: map[api.ObjectReference]error{}}
	agreed, again, err := c.copies().Pass(ctx, q.NamespacedName, known)
	if agreed == nil || err != nil {
		return c.result(again), err
	}
	p := c.pass(agreed)
	if err := errors.Join(p.unnote(ctx), p.observe(ctx)); err != nil {
		return ctrl.Result{}, ignoreConflict(err)
	}
	decision := propagation.Plan(p.state)
	managed, verdict, failure := p.apply(ctx, decision)
	err = errors.Join(failure, p.report(ctx, verdict, managed))
	return c.result(look), ignoreConflict(err)
}

// unnote takes a note of another region's reasons off a copy that isn't being deleted after all.
func (p *pass) unnote(ctx context.Context) error {
	if !propagation.IsNoted(p.p) || p.p.DeletionTimestamp != nil {
		return nil
	}
	before := p.p.DeepCopy()
	delete(p.p.Annotations, api.PropagationOrphanAnnotation)
	return p.Client.Patch(ctx, p.p, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// copies keep this region's copies of Propagations in agreement with the peers'.
func (r *calls) copies() *copies.Copies {
	return &copies.Copies{Kind: propagation.Kind, Parts: parts{r}, Client: r.Client, Live: r.Live, Events: r.Events, Peers: r.Peers, Region: r.Region, Now: r.Now}
}

// ignoreConflict: another pass with fresher eyes follows.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
