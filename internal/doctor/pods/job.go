package pods

import (
	"fmt"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/ringspan/ringspan/internal/install"
)

// Labels of probes.
const (
	nameLabel = "app.kubernetes.io/name"
	partLabel = "app.kubernetes.io/part-of"
	probeName = "ringspan-probe"
	runLabel  = "ringspan.io/doctor"
)

// How long a probe runs when it isn't deleted, and for how long its
// finished Job is kept.
const (
	lifetime = 90 * time.Second
	keep     = 5 * time.Second
)

// job is one probe: a pod in a zone ("" means any) that listens as a node of a
// ring would.
func job(run, zone string, number int) *batchv1.Job {
	labels := map[string]string{nameLabel: probeName, partLabel: "ringspan", runLabel: run}
	var selector map[string]string
	if zone != "" {
		selector = map[string]string{corev1.LabelTopologyZone: zone}
	}
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: fmt.Sprintf("ringspan-doctor-%s-%d", run, number), Labels: labels},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](0),
			ActiveDeadlineSeconds:   ptr.To(int64(lifetime/time.Second) + 30), // should it not end by itself
			TTLSecondsAfterFinished: ptr.To(int32(keep / time.Second)),
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				RestartPolicy:                 corev1.RestartPolicyNever,
				NodeSelector:                  selector,
				Tolerations:                   []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, // wherever a ring may be
				AutomountServiceAccountToken:  new(false),
				EnableServiceLinks:            new(false),
				TerminationGracePeriodSeconds: ptr.To[int64](1),
				SecurityContext: &corev1.PodSecurityContext{
					RunAsNonRoot: new(true), RunAsUser: ptr.To[int64](65532), RunAsGroup: ptr.To[int64](65532),
					SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
				},
				Containers: []corev1.Container{container()},
			}},
		},
	}
}

func container() corev1.Container {
	return corev1.Container{
		Name: "probe", Image: install.DefaultImage, ImagePullPolicy: corev1.PullIfNotPresent,
		Args: []string{"probe", "serve", "--seconds", strconv.Itoa(int(lifetime / time.Second))},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}
