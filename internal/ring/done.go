package ring

import (
	"slices"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// done notes which datacenters have everything that the ring's revision asks for, and, when all have, that the spec is carried out.
func (s *summary) done(p Plan, ready bool) {
	all := ready && len(s.status.Datacenters) > 0
	for i, t := range s.templates() {
		one, known := s.status.Datacenters[t.Metadata.Name]
		if one.DoneRevision = s.doneRevision(p, i); known {
			s.status.Datacenters[t.Metadata.Name] = one
		}
		all = all && known && one.DoneRevision != "" && one.DoneRevision == s.Ring.Annotations[api.RevisionAnnotation]
	}
	if all {
		s.status.ObservedGeneration = s.Ring.Generation
	}
}

// doneRevision is the last revision that everything was done for in a datacenter, as its own region says. One whose operator is
// of the former version doesn't say it: there its datacenter's status is looked at, which such an operator writes in each pass.
func (s *summary) doneRevision(p Plan, i int) string {
	t := s.templates()[i]
	before := s.Ring.Status.Datacenters[t.Metadata.Name].DoneRevision
	dc, revision := s.datacenter(i), s.Ring.Annotations[api.RevisionAnnotation]
	if s.isHere(t) {
		if slices.Contains(p.asIs, t.Metadata.Name) && dc.Status.ObservedGeneration == dc.Generation {
			return revision
		}
		return before
	}
	peer := s.peer(RegionOf(s.Ring, t))
	switch {
	case peer == nil || peer.Copy == nil:
		return before
	case peer.Copy.Status.SeenGeneration != 0:
		return peer.Copy.Status.Datacenters[t.Metadata.Name].DoneRevision
	case dc != nil && dc.Status.ObservedGeneration == dc.Generation && peer.Copy.Status.ObservedGeneration == peer.Copy.Generation:
		return peer.Copy.Annotations[api.RevisionAnnotation]
	}
	return before
}
