package propagation

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// A mark alone proves nothing: who copies an object copies its annotations, and Deployments give theirs to ReplicaSets. The
// second proof is the UID that was written down, or that the API server knows our field owner in the object.

// manages tells whether an object that exists is the Propagation's. One that lost its mark and is the one that was written
// down is given it back.
func (s *State) manages(t Seen) bool {
	if written := s.written(t.Ref); written != nil && written.UID != "" && written.UID == t.Live.GetUID() {
		return t.Live.GetAnnotations()[api.PropagatedFromAnnotation] == "" || IsOurs(t.Live, s.Propagation)
	}
	return s.proven(t)
}

// proven tells whether an object carries the Propagation's mark and was made, or taken over, for it.
func (s *State) proven(seen Seen) bool {
	written := s.written(seen.Ref)
	return IsOurs(seen.Live, s.Propagation) && (written != nil && written.UID != "" && written.UID == seen.Live.GetUID() || isApplied(seen.Live))
}

// isApplied tells whether an object was written under our field owner, which no copy of it and no restored one has.
func isApplied(o *unstructured.Unstructured) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(by metav1.ManagedFieldsEntry) bool {
		return by.Manager == api.PropagationFieldOwner && by.Operation == metav1.ManagedFieldsOperationApply
	})
}
