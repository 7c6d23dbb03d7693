package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// Annotations of ours on a K8ssandraCluster beside the revision.
const (
	ancestorsAnnotation = "ringspan.io/ancestors"
	originAnnotation    = "ringspan.io/origin" // the region that the ring was first applied to
)

// Reconciler runs the rings of one region.
type Reconciler struct {
	Client client.Client
	Events events.EventRecorder
	Peers  *Peers
	Region string
	Now    func() time.Time
}

// How soon the next pass comes when nothing else causes one.
const (
	soon  = time.Second
	later = 20 * time.Second
)

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	if err := m.Add(r.Peers); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(m).Named("k8ssandracluster").
		For(&api.K8ssandraCluster{}).
		Watches(&cassandra.CassandraDatacenter{}, handler.EnqueueRequestsFromMapFunc(ringOf)).
		Watches(&control.CassandraTask{}, handler.EnqueueRequestsFromMapFunc(ringOf)).
		WatchesRawSource(source.Channel(r.Peers.Changed, &handler.EnqueueRequestForObject{})).
		Complete(r)
}

func ringOf(_ context.Context, o client.Object) []reconcile.Request {
	l := o.GetLabels()
	if l[api.ClusterNameLabel] == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: l[api.ClusterNamespaceLabel], Name: l[api.ClusterNameLabel]}}}
}

// pass is one look at one ring.
type pass struct {
	*Reconciler
	k      *api.K8ssandraCluster
	peers  []Snapshot
	errs   []error  // what the user has to mend
	waits  []string // what is waited for
	choice string   // why the ring has diverged
	dcs    map[string]*cassandra.CassandraDatacenter
}

// Reconcile is one pass.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	p := &pass{Reconciler: r, k: &api.K8ssandraCluster{}, peers: r.Peers.Snapshots(), dcs: map[string]*cassandra.CassandraDatacenter{}}
	err := r.Client.Get(ctx, q.NamespacedName, p.k)
	if apierrors.IsNotFound(err) {
		return p.pull(ctx, q.NamespacedName)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if !p.k.DeletionTimestamp.IsZero() {
		return p.delete(ctx)
	}
	if p.deletedElsewhere() {
		log.FromContext(ctx).Info("deleting the ring, because it was deleted in another region")
		return ctrl.Result{}, client.IgnoreNotFound(r.Client.Delete(ctx, p.k))
	}
	if controllerutil.AddFinalizer(p.k, api.Finalizer) {
		return ctrl.Result{}, ignoreConflict(r.Client.Update(ctx, p.k))
	}
	if again, err := p.agree(ctx); again || err != nil {
		return ctrl.Result{}, ignoreConflict(err)
	}
	if p.choice == "" {
		if err := p.reconcile(ctx); err != nil {
			return ctrl.Result{}, ignoreConflict(err)
		}
	}
	ready, err := p.report(ctx)
	if err != nil || !ready {
		return ctrl.Result{RequeueAfter: soon}, ignoreConflict(err)
	}
	return ctrl.Result{RequeueAfter: later}, nil
}

// copyOf is a ring's copy with its revision.
func copyOf(region string, k *api.K8ssandraCluster) federation.Copy {
	head, err := federation.ParseHead(k.Annotations[api.RevisionAnnotation], k.Annotations[ancestorsAnnotation])
	if err != nil { // nobody's revision: as if it had none
		head = federation.Head{}
	}
	return federation.Copy{Head: head, Region: region, Hash: hashOf(k.Spec)}
}

