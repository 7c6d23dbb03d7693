package schedule

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// TaskAt is the CassandraTask for a time of the schedule. Nothing owns it: it goes when its time to live is over, and what a
// deleted schedule has begun goes to its end.
func TaskAt(of *api.ScheduledTask, at time.Time) *api.CassandraTask {
	return &api.CassandraTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: of.Namespace, Name: nameAt(of, at),
			Labels:      map[string]string{api.ScheduledTaskLabel: of.Name},
			Annotations: map[string]string{api.ScheduledTaskUIDAnnotation: string(of.UID), api.ScheduledForAnnotation: shown(at)},
		},
		Spec: *of.Spec.TaskDetails.CassandraTaskSpec.DeepCopy(),
	}
}

func nameAt(of *api.ScheduledTask, at time.Time) string {
	return fmt.Sprintf("%s-%d", of.Spec.TaskDetails.Name, at.Unix())
}

// IsOf tells whether a CassandraTask was made by this schedule, and not by an earlier one of its name.
func IsOf(t *api.CassandraTask, of *api.ScheduledTask) bool {
	return t.Labels[api.ScheduledTaskLabel] == of.Name && t.Annotations[api.ScheduledTaskUIDAnnotation] == string(of.UID)
}

// TimeOf is the time of the schedule that a task was made for, zero when it doesn't say.
func TimeOf(t *api.CassandraTask) time.Time {
	at, _ := time.Parse(time.RFC3339, t.Annotations[api.ScheduledForAnnotation]) // zero when it is none
	return at
}

func shown(at time.Time) string { return at.UTC().Format(time.RFC3339) }
