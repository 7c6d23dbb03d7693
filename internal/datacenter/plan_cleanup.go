package datacenter

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// planCleanup ends a scale-up: data of ranges that new nodes took over is still on the old
// ones, so a task cleans all of them. The condition ScalingUp stays true until then, and its
// time is in the task's name, so that a repeated pass makes no second one. The annotation no-cleanup leaves it to the user, as it does with
// cass-operator.
func (s *State) planCleanup(p *Plan) {
	scaled := s.DC.Status.Condition(api.DatacenterScalingUp)
	if p.Scaling || scaled == nil || scaled.Status != corev1.ConditionTrue || !p.Quiet() || len(p.Steps) > 0 {
		return
	}
	if names := s.mayBeElsewhere(); len(names) > 0 {
		p.Wait("%s to have its data where its replicas are, before a cleanup, which might delete the only rows", strings.Join(names, ", "))
		return
	}
	p.Scaled = true
	if hasKey(s.DC.Annotations, api.NoAutomatedCleanupAnnotation) {
		return
	}
	task := s.cleanupTask(scaled.LastTransitionTime)
	p.add(MakeTask, task.Name, "new nodes have taken over data of the others", Step{Object: task})
}

func (s *State) cleanupTask(scaled metav1.Time) *control.CassandraTask {
	task := &control.CassandraTask{
		TypeMeta:   metav1.TypeMeta{APIVersion: control.GroupVersion.String(), Kind: "CassandraTask"},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.DC.Namespace, Name: fmt.Sprintf("%s-cleanup-%d", s.DC.Name, scaled.Unix()), Labels: s.labels()},
	}
	task.Spec.Datacenter = corev1.ObjectReference{Namespace: s.DC.Namespace, Name: s.DC.Name}
	task.Spec.Jobs = []control.CassandraJob{{Name: "cleanup", Command: control.CommandCleanup}}
	if hasKey(s.DC.Annotations, api.EnableParallelCleanupRackAnnotation) {
		task.Spec.MaxConcurrentPods = new(0) // as many as the rack has
	}
	return task
}
