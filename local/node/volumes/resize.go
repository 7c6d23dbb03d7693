package volumes

import (
	"context"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// resize makes the volume of a claim that asks for more larger, as the CSI driver's resizer does: first the PersistentVolume
// says so, then the claim. The API server has let the claim be changed only because its StorageClass allows it. A directory has
// no limit of its own, neither before nor after: the size is a number that is kept, and there is no file system to be made
// larger. So nothing is left for the kubelet, and no pod has to start again.
func (p *provisioner) resize(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	want := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if claim.Status.Phase != corev1.ClaimBound || claim.Status.Capacity.Storage().Cmp(want) >= 0 {
		return nil
	}
	pv, err := p.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil || pv.Annotations[provisionedBy] != Provisioner || pv.Spec.ClaimRef == nil || pv.Spec.ClaimRef.UID != claim.UID {
		return err
	}
	if pv.Spec.Capacity.Storage().Cmp(want) < 0 {
		pv = pv.DeepCopy()
		pv.Spec.Capacity = withStorage(pv.Spec.Capacity, want)
		if pv, err = p.client.CoreV1().PersistentVolumes().Update(ctx, pv, metav1.UpdateOptions{}); err != nil {
			return ignoreConflict(err)
		}
	}
	grown := claim.DeepCopy()
	grown.Status.Capacity = withStorage(grown.Status.Capacity, *pv.Spec.Capacity.Storage())
	_, err = p.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, grown, metav1.UpdateOptions{})
	return ignoreConflict(err)
}

func withStorage(capacity corev1.ResourceList, size resource.Quantity) corev1.ResourceList {
	out := corev1.ResourceList{}
	maps.Copy(out, capacity)
	out[corev1.ResourceStorage] = size
	return out
}

// ignoreConflict drops the error of a write that was based on an old read: the change that it lost against is an event of its own.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
