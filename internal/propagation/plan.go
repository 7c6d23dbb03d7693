package propagation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/plan"
)

// The verbs of a region's steps.
const (
	Record  plan.Verb = "record"  // write down that the object is about to be managed
	Create  plan.Verb = "create"  // make the object
	Adopt   plan.Verb = "adopt"   // take an object over that was there before
	Update  plan.Verb = "update"  // make the object what it should be
	Release plan.Verb = "release" // take the mark off: the object stays, and isn't the Propagation's any more
	Delete  plan.Verb = "delete"  // delete the object
	Forget  plan.Verb = "forget"  // an object that was managed isn't there any more, or is somebody else's
)

// Step is one thing that a region does with one object.
type Step struct {
	plan.Step

	Ref    api.ObjectReference        // with the UID that the object must have, where it exists
	Object *unstructured.Unstructured // what is applied, for Create, Adopt and Update
	Live   *unstructured.Unstructured // what it was when it was looked at
}

// Decision is what a region does, and what its status says if all of it works.
type Decision struct {
	plan.Notes

	Steps   []Step
	Verdict Problem // of the region; InSync is one too
	Gone    bool    // of a copy that is being deleted: nothing of it is left in this region
}

// Plan decides what a region does.
func Plan(s *State) Decision {
	d := Decision{}
	switch invalid := Check(&s.Propagation.Spec); {
	case s.isDeleting():
		s.planRemoval(&d)
	case s.Diverged != "":
		d.refuse(api.RegionDiverged, s.Diverged)
	case s.Held != "":
		d.refuse(api.RegionHeld, s.Held)
	case invalid != nil:
		d.refuse(api.RegionInvalid, invalid.Error())
	case !s.placed():
		d.Verdict = Problem{Reason: api.RegionNotPlaced}
		s.releaseAllBut(&d, api.ObjectReference{}, "the region is not in the placement")
	default:
		s.planTarget(&d)
		if s.isSource() {
			s.releaseAllBut(&d, api.ObjectReference{}, "it is the source, and nobody's copy")
			break
		}
		s.releaseAllBut(&d, s.Target.Ref, "the Propagation is about another object now")
	}
	if s.Problems != "" && d.Verdict.Message == "" {
		d.refuse(api.RegionHeld, s.Problems)
	}
	return d
}

// refuse ends the plan for an object with a reason. What is the matter with another one already is told too.
func (d *Decision) refuse(reason, message string) {
	if len(d.Trouble) == 0 {
		d.Verdict = Problem{Reason: reason}
	}
	d.Warn("%s: %s", reason, message)
	d.Verdict.Message = strings.TrimPrefix(d.Verdict.Message+"; "+message, "; ")
}

func (d *Decision) step(verb plan.Verb, seen Seen, why string) {
	d.Steps = append(d.Steps, Step{Step: plan.Step{Verb: verb, Target: name(seen.Ref), Why: why}, Ref: identified(seen), Object: seen.Wanted, Live: seen.Live})
}

// identified is the reference with the UID of what was seen.
func identified(seen Seen) api.ObjectReference {
	ref := seen.Ref
	if seen.Live != nil {
		ref.UID = seen.Live.GetUID()
	}
	return ref
}

// planTarget decides about the object that the region should have.
func (s *State) planTarget(d *Decision) {
	t := s.Target
	switch {
	case s.Origin.Problem != nil:
		d.refuse(s.Origin.Problem.Reason, s.Origin.Problem.Message)
	case t.Problem != nil:
		d.refuse(t.Problem.Reason, t.Problem.Message)
	case s.isSource():
		d.Verdict = Problem{Reason: api.RegionInSync, Message: "it is the source"}
	case t.Live == nil:
		s.write(d, Create, t, "the region should have it")
	case t.Live.GetDeletionTimestamp() != nil:
		d.Verdict = Problem{api.RegionWaitingForRemoval, name(t.Ref) + " is being deleted, and is made again then"}
		d.Wait("%s to be gone", name(t.Ref))
	case handsOff(t.Live):
		d.refuse(api.RegionManagedLabelFalse, fmt.Sprintf("%s has the label %s=false, and is left alone", name(t.Ref), api.ManagedLabel))
	case s.manages(t):
		s.keep(d, t)
	default:
		s.meet(d, t)
	}
}

// isSource tells whether this region's own object is what the others get.
func (s *State) isSource() bool {
	source := s.Propagation.Spec.Source
	return source != nil && source.Region == s.Region
}

// keep makes an object of ours what it should be.
func (s *State) keep(d *Decision, t Seen) {
	if why := refusal(t); why != "" {
		d.refuse(api.RegionRefused, name(t.Ref)+": "+why)
		return
	}
	if written := s.written(t.Ref); written == nil || written.UID != t.Live.GetUID() || written.APIVersion != t.Ref.APIVersion {
		d.step(Record, t, "it has the Propagation's mark")
	}
	d.Verdict = Problem{Reason: api.RegionInSync}
	if t.Preview == nil || !same(t.Live, t.Preview) {
		d.step(Update, t, "it is not what it should be")
	}
}

