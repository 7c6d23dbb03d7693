package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// A rack that is taken out of the spec stays a rack until its nodes have left the ring: one that is to have none. They leave as the
// nodes of a smaller size do, when those that the size asks for in the other racks have joined; then its StatefulSet goes.

// RackOf is the name of the rack that a StatefulSet of the datacenter was made for, "" when it doesn't say.
func RackOf(dc *api.CassandraDatacenter, set *appsv1.StatefulSet) string {
	rack := RackSaid(set)
	if rack != "" && set.Name == NamesOf(dc).StatefulSet(rack) && set.Labels[api.RackLabel] == topology.CleanLabel(rack) {
		return rack
	}
	return ""
}

// RackSaid is the rack that a StatefulSet's pods are told to be in.
func RackSaid(set *appsv1.StatefulSet) string {
	for _, c := range set.Spec.Template.Spec.Containers {
		if i := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == rackVariable }); c.Name == "cassandra" && i >= 0 {
			return c.Env[i].Value
		}
	}
	return ""
}

// NoteRemovedSet notes a StatefulSet of the datacenter that is none of the spec's racks.
func (s *State) NoteRemovedSet(set *appsv1.StatefulSet) {
	rack := RackOf(s.DC, set)
	if rack == "" || s.StatefulSets[rack] != nil {
		s.RemovedRackSets = append(s.RemovedRackSets, set)
		return
	}
	s.StatefulSets[rack] = set
}

// RackNames are the names of the racks that the datacenter has: those of the spec, and behind them those that were taken out of it
// and of which something is left.
func (s *State) RackNames() []string {
	return append(slices.Clone(s.DC.RackNames()), s.removedRacks()...)
}

// racks are the same with what the spec says of them. Nodes of one that was taken out of it stay where they are: see keepPlace.
func (s *State) racks() []api.Rack {
	all := slices.Clone(s.DC.Racks())
	for _, name := range s.removedRacks() {
		all = append(all, api.Rack{Name: name})
	}
	return all
}

// removedRacks are the names of the racks that the spec has no more: by their StatefulSets, by the record of one that is being made
// anew, and by the members that the status knows.
func (s *State) removedRacks() (names []string) {
	wanted := s.DC.RackNames()
	add := func(rack string) {
		if rack != "" && !slices.Contains(wanted, rack) && !slices.Contains(names, rack) {
			names = append(names, rack)
		}
	}
	for rack := range s.StatefulSets {
		add(rack)
	}
	if was := s.remaking(); was != nil {
		add(was.Rack)
	}
	for pod, n := range s.DC.Status.NodeStatuses {
		if n.HostID != "" && strings.HasPrefix(pod, s.names().StatefulSet(n.Rack)+"-") {
			add(n.Rack)
		}
	}
	slices.Sort(names)
	return names
}

// namedRacks are the racks that a person lets go.
func (s *State) namedRacks() (names []string) {
	for name := range strings.SplitSeq(s.DC.Annotations[api.RemoveRacksAnnotation], ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// unnamedRefused names removed racks that nobody has let go. One whose node is on record was: what has begun goes on.
func (s *State) unnamedRefused(removed []string) string {
	named := s.namedRacks()
	if l := s.recorded(); l != nil {
		if at, known := s.positionOf(l.Pod); known {
			named = append(named, at.Rack)
		}
	}
	unnamed := slices.DeleteFunc(slices.Clone(removed), func(rack string) bool { return slices.Contains(named, rack) })
	if len(unnamed) == 0 {
		return ""
	}
	return fmt.Sprintf("spec.racks: lacks %s, which the datacenter has. Put it back; or, to let its nodes leave the ring and their volumes be deleted, name it in the annotation %[2]s (of a K8ssandraCluster: in metadata.annotations of the datacenter's template): kubectl -n %[3]s annotate --overwrite cassandradatacenter %[4]s %[2]s=%[5]s. Nothing is changed until then",
		strings.Join(unnamed, ", "), api.RemoveRacksAnnotation, s.DC.Namespace, s.DC.Name, strings.Join(removed, ","))
}

// isRemoved tells whether the spec has a rack no more.
func (s *State) isRemoved(rack string) bool { return !slices.Contains(s.DC.RackNames(), rack) }

// keepPlace leaves the pods of a rack that was taken out of the spec where they are: nothing else says any more in which zone that is.
func (s *State) keepPlace(want *appsv1.StatefulSet, rack string) {
	if set := s.lastSet(rack); s.isRemoved(rack) && set != nil {
		want.Spec.Template.Spec.Affinity = set.Spec.Template.Spec.Affinity.DeepCopy()
	}
}

// planRemovedSet deletes the StatefulSet of a rack that was taken out of the spec, when nothing of its nodes is left, neither in
// Kubernetes nor in the ring.
func (s *State) planRemovedSet(p *Plan, rack string, have *appsv1.StatefulSet) bool {
	if !s.isRemoved(rack) || !s.isEmpty(rack, have) {
		return false
	}
	p.add(Delete, setKey(have), fmt.Sprintf("spec.racks lacks %s, which has no nodes", rack), Step{Object: have, Unchanged: true})
	return true
}

// waitForRemovedSets waits for the StatefulSets of racks that were taken out of the spec, when no node is left to leave them.
func (s *State) waitForRemovedSets(p *Plan) {
	for _, rack := range s.removedRacks() {
		if set := s.StatefulSets[rack]; set != nil && !s.DC.Spec.Stopped && !s.removes() {
			p.Wait("%s to be gone, of rack %s, which spec.racks lacks", setKey(set), rack)
		}
	}
}

// isEmpty tells whether a rack has no node and is to have none.
func (s *State) isEmpty(rack string, have *appsv1.StatefulSet) bool {
	l := s.recorded()
	was := s.remaking()
	switch {
	case s.target(rack) > 0 || *have.Spec.Replicas > 0 || have.Status.ObservedGeneration < have.Generation:
		return false
	case was != nil && was.Rack == rack, l != nil && strings.HasPrefix(l.Pod, have.Name+"-"):
		return false
	case s.DC.Spec.Stopped || s.hasUnknownMember():
		return false
	}
	return !s.hasMembers(rack) && !slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.Position.Rack == rack })
}

