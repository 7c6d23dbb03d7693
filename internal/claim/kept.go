package claim

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
)

// Annotations of a claim whose datacenter was deleted and asked for its volumes to stay for a time.
const (
	KeptUntil = deletion.KeptUntil     // a time, RFC 3339
	KeptOf    = "ringspan.io/kept-of"  // the ring, as name/id
	KeptBy    = "ringspan.io/kept-by"  // the datacenter's UID
	TakenUp   = "ringspan.io/taken-up" // by a later datacenter: its UID
)

// KeepUntil says on a claim until when it stays.
func KeepUntil(ctx context.Context, c client.Client, name client.ObjectKey, until time.Time, ring, datacenter string) error {
	claim := &corev1.PersistentVolumeClaim{}
	if err := c.Get(ctx, name, claim); err != nil {
		return client.IgnoreNotFound(err)
	}
	before := claim.DeepCopy()
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[KeptUntil] = until.UTC().Format(time.RFC3339)
	claim.Annotations[KeptOf], claim.Annotations[KeptBy] = ring, datacenter
	if claim.DeletionTimestamp.IsZero() {
		controllerutil.AddFinalizer(claim, Finalizer)
	}
	return client.IgnoreNotFound(c.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// expire deletes a kept claim whose time is over, and says when to look again. It wants proof: no datacenter of its name is
// there, no pod uses it, and it is as it was read. A datacenter of the same ring that is there again has taken it up.
func (r *Reconciler) expire(ctx context.Context, claim *corev1.PersistentVolumeClaim) (again time.Duration, err error) {
	owner, err := r.owner(ctx, r.Live, claim)
	switch {
	case err != nil:
		return 0, err
	case owner != nil && string(owner.UID) == claim.Annotations[KeptBy]:
		return later, nil // it is still being deleted
	case owner != nil && owner.Spec.ClusterName+"/"+owner.Annotations[api.RingIDAnnotation] == claim.Annotations[KeptOf]:
		return 0, r.takenUp(ctx, claim, owner)
	case owner != nil:
		return later, nil // another ring's, which says so
	}
	until, err := time.Parse(time.RFC3339, claim.Annotations[KeptUntil])
	if err != nil {
		return 0, nil //nolint:nilerr // it can't be read: it stays
	}
	if left := until.Sub(r.Now()); left > 0 {
		return left, nil
	}
	if used, err := r.used(ctx, claim); err != nil || used {
		return later, err
	}
	log.FromContext(ctx).Info("deleting a claim that was kept until now", "until", claim.Annotations[KeptUntil], "of", claim.Annotations[KeptOf])
	return 0, client.IgnoreNotFound(r.Client.Delete(ctx, claim, client.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion}))
}

// takenUp makes a claim an ordinary one again, which tells that there is data of an earlier datacenter on it.
func (r *Reconciler) takenUp(ctx context.Context, claim *corev1.PersistentVolumeClaim, by *api.CassandraDatacenter) error {
	before := claim.DeepCopy()
	for _, key := range []string{KeptUntil, KeptOf, KeptBy} {
		delete(claim.Annotations, key)
	}
	claim.Annotations[TakenUp] = string(by.UID)
	controllerutil.AddFinalizer(claim, Finalizer)
	return client.IgnoreNotFound(r.Client.Patch(ctx, claim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// used tells whether a pod of the namespace uses the claim.
func (r *Reconciler) used(ctx context.Context, claim *corev1.PersistentVolumeClaim) (bool, error) {
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, client.InNamespace(claim.Namespace)); err != nil {
		return false, err
	}
	return slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool {
		return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
		})
	}), nil
}
