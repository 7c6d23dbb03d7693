package volumes

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func storage(size string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
}

// bound is a claim of 1Gi that asks for more, and its volume.
func bound() (*corev1.PersistentVolumeClaim, *corev1.PersistentVolume) {
	class := "gp3"
	claim := pending(&class, "node-a")
	claim.Spec.VolumeName, claim.Spec.Resources.Requests = "pvc-1", storage("3Gi")
	claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: storage("1Gi")}
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pvc-1", Annotations: map[string]string{provisionedBy: Provisioner}},
		Spec:       corev1.PersistentVolumeSpec{Capacity: storage("1Gi"), ClaimRef: &corev1.ObjectReference{UID: claim.UID}},
	}
	return claim, volume
}

func TestResize(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*corev1.PersistentVolumeClaim, *corev1.PersistentVolume)
		claim  string
		volume string
	}{
		{"a claim that asks for more gets it", func(*corev1.PersistentVolumeClaim, *corev1.PersistentVolume) {}, "3Gi", "3Gi"},
		{"the volume was made larger and the claim wasn't told", func(_ *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
			v.Spec.Capacity = storage("3Gi")
		}, "3Gi", "3Gi"},
		{"a claim that asks for no more stays", func(c *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			c.Spec.Resources.Requests = storage("1Gi")
		}, "1Gi", "1Gi"},
		{"a claim without a volume stays", func(c *corev1.PersistentVolumeClaim, _ *corev1.PersistentVolume) {
			c.Status.Phase = corev1.ClaimPending
		}, "1Gi", "1Gi"},
		{"a volume of another provisioner stays", func(_ *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
			v.Annotations = nil
		}, "1Gi", "1Gi"},
		{"a volume of another claim stays", func(_ *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
			v.Spec.ClaimRef.UID = "another"
		}, "1Gi", "1Gi"},
	} {
		t.Run(c.why, func(t *testing.T) {
			claim, volume := bound()
			c.change(claim, volume)
			client := fake.NewClientset(claim, volume)
			p := &provisioner{client: client}
			for range 2 { // twice is once
				if err := p.resize(context.Background(), claim); err != nil {
					t.Fatal(err)
				}
			}
			pv, err := client.CoreV1().PersistentVolumes().Get(t.Context(), volume.Name, metav1.GetOptions{})
			if err != nil || pv.Spec.Capacity.Storage().String() != c.volume {
				t.Errorf("the volume has %s, %v", pv.Spec.Capacity.Storage(), err)
			}
			now, err := client.CoreV1().PersistentVolumeClaims(claim.Namespace).Get(t.Context(), claim.Name, metav1.GetOptions{})
			if err != nil || now.Status.Capacity.Storage().String() != c.claim {
				t.Errorf("the claim has %s, %v", now.Status.Capacity.Storage(), err)
			}
		})
	}
}
