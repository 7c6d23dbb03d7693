package task

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/words"
)

// Done says what the steps of a plan led to.
type Done struct {
	// JobIDs of jobs that were started, by pod name.
	JobIDs map[string]string
	// Errors of jobs that the node refused to start, by pod name. One that doesn't know the call (mgmtapi.ErrNotFound) has an
	// agent of an earlier version.
	Errors map[string]error
	// Silent are the nodes that gave no answer, by pod name. They are asked again.
	Silent map[string]error
	// Allowed: the datacenter was allowed to take up what was held back.
	Allowed bool
}

// Summarize returns the status after the plan was carried out.
func Summarize(s *State, plan Plan, done Done) api.CassandraTaskStatus {
	status := *s.Task.Status.DeepCopy()
	if status.CompletionTime != nil {
		return status
	}
	if plan.Begin {
		status.StartTime = &metav1.Time{Time: s.beginning()}
	}
	for _, pod := range slices.Sorted(maps.Keys(done.Errors)) {
		plan.refused(s, pod, done.Errors[pod])
	}
	plan.unheard(done.Silent)
	for pod, id := range done.JobIDs {
		plan.Pods[pod] = started(s, plan.Pods[pod], id)
	}
	status.PodStatuses = withTimes(s, plan.Pods)
	count(&status)
	if plan.Allowed || done.Allowed {
		set(s, &status, api.DatacenterUpdated, metav1.ConditionTrue, api.ReasonUpdateAllowed, "the datacenter was allowed to take up, once, what was held back")
	}
	conclude(s, plan, &status)
	notActedOn(s, &status)
	return status
}

func started(s *State, pod api.PodTaskStatus, id string) api.PodTaskStatus {
	pod.Status, pod.JobID = api.PodTaskRunning, id
	if pod.StartTime == nil {
		pod.StartTime = &metav1.Time{Time: s.Now}
	}
	return pod
}

// withTimes adds the times that are still missing: pods of a restart have no job that would give them any.
func withTimes(s *State, pods map[string]api.PodTaskStatus) map[string]api.PodTaskStatus {
	for name, pod := range pods {
		if pod.StartTime == nil && pod.Status != api.PodTaskWaiting {
			pod.StartTime = &metav1.Time{Time: s.Now}
		}
		if pod.CompletionTime == nil && ended(pod) {
			pod.CompletionTime = &metav1.Time{Time: s.Now}
		}
		pods[name] = pod
	}
	if len(pods) == 0 {
		return nil
	}
	return pods
}

func count(status *api.CassandraTaskStatus) {
	status.Succeeded, status.Failed = 0, 0
	for _, pod := range status.PodStatuses {
		switch pod.Status {
		case api.PodTaskCompleted:
			status.Succeeded++
		case api.PodTaskError:
			status.Failed++
		}
	}
}

// conclude sets the conditions that say how the task stands.
func conclude(s *State, plan Plan, status *api.CassandraTaskStatus) {
	status.Active = 0
	switch {
	case plan.Failure != nil:
		finish(s, status, api.JobFailed, plan.Failure.Reason, plan.Failure.Message)
	case plan.Done && status.Failed > 0:
		finish(s, status, api.JobFailed, api.ReasonPodsFailed, failures(status))
	case plan.Done:
		finish(s, status, api.JobComplete, api.ReasonCompleted, cmp.Or(plan.Result, words.Count(status.Succeeded, "pod")))
	case status.StartTime == nil:
		set(s, status, api.JobRunning, metav1.ConditionFalse, api.ReasonWaiting, "waiting for "+plan.Waiting)
	default:
		status.Active = 1
		set(s, status, api.JobRunning, metav1.ConditionTrue, api.ReasonRunning, running(plan))
	}
}

func running(plan Plan) string {
	if plan.Waiting == "" {
		return "just begun"
	}
	return "waiting for " + plan.Waiting
}

func finish(s *State, status *api.CassandraTaskStatus, condition, reason, message string) {
	status.CompletionTime = &metav1.Time{Time: s.Now}
	set(s, status, api.JobRunning, metav1.ConditionFalse, reason, "the task has ended")
	set(s, status, condition, metav1.ConditionTrue, reason, message)
	if condition == api.JobFailed {
		set(s, status, api.JobComplete, completeThoughFailed(s.Task), reason, "the task has ended and did not succeed")
	}
}

// completeThoughFailed is the condition Complete of a task that has failed: true, as cass-operator has it, because the task has
// ended. Former versions of the operator take a rebuild that is complete for a datacenter that has its data, so that it never is,
// and nor is one whose command isn't known: an edit may make it a rebuild.
func completeThoughFailed(t *api.CassandraTask) metav1.ConditionStatus {
	if c := commandOf(t); c == nil || c.name == api.CommandRebuild {
		return metav1.ConditionFalse
	}
	return metav1.ConditionTrue
}

// failures lists what went wrong on which pod.
func failures(status *api.CassandraTaskStatus) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(status.PodStatuses)) {
		if pod := status.PodStatuses[name]; pod.Status == api.PodTaskError {
			parts = append(parts, name+": "+pod.Error)
		}
	}
	return strings.Join(parts, "; ")
}

func notActedOn(s *State, status *api.CassandraTaskStatus) {
	names := NotActedOn(s.Task)
	if len(names) == 0 {
		return
	}
	set(s, status, api.FieldsNotActedOn, metav1.ConditionTrue, api.ReasonFieldNotActedOn,
		"these are set and have no effect: "+strings.Join(names, ", "))
}

func set(s *State, status *api.CassandraTaskStatus, condition string, value metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type: condition, Status: value, Reason: reason, Message: message,
		ObservedGeneration: s.Task.Generation, LastTransitionTime: metav1.Time{Time: s.Now},
	})
}
