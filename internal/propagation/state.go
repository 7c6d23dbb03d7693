package propagation

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// State is all that a region's operator has seen, once, before it decides.
type State struct {
	Propagation *api.Propagation // the region's copy
	Region      string
	Labels      map[string]string // of the namespace that the operator is in
	Now         time.Time
	Diverged    string // why nothing is to be changed before a person has chosen; "" when nothing is in the way
	Held        string // why nothing is to be changed, if so
	Problems    string // what a person has to mend about the copies beside that

	Origin  Origin // what the object is made from
	Target  Seen   // the object that the Propagation is about
	Managed []Seen // the objects of status.managed, in its order
	Others  []Other
}

// Origin is the template, or what the source's region publishes.
type Origin struct {
	Template map[string]any
	Problem  *Problem // why there is none
}

// Seen is an object of the region as it was read.
type Seen struct {
	Ref     api.ObjectReference        // of cluster-wide objects without a namespace
	Live    *unstructured.Unstructured // nil when there is none
	Wanted  *unstructured.Unstructured // what would be applied; of the target only
	Preview *unstructured.Unstructured // what the API server would make of Live with Wanted; of a target that is there
	Claims  []string                   // volume claims that would be deleted with it; known while the Propagation is being deleted
	Problem *Problem                   // why it isn't known, or why nothing can be done about it
}

// Problem is why something can't be done, in the terms of a region's status.
type Problem struct{ Reason, Message string }

// Other is another region.
type Other struct {
	Region  string
	Ready   bool // it answers
	Since   time.Time
	Message string                 // why it doesn't answer
	Status  *api.PropagationStatus // of its copy, as last seen; nil when it has none

	Revision string // of its copy
	Lacks    string // why it can have no copy: it runs a version without Propagations
}

// isDeleting tells whether the copy is being deleted.
func (s *State) isDeleting() bool { return !s.Propagation.DeletionTimestamp.IsZero() }

func (s *State) placed() bool {
	return Placed(s.Propagation.Spec.Placement, s.Region, s.Labels)
}

// written finds what was written down of an object; nil when nothing was.
func (s *State) written(ref api.ObjectReference) *api.ObjectReference {
	for i := range s.Propagation.Status.Managed {
		if m := &s.Propagation.Status.Managed[i]; sameObject(*m, ref) {
			return m
		}
	}
	return nil
}

// sameObject compares group, kind, namespace and name: an object is the same in all versions of its group.
func sameObject(a, b api.ObjectReference) bool {
	return groupOf(a) == groupOf(b) && a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}

func groupOf(ref api.ObjectReference) string {
	return schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).Group
}

// isSame tells whether two looks are at one object.
func isSame(a, b *unstructured.Unstructured) bool {
	return a != nil && b != nil && a.GetUID() == b.GetUID()
}

// Want fills in what the target should become. It is called when the target was read.
func (s *State) Want() {
	if s.Target.Problem != nil || s.Origin.Problem != nil || s.isDeleting() || !s.placed() || s.isSource() {
		return
	}
	wanted, err := Render(s.Propagation, s.Origin.Template, s.Region, s.Target.Ref, s.Target.Live)
	if err != nil {
		s.Target.Problem = &Problem{api.RegionApplyOverridesFailed, err.Error()}
		return
	}
	if why := OwnedBy(wanted); why != "" { // by its labels: it would be refused as soon as it is there
		s.Target.Problem = &Problem{api.RegionRefused, name(s.Target.Ref) + ": " + why}
		return
	}
	s.Target.Wanted = wanted
}

// NeedsPreview tells whether the API server is to be asked what it would make of the target.
func (s *State) NeedsPreview() bool {
	t := s.Target
	return t.Wanted != nil && t.Live != nil && t.Problem == nil && t.Live.GetDeletionTimestamp() == nil && !handsOff(t.Live) && s.manages(t)
}
