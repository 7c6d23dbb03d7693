package schedule

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// State is everything that one pass has seen.
type State struct {
	Now      time.Time
	Schedule *api.ScheduledTask
	// Datacenter: the CassandraDatacenter that the tasks are for is there.
	Datacenter bool
	// Tasks are all CassandraTasks of the namespace, as they are stored.
	Tasks []api.CassandraTask
}

// slack is how far a clock that was set right may have been ahead without anybody noticing.
const slack = time.Hour

// past tells whether a time that was written down may be one that was: a later one comes from a clock that was wrong.
func (s *State) past(t time.Time) bool { return !t.IsZero() && !s.ahead(t) }

func (s *State) ahead(t time.Time) bool { return t.After(s.Now.Add(slack)) }

// since is from when on times of the schedule count. Those before a new schedule, before the object itself, and before the
// version that began to act on the object were nobody's wish. What was noted under a clock that was far ahead says nothing of
// the times before now: they may have had their tasks, which may be gone.
func (s *State) since() time.Time {
	status := s.Schedule.Status
	switch {
	case s.edited(), status.Schedule == "" && s.wasNotActedOn(), s.ahead(status.Since.Time), s.ahead(status.LastExecution.Time):
		return s.Now
	case !status.Since.IsZero():
		return status.Since.Time
	case s.past(status.LastExecution.Time): // made under another operator
		return status.LastExecution.Time
	case s.past(s.Schedule.CreationTimestamp.Time):
		return s.Schedule.CreationTimestamp.Time
	}
	return s.Now
}

// edited tells whether the schedule is another one than the one that the status is about.
func (s *State) edited() bool {
	was := s.Schedule.Status.Schedule
	return was != "" && was != s.Schedule.Spec.Schedule
}

// wasNotActedOn tells whether a former version of the operator has said of the object that nothing acts on it.
func (s *State) wasNotActedOn() bool {
	for _, c := range s.Schedule.Status.Conditions {
		if c.Type == api.FieldsNotActedOn && c.Reason == api.ReasonKindNotActedOn {
			return true
		}
	}
	return false
}

// last is the time of the last task, zero when there was none. A task may have been made and not noted. One that a clock which was
// ahead has brought too early counts when its time comes: the times before it have theirs.
func (s *State) last() (last time.Time) {
	if noted := s.Schedule.Status.LastExecution.Time; s.past(noted) {
		last = noted
	}
	for i := range s.Tasks {
		t := &s.Tasks[i]
		if at := TimeOf(t); IsOf(t, s.Schedule) && !at.After(s.Now) && at.After(last) {
			last = at
		}
	}
	return last
}

// mayOverlap tells whether a task may be made while the one before runs.
func (s *State) mayOverlap() bool {
	return s.Schedule.Spec.TaskDetails.ConcurrencyPolicy == batchv1.AllowConcurrent
}
