package test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testConfined checks that a pod, were it root and privileged, reaches neither the
// machine's devices nor its kernel's settings nor its directories.
func testConfined(t *testing.T) {
	t.Run("a privileged pod", privilegedPod)
	t.Run("a capability that reaches the machine", capabilityRefused)
	t.Run("a directory of the machine", hostPathRefused)
	t.Run("a volume of a person's hand", foreignVolumeRefused)
}

func privilegedPod(t *testing.T) {
	yes, root := true, int64(0)
	pod := shared.pod("mighty", "sh", "-c", strings.Join([]string{
		`mknod /tmp/disk b 8 0 2>/dev/null && echo "made a device"`,
		`mount -t tmpfs none /mnt 2>/dev/null && echo "mounted"`,
		`(echo '|/tmp/x' >/proc/sys/kernel/core_pattern) 2>/dev/null && echo "changed core_pattern"`,
		`(echo >/proc/sysrq-trigger) 2>/dev/null && echo "wrote to sysrq-trigger"`,
		`test -s /proc/kcore && echo "sees the kernel's memory"`,
		`date -s '+1 hour' >/dev/null 2>&1 && echo "set the clock"`,
		`echo x >/dev/null && head -c 1 /dev/urandom >/dev/null && test -w /dev/shm && echo "has the usual devices"`,
	}, "\n"))
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &yes, RunAsUser: &root}
	west.create(t, pod)
	west.finished(t, "mighty")
	if got := west.logs(t, "mighty"); got != "has the usual devices\n" {
		t.Errorf("a privileged pod says:\n%s", got)
	}
}

func capabilityRefused(t *testing.T) {
	pod := shared.pod("capable", "sleep", "infinity")
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"MKNOD"}}}
	waiting(t, pod, "CreateContainerError")
}

func hostPathRefused(t *testing.T) {
	pod := shared.pod("nosy", "sleep", "infinity")
	pod.Spec.Volumes = []corev1.Volume{{Name: "etc", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc"}}}}
	// The API server takes a policy up a moment after it was made.
	eventually(t, "the hostPath to be refused", func() error {
		_, err := west.client.CoreV1().Pods("default").Create(context.Background(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return refusedWith(err, "see no directories of this machine")
	})
}

func foreignVolumeRefused(t *testing.T) {
	pv := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "etc"},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/etc"}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpExists}},
			}}}},
		},
	}
	eventually(t, "the volume to be refused", func() error {
		_, err := west.client.CoreV1().PersistentVolumes().Create(context.Background(), pv, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return refusedWith(err, "lie in the cluster's own directory")
	})
}

// refusedWith is nil when an error is a refusal in these words.
func refusedWith(err error, words string) error {
	if err == nil {
		return errors.New("it was accepted")
	}
	if !strings.Contains(err.Error(), words) {
		return fmt.Errorf("refused in other words than %q: %w", words, err)
	}
	return nil
}