// meet decides about an object that was there before.
func (s *State) meet(d *Decision, t Seen) {
	other := t.Live.GetAnnotations()[api.PropagatedFromAnnotation]
	switch owner := OwnedBy(t.Live); {
	case owner != "":
		d.refuse(api.RegionRefused, name(t.Ref)+": "+owner)
	case other != "" && other != Mark(s.Propagation): // its own is on a copy that somebody made of an object
		d.refuse(api.RegionAlreadyExists, fmt.Sprintf("%s exists, and is managed by Propagation %s", name(t.Ref), other))
	case !s.Propagation.Spec.Adopt:
		d.refuse(api.RegionAlreadyExists, name(t.Ref)+" was there before; it is taken over with spec.adopt: true")
	case refusal(t) != "":
		d.refuse(api.RegionRefused, name(t.Ref)+": "+refusal(t))
	default:
		s.write(d, Adopt, t, "it was there before, and spec.adopt says so")
	}
}

// write notes an object before it is written, so that a crash between the two forgets nothing.
func (s *State) write(d *Decision, verb plan.Verb, t Seen, why string) {
	if s.written(t.Ref) == nil {
		d.step(Record, t, "before it is written")
	}
	d.Verdict = Problem{Reason: api.RegionInSync}
	d.step(verb, t, why)
}

// releaseAllBut lets go of managed objects other than one.
func (s *State) releaseAllBut(d *Decision, but api.ObjectReference, why string) {
	for _, seen := range s.held() {
		switch {
		case sameObject(seen.Ref, but):
		case but.Kind != "" && isSame(seen.Live, s.Target.Live): // a kind that two API groups have
			d.step(Forget, seen, "it is "+but.APIVersion+" "+name(but)+" now")
		default:
			s.release(d, seen, why)
		}
	}
}

// held are the objects that were written down, and the one that the Propagation is about if it is proven to be its own: what was
// written down may have been lost, as when a backup is restored.
func (s *State) held() []Seen {
	if t := s.Target; t.Problem == nil && s.written(t.Ref) == nil && s.proven(t) {
		return append(slices.Clone(s.Managed), t)
	}
	return s.Managed
}

// release takes the mark off an object, or forgets one that is gone or another Propagation's. No mark stays on what is let go,
// whatever it has become: with it, the object would be taken for the Propagation's later, and overwritten without being adopted.
func (s *State) release(d *Decision, seen Seen, why string) {
	switch {
	case seen.Problem != nil:
		d.refuse(seen.Problem.Reason, fmt.Sprintf("%s can't be let go: %s", name(seen.Ref), seen.Problem.Message))
	case seen.Live == nil:
		d.step(Forget, seen, "it is not there")
	case !IsOurs(seen.Live, s.Propagation):
		d.step(Forget, seen, "it is not the Propagation's any more")
	default:
		s.unidentify(d, seen)
		d.step(Release, seen, why)
	}
}

// unidentify takes back which object was written down, before its mark is taken off: when a crash comes after that, an object
// without a mark must not be given it back.
func (s *State) unidentify(d *Decision, seen Seen) {
	if written := s.written(seen.Ref); written != nil && written.UID != "" && !s.isDeleting() {
		d.step(Record, seen, "before it is let go")
		d.Steps[len(d.Steps)-1].Ref.UID = ""
	}
}

// planRemoval takes down what a Propagation that is being deleted has in the region.
func (s *State) planRemoval(d *Decision) {
	d.Verdict = Problem{api.RegionWaitingForRemoval, "the Propagation is being deleted"}
	for _, seen := range s.Managed {
		s.takeDown(d, seen)
	}
	d.Gone = d.leavesNothing()
}

// Removal decides about one object of a Propagation that is being deleted. Gone says that the deletion doesn't wait for it.
func (s *State) Removal(seen Seen) (d Decision) {
	s.takeDown(&d, seen)
	d.Gone = d.leavesNothing()
	return d
}

// leavesNothing tells whether a deletion has nothing to do and nothing to wait for any more.
func (d *Decision) leavesNothing() bool {
	return len(d.Waits) == 0 && len(d.Trouble) == 0 && !slices.ContainsFunc(d.Steps, func(step Step) bool { return step.Verb != Forget })
}

func (s *State) takeDown(d *Decision, seen Seen) {
	switch why := s.stays(seen.Ref); {
	case why != "" && seen.Problem != nil:
		d.step(Forget, seen, why+", and it can't be reached: "+seen.Problem.Message)
	case why != "":
		s.release(d, seen, why)
	default:
		s.remove(d, seen)
	}
}

// remove deletes an object that is proven to be the one that was made for the Propagation, if nothing that holds data goes
// with it.
func (s *State) remove(d *Decision, seen Seen) {
	switch {
	case seen.Problem != nil:
		d.refuse(api.RegionDeletionFailed, fmt.Sprintf("%s: %s", name(seen.Ref), seen.Problem.Message))
	case seen.Live == nil:
		d.step(Forget, seen, "it is gone")
	case !IsOurs(seen.Live, s.Propagation):
		d.step(Forget, seen, "it is not the Propagation's any more")
	case handsOff(seen.Live):
		d.step(Release, seen, "a person has it left alone")
	case OwnedBy(seen.Live) != "":
		d.step(Release, seen, OwnedBy(seen.Live))
	case !s.proven(seen):
		d.step(Release, seen, "it is not the object that was written down")
	case seen.Live.GetDeletionTimestamp() != nil:
		d.Wait("%s to be gone", name(seen.Ref))
	case heldBack(seen) != "":
		d.refuse(api.RegionDeletionFailed, fmt.Sprintf("%s: %s", name(seen.Ref), heldBack(seen)))
	default:
		d.step(Delete, seen, "the Propagation is being deleted")
	}
}
