package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
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
	provisionedBy          = "pv.kubernetes.io/provisioned-by"          // whose a volume is
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
			if err := errors.Join(p.provision(ctx, claim), p.resize(ctx, claim)); err != nil {
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
	if claim.Spec.StorageClassName == nil || !plainName(node) { // a person wrote the annotations: nobody else does so
		return fmt.Errorf("annotation %s is %q: the scheduler sets it, for a claim with a storage class", selectedNodeAnnotation, node)
	}
	name := "pvc-" + string(claim.UID)
	path, err := p.makeDir(node, name)
	if err != nil {
		return err
	}
	class, err := p.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations(class)},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: claim.Spec.Resources.Requests, AccessModes: claim.Spec.AccessModes,
			StorageClassName: class.Name, PersistentVolumeReclaimPolicy: policy(class),
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

// plainName tells whether a name is one element of a path.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// makeDir makes a volume's directory, for pods that may run as any user, whatever
// the umask.
func (p *provisioner) makeDir(node, name string) (string, error) {
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Join(node, name), 0o777); err != nil {
		return "", err
	}
	return filepath.Join(p.dir, node, name), root.Chmod(filepath.Join(node, name), 0o777)
}

// annotations tell whose the volume is and what its class asked for, such as
// encryption: a directory has no other place to keep that.
func annotations(class *storagev1.StorageClass) map[string]string {
	all := map[string]string{provisionedBy: Provisioner}
	for key, value := range class.Parameters {
		all[parameterPrefix+strings.ReplaceAll(key, "/", "-")] = value
	}
	return all
}

// policy is what becomes of a class's volumes when their claims are deleted.
func policy(class *storagev1.StorageClass) corev1.PersistentVolumeReclaimPolicy {
	if class.ReclaimPolicy != nil {
		return *class.ReclaimPolicy
	}
	return corev1.PersistentVolumeReclaimDelete // Kubernetes' default
}

// reclaim deletes the directory and the volume of a claim that is gone, unless
// the volume is to be retained.
func (p *provisioner) reclaim(ctx context.Context, pv *corev1.PersistentVolume) {
	if pv.Status.Phase != corev1.VolumeReleased || pv.Annotations[provisionedBy] != Provisioner ||
		pv.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return
	}
	if err := p.remove(pv); err != nil {
		p.report(fmt.Errorf("deleting volume %s: %w", pv.Name, err))
		return
	}
	if err := p.client.CoreV1().PersistentVolumes().Delete(ctx, pv.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		p.report(err)
	}
}

// remove deletes the directory that provision made for a volume, and no other:
// whoever may write volumes would else have any directory of this machine deleted.
// Links are not followed out of the volumes' directory.
func (p *provisioner) remove(pv *corev1.PersistentVolume) error {
	if pv.Spec.Local == nil {
		return errors.New("it says that it was made here, but has no local path: it is left as it is")
	}
	node, name, _ := strings.Cut(strings.TrimPrefix(pv.Spec.Local.Path, p.dir+"/"), "/")
	if !plainName(node) || !plainName(name) || name != pv.Name || pv.Spec.Local.Path != filepath.Join(p.dir, node, name) {
		return fmt.Errorf("%s is not the directory that was made for it: it is left as it is", pv.Spec.Local.Path)
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(filepath.Join(node, name))
}
