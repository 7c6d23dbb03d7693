package ringtask

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// PartName is the name of a datacenter's part.
func PartName(task, datacenter string) string { return task + "-" + datacenter }

// Labels are on all parts of a task, which are found by them.
func Labels(namespace, name string) map[string]string {
	return map[string]string{k8ssandra.TaskNameLabel: name, k8ssandra.TaskNamespaceLabel: namespace}
}

// Part is a datacenter's CassandraTask. It has no time to live of its own, because its status says what was done: it stays as
// long as the K8ssandraTask.
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

// Local are the task's datacenters in this region, with their namespaces.
func (s *State) Local() map[string]string {
	all := map[string]string{}
	targets, _ := s.targets()
	for _, t := range targets {
		if t.region == s.Region {
			all[t.name] = t.namespace
		}
	}
	return all
}

// IsPart tells whether a CassandraTask is a part of this K8ssandraTask, and not of an earlier one of its name.
func IsPart(part *api.CassandraTask, task *api.K8ssandraTask) bool {
	return part.Labels[k8ssandra.TaskNameLabel] == task.Name && part.Labels[k8ssandra.TaskNamespaceLabel] == task.Namespace &&
		part.Annotations[api.TaskIDAnnotation] == task.Annotations[api.TaskIDAnnotation]
}

// Hold says what a part waits for before package task may begin it or go on with it, "" for nothing. own is this region's
// copy of the K8ssandraTask, nil when there is none. A part that is unfinished here may have ended all the same: the region
// may have been restored from a backup.
func Hold(part *api.CassandraTask, own *api.K8ssandraTask, peers []Peer) string {
	if own == nil || !IsPart(part, own) {
		return fmt.Sprintf("a person: K8ssandraTask %s/%s, which this task was made for, is gone; delete this task", part.Labels[k8ssandra.TaskNamespaceLabel], part.Labels[k8ssandra.TaskNameLabel])
	}
	if own.Status.CompletionTime != nil {
		return fmt.Sprintf("its end: K8ssandraTask %s/%s has ended", own.Namespace, own.Name)
	}
	if hasLeft(own, part.Spec.Datacenter.Name) && part.Status.StartTime == nil {
		return fmt.Sprintf("its end: datacenter %s is none of K8ssandraTask %s/%s any more", part.Spec.Datacenter.Name, own.Namespace, own.Name)
	}
	for _, p := range peers {
		if p.Task != nil && ended(p.Task, part.Spec.Datacenter.Name) {
			return fmt.Sprintf("its end: region %s remembers that datacenter %s has ended", p.Region, part.Spec.Datacenter.Name)
		}
	}
	return goneElsewhere(own, peers)
}

// goneElsewhere says that no other region has the task any more, although one had it; "" when one has it or may have it. The
// task may have ended and been deleted there, and this region's copy may come from a backup.
func goneElsewhere(own *api.K8ssandraTask, peers []Peer) string {
	seen := federation.ParseRegions(own.Annotations[federation.RegionsAnnotation])
	missing := ""
	for _, p := range peers {
		switch {
		case p.Task != nil || !p.Reachable || p.Lacks:
			return ""
		case seen[p.Region] != "":
			missing = p.Region
		}
	}
	if missing == "" {
		return ""
	}
	return fmt.Sprintf("a person: region %s had the task and no other region has it any more, so it may have ended; delete the task here, or set the annotation %s: %s on it to go on", missing, federation.BringBackAnnotation, missing)
}

func ended(task *api.K8ssandraTask, datacenter string) bool {
	status := recorded(task, target{name: datacenter})
	return status != nil && status.CompletionTime != nil
}
