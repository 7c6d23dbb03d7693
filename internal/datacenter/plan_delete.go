package datacenter

import (
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// planDeletion ends the nodes, then deletes their volumes, then lets go. What
// else there is has the datacenter as its owner and goes with it.
func (s *State) planDeletion(p *Plan) {
	if !slices.Contains(s.DC.Finalizers, api.Finalizer) {
		return
	}
	for _, rack := range racks(s.DC) {
		if set := s.StatefulSets[rack]; set != nil && set.DeletionTimestamp.IsZero() {
			p.add(Delete, "StatefulSet "+set.Name, "the datacenter is being deleted", Step{Object: set})
		}
	}
	if len(s.Pods) > 0 {
		p.Wait("%d pods to end", len(s.Pods))
		return
	}
	if len(p.Steps) > 0 {
		return
	}
	if len(s.Volumes) > 0 && s.DC.Annotations[api.DeletePVCAnnotation] != "false" {
		p.add(DropPVCs, s.DC.Name, "the datacenter is being deleted", Step{})
		return // let go only when they are
	}
	p.add(DropControl, s.DC.Name, "nothing of it is left", Step{})
}
