package install

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// EBSClass is the storage class that clusters of EKS get: they come with none that is the default.
	EBSClass = "gp3"
	// defaultClass marks the class of claims that name none.
	defaultClass = "storageclass.kubernetes.io/is-default-class"
)

// ebsClass is of encrypted volumes, made where their pod is placed ("Parameters", Amazon EBS CSI driver).
func ebsClass(name string, byDefault bool) *storagev1.StorageClass {
	c := &storagev1.StorageClass{
		ObjectMeta:           metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": FieldOwner}},
		Provisioner:          "ebs.csi.aws.com",
		Parameters:           map[string]string{"type": "gp3", "encrypted": "true"},
		ReclaimPolicy:        ptr.To(corev1.PersistentVolumeReclaimDelete),
		AllowVolumeExpansion: new(true),
		VolumeBindingMode:    ptr.To(storagev1.VolumeBindingWaitForFirstConsumer),
	}
	if byDefault {
		c.Annotations = map[string]string{defaultClass: "true"}
	}
	return c
}

// Storage makes the class EBSClass in a cluster of EKS, as the default one unless there is another, and the same under
// other names that are asked for. A class that is there stays as it is: its parameters can't be changed.
func Storage(ctx context.Context, c client.Client, others ...string) error {
	var all storagev1.StorageClassList
	if err := c.List(ctx, &all); err != nil {
		return fmt.Errorf("listing storage classes: %w", err)
	}
	byDefault, there := true, map[string]bool{}
	for i := range all.Items {
		there[all.Items[i].Name] = true
		byDefault = byDefault && all.Items[i].Annotations[defaultClass] != "true"
	}
	for _, name := range append([]string{EBSClass}, others...) {
		if there[name] {
			continue
		}
		if err := c.Create(ctx, ebsClass(name, byDefault && name == EBSClass)); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("making storage class %s: %w", name, err)
		}
	}
	return nil
}
