package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/claim"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/deletion"
)

// observeLoss finds out whether somebody asked for the deletion of a datacenter that is being deleted. One that belongs to a
// ring is deleted with the ring: the ring's controller annotates it once all regions have agreed.
func (r *Reconciler) observeLoss(ctx context.Context, s *datacenter.State) error {
	if s.DC.DeletionTimestamp.IsZero() || deletion.IsAsked(s.DC) {
		return nil
	}
	why, err := deletion.Cause(ctx, r.Live, s.DC, deletion.DatacenterDefinition)
	if err != nil {
		return err
	}
	if ring := s.DC.Labels[k8ssandra.ClusterNameLabel]; why == "" && ring != "" {
		why = fmt.Sprintf("it was deleted, and its ring %s isn't", ring)
	}
	if c := s.DC.Status.Condition(api.DatacenterDeleting); why == "" && c != nil && c.Reason == api.ReasonLost {
		why = "it went with its namespace or its definition, which is there again" // force-deleted and made again
	}
	if why == "" {
		return nil
	}
	may, err := deletion.MayGo(ctx, r.Live, s.DC)
	if err != nil || may {
		return err
	}
	doomed, err := deletion.NamespaceGoes(ctx, r.Live, s.DC.Namespace)
	s.Loss, s.NamespaceDeleting = why, doomed != "" || slices.Contains(s.DC.Finalizers, metav1.FinalizerDeleteDependents)
	return err
}

// recordDeletion writes down that the deletion was asked for.
func (r *Reconciler) recordDeletion(ctx context.Context, s *datacenter.State) error {
	changed := s.DC.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[deletion.Annotation] = deletion.Asked
	patch := client.MergeFromWithOptions(s.DC, client.MergeFromWithOptimisticLock{})
	return client.IgnoreNotFound(r.Client.Patch(ctx, changed, patch))
}

// deleteClaims deletes claims, as of a datacenter whose deletion was agreed on, and stops keeping them.
func (r *Reconciler) deleteClaims(ctx context.Context, s *datacenter.State, claims []datacenter.Volume) error {
	var errs []error
	for _, v := range claims {
		one := &corev1.PersistentVolumeClaim{}
		one.Namespace, one.Name, one.UID = s.DC.Namespace, v.Name, types.UID(v.UID)
		err := r.Client.Delete(ctx, one, sameAs(one)...) // by UID: another claim may have the name by now
		if err == nil {
			err = claim.Release(ctx, r.Client, client.ObjectKeyFromObject(one))
		}
		errs = append(errs, client.IgnoreNotFound(err))
	}
	return errors.Join(errs...)
}

// keepVolumes annotates the claims with the time until which they are kept. Their controller (internal/claim) does the rest.
func (r *Reconciler) keepVolumes(ctx context.Context, s *datacenter.State) error {
	keep, err := s.KeepVolumes()
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range s.Volumes {
		key := client.ObjectKey{Namespace: s.DC.Namespace, Name: v.Name}
		errs = append(errs, claim.KeepUntil(ctx, r.Client, key, s.Now.Add(keep), datacenter.RingKey(s.DC), string(s.DC.UID)))
	}
	return errors.Join(errs...)
}