// hasMembers tells whether the status knows of members in a rack.
func (s *State) hasMembers(rack string) bool {
	for _, n := range s.DC.Status.NodeStatuses {
		if n.Rack == rack && n.HostID != "" {
			return true
		}
	}
	return false
}

// racksMissed says which keyspaces have more replicas in the datacenter than the spec has racks: two of a row's are in one rack then.
func (s *State) racksMissed() string {
	var words []string
	all := maps.Clone(s.Keyspaces)
	if all == nil {
		return ""
	}
	all["system_auth"] = s.Replication["system_auth"]
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if factor := factorOf(all[name], s.name()); topology.ByDatacenter(all[name]) && factor > len(s.DC.RackNames()) {
			words = append(words, fmt.Sprintf("%s (%d)", name, factor))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("; with %d racks, the loss of one takes several replicas of %s at once", len(s.DC.RackNames()), strings.Join(words, ", "))
}

// leaveReason says why a node leaves.
func (s *State) leaveReason(at topology.Position) string {
	switch {
	case s.removes():
		return fmt.Sprintf("node %s leaves the ring: datacenter %s leaves it", s.names().Pod(at), s.name())
	case s.isRemoved(at.Rack):
		return fmt.Sprintf("node %s leaves the ring: spec.racks lacks %s", s.names().Pod(at), at.Rack)
	}
	return fmt.Sprintf("node %s leaves the ring: spec.size is %d, and there are %d", s.names().Pod(at), s.DC.Spec.Size, s.total())
}

// lastOfRack names a node of a rack that was taken out of the spec which has too little space for what the others of its rack would
// give it before it leaves as the last one: while there is a replica in each rack, what one rack has stays there.
func (s *State) lastOfRack() *refusal {
	if s.removes() { // no node gets anything
		return nil
	}
	factor := 0
	for _, replication := range s.Keyspaces {
		if topology.ByDatacenter(replication) {
			factor = max(factor, factorOf(replication, s.name()))
		}
	}
	for i, rack := range s.removedRacks() {
		if factor < len(s.DC.RackNames())+i+1 { // those behind it have gone before
			continue
		}
		var last *Pod
		gets := 0.0
		for _, ordinal := range s.ordinals(rack) {
			pod := s.pod(topology.Position{Rack: rack, Ordinal: ordinal})
			if e := s.endpoint(s.DC.Status.NodeStatuses[s.names().Pod(topology.Position{Rack: rack, Ordinal: ordinal})].HostID); last != nil && e != nil {
				gets += e.Load
			}
			if last == nil {
				last = pod
			}
		}
		if last == nil || last.Status.Volume == nil {
			continue
		}
		if free := last.Status.Volume.Free; free < spaceMargin*int64(gets) {
			return &refusal{api.ReasonNotEnoughSpaceToScaleDown, fmt.Sprintf("spec.racks: the nodes of rack %s leave one after another, and as long as each rack has a replica, those that are left in it have all of its data. Node %s, the last one, would get about %s from the others and needs %d times as much free, and has %s of %s. Make room, or put the rack back; nothing is removed until then",
				rack, last.Name, size(int64(gets)), spaceMargin, size(free), size(last.Status.Volume.Capacity))}
		}
	}
	return nil
}

// downInRemovedRack says what to do about a member of a rack that was taken out of the spec which is down: it can't leave by itself.
func (s *State) downInRemovedRack(at topology.Position, l leaver) string {
	e, pod := s.endpoint(l.HostID), s.pod(at)
	if !s.isRemoved(at.Rack) || e == nil || e.Alive || pod != nil && (pod.running() || pod.starting()) {
		return ""
	}
	return fmt.Sprintf("node %s to be up, which leaves the ring because spec.racks lacks %s. If its machine or its zone is gone for good, run nodetool removenode %s on a node that is up, then delete claim %s and the pod: the others get from each other what it had, and what it had the only copy of is lost",
		l.Pod, at.Rack, l.HostID, Claim(l.Pod))
}
