package propagation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// Managed is status.managed after a step that worked.
func Managed(before []api.ObjectReference, step Step) []api.ObjectReference {
	after := slices.DeleteFunc(slices.Clone(before), func(m api.ObjectReference) bool { return sameObject(m, step.Ref) })
	switch step.Verb {
	case Release, Forget:
		return after
	case Delete: // until it is seen to be gone
		return before
	}
	after = append(after, step.Ref)
	slices.SortFunc(after, func(a, b api.ObjectReference) int { return cmp.Compare(name(a), name(b)) })
	return after
}

// Summarize makes a copy's status, from what was seen and decided. verdict is what became of this region's part, managed what
// it has now.
func Summarize(s *State, verdict Problem, managed []api.ObjectReference, source *api.PublishedSource) api.PropagationStatus {
	before := &s.Propagation.Status
	target := s.Target.Ref
	target.UID = ""
	out := api.PropagationStatus{Region: s.Region, Managed: managed, Source: source, Conditions: slices.Clone(before.Conditions)}
	if target.Kind != "" {
		out.Object = &target
	}
	own := part(s.Region, verdict)
	own.Revision = s.Propagation.Annotations[federation.RevisionAnnotation]
	out.Regions = append(out.Regions, s.since(own))
	for _, o := range s.Others {
		out.Regions = append(out.Regions, s.since(o.part()))
	}
	out.Regions = append(out.Regions, s.unknownRegions()...)
	slices.SortFunc(out.Regions, func(a, b api.RegionPropagation) int { return strings.Compare(a.Name, b.Name) })
	for _, condition := range []metav1.Condition{summary(out.Regions), s.diverged()} {
		condition.ObservedGeneration = s.Propagation.Generation
		condition.LastTransitionTime = metav1.NewTime(s.Now.Truncate(time.Second))
		meta.SetStatusCondition(&out.Conditions, condition)
	}
	if !s.isDeleting() {
		meta.RemoveStatusCondition(&out.Conditions, api.PropagationDeleting)
	}
	return out
}

// diverged is the condition that a person has to choose. It says so as well when nobody has to: an edit after it did is a
// choice.
func (s *State) diverged() metav1.Condition {
	if s.Diverged == "" {
		return metav1.Condition{Type: api.PropagationDiverged, Status: metav1.ConditionFalse, Reason: "OneVersion"}
	}
	return metav1.Condition{Type: api.PropagationDiverged, Status: metav1.ConditionTrue, Reason: api.RegionDiverged, Message: s.Diverged}
}

// part is a region's entry.
func part(region string, p Problem) api.RegionPropagation {
	status := metav1.ConditionFalse
	if p.Reason == api.RegionInSync || p.Reason == api.RegionNotPlaced {
		status = metav1.ConditionTrue
	}
	return api.RegionPropagation{Name: region, Status: status, Reason: p.Reason, Message: p.Message}
}

// part is what another region says of itself. One that doesn't answer may have changed since.
func (o Other) part() api.RegionPropagation {
	said := api.RegionPropagation{Name: o.Region, Status: metav1.ConditionUnknown, Reason: api.RegionChanging, Message: "the region has not said anything yet"}
	if o.Status != nil {
		for _, r := range o.Status.Regions {
			if r.Name == o.Region {
				said = r
			}
		}
	}
	if o.Lacks != "" {
		return api.RegionPropagation{Name: o.Region, Status: metav1.ConditionUnknown, Reason: api.RegionNotReady, Message: "the region runs a version without Propagations: " + o.Lacks}
	}
	said.Revision = o.Revision
	if o.Ready {
		return said
	}
	message := "the region does not answer: " + o.Message
	if o.Status != nil {
		message += fmt.Sprintf("; it said %s before", said.Reason)
	}
	return api.RegionPropagation{Name: o.Region, Status: metav1.ConditionUnknown, Reason: api.RegionNotReady, Message: message, Revision: o.Revision}
}

// unknownRegions are names in the placement that no region has.
func (s *State) unknownRegions() (all []api.RegionPropagation) {
	if s.Propagation.Spec.Placement.Regions == nil {
		return nil
	}
	for _, region := range *s.Propagation.Spec.Placement.Regions {
		known := region == s.Region || slices.ContainsFunc(s.Others, func(o Other) bool { return o.Region == region })
		again := slices.ContainsFunc(all, func(r api.RegionPropagation) bool { return r.Name == region })
		if !known && !again {
			all = append(all, s.since(api.RegionPropagation{Name: region, Status: metav1.ConditionUnknown, Reason: api.RegionUnknown, Message: "no region of the fleet has this name"}))
		}
	}
	return all
}

// since keeps the time of an entry whose status is what it was.
func (s *State) since(r api.RegionPropagation) api.RegionPropagation {
	r.LastTransitionTime = metav1.NewTime(s.Now.Truncate(time.Second))
	for _, old := range s.Propagation.Status.Regions {
		if old.Name == r.Name && old.Status == r.Status && old.Reason == r.Reason {
			r.LastTransitionTime = old.LastTransitionTime
		}
	}
	return r
}

// summary is the condition Propagated.
func summary(regions []api.RegionPropagation) metav1.Condition {
	c := metav1.Condition{Type: api.Propagated, Status: metav1.ConditionTrue, Reason: api.ReasonPropagated}
	var has, lacks []string
	for _, r := range regions {
		switch {
		case r.Status != metav1.ConditionTrue:
			lacks = append(lacks, r.Name+": "+r.Reason)
		case r.Reason == api.RegionInSync:
			has = append(has, r.Name)
		}
	}
	c.Message = "in no region"
	if len(has) > 0 {
		c.Message = "in " + strings.Join(has, ", ")
	}
	if len(lacks) > 0 {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, api.ReasonCheckRegions, strings.Join(lacks, "; ")
	}
	if len(lacks) > 0 && slices.ContainsFunc(regions, func(r api.RegionPropagation) bool { return r.Reason == api.RegionInvalid }) {
		c.Reason = api.ReasonInvalid
	}
	return c
}
