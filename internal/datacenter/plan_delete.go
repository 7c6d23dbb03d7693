package datacenter

import (
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// planDeletion ends the nodes, then deletes their volumes, then lets go.
func (s *State) planDeletion(p *Plan) {
	if !slices.Contains(s.DC.Finalizers, api.Finalizer) {
		return
	}
	for _, rack := range specRacks(s.DC) {
		if set := s.StatefulSets[rack.Name]; set != nil {
			if set.DeletionTimestamp.IsZero() {
				p.add(Step{Verb: Delete, Target: "StatefulSet " + set.Name, Why: "the datacenter is being deleted", Object: client.Object(set)})
			}
		}
	}
	if len(s.Pods) > 0 {
		p.wait("%d pods to end", len(s.Pods))
		return
	}
	if len(p.Steps) > 0 {
		return
	}
	if len(s.Volumes) > 0 && s.DC.Annotations[api.DeletePVCAnnotation] != "false" {
		p.add(Step{Verb: DropPVCs, Target: s.DC.Name, Why: "the datacenter is being deleted"})
	}
	p.add(Step{Verb: DropControl, Target: s.DC.Name, Why: "nothing of it is left"})
}
