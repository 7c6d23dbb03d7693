package ringtask

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// PartName is that of a datacenter's CassandraTask.
func PartName(task, datacenter string) string { return task + "-" + datacenter }

// Labels are those by which a task's parts are found.
func Labels(namespace, name string) map[string]string {
	return map[string]string{k8ssandra.TaskNameLabel: name, k8ssandra.TaskNamespaceLabel: namespace}
}

// Part makes a datacenter's CassandraTask. It stays until the task goes: its status says what was done.
func Part(s *State, datacenter string) *api.CassandraTask {
	targets, _ := s.targets()
	i := slices.IndexFunc(targets, func(t target) bool { return t.name == datacenter })
	part := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: targets[i].namespace, Name: PartName(s.Task.Name, datacenter),
		Labels: Labels(s.Task.Namespace, s.Task.Name), Annotations: map[string]string{api.TaskIDAnnotation: s.Task.Annotations[api.TaskIDAnnotation]}}}
	part.Spec.CassandraTaskTemplate = *s.Task.Spec.Template.DeepCopy()
	part.Spec.Datacenter = corev1.ObjectReference{Namespace: targets[i].namespace, Name: datacenter}
	part.Spec.TTLSecondsAfterFinished = new(int32)
	return part
}

// Here are the task's datacenters in this region, with their namespaces.
func (s *State) Here() map[string]string {
	all := map[string]string{}
	targets, _ := s.targets()
	for _, t := range targets {
		if t.region == s.Region {
			all[t.name] = t.namespace
		}
	}
	return all
}

// IsPart tells whether a CassandraTask is one that was made for this very task.
func IsPart(part *api.CassandraTask, task *api.K8ssandraTask) bool {
	return part.Labels[k8ssandra.TaskNameLabel] == task.Name && part.Labels[k8ssandra.TaskNamespaceLabel] == task.Namespace &&
		part.Annotations[api.TaskIDAnnotation] == task.Annotations[api.TaskIDAnnotation]
}
