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
	"github.com/ringspan/ringspan/internal/federation/peers"
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
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), handler.EnqueueRequestsFromMapFunc(named))).
		Complete(r)
}

// pass is one look at one ring.
type pass struct {
	*Reconciler
	k         *api.K8ssandraCluster
	peers     []peers.Snapshot
	errs      []error  // what the user has to mend
	waits     []string // what is waited for
	ungranted []string // grants of namespaces, with the commands that give them
	choice    string   // why the ring has diverged
	reason    string   // of that, when it is another one
	held      bool     // nothing of the ring may be made yet
	refused   bool     // another region's ring isn't taken over, for a reason that was told
}

// Reconcile is one pass. It decides nothing before every peer has been looked at: what is not known yet is not absent.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	if !whole {
		return r.wait(ctx, q)
	}
	p := &pass{Reconciler: r, k: &api.K8ssandraCluster{}, peers: known}
	err := r.Client.Get(ctx, q.NamespacedName, p.k)
	if apierrors.IsNotFound(err) {
		err := p.pull(ctx, q.NamespacedName)
		if err == nil && p.refused { // what is missing here may come without news of a peer
			return ctrl.Result{RequeueAfter: later}, nil
		}
		return ctrl.Result{}, err
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if !p.k.DeletionTimestamp.IsZero() {
		again, err := p.leave(ctx)
		return ctrl.Result{RequeueAfter: again}, ignoreConflict(client.IgnoreNotFound(err))
	}
	if again, err := p.agree(ctx); again || err != nil {
		return ctrl.Result{}, ignoreConflict(client.IgnoreNotFound(err))
	}
	failure := p.doomed(ctx)
	if failure != nil {
		return ctrl.Result{}, ignoreConflict(failure)
	}
	if p.choice == "" && !p.held {
		if failure = p.reconcile(ctx); apierrors.IsConflict(failure) {
			return ctrl.Result{}, nil // another pass with fresher eyes follows at once
		}
		if failure != nil { // it is told, and tried again
			p.errs = append(p.errs, failure)
		}
	}
	ready, err := p.report(ctx)
	if err = errors.Join(failure, ignoreConflict(err)); err != nil || !ready {
		return ctrl.Result{RequeueAfter: soon}, err
	}
	return ctrl.Result{RequeueAfter: later}, nil
}

func (p *pass) key() client.ObjectKey { return client.ObjectKeyFromObject(p.k) }

// patch writes what differs from before, and nothing if the copy was written meanwhile. A whole object would write empty
// parts too, which the API server fills with defaults, and so make another revision.
func (p *pass) patch(ctx context.Context, before *api.K8ssandraCluster) error {
	return p.Client.Patch(ctx, p.k, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

func orNone(s string) string { return orElse(s, "none") }

// ignoreConflict: another pass with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
