package datacenter

import (
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// reborn tells whether a pod brings the data of a member that the status knows
// nothing of: the datacenter was deleted and its volumes kept, or its status is lost.
func (s *State) reborn(p *Pod) bool {
	id := p.Status.Identity
	return p.Agent && !p.running() && !p.starting() && s.former(p) == "" && id != nil && (id.Found == mgmtapi.FoundMember || id.Found == mgmtapi.FoundData)
}

// planBroughtData puts on record, before the first start, that nodes of the ring's
// founder have data of an earlier life: once they run it can't be seen any more. Its
// claims may tell nothing of it, as when a person gave an old volume to a new one. A
// first boot whose operator and nodes die before it saw a member looks the same, and
// is slower for it.
func (s *State) planBroughtData(p *Plan) (recorded bool) {
	if s.initialized() || !s.founds() || s.broughtData() || !slices.ContainsFunc(s.Pods, func(x Pod) bool { return s.reborn(&x) }) {
		return false
	}
	p.add(Record, api.BroughtDataAnnotation, "nodes have data from before the first start", Step{Stamp: "true"})
	return true
}

// broughtData tells whether the datacenter may have had data before its first start.
func (s *State) broughtData() bool {
	return s.TookUp || s.DC.Annotations[api.BroughtDataAnnotation] != ""
}

// planReborn holds a first boot that isn't one: where some pods bring data and
// others have none, the empty ones would take ranges without a row of theirs.
// Nobody starts before all have said what they have: later it can't be seen. Only
// volumes that were kept tell an earlier life from a first boot whose operator died
// before it saw a member, which would be held up for nothing.
func (s *State) planReborn(p *Plan) (held bool) {
	some := false
	for i := range s.Pods {
		some = some || s.reborn(&s.Pods[i])
	}
	if s.initialized() || !some || !s.TookUp {
		return false
	}
	for _, rack := range s.DC.RackNames() {
		for ordinal := range s.target(rack) {
			at := topology.Position{Rack: rack, Ordinal: ordinal}
			if pod := s.pod(at); pod == nil || !pod.Agent {
				p.Wait("node %s to say whether it brings data as others do", s.names().Pod(at))
				held = true
			}
		}
	}
	for i := range s.Pods { // also those that a smaller size is about to end
		held = s.holdReborn(p, &s.Pods[i]) || held
	}
	return held
}

func (s *State) holdReborn(p *Plan, pod *Pod) bool {
	id := pod.Status.Identity
	switch {
	case !pod.Agent || pod.running() || pod.starting() || s.former(pod) != "" || id == nil || id.Found != mgmtapi.FoundNothing:
		return false
	case s.mayStartEmpty(pod):
		return false
	}
	p.Worry("no node is started: others bring data from an earlier life of the datacenter, and %s has none. If there are more nodes than there were, set spec.size as it was and add them later. If it has lost its volume, restore that, or %s", pod.Name, startEmpty(pod))
	return true
}
