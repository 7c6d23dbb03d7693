package propagation

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// FindOrigin finds what the object is made from in this region: the template, or what the source's region publishes. published is
// what this region publishes for the others, if it is the source's. It is called when the target was read.
func (s *State) FindOrigin() (published *api.PublishedSource) {
	from := s.Propagation.Spec.Source
	switch {
	case from == nil:
		s.Origin.Template = s.Propagation.Spec.Template
	case from.Region == s.Region:
		return s.publish()
	default:
		s.Origin = s.published(from)
	}
	return nil
}

// publish makes this region's object the others' template.
func (s *State) publish() *api.PublishedSource {
	t, found := s.Target, &api.PublishedSource{}
	switch {
	case t.Problem != nil:
		found.Message = t.Problem.Message
		s.Origin.Problem = t.Problem
	case t.Live == nil || t.Live.GetDeletionTimestamp() != nil:
		found.Message = "the object does not exist"
		s.Origin.Problem = &Problem{Reason: api.RegionSourceMissing, Message: found.Message}
	case OwnedBy(t.Live) != "":
		found.Message = OwnedBy(t.Live)
		s.Origin.Problem = &Problem{Reason: api.RegionRefused, Message: found.Message}
	default:
		found.Template = Template(t.Live)
	}
	return found
}

// published is what the source's region says that the object is. What it said of another object is not taken for it.
func (s *State) published(from *api.PropagationSource) Origin {
	missing := func(why string) Origin {
		return Origin{Problem: &Problem{Reason: api.RegionSourceMissing, Message: "region " + from.Region + ", which has the source, " + why}}
	}
	for _, o := range s.Others {
		if o.Region != from.Region {
			continue
		}
		switch {
		case o.Status == nil || o.Status.Source == nil || o.Status.Region != from.Region:
			return missing("has not published it yet")
		case o.Status.Source.Message != "":
			return missing("says: " + o.Status.Source.Message)
		}
		made := unstructured.Unstructured{Object: o.Status.Source.Template}
		said := api.ObjectReference{APIVersion: made.GetAPIVersion(), Kind: made.GetKind(), Namespace: made.GetNamespace(), Name: made.GetName()}
		if said.APIVersion != s.Target.Ref.APIVersion || !sameObject(said, s.Target.Ref) {
			return missing("has not published it yet")
		}
		return Origin{Template: o.Status.Source.Template}
	}
	return missing("is not known here")
}
