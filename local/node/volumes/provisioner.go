package volumes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Names that the pieces of Kubernetes agree on.
const (
	Provisioner            = "ebs.csi.aws.com"
	selectedNodeAnnotation = "volume.kubernetes.io/selected-node"       // set by the scheduler
	parameterPrefix        = "parameters.local.ringspan.io/"            // before a storage class's parameters
	provisionerAnnotation  = "volume.kubernetes.io/storage-provisioner" // set by the controller manager
)

// provisioner makes a directory and a local PersistentVolume for every claim
// whose pod the scheduler has placed, as rancher's local-path-provisioner does.
type provisioner struct {
	client kubernetes.Interface
	dir    string
	report func(error)
}

// Run makes and deletes volumes below dir for all storage classes of Provisioner,
// until the context ends. What fails is reported and tried again at the next
// resync.
func Run(ctx context.Context, client kubernetes.Interface, dir string, report func(error)) {
	p := &provisioner{client: client, dir: dir, report: report}
	p.run(ctx)
}

func (p *provisioner) run(ctx context.Context) {
	factory := informers.NewSharedInformerFactory(p.client, 30*time.Second)
	handle := func(obj any) {
		if claim, ok := obj.(*corev1.PersistentVolumeClaim); ok {
			if err := p.provision(ctx, claim); err != nil {
				p.report(fmt.Errorf("volume for claim %s/%s: %w", claim.Namespace, claim.Name, err))
			}
		}
	}
	_, _ = factory.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: handle, UpdateFunc: func(_, obj any) { handle(obj) },
	})
	_, _ = factory.Core().V1().PersistentVolumes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, obj any) { p.reclaim(ctx, obj.(*corev1.PersistentVolume)) },
	})
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
}

func (p *provisioner) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	node := claim.Annotations[selectedNodeAnnotation]
	if claim.Status.Phase != corev1.ClaimPending || claim.Annotations[provisionerAnnotation] != Provisioner || node == "" {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(p.dir, node, name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o777); err != nil { // whatever the umask: pods may run as any user
		return err
	}
	annotations, err := p.annotations(ctx, *claim.Spec.StorageClassName)
	if err != nil {
		return err
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: claim.Spec.Resources.Requests, AccessModes: claim.Spec.AccessModes,
			StorageClassName: *claim.Spec.StorageClassName, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			ClaimRef:               &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
			}}}},
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// annotations tell whose the volume is and what its class asked for, such as
// encryption: a directory has no other place to keep that.
func (p *provisioner) annotations(ctx context.Context, class string) (map[string]string, error) {
	c, err := p.client.StorageV1().StorageClasses().Get(ctx, class, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string]string{"pv.kubernetes.io/provisioned-by": Provisioner}
	for key, value := range c.Parameters {
		all[parameterPrefix+strings.ReplaceAll(key, "/", "-")] = value
	}
	return all, nil
}

// reclaim deletes the directory and the volume of a claim that is gone.
func (p *provisioner) reclaim(ctx context.Context, pv *corev1.PersistentVolume) {
	if pv.Status.Phase != corev1.VolumeReleased || pv.Annotations["pv.kubernetes.io/provisioned-by"] != Provisioner {
		return
	}
	if err := os.RemoveAll(pv.Spec.Local.Path); err != nil {
		p.report(fmt.Errorf("deleting volume %s: %w", pv.Name, err))
		return
	}
	if err := p.client.CoreV1().PersistentVolumes().Delete(ctx, pv.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		p.report(err)
	}
}
