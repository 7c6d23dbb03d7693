package datacenter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/topology"
)

// A canary upgrade: with spec.canaryUpgrade a change of the pods' template reaches the last nodes of the first rack, as many as
// spec.canaryUpgradeCount says, and waits there until a person lets it go on or takes it back. A pod of that rack that is lost
// meanwhile comes back with the change, because its StatefulSet has it.

// canaryRack is the rack at which changes stop, "" when they don't.
func (s *State) canaryRack() string {
	if !s.DC.Spec.CanaryUpgrade || !s.initialized() {
		return ""
	}
	return s.DC.RackNames()[0]
}

// canaries are the places of the canary's rack that get a change at once: all, if the spec doesn't say how many, or more than
// there are, as with cass-operator.
func (s *State) canaries(rack string) []int {
	all := s.ordinals(rack)
	if n := int(s.DC.Spec.CanaryUpgradeCount); n > 0 && n < len(all) {
		return all[len(all)-n:]
	}
	return all
}

// leftOut tells whether a pod's place is one that a change doesn't reach before the canary is over.
func (s *State) leftOut(pod *Pod) bool {
	rack := s.canaryRack()
	return rack != "" && pod.Position.Rack == rack && !slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack) && !slices.Contains(s.canaries(rack), pod.Position.Ordinal)
}

// keepsOld tells whether a pod is left with its old template because of the canary. One that is to be restarted, by a restart that
// began before the change, is not.
func (s *State) keepsOld(pod *Pod) bool {
	return s.stale(pod) && s.leftOut(pod) && !s.awaitsRestart(pod)
}

// awaitsRestart tells whether a restart has reached the pod's rack and not the pod.
func (s *State) awaitsRestart(pod *Pod) bool {
	set := s.StatefulSets[pod.Position.Rack]
	return set != nil && pod.Object != nil && restartedAt(pod.Object.Annotations).Before(RestartedAt(&set.Spec.Template))
}

// canaryHolds tells whether a change doesn't reach a rack because of the canary: another one than the canary's, or that one while
// pods that are to keep the old template are about to be made, by a restart or because they are lost: they would get the change.
func (s *State) canaryHolds(rack string) bool {
	switch canary := s.canaryRack(); {
	case canary == "" || slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack):
		return false
	case rack != canary:
		return true
	}
	return s.inService() && slices.ContainsFunc(s.ordinals(rack), func(ordinal int) bool {
		pod := s.pod(topology.Position{Rack: rack, Ordinal: ordinal})
		return !slices.Contains(s.canaries(rack), ordinal) && (pod == nil || pod.Deleting || s.awaitsRestart(pod))
	})
}

// canaryHoldsRestart tells whether a restart doesn't begin in a rack because of the canary: pods that keep the old template would
// get the change with it.
func (s *State) canaryHoldsRestart(rack string, changes bool) bool {
	if s.canaryRack() != rack {
		return false
	}
	set := s.StatefulSets[rack]
	unseen := changes || set == nil || set.Status.ObservedGeneration < set.Generation
	return slices.ContainsFunc(s.Pods, func(p Pod) bool { return s.leftOut(&p) && (unseen || s.keepsOld(&p)) })
}

// planCanary says what a change that waits at the canary has reached, and what it waits for.
func (s *State) planCanary(p *Plan) {
	rack := s.canaryRack()
	if rack == "" || !p.canary && len(p.canaryRacks) == 0 {
		return
	}
	p.Updating = true
	calm := len(p.Steps) == 0 && p.Quiet()
	if slices.Contains(p.canaryRacks, rack) {
		p.Wait("the other pods of rack %s to be there before its canary gets the change", rack)
		return
	}
	var reached, left []string
	for i := range s.Pods {
		switch pod := &s.Pods[i]; {
		case pod.Position.Rack != rack:
		case s.keepsOld(pod):
			left = append(left, "node "+pod.Name)
		case !s.stale(pod):
			reached = append(reached, pod.Name)
		}
	}
	for _, other := range p.canaryRacks {
		left = append(left, "rack "+other)
	}
	changes := slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Verb == Apply && x.Target == setType.Kind+" "+s.names().StatefulSet(rack) })
	if changes || !s.settled(rack) || len(left) == 0 {
		p.Wait("the canary in rack %s (spec.canaryUpgrade) to serve with the change", rack)
		return
	}
	p.paused = calm
	p.Wait("spec.canaryUpgrade to be false, or the change to be taken back, before it reaches %s: so far %s", strings.Join(clipped(left, 3), ", "), haveIt(reached))
}

func haveIt(pods []string) string {
	if len(pods) == 1 {
		return fmt.Sprintf("node %s has it", pods[0])
	}
	return fmt.Sprintf("nodes %s have it", strings.Join(clipped(pods, 3), ", "))
}
