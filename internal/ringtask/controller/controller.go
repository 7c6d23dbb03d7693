package controller

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// Reconciler carries out the K8ssandraTasks of one region.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // not a cache: a part must not be made twice because the cache is behind
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
	return ctrl.NewControllerManagedBy(m).Named("k8ssandratask").
		For(&api.K8ssandraTask{}).
		Watches(&api.CassandraTask{}, handler.EnqueueRequestsFromMapFunc(requestOf)).
		Watches(&k8ssandra.K8ssandraCluster{}, handler.EnqueueRequestsFromMapFunc(r.ofRing)).
		WatchesRawSource(source.Channel(r.Peers.Subscribe(about), handler.EnqueueRequestsFromMapFunc(peers.Requests))).
		Complete(r)
}

// Followed are the kinds that this loop reads at the peers. A peer of a former version doesn't let others read its
// K8ssandraTasks.
func Followed() []peers.Followed {
	tasks := peers.Shared(ringtask.Kind)
	tasks.Optional = true
	return []peers.Followed{tasks}
}

// about names the task that is looked at when an object of a peer changes.
func about(o client.Object) []types.NamespacedName {
	if _, is := o.(*api.K8ssandraTask); is {
		return []types.NamespacedName{client.ObjectKeyFromObject(o)}
	}
	return nil
}

// requestOf names the task that a CassandraTask is a part of.
func requestOf(_ context.Context, o client.Object) []reconcile.Request {
	l := o.GetLabels()
	if l[k8ssandra.TaskNameLabel] == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: l[k8ssandra.TaskNamespaceLabel], Name: l[k8ssandra.TaskNameLabel]}}}
}

// ofRing names the tasks of a ring that haven't ended.
func (r *Reconciler) ofRing(ctx context.Context, o client.Object) (all []reconcile.Request) {
	var list api.K8ssandraTaskList
	if err := r.Client.List(ctx, &list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil // they are looked at again anyhow
	}
	for _, t := range list.Items {
		if t.Spec.Cluster.Name == o.GetName() && t.Status.CompletionTime == nil {
			all = append(all, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&t)})
		}
	}
	return all
}

// Reconcile is one pass. It decides nothing before every peer has been looked at: what is not known yet is not absent.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	known, whole := r.Peers.Snapshots()
	switch {
	case !whole && r.Peers.Unlisted() != "":
		return ctrl.Result{RequeueAfter: soon}, nil // the rings say why
	case !whole:
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	if old, err := r.isOld(ctx, q); old || err != nil {
		return ctrl.Result{}, err
	}
	agreed, again, err := r.copies().Pass(ctx, q.NamespacedName, known)
	if agreed == nil || err != nil {
		return ctrl.Result{RequeueAfter: again}, err
	}
	seen, err := r.observe(ctx, agreed)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := ringtask.Make(seen)
	if plan.Delete {
		return ctrl.Result{}, r.delete(ctx, seen.Task)
	}
	if plan.Record != nil {
		return ctrl.Result{}, r.record(ctx, seen.Task, plan.Record) // the edit becomes a revision in the pass that it causes
	}
	failure := errors.Join(r.drop(ctx, seen, plan), r.begin(ctx, seen, plan))
	if err := r.report(ctx, seen.Task, ringtask.Summarize(seen, plan)); err != nil {
		return ctrl.Result{}, err
	}
	if plan.Next > 0 || plan.Done {
		return ctrl.Result{RequeueAfter: plan.Next}, failure
	}
	return ctrl.Result{RequeueAfter: later}, failure
}

