package datacenter

import (
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// rollStatus says how many nodes are as the spec asks, while nodes change or are restarted or wait for consent to that; nil otherwise.
// Nodes of racks that the change hasn't reached yet count as those that are to change.
func (s *State) rollStatus(p *Plan) *api.RollStatus {
	changing := s.inProgress(p.Updating, api.DatacenterUpdating)
	restarting := s.inProgress(p.Restarting || s.restartAsked(), api.DatacenterRollingRestart)
	if !changing && !restarting && p.Consent == "" {
		return nil
	}
	out := &api.RollStatus{}
	for _, rack := range s.DC.RackNames() {
		set := s.StatefulSets[rack]
		reached := !slices.Contains(p.behind, rack) && set != nil && set.Status.ObservedGeneration >= set.Generation
		for _, ordinal := range s.ordinals(rack) {
			out.Of++
			if pod := s.pod(topology.Position{Rack: rack, Ordinal: ordinal}); reached && pod != nil && s.serves(pod) && !pod.Deleting && !s.ofOldTemplate(pod) && !s.differsInNodeYAML(pod) {
				out.Done++
			}
		}
	}
	return out
}
