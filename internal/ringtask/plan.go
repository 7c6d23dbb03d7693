package ringtask

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// Plan is what to do now and what to say.
type Plan struct {
	Begin  []string // datacenters of this region for which a part is made
	Drop   []Drop   // parts of this region that are deleted, because they must not be carried out any more
	Record *Record  // what is written into the spec before anything begins
	Delete bool     // the task has ended, and its time to live is over
	Gone   string   // why the task ends without having been carried out: no region has its ring any more
	// Invalid is why the task can't be carried out as it is.
	Invalid *Failure
	// Stopped is why the remaining datacenters aren't begun: one before them has failed.
	Stopped string
	Waits   []string
	// Done: all datacenters have ended, or are left out.
	Done bool
	// Next is after how long to look again; 0 means when something changes.
	Next time.Duration
}

// Drop is a datacenter whose part is deleted, and why.
type Drop struct{ Datacenter, Why string }

func (p *Plan) drop(datacenter, why string) { p.Drop = append(p.Drop, Drop{datacenter, why}) }

// Failure is why a task can't be carried out.
type Failure struct{ Reason, Message string }

// maxName is how long a task's name may be, in characters: its parts carry it as a label.
const maxName = 63

// Make decides what to do next.
func Make(s *State) Plan {
	if s.Task.Status.CompletionTime != nil {
		return expire(s)
	}
	var p Plan
	targets, missing := s.targets()
	if p.Gone = s.ringGone(); p.Gone != "" {
		p.Done = true
		return p
	}
	if p.Invalid = check(s, targets, missing); p.Invalid != nil || s.Held || s.Diverged != "" {
		return p
	}
	if p.record(s); p.Record != nil || len(p.Waits) > 0 {
		return p
	}
	p.Done = true
	p.settle(s)
	for _, t := range targets {
		if turn := p.consider(s, t); !turn && !parallel(s) {
			break
		}
	}
	return p
}

// check says why a task can't be carried out as it is, or nil.
func check(s *State, targets []target, missing []string) *Failure {
	spec := s.Task.Spec
	switch n := len(spec.Template.Jobs); {
	case spec.Cluster.Name == "":
		return &Failure{api.ReasonInvalidTask, "spec.cluster.name: is needed"}
	case spec.Cluster.Namespace != "" && spec.Cluster.Namespace != s.Task.Namespace:
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.cluster.namespace: %q is not the task's own namespace", spec.Cluster.Namespace)}
	case n != 1:
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.template.jobs: exactly one job is needed, there are %d", n)}
	case len(s.Task.Name) > maxName:
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("metadata.name: has %d characters, at most %d can be", len(s.Task.Name), maxName)}
	case s.Ring == nil:
		return &Failure{api.ReasonClusterNotFound, fmt.Sprintf("spec.cluster.name: this region has no K8ssandraCluster %s/%s", s.Task.Namespace, spec.Cluster.Name)}
	case s.otherRing():
		return &Failure{api.ReasonClusterNotFound, fmt.Sprintf("spec.cluster.uid: %s is not the id of K8ssandraCluster %s/%s in this region, which is %s: it is another ring", spec.Cluster.UID, s.Task.Namespace, spec.Cluster.Name, s.ringID())}
	case len(missing) > 0:
		return &Failure{api.ReasonDatacenterNotFound, fmt.Sprintf("spec.datacenters: %s is no datacenter of the ring", strings.Join(missing, ", "))}
	case len(targets) == 0:
		return &Failure{api.ReasonDatacenterNotFound, "spec.datacenters: the ring has none"}
	}
	return nil
}

func parallel(s *State) bool { return s.Task.Spec.DcConcurrencyPolicy == "Allow" }

// consider decides about one datacenter. With datacenters that go one after another, it tells whether the next one may go.
func (p *Plan) consider(s *State, t target) (next bool) {
	progress, skipped := s.progress(t), s.skipped(t.name)
	if part := s.Parts[t.name]; part != nil && part.Status.CompletionTime == nil && s.remembered(t) != nil {
		p.drop(t.name, fmt.Sprintf("another region remembers that datacenter %s has ended", t.name))
	}
	switch {
	case progress != nil && progress.CompletionTime != nil:
		return skipped || parallel(s) || !failed(progress) || p.stop(t)
	case skipped && progress == nil, s.endedWithout(t):
		return true
	case skipped && t.region != s.Region:
		p.Done = p.Done && s.goesOnUnseen(t) // it goes on there; the next one begins without waiting for its end
		return true
	}
	p.Done = false
	if t.region == s.Region && s.Parts[t.name] == nil {
		p.begin(s, t)
		return false
	}
	p.Waits = append(p.Waits, s.waitFor(t, progress))
	return false
}

// endedWithout tells of another region's datacenter that won't begin any more: the task has ended in that region, which had left
// the datacenter out by an edit that has been taken back since.
func (s *State) endedWithout(t target) bool {
	if t.region == s.Region || s.progress(t) != nil {
		return false
	}
	p := s.peer(t.region)
	return p != nil && p.Task != nil && meta.IsStatusConditionTrue(p.Task.Status.Conditions, api.JobComplete)
}

