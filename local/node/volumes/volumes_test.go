package volumes

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// released is a volume of this provisioner whose claim is gone.
func released(name, path string, policy corev1.PersistentVolumeReclaimPolicy) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: policy,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeReleased},
	}
}

func TestReclaim(t *testing.T) {
	const own = "node-a/pvc-1"
	for _, c := range []struct {
		why    string
		volume func(dir string) *corev1.PersistentVolume
		gone   bool   // the directory and the volume
		says   string // what is reported
	}{
		{why: "a released volume goes with its directory", gone: true,
			volume: func(dir string) *corev1.PersistentVolume {
				return released("pvc-1", filepath.Join(dir, own), corev1.PersistentVolumeReclaimDelete)
			}},
		{why: "a volume that is retained stays",
			volume: func(dir string) *corev1.PersistentVolume {
				return released("pvc-1", filepath.Join(dir, own), corev1.PersistentVolumeReclaimRetain)
			}},
		{why: "a volume of another provisioner stays",
			volume: func(dir string) *corev1.PersistentVolume {
				pv := released("pvc-1", filepath.Join(dir, own), corev1.PersistentVolumeReclaimDelete)
				pv.Annotations = nil
				return pv
			}},
		{why: "a volume without a directory is named and harms nobody", says: "no local path",
			volume: func(string) *corev1.PersistentVolume {
				pv := released("pvc-1", "", corev1.PersistentVolumeReclaimDelete)
				pv.Spec.Local = nil
				return pv
			}},
		{why: "a path that this provisioner did not make is never deleted", says: "is not the directory",
			volume: func(dir string) *corev1.PersistentVolume {
				return released("pvc-1", filepath.Join(dir, "..", filepath.Base(dir), "node-a"), corev1.PersistentVolumeReclaimDelete)
			}},
		{why: "nor is another volume's", says: "is not the directory",
			volume: func(dir string) *corev1.PersistentVolume {
				return released("pvc-2", filepath.Join(dir, own), corev1.PersistentVolumeReclaimDelete)
			}},
		{why: "nor is a path that leaves the volumes' directory", says: "is not the directory",
			volume: func(dir string) *corev1.PersistentVolume {
				return released("pvc-1", dir+"/node-a/../../elsewhere/pvc-1", corev1.PersistentVolumeReclaimDelete)
			}},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, own), 0o755); err != nil {
				t.Fatal(err)
			}
			pv := c.volume(dir)
			client := fake.NewClientset(pv)
			var said []string
			p := &provisioner{client: client, dir: dir, report: func(err error) { said = append(said, err.Error()) }}
			p.reclaim(context.Background(), pv)
			_, statErr := os.Stat(filepath.Join(dir, own))
			_, getErr := client.CoreV1().PersistentVolumes().Get(context.Background(), pv.Name, metav1.GetOptions{})
			if os.IsNotExist(statErr) != c.gone || apierrors.IsNotFound(getErr) != c.gone {
				t.Errorf("the directory: %v; the volume: %v; want both gone: %t", statErr, getErr, c.gone)
			}
			if text := strings.Join(said, "; "); (text == "") != (c.says == "") || !strings.Contains(text, c.says) {
				t.Errorf("reported %q, want %q", text, c.says)
			}
		})
	}
}

// A symbolic link in the place of a volume's directory goes; what it leads to stays.
func TestReclaimFollowsNoLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "node-a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(elsewhere, "pvc-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	pv := released("pvc-1", filepath.Join(dir, "node-a", "pvc-1"), corev1.PersistentVolumeReclaimDelete)
	p := &provisioner{client: fake.NewClientset(pv), dir: dir, report: func(error) {}}
	p.reclaim(context.Background(), pv)
	if _, err := os.Stat(filepath.Join(elsewhere, "pvc-1")); err != nil {
		t.Errorf("a directory outside that of volumes was deleted: %v", err)
	}
}

// pending is a claim whose pod was placed on a node.
func pending(class *string, node string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "data", UID: "1", Annotations: map[string]string{
			selectedNodeAnnotation: node, provisionerAnnotation: Provisioner}},
		Spec:   corev1.PersistentVolumeClaimSpec{StorageClassName: class},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
}

func TestProvisionKeepsTheClassesPolicy(t *testing.T) {
	retain, class := corev1.PersistentVolumeReclaimRetain, "kept"
	client := fake.NewClientset(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, ReclaimPolicy: &retain})
	p := &provisioner{client: client, dir: t.TempDir(), report: func(err error) { t.Error(err) }}
	if err := p.provision(context.Background(), pending(&class, "node-a")); err != nil {
		t.Fatal(err)
	}
	pv, err := client.CoreV1().PersistentVolumes().Get(context.Background(), "pvc-1", metav1.GetOptions{})
	if err != nil || pv.Spec.PersistentVolumeReclaimPolicy != retain {
		t.Errorf("%v, %v", pv.Spec.PersistentVolumeReclaimPolicy, err)
	}
}

// Claims with annotations by a person's hand neither end the provisioner nor make
// directories elsewhere.
func TestProvisionRefusesWhatTheSchedulerDidNotWrite(t *testing.T) {
	class := "gp3"
	for why, claim := range map[string]*corev1.PersistentVolumeClaim{
		"no storage class":              pending(nil, "node-a"),
		"a node's name that leads away": pending(&class, "../elsewhere"),
		"a node's name that is a path":  pending(&class, "a/b"),
	} {
		t.Run(why, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "volumes")
			p := &provisioner{client: fake.NewClientset(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}}), dir: dir}
			if err := p.provision(context.Background(), claim); err == nil || !strings.Contains(err.Error(), selectedNodeAnnotation) {
				t.Errorf("%v", err)
			}
			if made, _ := os.ReadDir(filepath.Dir(dir)); len(made) > 0 {
				t.Errorf("made %v", made)
			}
		})
	}
}
