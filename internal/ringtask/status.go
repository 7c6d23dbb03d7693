package ringtask

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/words"
)

// Summarize returns the status of this region's copy. Regions that see each other get the same one.
func Summarize(s *State, plan Plan) api.K8ssandraTaskStatus {
	before := s.Task.Status
	status := api.K8ssandraTaskStatus{Datacenters: map[string]api.CassandraTaskStatus{}}
	status.StartTime, status.CompletionTime = before.StartTime, before.CompletionTime
	for _, c := range before.Conditions {
		if c.Type != api.Deleting || c.Status == metav1.ConditionFalse { // that a deletion was overruled stays in the status for as long as the copy is there
			status.Conditions = append(status.Conditions, c)
		}
	}
	targets, _ := s.targets()
	for _, t := range slices.Concat(targets, s.left()) {
		s.add(&status, t)
	}
	if len(targets) == 0 {
		status.Datacenters = before.Datacenters
	}
	status.Regions = s.regions()
	s.conclude(&status, plan)
	s.tellRegions(&status)
	return status
}

// add adds a datacenter to the status.
func (s *State) add(status *api.K8ssandraTaskStatus, t target) {
	progress := s.progress(t)
	if progress == nil && s.skipped(t.name) {
		progress = &api.CassandraTaskStatus{Conditions: slices.Clone(s.Task.Status.Datacenters[t.name].Conditions)}
		meta.SetStatusCondition(&progress.Conditions, metav1.Condition{Type: api.Skipped, Status: metav1.ConditionTrue, Reason: api.Skipped,
			Message: "left out by spec.skipDatacenters", LastTransitionTime: metav1.Time{Time: s.Now}})
	}
	if progress == nil {
		return
	}
	status.Datacenters[t.name] = *progress.DeepCopy()
	status.Active += progress.Active
	status.Succeeded += progress.Succeeded
	status.Failed += progress.Failed
	if begun := progress.StartTime; begun != nil && (status.StartTime == nil || begun.Before(status.StartTime)) {
		status.StartTime = begun.DeepCopy()
	}
}

// conclude sets the conditions that say how the task stands.
func (s *State) conclude(status *api.K8ssandraTaskStatus, plan Plan) {
	switch {
	case status.CompletionTime != nil:
		return
	case plan.Gone != "":
		meta.RemoveStatusCondition(&status.Conditions, api.Invalid)
		status.CompletionTime = &metav1.Time{Time: s.Now.Truncate(time.Second)}
		s.set(status, api.JobRunning, false, api.ReasonClusterNotFound, "the task has ended")
		s.set(status, api.JobFailed, true, api.ReasonClusterNotFound, plan.Gone)
		return
	case plan.Invalid != nil:
		s.set(status, api.Invalid, true, plan.Invalid.Reason, plan.Invalid.Message)
	default:
		meta.RemoveStatusCondition(&status.Conditions, api.Invalid)
	}
	failures := s.failures(status)
	switch {
	case plan.Done:
		status.CompletionTime = &metav1.Time{Time: s.Now.Truncate(time.Second)}
		s.set(status, api.JobRunning, false, api.ReasonCompleted, "the task has ended")
		if failures != "" {
			s.set(status, api.JobFailed, true, api.ReasonDatacentersFailed, failures)
			return
		}
		s.set(status, api.JobComplete, true, api.ReasonCompleted, s.summary(status))
	case plan.Stopped != "":
		s.set(status, api.JobRunning, false, api.ReasonDatacenterFailed, plan.Stopped)
		s.set(status, api.JobFailed, true, api.ReasonDatacenterFailed, failures+"; "+plan.Stopped)
		return
	default:
		s.running(status, plan)
	}
	meta.RemoveStatusCondition(&status.Conditions, api.JobFailed)
}

// summary says what was done, and what was left out.
func (s *State) summary(status *api.K8ssandraTaskStatus) string {
	done, out := 0, []string(nil)
	targets, _ := s.targets()
	for _, t := range slices.Concat(targets, s.left()) {
		if one := status.Datacenters[t.name]; one.CompletionTime != nil && !failed(&one) {
			done++
			continue
		}
		out = append(out, t.name)
	}
	text := fmt.Sprintf("%s in %s", words.Count(status.Succeeded, "pod"), words.Count(done, "datacenter"))
	if len(out) > 0 {
		text += "; left out: " + strings.Join(out, ", ")
	}
	return text
}

func (s *State) running(status *api.K8ssandraTaskStatus, plan Plan) {
	waits := slices.Concat(s.Problems, plan.Waits)
	switch message := strings.Join(waits, "; "); {
	case plan.Invalid != nil:
		s.set(status, api.JobRunning, false, plan.Invalid.Reason, plan.Invalid.Message)
	case s.Diverged != "":
		s.set(status, api.JobRunning, false, api.Diverged, s.Diverged)
	case status.Active > 0:
		s.set(status, api.JobRunning, true, api.ReasonRunning, "waiting for "+message)
	default:
		s.set(status, api.JobRunning, false, api.ReasonWaiting, "waiting for "+message)
	}
}

// failures lists what went wrong in which datacenter.
func (s *State) failures(status *api.K8ssandraTaskStatus) string {
	var all []string
	targets, _ := s.targets()
	for _, t := range slices.Concat(targets, s.left()) {
		one, is := status.Datacenters[t.name]
		if !is || !failed(&one) {
			continue
		}
		text := "datacenter " + t.name
		if c := meta.FindStatusCondition(one.Conditions, api.JobFailed); c != nil {
			text += ": " + c.Message
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// regions are the others, as they were last seen.
func (s *State) regions() (all []api.TaskRegion) {
	for _, p := range s.Peers {
		one := api.TaskRegion{Region: p.Region, Reachable: p.Reachable, Since: metav1.NewTime(p.Since.Truncate(time.Second)), Message: p.Message}
		for _, old := range s.Task.Status.Regions { // a restart of this process doesn't change since when a region answers
			if old.Region == p.Region && old.Reachable == p.Reachable {
				one.Since = old.Since
			}
		}
		if p.Task != nil {
			one.Revision = p.Task.Annotations[federation.RevisionAnnotation]
		}
		switch {
		case p.Lost != "":
			one.Message = p.Lost
		case p.Lacks:
			one.Message = "its version does not act on K8ssandraTasks"
		}
		all = append(all, one)
	}
	return all
}

// tellRegions sets the conditions about the other regions.
func (s *State) tellRegions(status *api.K8ssandraTaskStatus) {
	var away []string
	for _, p := range status.Regions {
		if !p.Reachable {
			away = append(away, fmt.Sprintf("region %s is unreachable since %s", p.Region, p.Since.UTC().Format(time.RFC3339)))
		}
	}
	switch {
	case len(away) > 0:
		s.set(status, api.RegionsReachable, false, "Unreachable", strings.Join(away, "; "))
	default:
		s.set(status, api.RegionsReachable, true, "AllAnswer", "")
	}
	if s.Diverged == "" {
		meta.RemoveStatusCondition(&status.Conditions, api.Diverged)
		return
	}
	s.set(status, api.Diverged, true, api.Diverged, s.Diverged)
}

func (s *State) set(status *api.K8ssandraTaskStatus, condition string, is bool, reason, message string) {
	value := metav1.ConditionFalse
	if is {
		value = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&status.Conditions, metav1.Condition{Type: condition, Status: value, Reason: reason, Message: message,
		ObservedGeneration: s.Task.Generation, LastTransitionTime: metav1.Time{Time: s.Now.Truncate(time.Second)}})
}
