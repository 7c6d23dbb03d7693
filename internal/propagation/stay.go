package propagation

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// What the deletion of a Propagation leaves. A region that was let go before, or whose object is the others' source, keeps
// it in any case.

// stays says why an object stays, as nobody's, when the Propagation is deleted; "" when it goes.
func (s *State) stays(ref api.ObjectReference) string {
	if note := s.Propagation.Annotations[api.PropagationOrphanAnnotation]; note != "" {
		return fmt.Sprintf("annotation %s: %s", api.PropagationOrphanAnnotation, note)
	}
	return s.staysBySpec(ref)
}

// Fates say, an entry an object, what becomes in a region of the objects that a copy has there when the Propagation is deleted.
func Fates(p *api.Propagation, region string, labels map[string]string) (all []string) {
	s := &State{Propagation: p, Region: region, Labels: labels}
	for _, ref := range p.Status.Managed {
		fate := name(ref) + " is deleted"
		if why := s.stays(ref); why != "" {
			fate = name(ref) + " stays: " + why
		}
		all = append(all, fate)
	}
	return all
}

// Deletes tells whether a copy's deletion would delete an object of the region.
func Deletes(p *api.Propagation, region string, labels map[string]string) bool {
	s := &State{Propagation: p, Region: region, Labels: labels}
	return slices.ContainsFunc(p.Status.Managed, func(ref api.ObjectReference) bool { return s.stays(ref) == "" })
}

func (s *State) staysBySpec(ref api.ObjectReference) string {
	p := s.Propagation
	switch {
	case p.Spec.DeletionPolicy == api.DeletionOrphan:
		return "spec.deletionPolicy is Orphan"
	case !s.placed():
		return "the region is not in the placement"
	case !isAbout(p, ref):
		return "the Propagation is about another object now"
	case s.isSource():
		return "it is the source"
	case Outlives(ref):
		return "all that is in it would be deleted too"
	}
	return RefusedKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind())
}

// isAbout compares a region's reference with what the Propagation is about. One of a cluster-wide object has no namespace.
func isAbout(p *api.Propagation, ref api.ObjectReference) bool {
	target := Target(p)
	if ref.Namespace == "" {
		target.Namespace = ""
	}
	return sameObject(target, ref)
}

// noted begins what a region noted of another one's reasons.
const noted = "region "

// IsNoted tells whether the orphan annotation was set by a region that followed a deletion, and not by a person: it is taken
// off when the deletion came to nothing.
func IsNoted(p *api.Propagation) bool {
	return strings.HasPrefix(p.Annotations[api.PropagationOrphanAnnotation], noted)
}

// Heed says why what this region has stays, by one of two copies alone: its own, and that of another region, whose deletion it is
// about to follow and whose spec may take the place of its own before. "" when both would have it deleted, and when it is noted
// already. What both have stay stays without a note, which is about all that the region has. Another copy's annotation is about that
// region.
func Heed(own, other *api.Propagation, region string, labels map[string]string) string {
	if own.Annotations[api.PropagationOrphanAnnotation] != "" {
		return ""
	}
	here, there := &State{Propagation: own, Region: region, Labels: labels}, &State{Propagation: other, Region: region, Labels: labels}
	for _, by := range []struct{ one, two *State }{{there, here}, {here, there}} {
		for _, ref := range own.Status.Managed {
			if why := by.one.staysBySpec(ref); why != "" && by.two.staysBySpec(ref) == "" {
				return noted + by.one.Propagation.Status.Region + " has it so: " + why
			}
		}
	}
	return ""
}