// leaveOut says what a person does to go on without a datacenter.
func leaveOut(name string) string {
	return fmt.Sprintf("add %s to spec.skipDatacenters to go on without it", name)
}

// stop keeps the datacenters after one that has failed from beginning.
func (p *Plan) stop(t target) (next bool) {
	p.Done = false
	p.Stopped = fmt.Sprintf("datacenter %s has failed, and the ones after it are not begun: %s", t.name, leaveOut(t.name))
	return false
}

// begin plans the part of a datacenter of this region, or says what keeps it from being made.
func (p *Plan) begin(s *State, t target) {
	gone, busy := goneElsewhere(s.Task, s.Peers), ""
	if !parallel(s) {
		busy = s.notAlone(t)
	}
	switch {
	case gone != "":
		p.Waits = append(p.Waits, gone)
	case s.InTheWay[t.name] != "":
		p.Waits = append(p.Waits, s.InTheWay[t.name])
	case s.Ungranted[t.name] != "":
		p.Waits = append(p.Waits, s.Ungranted[t.name])
	case busy != "":
		if !slices.Contains(p.Waits, busy) {
			p.Waits = append(p.Waits, busy)
		}
	default:
		p.Begin = append(p.Begin, t.name)
		p.Waits = append(p.Waits, fmt.Sprintf("datacenter %s, which is begun", t.name))
	}
}

// waitFor says how a datacenter is named among those that are waited for, and why it takes so long.
func (s *State) waitFor(t target, progress *api.CassandraTaskStatus) string {
	text := fmt.Sprintf("datacenter %s in region %s", t.name, t.region)
	skip := leaveOut(t.name)
	peer := s.peer(t.region)
	switch {
	case t.region == s.Region:
		if why := Hold(s.Parts[t.name], s.Task, s.Peers); why != "" {
			return fmt.Sprintf("%s, whose part waits for %s", text, why)
		}
	case peer == nil:
		return fmt.Sprintf("%s, which is not a region that this one knows; %s", text, skip)
	case !peer.Reachable:
		return fmt.Sprintf("%s, which does not answer: its part is done when it is back; %s", text, skip)
	case peer.Lacks:
		return fmt.Sprintf("%s, whose version does not act on K8ssandraTasks; %s", text, skip)
	case peer.Lost != "":
		return fmt.Sprintf("%s, which has lost its copy of the task; %s", text, skip)
	}
	if progress == nil {
		return text + " to begin"
	}
	if c := meta.FindStatusCondition(progress.Conditions, api.JobRunning); c != nil && c.Message != "" {
		return fmt.Sprintf("%s: %s", text, c.Message)
	}
	return text
}

// expire deletes a task that has ended when its time to live is over, and before that the parts that it has left unfinished:
// they would keep other tasks of their datacenters waiting. That is decided without regions that don't answer; the copies, being
// deleted, wait for them.
func expire(s *State) Plan {
	ttl := int32(api.DefaultTTLSeconds)
	if s.Task.Spec.Template.TTLSecondsAfterFinished != nil {
		ttl = *s.Task.Spec.Template.TTLSecondsAfterFinished
	}
	p := Plan{Done: true}
	for _, name := range slices.Sorted(maps.Keys(s.Parts)) {
		if s.Parts[name].Status.CompletionTime == nil {
			p.drop(name, "the task has ended without it")
		}
	}
	if ttl == 0 {
		return p
	}
	left := s.Task.Status.CompletionTime.Add(time.Duration(ttl) * time.Second).Sub(s.Now)
	if p.Delete = left <= 0; !p.Delete {
		p.Next = left
	}
	return p
}

func failed(status *api.CassandraTaskStatus) bool {
	return status.Failed > 0 || meta.IsStatusConditionTrue(status.Conditions, api.JobFailed)
}

// String prints the plan for people and tests.
func (p Plan) String() string {
	var b strings.Builder
	for _, name := range p.Begin {
		fmt.Fprintf(&b, "begin %s\n", name)
	}
	for _, d := range p.Drop {
		fmt.Fprintf(&b, "drop %s: %s\n", d.Datacenter, d.Why)
	}
	if p.Gone != "" {
		fmt.Fprintf(&b, "gone: %s\n", p.Gone)
	}
	if p.Record != nil {
		fmt.Fprintf(&b, "record %s of ring %s\n", strings.Join(p.Record.Datacenters, ", "), p.Record.Ring)
	}
	if p.Invalid != nil {
		fmt.Fprintf(&b, "invalid: %s: %s\n", p.Invalid.Reason, p.Invalid.Message)
	}
	if p.Stopped != "" {
		fmt.Fprintf(&b, "stopped: %s\n", p.Stopped)
	}
	for _, w := range p.Waits {
		fmt.Fprintf(&b, "waiting for %s\n", w)
	}
	if p.Delete {
		b.WriteString("delete\n")
	}
	if p.Done && !p.Delete {
		b.WriteString("done\n")
	}
	return b.String()
}
