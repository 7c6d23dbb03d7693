package controller

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// Reconciler runs the rings of one region.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // not a cache: proof of what is being deleted
	Events events.EventRecorder
	Peers  *peers.Peers
	Region string
	Now    func() time.Time
}

// How soon the next pass comes when nothing else causes one.
const (
	blind = 100 * time.Millisecond
	soon  = time.Second
	later = 20 * time.Second
)

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("k8ssandracluster").
		For(&api.K8ssandraCluster{}).
		Watches(&cassandra.CassandraDatacenter{}, handler.EnqueueRequestsFromMapFunc(requestOf)).
		Watches(&control.CassandraTask{}, handler.EnqueueRequestsFromMapFunc(requestOf)).
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), handler.EnqueueRequestsFromMapFunc(peers.Requests))).
		Complete(r)
}

// Reconcile is one pass. It decides nothing before every peer has been looked at: what is not known yet is not absent.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	if !whole {
		return r.wait(ctx, q)
	}
	agreed, again, err := r.copies().Pass(ctx, q.NamespacedName, known)
	if agreed == nil || err != nil {
		return ctrl.Result{RequeueAfter: again}, errors.Join(err, r.holdLeaderless(ctx, q.NamespacedName))
	}
	seen := r.observe(ctx, agreed)
	plan := ring.Make(seen)
	done, conflict := r.apply(ctx, seen, plan)
	if conflict { // of what is not watched too: nothing else would cause the next pass
		return ctrl.Result{RequeueAfter: soon}, nil
	}
	status := ring.Summarize(seen, plan, done.Failed)
	err = errors.Join(done.Ring, seen.Unread(), ignoreConflict(r.report(ctx, seen.Ring, status)))
	r.keepSpec(ctx, seen.Ring, &status)
	if err != nil || !status.IsTrue(api.ClusterReady) {
		return ctrl.Result{RequeueAfter: soon}, err
	}
	return ctrl.Result{RequeueAfter: later}, nil
}

// wait is a pass while the peers are not known yet. It decides nothing; when they can't be known, the ring says why.
func (r *Reconciler) wait(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	why := r.Peers.Unlisted()
	if why == "" {
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	k := &api.K8ssandraCluster{}
	if err := r.Client.Get(ctx, q.NamespacedName, k); err != nil {
		return ctrl.Result{RequeueAfter: soon}, client.IgnoreNotFound(err)
	}
	status := ring.Blind(k, r.Now(), "nothing is decided about this ring: "+why)
	err := r.holdAll(ctx, k, q.NamespacedName)
	return ctrl.Result{RequeueAfter: soon}, errors.Join(err, ignoreConflict(r.report(ctx, k, status)))
}

// copies keep this region's copies of rings in agreement with the peers'.
func (r *Reconciler) copies() *copies.Copies {
	return &copies.Copies{Kind: ring.Kind, Parts: parts{r.Client, r.Now}, Client: r.Client, Live: r.Live, Events: r.Events, Peers: r.Peers, Region: r.Region, Now: r.Now}
}

// ignoreConflict: another pass with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
