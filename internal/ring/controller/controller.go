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
	"github.com/ringspan/ringspan/internal/federation"
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
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), handler.EnqueueRequestsFromMapFunc(named))).
		Complete(r)
}

// pass is one look at one ring.
type pass struct {
	*Reconciler
	k         *api.K8ssandraCluster
	view      federation.View
	peers     []peers.Snapshot
	errs      []error  // what the user has to mend
	waits     []string // what is waited for
	ungranted []string // grants of namespaces, with the commands that give them
	choice    string   // why the ring has diverged
	reason    string   // of that, when it is another one
	held      bool     // nothing of the ring may be made yet
}

// Reconcile is one pass. It decides nothing before every peer has been looked at: what is not known yet is not absent.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	if !whole {
		return r.wait(ctx, q)
	}
	agreed, again, err := r.copies().Pass(ctx, q.NamespacedName, known)
	if agreed == nil || err != nil {
		return ctrl.Result{RequeueAfter: again}, err
	}
	p := r.pass(agreed)
	var failure error
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

// copies keep this region's copies of rings in agreement with the peers'.
func (r *Reconciler) copies() *copies.Copies {
	return &copies.Copies{Kind: ring.Kind, Parts: parts{r.Client, r.Now}, Client: r.Client, Live: r.Live, Events: r.Events, Peers: r.Peers, Region: r.Region, Now: r.Now}
}

// pass goes on from a copy that is agreed on, or that a person has to decide about.
func (r *Reconciler) pass(c *copies.Pass) *pass {
	k, _ := c.Object.(*api.K8ssandraCluster)
	p := &pass{Reconciler: r, k: k, view: c.View, peers: c.Peers, waits: c.Plan.Waits, choice: c.Plan.Choice, held: c.Plan.Held}
	for _, problem := range c.Plan.Problems {
		p.errs = append(p.errs, errors.New(problem))
	}
	if c.Plan.TwoObjects {
		p.reason = reasonTwoRings
	}
	return p
}

// reasonTwoRings is one of the condition Diverged.
const reasonTwoRings = "TwoRings"

func (p *pass) key() client.ObjectKey { return client.ObjectKeyFromObject(p.k) }

// ignoreConflict: another pass with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
