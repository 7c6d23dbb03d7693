package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// Reasons of events, as with cass-operator.
const (
	eventResizing = "ResizingPVC"
	eventRemaking = "RecreatingStatefulSet"
)

// observeClasses reads the StorageClasses of claims that are to grow, and no others.
func (r *Reconciler) observeClasses(ctx context.Context, s *datacenter.State) {
	s.Classes = map[string]datacenter.Class{}
	for _, name := range s.GrowingClasses() {
		class := &storagev1.StorageClass{}
		err := r.Client.Get(ctx, client.ObjectKey{Name: name}, class)
		switch {
		case apierrors.IsNotFound(err):
			s.Classes[name] = datacenter.Class{Missing: true}
		case err != nil:
			s.Classes[name] = datacenter.Class{Error: err.Error()}
		default:
			s.Classes[name] = datacenter.Class{Expands: ptr.Deref(class.AllowVolumeExpansion, false)}
		}
	}
}

// grow asks for a larger volume, if the claim is still as it was seen.
func (r *Reconciler) grow(ctx context.Context, s *datacenter.State, o client.Object) error {
	claim, ok := o.(*corev1.PersistentVolumeClaim)
	if !ok {
		return fmt.Errorf("%w: a %T for a claim", errUnknownVerb, o)
	}
	patch := client.MergeFromWithOptions(s.Claims[claim.Name], client.MergeFromWithOptimisticLock{})
	return ignoreConflict(r.Client.Patch(ctx, claim, patch))
}

// remake deletes a StatefulSet without its pods, if it is still as it was recorded.
func (r *Reconciler) remake(ctx context.Context, s *datacenter.State, o client.Object, m *memory) error {
	set, ok := o.(*appsv1.StatefulSet)
	if !ok {
		return fmt.Errorf("%w: a %T for a StatefulSet", errUnknownVerb, o)
	}
	same := client.Preconditions{UID: &set.UID, ResourceVersion: &set.ResourceVersion}
	if err := r.Client.Delete(ctx, set, same, client.PropagationPolicy(metav1.DeletePropagationOrphan)); err != nil {
		return ignoreConflict(err)
	}
	m.deletedSet = set.UID
	r.Events.Eventf(s.DC, nil, corev1.EventTypeNormal, eventRemaking, "Reconcile", "StatefulSet %s is made anew, and keeps its pods", set.Name)
	return nil
}

// noteDeleted marks a StatefulSet that was deleted to be made anew and that the cache still has as it was before.
func (m *memory) noteDeleted(s *datacenter.State) {
	for _, set := range s.StatefulSets {
		if set.UID == m.deletedSet && m.deletedSet != types.UID("") && set.DeletionTimestamp.IsZero() {
			set.DeletionTimestamp = &metav1.Time{Time: s.Now}
		}
	}
}