func hashOf(spec api.K8ssandraClusterSpec) string {
	data, _ := json.Marshal(spec) // API types: cannot fail
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// agree brings the copy and the peers' to one revision. again says that the
// copy was written and another pass follows.
func (p *pass) agree(ctx context.Context) (again bool, err error) {
	var copies []federation.Copy
	byRegion := map[string]*api.K8ssandraCluster{}
	for i := range p.peers {
		if k := p.peers[i].ring(client.ObjectKeyFromObject(p.k)); k != nil && k.DeletionTimestamp.IsZero() {
			copies = append(copies, copyOf(p.peers[i].Region, k))
			byRegion[p.peers[i].Region] = k
		}
	}
	before := p.k.DeepCopy()
	decision := federation.Follow(copyOf(p.Region, p.k), copies, p.k.Status.IsTrue(api.ClusterDiverged))
	switch decision.Verb {
	case federation.Keep:
		return false, nil
	case federation.Diverged:
		p.choice = fmt.Sprintf("this region has revision %s and region %s has %s: edit the ring in the region whose spec should hold",
			orNone(p.k.Annotations[api.RevisionAnnotation]), decision.Other.Region, decision.Other.Revision)
		return false, nil
	case federation.Adopt:
		from := byRegion[decision.Other.Region]
		p.k.Spec = *from.Spec.DeepCopy()
		p.annotate(decision.Head, from.Annotations)
		log.FromContext(ctx).Info("adopting the ring", "revision", decision.Head.String(), "from", decision.Other.Region)
	default:
		p.annotate(decision.Head, nil)
		log.FromContext(ctx).Info("new revision of the ring", "revision", decision.Head.String())
	}
	// A patch of what differs: a whole object would write empty parts too, which
	// the API server fills with defaults, and so make another revision.
	return true, p.Client.Patch(ctx, p.k, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// annotate stamps the copy, and takes a peer's other annotations over.
func (p *pass) annotate(head federation.Head, from map[string]string) {
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	for key, value := range from {
		if key != corev1.LastAppliedConfigAnnotation {
			p.k.Annotations[key] = value
		}
	}
	p.k.Annotations[api.RevisionAnnotation] = head.String()
	p.k.Annotations[ancestorsAnnotation] = federation.FormatAncestors(head.Ancestors)
	if p.k.Annotations[originAnnotation] == "" {
		p.k.Annotations[originAnnotation] = p.Region
	}
}

// pull makes a copy of a ring that a peer has and this region has not.
func (p *pass) pull(ctx context.Context, name types.NamespacedName) (ctrl.Result, error) {
	var best *api.K8ssandraCluster
	var head federation.Head
	for i := range p.peers {
		k := p.peers[i].ring(name)
		if k == nil {
			continue
		}
		if !k.DeletionTimestamp.IsZero() {
			return ctrl.Result{}, nil // on its way out everywhere
		}
		if c := copyOf(p.peers[i].Region, k); !c.IsZero() && (best == nil || c.Supersedes(head.Revision)) {
			best, head = k, c.Head
		}
	}
	if best == nil {
		return ctrl.Result{}, nil
	}
	if err := p.ensureNamespace(ctx, name.Namespace); err != nil {
		return ctrl.Result{}, err
	}
	p.k = &api.K8ssandraCluster{Spec: *best.Spec.DeepCopy()}
	p.k.Namespace, p.k.Name, p.k.Labels = name.Namespace, name.Name, best.Labels
	p.annotate(head, best.Annotations)
	log.FromContext(ctx).Info("taking the ring over", "revision", head.String())
	err := p.Client.Create(ctx, p.k)
	if apierrors.IsAlreadyExists(err) {
		err = nil
	}
	return ctrl.Result{}, err
}

func (p *pass) ensureNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{}
	ns.Name = name
	if err := p.Client.Create(ctx, ns); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// deletedElsewhere: a peer's copy that is no older than this one is being
// deleted. It stays there, held by its finalizer, until all have seen it.
func (p *pass) deletedElsewhere() bool {
	own := copyOf(p.Region, p.k)
	for i := range p.peers {
		k := p.peers[i].ring(client.ObjectKeyFromObject(p.k))
		if p.peers[i].Reachable && k != nil && !k.DeletionTimestamp.IsZero() && copyOf(p.peers[i].Region, k).Supersedes(own.Revision) && own.Head.Hash == own.Hash {
			return true
		}
	}
	return false
}

// delete takes this region's datacenters down and lets go when every peer has
// begun to as well: a copy that is left anywhere would bring the ring back.
func (p *pass) delete(ctx context.Context) (ctrl.Result, error) {
	var list cassandra.CassandraDatacenterList
	if err := p.Client.List(ctx, &list, client.MatchingLabels{api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}); err != nil {
		return ctrl.Result{}, err
	}
	var errs []error
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp.IsZero() {
			errs = append(errs, client.IgnoreNotFound(p.Client.Delete(ctx, &list.Items[i])))
		}
	}
	if len(list.Items) > 0 {
		return ctrl.Result{RequeueAfter: soon}, errors.Join(errs...)
	}
	for i := range p.peers {
		k := p.peers[i].ring(client.ObjectKeyFromObject(p.k))
		if !p.peers[i].Reachable || k != nil && k.DeletionTimestamp.IsZero() {
			return ctrl.Result{RequeueAfter: soon}, p.say(ctx, fmt.Sprintf("waiting for region %s to delete its copy, or for its ClientConfig to be removed", p.peers[i].Region))
		}
	}
	controllerutil.RemoveFinalizer(p.k, api.Finalizer)
	return ctrl.Result{}, ignoreConflict(client.IgnoreNotFound(p.Client.Update(ctx, p.k)))
}

// say puts one sentence into the status of a ring that is being deleted.
func (p *pass) say(ctx context.Context, message string) error {
	if p.k.Status.Error == message {
		return nil
	}
	p.k.Status.Error = message
	return ignoreConflict(p.Client.Status().Update(ctx, p.k))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// ignoreConflict: another pass with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
