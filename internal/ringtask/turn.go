package ringtask

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// Whose turn it is follows from the order in the task's spec. While that order stays, a datacenter whose turn it is may begin
// whatever else this region doesn't know: the ones before it have ended, and those after it wait for it. The kind's definition
// refuses to change the order, but an older definition doesn't; and to leave a datacenter out, or in again, changes the turns
// too. So a datacenter also waits for every other one that works, and for the regions that may act by another revision yet.

// left are the datacenters that an edit has taken off the spec and of which there is a part, as far as is known.
func (s *State) left() (all []target) {
	names := map[string]bool{}
	for name := range s.Parts {
		names[name] = true
	}
	for _, copied := range s.copies() {
		for name := range copied.Status.Datacenters {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t, is := s.locate(name)
		if !is && s.Parts[name] != nil { // the ring has none of the name any more
			t, is = target{name, s.Parts[name].Namespace, s.Region}, true
		}
		if is && hasLeft(s.Task, name) && s.progress(t) != nil {
			all = append(all, t)
		}
	}
	return all
}

// hasLeft tells whether a datacenter is none of the task's. Before the order is written down there is none that isn't.
func hasLeft(task *api.K8ssandraTask, datacenter string) bool {
	return len(task.Spec.Datacenters) > 0 && !slices.Contains(task.Spec.Datacenters, datacenter)
}

// settle drops what has not begun of datacenters that have left the spec, and waits for what has.
func (p *Plan) settle(s *State) {
	for _, t := range s.left() {
		if part := s.Parts[t.name]; part != nil && part.Status.CompletionTime == nil && (part.Status.StartTime == nil || s.remembered(t) != nil) {
			p.drop(t.name, fmt.Sprintf("datacenter %s is none of the task's any more", t.name))
			continue
		}
		if progress := s.progress(t); progress.CompletionTime == nil && !s.goesOnUnseen(t) {
			p.Waits, p.Done = append(p.Waits, s.waitFor(t, progress)), false
		}
	}
}

// goesOnUnseen is true of a datacenter that a person has left out and whose region doesn't answer.
func (s *State) goesOnUnseen(t target) bool {
	if t.region == s.Region || !s.skipped(t.name) {
		return false
	}
	peer := s.peer(t.region)
	return peer == nil || !peer.Reachable
}

// notAlone says why a datacenter whose turn it is doesn't begin yet, "" when it may.
func (s *State) notAlone(t target) string {
	targets, _ := s.targets()
	for _, other := range slices.Concat(targets, s.left()) {
		progress := s.progress(other)
		if other.name != t.name && !s.skipped(other.name) && progress != nil && progress.CompletionTime == nil {
			return s.waitFor(other, progress)
		}
	}
	for _, p := range s.Peers {
		if next := s.mayBegin(p); next != "" && !s.actsAlike(p) {
			return fmt.Sprintf("region %s to act by revision %s of the task as this one does, so that no two datacenters begin at one time; %s",
				p.Region, s.Task.Annotations[federation.RevisionAnnotation], leaveOut(next))
		}
	}
	return ""
}

// mayBegin names a datacenter that a region could have begun since it was last read, or could begin, "" when there is none: it may
// have taken over any revision meanwhile, from any region. One that doesn't answer counts only where an edit has changed the turns
// since it was last read: by the same ones it begins nothing out of turn.
func (s *State) mayBegin(p Peer) string {
	switch {
	case p.Lacks, p.Task == nil && !s.takesOver(p), p.Task != nil && (p.Task.DeletionTimestamp != nil || p.Task.Status.CompletionTime != nil):
		return ""
	case !p.Reachable && (!complete(p.Task) || sameTurns(s.Task, p.Task)):
		return ""
	}
	for _, name := range s.ringOrder() {
		t, is := s.locate(name)
		if is && t.region == p.Region && !s.skipped(name) && s.remembered(t) == nil {
			return name
		}
	}
	return ""
}

// complete tells whether a copy's order is written down. Nothing begins by one whose isn't.
func complete(task *api.K8ssandraTask) bool {
	return len(task.Spec.Datacenters) > 0 && task.Spec.Cluster.UID != "" && task.Annotations[federation.RevisionAnnotation] != ""
}

// takesOver tells whether a region that had no copy when it was last read takes one over, and may have done so since. One that
// doesn't answer is not waited for, and one that had a copy takes none again.
func (s *State) takesOver(p Peer) bool {
	return p.Reachable && p.Lost == "" && federation.ParseRegions(s.Task.Annotations[federation.RegionsAnnotation])[p.Region] == ""
}

// sameTurns tells whether two copies let the same datacenters begin after each other.
func sameTurns(a, b *api.K8ssandraTask) bool {
	return slices.Equal(a.Spec.Datacenters, b.Spec.Datacenters) && slices.Equal(slices.Sorted(slices.Values(a.Spec.SkipDatacenters)), slices.Sorted(slices.Values(b.Spec.SkipDatacenters))) &&
		a.Spec.DcConcurrencyPolicy == b.Spec.DcConcurrencyPolicy
}

// actsAlike tells whether a region holds this one's revision, and has written its status since it does: then the status names
// all that it has begun.
func (s *State) actsAlike(p Peer) bool {
	return p.Task != nil && p.Task.Annotations[federation.RevisionAnnotation] == s.Task.Annotations[federation.RevisionAnnotation] && actedOn(p.Task) == p.Task.Generation
}

// actedOn is the generation that a copy's status is about.
func actedOn(task *api.K8ssandraTask) int64 {
	if c := meta.FindStatusCondition(task.Status.Conditions, api.JobRunning); c != nil {
		return c.ObservedGeneration
	}
	return -1
}