// isOld tells whether a task was made under a version that did not act on it and said so. Nobody expects such a task to begin
// now, so it is left as it is.
func (r *Reconciler) isOld(ctx context.Context, q ctrl.Request) (bool, error) {
	t := &api.K8ssandraTask{}
	if err := r.Client.Get(ctx, q.NamespacedName, t); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	c := meta.FindStatusCondition(t.Status.Conditions, api.FieldsNotActedOn)
	if c == nil || c.Reason != api.ReasonKindNotActedOn || t.Annotations[federation.RevisionAnnotation] != "" {
		return false, nil
	}
	status := *t.Status.DeepCopy()
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{Type: api.Invalid, Status: metav1.ConditionTrue, Reason: api.ReasonKindNotActedOn, ObservedGeneration: t.Generation,
		LastTransitionTime: metav1.NewTime(r.Now().Truncate(time.Second)), Message: "it was made under a version that did not act on K8ssandraTasks, and is not begun now: delete it, and make it again if it should be carried out"})
	return true, r.report(ctx, t, status)
}

// copies keep this region's copies of tasks in agreement with the peers'.
func (r *Reconciler) copies() *copies.Copies {
	return &copies.Copies{Kind: ringtask.Kind, Parts: parts{r.Client, r.Client, r.Now}, Client: r.Client, Live: r.Live, Events: r.Events, Peers: r.Peers, Region: r.Region, Now: r.Now}
}

// begin makes the parts whose turn it is.
func (r *Reconciler) begin(ctx context.Context, s *ringtask.State, plan ringtask.Plan) error {
	for _, name := range plan.Begin {
		part := ringtask.Part(s, name)
		if err := r.Client.Create(ctx, part); err != nil {
			return client.IgnoreAlreadyExists(err) // the next pass sees what it is
		}
		log.FromContext(ctx).Info("beginning a datacenter's part of the task", "datacenter", name)
		r.Events.Eventf(s.Task, nil, corev1.EventTypeNormal, "Begun", "Reconcile", "datacenter %s is begun: CassandraTask %s", name, part.Name)
	}
	return nil
}

// record writes datacenters and ring into the spec, unless the task was written since it was read.
func (r *Reconciler) record(ctx context.Context, t *api.K8ssandraTask, what *ringtask.Record) error {
	before := t.DeepCopy()
	t.Spec.Datacenters, t.Spec.Cluster.UID = what.Datacenters, types.UID(what.Ring)
	err := r.Client.Patch(ctx, t, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}

// drop deletes parts that must not be carried out any more, unless they were written since they were read.
func (r *Reconciler) drop(ctx context.Context, s *ringtask.State, plan ringtask.Plan) error {
	var errs []error
	for _, d := range plan.Drop {
		part := s.Parts[d.Datacenter]
		err := r.Client.Delete(ctx, part, client.Preconditions{UID: &part.UID, ResourceVersion: &part.ResourceVersion})
		switch {
		case err == nil:
			r.Events.Eventf(s.Task, nil, corev1.EventTypeWarning, "Dropped", "Reconcile", "CassandraTask %s is deleted: %s", part.Name, d.Why)
		case !apierrors.IsNotFound(err) && !apierrors.IsConflict(err): // another pass follows what was written
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// delete deletes a task whose time to live is over, unless it was written since it was read.
func (r *Reconciler) delete(ctx context.Context, t *api.K8ssandraTask) error {
	err := r.Client.Delete(ctx, t, client.Preconditions{UID: &t.UID, ResourceVersion: &t.ResourceVersion})
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}

// report writes the status once, when it says something new.
func (r *Reconciler) report(ctx context.Context, t *api.K8ssandraTask, status api.K8ssandraTaskStatus) error {
	if equality.Semantic.DeepEqual(status, t.Status) {
		return nil
	}
	before := t.Status
	t.Status = status
	if err := r.Client.Status().Update(ctx, t); err != nil {
		if apierrors.IsConflict(err) {
			return nil
		}
		return client.IgnoreNotFound(err)
	}
	for _, c := range status.Conditions {
		bad := c.Type == api.JobFailed || c.Type == api.Invalid || c.Type == api.Diverged
		if c.Status != "True" || meta.IsStatusConditionTrue(before.Conditions, c.Type) || !bad && c.Type != api.JobComplete {
			continue
		}
		kind := corev1.EventTypeNormal
		if bad {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(t, nil, kind, c.Reason, "Reconcile", "%s", c.Message)
	}
	return nil
}
