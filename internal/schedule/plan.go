package schedule

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/task"
)

// MakeTask is the verb of the only step.
const MakeTask plan.Verb = "make task"

// Plan is what to do now, and what the status says about it.
type Plan struct {
	Steps []plan.Step
	// Task is what the step makes, for the time Due.
	Task *api.CassandraTask
	Due  time.Time
	// Since, Last and Next are the status's: from when on times count, that of the last task, that of the next one.
	Since, Last, Next time.Time
	// Failure is why no task can be made of the object as it is.
	Failure *task.Failure
	// Waiting is what the task that is due waits for.
	Waiting string
	// LeftOut says of a time that has just come why it has no task.
	LeftOut string
	// Again is after how long to look again; 0 means when the object changes.
	Again time.Duration
}

// look is the longest time between two looks: somebody may set the clock.
const look = time.Minute

// Make decides what to do next.
func Make(s *State) Plan {
	p := Plan{Since: s.since(), Last: s.last()}
	times, err := Parse(s.Schedule.Spec.Schedule)
	if err != nil {
		p.Failure = &task.Failure{Reason: api.ReasonInvalidSchedule, Message: fmt.Sprintf("spec.schedule: %v", err)}
		return p
	}
	done := later(p.Since, p.Last)
	if p.Due = times.Last(done, s.Now); !p.Due.IsZero() {
		done = p.Due
	}
	if p.Next = times.Next(done); p.Next.IsZero() {
		p.Failure = &task.Failure{Reason: api.ReasonInvalidSchedule, Message: fmt.Sprintf("spec.schedule: %q has no time in the next five years", s.Schedule.Spec.Schedule)}
		return p
	}
	p.Again = min(p.Next.Sub(s.Now), look)
	p.Failure = check(s)
	if !p.Due.IsZero() {
		p.make(s, times)
	}
	return p
}

// make plans the task that is due, or says why there is none.
func (p *Plan) make(s *State, times *Times) {
	switch {
	case p.Failure != nil:
		p.leaveOut(p.Failure.Message)
		return
	case !s.Datacenter:
		p.leaveOut(missing(s))
		return
	}
	p.Task = TaskAt(s.Schedule, p.Due)
	if p.Waiting = blocker(s, p.Task); p.Waiting != "" {
		p.Task, p.Next, p.Again = nil, p.Due, look
		return
	}
	why := "it is time, " + shown(p.Due)
	if first := times.Next(later(p.Since, p.Last)); first.Before(p.Due) {
		why += "; earlier times since " + shown(first) + " were missed"
	}
	p.Steps = []plan.Step{{Verb: MakeTask, Target: p.Task.Name, Why: why}}
}

// leaveOut gives the time that is due no task, now or later.
func (p *Plan) leaveOut(why string) {
	p.LeftOut = fmt.Sprintf("no task was made for %s: %s", shown(p.Due), why)
	p.Since, p.Due = p.Due, time.Time{}
}

func missing(s *State) string {
	return fmt.Sprintf("there is no CassandraDatacenter %q in namespace %q", s.Schedule.Spec.TaskDetails.Datacenter.Name, s.Schedule.Namespace)
}

// blocker says what keeps a task from being made now, "" when nothing does. With Forbid, the earlier tasks of the schedule
// have ended before; with Allow, they have begun: of tasks that can't begin, one is enough.
func blocker(s *State, next *api.CassandraTask) string {
	for i := range s.Tasks {
		t := &s.Tasks[i]
		switch {
		case t.Name == next.Name: // one of this schedule would have its time noted
			return fmt.Sprintf("CassandraTask %s to be deleted, or for another spec.taskDetails.name: it has the name of the next one and is not this schedule's", t.Name)
		case !IsOf(t, s.Schedule) || t.Status.CompletionTime != nil || !t.DeletionTimestamp.IsZero():
		case !s.mayOverlap():
			return fmt.Sprintf("CassandraTask %s, which was made for an earlier time, to end", t.Name)
		case t.Status.StartTime == nil:
			return fmt.Sprintf("CassandraTask %s, which was made for an earlier time, to begin", t.Name)
		}
	}
	return ""
}

// maxName is how long a schedule's name may be, in characters: its tasks carry it as a label.
const maxName = 63

// check says why no task can be made of the object as it is, or nil.
func check(s *State) *task.Failure {
	if n := len(s.Schedule.Name); n > maxName {
		return &task.Failure{Reason: api.ReasonInvalidTask, Message: fmt.Sprintf("metadata.name: has %d characters, at most %d can be", n, maxName)}
	}
	made := TaskAt(s.Schedule, s.Now)
	if bad := validation.IsDNS1123Subdomain(made.Name); len(bad) > 0 {
		return &task.Failure{Reason: api.ReasonInvalidTask, Message: fmt.Sprintf("spec.taskDetails.name: a task can't be named %q: %s", made.Name, bad[0])}
	}
	failure := task.CheckSpec(made)
	if failure != nil {
		failure.Message = "spec.taskDetails." + strings.TrimPrefix(failure.Message, "spec.")
	}
	return failure
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// String prints the plan for people and tests.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	if p.Failure != nil {
		fmt.Fprintf(&b, "invalid: %s: %s\n", p.Failure.Reason, p.Failure.Message)
	}
	if p.Waiting != "" {
		fmt.Fprintf(&b, "waiting for %s\n", p.Waiting)
	}
	if p.LeftOut != "" {
		fmt.Fprintf(&b, "left out: %s\n", p.LeftOut)
	}
	return b.String()
}
