package datacenter

import (
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// bringsData tells whether a pod brings the data of a member that the status knows
// nothing of: the datacenter was deleted and its volumes kept, or its status is lost.
func (s *State) bringsData(p *Pod) bool {
	id := p.Status.Identity
	return p.Agent && !p.running() && !p.starting() && s.lastHostID(p) == "" && id != nil && (id.Found == mgmtapi.FoundMember || id.Found == mgmtapi.FoundData)
}

// planBroughtData records, before the first start, that nodes of the ring's founder have
// data of an earlier ring or datacenter: once they run it can't be seen any more. The
// claims may not tell it, as when a person bound an old volume to a new claim. A first
// boot whose operator and nodes die before the operator saw a member looks the same; it
// then takes longer and loses nothing.
func (s *State) planBroughtData(p *Plan) (recorded bool) {
	if s.initialized() || !s.founds() || s.broughtData() || !slices.ContainsFunc(s.Pods, func(x Pod) bool { return s.bringsData(&x) }) {
		return false
	}
	p.add(Record, api.BroughtDataAnnotation, "nodes have data from before the first start", Step{Stamp: "true"})
	return true
}

// broughtData tells whether the datacenter may have had data before its first start.
func (s *State) broughtData() bool {
	return s.EarlierVolumes || s.DC.Annotations[api.BroughtDataAnnotation] != ""
}

// planMixedData holds the start of a datacenter where some pods bring data and others have
// none: the empty ones would own ranges without their rows. No node starts before all have
// told what they have, because later it can't be seen. Only kept volumes distinguish this
// from a first boot whose operator died before it saw a member.
func (s *State) planMixedData(p *Plan) (held bool) {
	some := false
	for i := range s.Pods {
		some = some || s.bringsData(&s.Pods[i])
	}
	if s.initialized() || !some || !s.EarlierVolumes {
		return false
	}
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			at := topology.Position{Rack: rack, Ordinal: ordinal}
			if pod := s.pod(at); pod == nil || !pod.Agent {
				p.Wait("node %s to say whether it brings data as others do", s.names().Pod(at))
				held = true
			}
		}
	}
	for i := range s.Pods { // also those that a smaller size is about to end
		held = s.holdEmptyNode(p, &s.Pods[i]) || held
	}
	return held
}

func (s *State) holdEmptyNode(p *Plan, pod *Pod) bool {
	id := pod.Status.Identity
	switch {
	case !pod.Agent || pod.running() || pod.starting() || s.lastHostID(pod) != "" || id == nil || id.Found != mgmtapi.FoundNothing:
		return false
	case s.mayStartEmpty(pod):
		return false
	}
	p.Warn("no node is started: others bring data from an earlier life of the datacenter, and %s has none. If there are more nodes than there were, set spec.size as it was and add them later. If it has lost its volume, restore that, or %s", pod.Name, startEmpty(pod))
	return true
}
