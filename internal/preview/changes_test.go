package preview

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// What the API server fills in is no change, and neither is a stamp of a restart; what is gone from a map of free keys is one.
func TestDifferences(t *testing.T) {
	template := func(config, image string) corev1.PodTemplateSpec {
		p := corev1.PodTemplateSpec{}
		p.Labels = map[string]string{"team": "blue"}
		p.Spec.Containers = []corev1.Container{{Name: "cassandra", Image: image, Env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: configVariable, Value: config}}}}
		return p
	}
	was := template(`{"cassandra-yaml":{"concurrent_reads":32,"old":true}}`, "a")
	was.Spec.RestartPolicy, was.Spec.Containers[0].TerminationMessagePath = corev1.RestartPolicyAlways, "/dev/termination-log"
	was.Annotations = map[string]string{"control.k8ssandra.io/restartedAt": "now", "note": "x"}
	is := template(`{"cassandra-yaml":{"concurrent_reads":64,"truststore_password":"p"}}`, "b")
	is.Spec.Containers = append(is.Spec.Containers, corev1.Container{Name: "logger"})
	is.Spec.Containers[0].Env[0].Value = "1"
	var got []string
	for _, c := range differences(tree(was), tree(is), false) {
		got = append(got, c.String())
	}
	want := []string{
		"metadata.annotations.note: x → (none)",
		"cassandra-yaml.concurrent_reads: 32 → 64", "cassandra-yaml.old: true → (none)", "cassandra-yaml.truststore_password: (none) → (hidden)",
		"spec.containers.cassandra.image: a → b", "spec.containers.logger.name: (none) → logger",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if same := differences(tree(was), tree(template(`{"cassandra-yaml":{"concurrent_reads":32,"old":true}}`, "a")), false); len(same) != 1 {
		t.Errorf("defaults are changes: %v", same)
	}
}

// A pod that was made from a template is known by it, whatever the API server and admission have added; one with more than it isn't.
func TestMadeFrom(t *testing.T) {
	template := &corev1.PodTemplateSpec{}
	template.Spec.Containers = []corev1.Container{{Name: "cassandra", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}, VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}}}
	pod := &corev1.Pod{Spec: *template.Spec.DeepCopy()}
	pod.Spec.NodeName = "machine"
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "kube-api-access-x"})
	c := &pod.Spec.Containers[0]
	c.ImagePullPolicy = corev1.PullAlways
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "kube-api-access-x", MountPath: "/var/run"})
	if !madeFrom(pod, template) {
		t.Error("it isn't known")
	}
	c.Env = append(c.Env, corev1.EnvVar{Name: "B"})
	if madeFrom(pod, template) {
		t.Error("one with another variable is taken for it")
	}
}
