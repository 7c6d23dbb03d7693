package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// observeUnclaimed finds pods that wait for a claim which is gone. That it isn't among the datacenter's claims is no proof, because a
// person may have made one without their labels: it is read by its name. So is the pod, which may run meanwhile. Both are read past
// all caches.
func (r *Reconciler) observeUnclaimed(ctx context.Context, s *datacenter.State) error {
	for i := range s.Pods {
		pod := &s.Pods[i]
		for _, name := range s.ClaimsAwaited(pod) {
			if c := s.Claims[name]; c != nil && !unreachable(c, pod.Object) {
				continue
			}
			gone, err := r.isUnclaimed(ctx, s, pod, name)
			if err != nil {
				return err
			}
			if gone {
				pod.Unclaimed = name
			}
		}
	}
	return nil
}

// isUnclaimed tells whether a pod still waits for a claim that is gone, or that never gets a volume where the pod is.
func (r *Reconciler) isUnclaimed(ctx context.Context, s *datacenter.State, pod *datacenter.Pod, name string) (bool, error) {
	var now corev1.Pod
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: pod.Name}, &now); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	fresh := datacenter.FromPod(&now, pod.Position)
	if fresh.UID != pod.UID || len(s.ClaimsAwaited(&fresh)) == 0 {
		return false, nil
	}
	var claim corev1.PersistentVolumeClaim
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: name}, &claim)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && unreachable(&claim, &now), err
}

// unreachable tells whether a claim never gets a volume where its pod is: it was made when the pod had its machine already, and
// whoever chooses a machine for the pod also has the volume made there.
func unreachable(c *corev1.PersistentVolumeClaim, pod *corev1.Pod) bool {
	return c.Status.Phase == corev1.ClaimPending && c.DeletionTimestamp.IsZero() && pod.Spec.NodeName != "" && !mounted(c, pod)
}
