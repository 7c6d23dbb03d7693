package claim

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/topology"
)

// Finalizer keeps a claim, and with it the volume and its data.
const Finalizer = deletion.KeepData

// Reconciler looks after the claims of one cluster.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // not a cache: proof of what is being deleted
	Now    func() time.Time
}

// later is when a claim that is held is looked at again: no event tells of an annotation on its namespace.
const later = 10 * time.Second

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("persistentvolumeclaim").For(&corev1.PersistentVolumeClaim{}).Complete(r)
}

// Reconcile is one look at one claim.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	claim := &corev1.PersistentVolumeClaim{}
	if err := r.Client.Get(ctx, q.NamespacedName, claim); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if claim.Labels[api.DatacenterLabel] == "" {
		return ctrl.Result{}, nil // nobody's of ours
	}
	if claim.DeletionTimestamp.IsZero() && claim.Annotations[KeptUntil] != "" {
		again, err := r.expire(ctx, claim)
		return ctrl.Result{RequeueAfter: again}, ignoreConflict(err)
	}
	if claim.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, ignoreConflict(r.keep(ctx, claim))
	}
	held, err := r.going(ctx, claim)
	if held && err == nil {
		return ctrl.Result{RequeueAfter: later}, nil
	}
	return ctrl.Result{}, ignoreConflict(err)
}

// keep puts the finalizer on a claim of a datacenter that is there. A claim without a volume has no data yet, and the scheduler
// is about to write to it: a change of ours in between makes it fail, and put the pod off for seconds. Pods start only when
// their claims are bound, and being bound brings the claim back here.
func (r *Reconciler) keep(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName == "" {
		return nil
	}
	owner, err := r.owner(ctx, r.Client, claim)
	if err != nil || owner == nil || !owner.DeletionTimestamp.IsZero() {
		return err
	}
	before := claim.DeepCopy()
	if !controllerutil.AddFinalizer(claim, Finalizer) {
		return nil
	}
	return client.IgnoreNotFound(r.Client.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// owner is the claim's datacenter, nil when it is gone.
func (r *Reconciler) owner(ctx context.Context, from client.Reader, claim *corev1.PersistentVolumeClaim) (*api.CassandraDatacenter, error) {
	var list api.CassandraDatacenterList
	if err := from.List(ctx, &list, client.InNamespace(claim.Namespace)); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list.Items, func(dc api.CassandraDatacenter) bool {
		return claim.Labels[api.DatacenterLabel] == topology.CleanLabel(dc.Name) && claim.Labels[api.ClusterLabel] == topology.CleanLabel(dc.Spec.ClusterName)
	})
	if i < 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	return &list.Items[i], nil
}

// going decides about a claim that is being deleted. In a namespace that stays somebody deleted this very claim. One that is
// deleted with its namespace is held until an annotation on it or on the namespace allows the deletion, also when the namespace
// was force-deleted and made again. The controller of a datacenter whose deletion was agreed on releases its claims itself.
func (r *Reconciler) going(ctx context.Context, claim *corev1.PersistentVolumeClaim) (held bool, err error) {
	if !controllerutil.ContainsFinalizer(claim, Finalizer) {
		return false, nil
	}
	why, err := deletion.NamespaceGoes(ctx, r.Live, claim.Namespace)
	if err != nil {
		return false, err
	}
	if why != "" || claim.Annotations[deletion.Annotation] == deletion.Lost {
		switch may, err := deletion.MayGo(ctx, r.Live, claim); {
		case err != nil:
			return false, err
		case !may:
			return true, r.noteLost(ctx, claim)
		}
	}
	log.FromContext(ctx).Info("letting a claim go, as it was asked for")
	return false, Release(ctx, r.Client, client.ObjectKeyFromObject(claim))
}

// noteLost writes down that a claim went with its namespace, for when that can't be read from the namespace any more.
func (r *Reconciler) noteLost(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Annotations[deletion.Annotation] == deletion.Lost {
		return nil
	}
	before := claim.DeepCopy()
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[deletion.Annotation] = deletion.Lost
	err := r.Client.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	return client.IgnoreNotFound(err) // the namespace may be gone already
}

// Release takes the finalizer off a claim.
func Release(ctx context.Context, c client.Client, name client.ObjectKey) error {
	claim := &corev1.PersistentVolumeClaim{}
	if err := c.Get(ctx, name, claim); err != nil {
		return client.IgnoreNotFound(err)
	}
	before := claim.DeepCopy()
	if !controllerutil.RemoveFinalizer(claim, Finalizer) {
		return nil
	}
	return client.IgnoreNotFound(c.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// ignoreConflict: another look with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
