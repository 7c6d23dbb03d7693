package datacenter

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// isTaken tells whether another node has the place of the one on record, which is no member any more: it was replaced before it
// began to leave, or an operator of a version that knows of no record has made another one. What is there is nothing that was left behind.
func (s *State) isTaken(l *leaver) bool {
	if s.endpoint(l.HostID) != nil || !l.Left && !s.seenByAnother(l.HostID) {
		return false
	}
	if id := s.DC.Status.NodeStatuses[l.Pod].HostID; id != "" && id != l.HostID {
		return true
	}
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	if !known || pod == nil || pod.Deleting || !pod.Agent {
		return false
	}
	id := pod.Status.Identity
	return (pod.running() || pod.starting()) && (id == nil || id.HostID != l.HostID)
}

// planRemains takes what a node that has left leaves behind. Its StatefulSet is made smaller by planRacks.
func (s *State) planRemains(p *Plan, l *leaver) {
	p.ScalingDown = true
	at, known := s.positionOf(l.Pod)
	set := s.StatefulSets[at.Rack]
	switch {
	case !known:
		p.Wait("the annotation %s, which names no pod of a rack (%s), to be taken away", api.DecommissionAnnotation, l.Pod)
	case s.isBack(l):
		p.Warn("node %s (host id %s) has left the ring, and is a member again: its pod and its volume are kept. Remove the annotation %s if that is as it should be", l.Pod, l.HostID, api.DecommissionAnnotation)
	case s.announces(l):
		p.Wait("node %s to be done with announcing that it has left the ring", l.Pod)
	case s.pod(at) != nil && !s.isLast(at): // planIdentity says what is to be done
		p.add(Clear, api.DecommissionAnnotation, "a node behind "+l.Pod+" in its rack is a member, so that its StatefulSet can't be without it", Step{})
	case s.pod(at) != nil:
		p.Wait("pod %s to end, whose node has left the ring", l.Pod)
	case set == nil || int(*set.Spec.Replicas) > at.Ordinal || set.Status.ObservedGeneration < set.Generation:
		p.Wait("StatefulSet %s to be without %s, whose node has left the ring", s.names().StatefulSet(at.Rack), l.Pod)
	case !s.seenByAnother(l.HostID) && !s.isAlone(l):
		p.Wait("a node's view of the ring before the volume of %s goes", l.Pod)
	case len(s.RemainingClaims()) > 0:
		if slices.ContainsFunc(s.RemainingClaims(), func(v Volume) bool { return !v.Deleting }) {
			p.add(DeleteClaims, l.Pod, "its node has left the ring, and others have its data", Step{OnRecord: s.record()})
		}
		p.Wait("the claims of %s to be gone, whose node has left the ring", l.Pod)
	case hasEntry(s.DC.Status.NodeStatuses, l.Pod):
		p.Wait("the status to be without node %s, which has left the ring", l.Pod)
	default:
		p.add(Clear, api.DecommissionAnnotation, "nothing of node "+l.Pod+" is left", Step{})
	}
}

// isBack tells whether a node that has left is a member again, in the eyes of another one or its own: nothing of it is taken.
func (s *State) isBack(l *leaver) bool {
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	return s.endpoint(l.HostID) != nil || known && pod != nil && pod.running() && !pod.hasLeft(l.HostID)
}

// announces tells whether a node that has left is still telling the others so. Its address must not be another's meanwhile.
func (s *State) announces(l *leaver) bool {
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	return known && pod != nil && !pod.Deleting && pod.starting() && pod.Status.OperationMode == mgmtapi.ModeLeaving
}

// RemainingClaims are those that are there of the ones that the node had when it left.
func (s *State) RemainingClaims() (all []Volume) {
	if l := s.leaver(); l != nil {
		for _, v := range s.LeaverClaims {
			if slices.Contains(l.Claims, v.UID) {
				all = append(all, v)
			}
		}
	}
	return all
}

// IsLeaverClaim tells whether a claim is one of the pod's whose node leaves the ring.
func (s *State) IsLeaverClaim(name string) bool {
	l := s.leaver()
	if l == nil {
		return false
	}
	claims := s.claims()
	if at, known := s.positionOf(l.Pod); known && s.StatefulSets[at.Rack] != nil {
		claims = append(claims, s.StatefulSets[at.Rack].Spec.VolumeClaimTemplates...) // the spec may name others by now
	}
	return slices.ContainsFunc(claims, func(c corev1.PersistentVolumeClaim) bool { return name == c.Name+"-"+l.Pod })
}

func uids(volumes []Volume) (all []string) {
	for _, v := range volumes {
		all = append(all, v.UID)
	}
	slices.Sort(all)
	return all
}

func hasEntry(all api.CassandraStatusMap, pod string) bool {
	_, there := all[pod]
	return there
}
