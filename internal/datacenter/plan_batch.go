package datacenter

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// With spec.maxUnavailable several nodes of a rack are restarted together: as many as it says, and only those of which no two hold
// replicas of one range. That they don't is worked out from their tokens and the replication of all keyspaces, each time. Where it
// can't be told, they are restarted one at a time, and what the next one waits for says why. The first node that gets a change goes
// alone in any case: what it fails with takes no other down.

// maxAway is how many nodes of a rack may be away at the same time: what the spec says, a percentage of the rack's nodes rounded
// down, but at least one.
func (s *State) maxAway(rack string) int {
	if s.DC.Spec.MaxUnavailable == nil {
		return 1
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(s.DC.Spec.MaxUnavailable, len(s.ordinals(rack)), false)
	if err != nil { // the API server lets only numbers and percentages through
		return 1
	}
	return max(1, n)
}

// absent is a node that is away, and the wait for it in words.
type absent struct {
	pod  string
	wait string
}

// batchBlocker says why a node is not restarted together with those of its rack that are away, "" if it may be.
func (s *State) batchBlocker(pod *Pod, away []absent) string {
	if len(away) == 0 {
		return ""
	}
	first := away[0].wait
	if len(away) >= s.maxAway(pod.Position.Rack) || !s.tried(pod.Position.Rack) {
		return first
	}
	names := []string{pod.Name}
	for _, one := range away {
		if i := slices.IndexFunc(s.Pods, func(p Pod) bool { return p.Name == one.pod }); i >= 0 && (s.Pods[i].broken() != "" || s.dataLost(&s.Pods[i])) {
			return one.wait // the change may be what it fails with, and what it has lost comes from others
		}
		names = append(names, one.pod)
	}
	if why := s.mayShare(names); why != "" {
		return fmt.Sprintf("%s (one at a time, whatever spec.maxUnavailable says: %s)", first, why)
	}
	return ""
}

// tried tells whether a node serves with what the nodes of a rack are to get: one of that rack, or of another that has it already.
func (s *State) tried(rack string) bool {
	return slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return s.serves(&p) && !p.Deleting && !s.stale(&p) && (p.Position.Rack == rack || s.isUpToDate(p.Position.Rack))
	})
}

// isUpToDate tells whether a rack's StatefulSet makes such pods as the spec asks for.
func (s *State) isUpToDate(rack string) bool {
	have := s.StatefulSets[rack]
	i := slices.IndexFunc(s.DC.Racks(), func(r api.Rack) bool { return r.Name == rack })
	if have == nil || i < 0 {
		return false
	}
	want, err := s.StatefulSet(s.DC.Racks()[i], 0)
	if err != nil {
		return false
	}
	s.sign(want)
	return want.Annotations[templateHashAnnotation] == have.Annotations[templateHashAnnotation]
}

// mayShare says why pods' nodes may not be away together: two of them hold replicas of one range, or that can't be told, or another
// member of the datacenter is away. "" if they may.
func (s *State) mayShare(pods []string) string {
	ids := map[string]string{}
	for _, name := range pods {
		id := s.DC.Status.NodeStatuses[name].HostID
		if id == "" {
			return "the host id of node " + name + " is not known"
		}
		ids[id] = name
	}
	placed, err := s.placement()
	if err != nil {
		return err.Error()
	}
	for _, e := range s.Ringview {
		if e.Datacenter == s.name() && e.HostID != "" && !e.Alive && ids[e.HostID] == "" {
			return fmt.Sprintf("member %s (host id %s) is down", e.Address, e.HostID)
		}
	}
	for _, name := range pods {
		id := s.DC.Status.NodeStatuses[name].HostID
		if s.endpoint(id) == nil {
			return "the ring doesn't know node " + name
		}
		shared := placed.SharedWith(id)
		for _, other := range pods {
			if keyspace := shared[s.DC.Status.NodeStatuses[other].HostID]; keyspace != "" {
				return fmt.Sprintf("nodes %s and %s hold replicas of the same ranges of keyspace %s", min(name, other), max(name, other), keyspace)
			}
		}
	}
	return ""
}

// oneRack is the rack that all of the pods are of, "" when they aren't of one.
func (s *State) oneRack(pods []string) string {
	racks := map[string]bool{}
	for _, name := range pods {
		at, known := s.positionOf(name)
		if !known {
			return ""
		}
		racks[at.Rack] = true
	}
	if len(racks) != 1 {
		return ""
	}
	at, _ := s.positionOf(pods[0])
	return at.Rack
}

// absence says what is waited for of the node at a place before another one is taken down, "" when it is there. One that this
// plan restarts already is not.
func (s *State) absence(at topology.Position, going []string) string {
	other := s.pod(at)
	switch {
	case other == nil:
		return "pod " + s.names().Pod(at) + " to be made"
	case !s.serves(other) || other.Deleting || s.isTakenDown(other) || slices.Contains(going, other.Name):
		return "node " + other.Name + " to be ready"
	case !s.seenAlive(other):
		return "the ring to see node " + other.Name
	}
	return s.youngBlocker(other)
}
