package schedule

import (
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/task"
)

// Done says what the step of a plan led to.
type Done struct {
	// Made: the task is there.
	Made bool
	// Err is why it isn't.
	Err error
}

// Summarize returns the status after the plan was carried out.
func Summarize(s *State, p Plan, done Done) api.ScheduledTaskStatus {
	status := api.ScheduledTaskStatus{
		Schedule: s.Schedule.Spec.Schedule, Since: metav1.NewTime(p.Since),
		LastExecution: metav1.NewTime(p.Last), NextSchedule: metav1.NewTime(p.Next),
	}
	switch {
	case done.Made:
		status.LastExecution = metav1.NewTime(p.Due)
	case p.Task != nil:
		status.NextSchedule = metav1.NewTime(p.Due)
	}
	status.Conditions = conditions(s, p, done)
	return status
}

// conditions are the two that there can be; what is known of the time since when they are so stays.
func conditions(s *State, p Plan, done Done) (all []metav1.Condition) {
	for _, c := range s.Schedule.Status.Conditions {
		if c.Type == api.Scheduled || c.Type == api.FieldsNotActedOn {
			all = append(all, c)
		}
	}
	set := func(condition string, value metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&all, metav1.Condition{Type: condition, Status: value, Reason: reason, Message: message,
			ObservedGeneration: s.Schedule.Generation, LastTransitionTime: metav1.NewTime(s.Now)})
	}
	switch {
	case p.Failure != nil:
		set(api.Scheduled, metav1.ConditionFalse, p.Failure.Reason, p.Failure.Message)
	case done.Err != nil:
		set(api.Scheduled, metav1.ConditionFalse, api.ReasonWaiting, fmt.Sprintf("CassandraTask %s could not be made: %v", p.Task.Name, done.Err))
	case p.Waiting != "":
		set(api.Scheduled, metav1.ConditionFalse, api.ReasonWaiting, "waiting for "+p.Waiting)
	case !s.Datacenter:
		set(api.Scheduled, metav1.ConditionFalse, api.ReasonDatacenterNotFound, missing(s)+": times that come are left out")
	default:
		set(api.Scheduled, metav1.ConditionTrue, api.ReasonScheduled, "each time of the schedule gets its task")
	}
	if names := notActedOn(s); len(names) > 0 {
		set(api.FieldsNotActedOn, metav1.ConditionTrue, api.ReasonFieldNotActedOn, "these are set and have no effect: "+strings.Join(names, ", "))
	} else {
		meta.RemoveStatusCondition(&all, api.FieldsNotActedOn)
	}
	return all
}

// notActedOn lists what is set and has no effect.
func notActedOn(s *State) (names []string) {
	for _, name := range task.NotActedOn(TaskAt(s.Schedule, s.Now)) {
		names = append(names, "spec.taskDetails."+strings.TrimPrefix(name, "spec."))
	}
	if s.Schedule.Spec.TaskDetails.ConcurrencyPolicy == batchv1.ReplaceConcurrent {
		names = append(names, "spec.taskDetails.concurrencyPolicy (Replace is taken as Forbid)")
	}
	return names
}
