package task

import (
	"fmt"
	"maps"
	"strings"
	"time"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/plan"
)

// The verbs.
const (
	StartJob   plan.Verb = "start job on" // asks a pod's node for the job
	DeleteTask plan.Verb = "delete task"  // one that has ended, when its time to live is over
)

// Failure is why a task ends without success.
type Failure struct{ Reason, Message string }

// Plan is what to do now, and what the status says about it.
type Plan struct {
	Steps []plan.Step
	// Begin: the task starts. Nothing else happens in this pass, so that its status says so before the first step.
	Begin bool
	// Done: all pods have ended, well or not.
	Done bool
	// Result says what came of a task without pods that has ended well.
	Result string
	// Allowed: the datacenter may take up what was held back; the status remembers that.
	Allowed bool
	// Failure is set when the task can't be carried out.
	Failure *Failure
	// Waiting is what is waited for and on whom.
	Waiting string
	// Next is after how long to look again; 0 means when something changes.
	Next time.Duration
	// Pods is how far each pod is, before the steps.
	Pods map[string]api.PodTaskStatus
}

// pollJobs is how often nodes are asked about running jobs.
const pollJobs = time.Second

// Make decides what to do next.
func Make(s *State) Plan {
	if s.Task.Status.CompletionTime != nil {
		return expire(s)
	}
	p := Plan{Pods: map[string]api.PodTaskStatus{}}
	maps.Copy(p.Pods, s.Task.Status.PodStatuses)
	if p.Failure = check(s); p.Failure != nil {
		return p
	}
	if p.wait(s) {
		return p
	}
	if s.Task.Status.StartTime == nil {
		waits := p.checkSchema(s)
		p.Begin = !waits && p.Failure == nil
		return p
	}
	if why := s.misdirected(); why != nil {
		p.windDown(s, why)
		return p
	}
	s.command().proceed(&p, s)
	return p
}

// expire deletes a finished task when its time to live is over.
func expire(s *State) Plan {
	ttl := int32(api.DefaultTTLSeconds)
	if s.Task.Spec.TTLSecondsAfterFinished != nil {
		ttl = *s.Task.Spec.TTLSecondsAfterFinished
	}
	if ttl == 0 {
		return Plan{}
	}
	left := s.Task.Status.CompletionTime.Add(time.Duration(ttl) * time.Second).Sub(s.Now)
	if left > 0 {
		return Plan{Next: left}
	}
	return Plan{Steps: []plan.Step{{Verb: DeleteTask, Target: s.Task.Name, Why: fmt.Sprintf("finished more than %d s ago", ttl)}}}
}

// wait tells whether the task can't start or go on yet, and notes why.
func (p *Plan) wait(s *State) bool {
	if at := s.Task.Spec.ScheduledTime; at != nil && at.After(s.Now) {
		p.Waiting = "its scheduled time, " + at.UTC().Format(time.RFC3339)
		p.Next = at.Sub(s.Now)
		return true
	}
	if s.Held != "" {
		p.Waiting, p.Next = s.Held, pollJobs
		return true
	}
	if s.Datacenter == nil {
		p.Waiting = fmt.Sprintf("CassandraDatacenter %q, which is not in namespace %q", s.Task.Spec.Datacenter.Name, s.Task.Namespace)
		p.Next = 10 * time.Second
		return true
	}
	if s.Task.Status.StartTime != nil {
		return false
	}
	if args := s.job().Arguments; args.RackName+args.PodName != "" && len(s.racks()) == 0 { // nobody knows yet what pods there are
		p.Waiting = fmt.Sprintf("the StatefulSets of datacenter %q", s.Datacenter.Name)
		p.Next = pollJobs
		return true
	}
	if from := s.Datacenter.Owes(); from != "" && !s.command().withoutData {
		p.Waiting = fmt.Sprintf("datacenter %q to be rebuilt from %s", s.Task.Spec.Datacenter.Name, cassandra.SourceInWords(from))
		p.Next = 5 * time.Second
		return true
	}
	if s.waitsForLeaver(s.Task) {
		p.Waiting = fmt.Sprintf("node %s, which leaves the ring, to be gone", s.Datacenter.LeavingPod())
		p.Next = 5 * time.Second
		return true
	}
	if other := blocker(s); other != "" {
		p.Waiting = fmt.Sprintf("task %q to end on the same datacenter", other)
		p.Next = 5 * time.Second
		return true
	}
	return false
}

// blocker names the task that goes first: one that runs, else the oldest that is due. Two tasks run together only if both
// allow it. A task that brings the data that a datacenter lacks doesn't wait for others: they wait for nodes that let
// clients in, and such nodes wait for the data. Nor does any wait for one that waits for a node to leave: that node may
// wait for the data.
func blocker(s *State) string {
	for i := range s.Others {
		other := &s.Others[i]
		if s.Datacenter.Owes() != "" && !bringsData(other) {
			continue
		}
		if s.waitsForLeaver(other) {
			continue
		}
		if allows(s.Task) && allows(other) {
			continue
		}
		if other.Status.StartTime != nil || due(other, s.Now) && older(other, s.Task) {
			return other.Name
		}
	}
	return ""
}

// bringsData tells whether a task is one that a datacenter without its data runs first.
func bringsData(t *api.CassandraTask) bool {
	c := commandOf(t)
	return c != nil && c.withoutData
}

// waitsForLeaver tells whether a task can't begin because a node leaves. Data that the datacenter lacks comes first: the node
// waits for it.
func (s *State) waitsForLeaver(t *api.CassandraTask) bool {
	c := commandOf(t)
	return c != nil && c.wholeRing && t.Status.StartTime == nil && s.Datacenter.LeavingPod() != "" && !(c.withoutData && s.Datacenter.LacksData())
}

func allows(t *api.CassandraTask) bool { return t.Spec.ConcurrencyPolicy == "Allow" }

func due(t *api.CassandraTask, now time.Time) bool {
	return t.Spec.ScheduledTime == nil || !t.Spec.ScheduledTime.After(now)
}

func older(a, b *api.CassandraTask) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

// String prints the plan for people and tests.
func (p Plan) String() string {
	var b strings.Builder
	if p.Begin {
		b.WriteString("begin\n")
	}
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	if p.Waiting != "" {
		fmt.Fprintf(&b, "waiting for %s\n", p.Waiting)
	}
	if p.Failure != nil {
		fmt.Fprintf(&b, "failed: %s: %s\n", p.Failure.Reason, p.Failure.Message)
	}
	if p.Done {
		b.WriteString("done\n")
	}
	return b.String()
}
