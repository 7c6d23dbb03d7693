package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// refusal is why a wish of the spec isn't followed, while everything else goes on.
type refusal struct{ Reason, Message string }

// field is the one of the spec that asks for nodes to leave.
func (s *State) field() string {
	if len(s.removedRacks()) > 0 {
		return "spec.racks"
	}
	return "spec.size"
}

// refuseScaleDown notes why the datacenter can't be as small as the spec says, for all nodes that would leave at once: it is known
// before the first of them does.
func (s *State) refuseScaleDown(p *Plan) bool {
	here, ring := s.membersBut("")
	nodes := int(s.DC.Spec.Size)
	for _, why := range []*refusal{s.tooManyReplicas(nodes, ring+nodes-here), s.tooLittleSpace(), s.lastOfRack()} {
		if why != nil {
			p.TooSmall = why
			return true
		}
	}
	return false
}

// tooManyReplicas names the keyspaces that would have more replicas than there would be nodes in this datacenter, or in the ring.
// Cassandra refuses the same, but only before a node begins to leave.
func (s *State) tooManyReplicas(here, ring int) *refusal {
	if s.removes() {
		return s.stillReplicated()
	}
	all := maps.Clone(s.Keyspaces)
	if all == nil {
		return nil // leaveBlocker waits for them
	}
	for _, name := range topology.SystemKeyspaces {
		all[name] = s.Replication[name]
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case topology.ByDatacenter(all[name]):
			if factor := factorOf(all[name], s.name()); factor > here {
				words = append(words, fmt.Sprintf("%s (%d)", name, factor))
			}
		case topology.Factor(all[name]["replication_factor"]) > ring:
			words = append(words, fmt.Sprintf("%s (%s in the ring)", name, all[name]["replication_factor"]))
		}
	}
	if len(words) == 0 {
		return nil
	}
	return &refusal{api.ReasonTooManyReplicas, s.field() + fmt.Sprintf(": with a size of %d datacenter %s has fewer nodes than replicas of %s. Alter these keyspaces (ALTER KEYSPACE … WITH replication), by one replica at a time, or set the size to what they need; nothing is removed until then",
		here, s.name(), strings.Join(words, ", "))}
}

// spaceMargin is how often a node must have free what it gets: sstables that arrive are compacted into new ones beside them, and
// tokens share the data unevenly.
const spaceMargin = 2

// tooLittleSpace names a node that stays and has too little space for what it would get. A rack holds the same ranges with fewer
// nodes as before, as long as there are replicas in each; else others get some too.
func (s *State) tooLittleSpace() *refusal {
	if s.removes() { // no node gets anything
		return nil
	}
	own := s.own()
	sizes := own.RackSizes()
	leaving, all, stay := map[string]float64{}, 0.0, int(s.DC.Spec.Size)
	for _, rack := range s.RackNames() {
		for ordinal := s.wanted(rack); ordinal < s.target(rack); ordinal++ {
			if e := s.endpoint(s.DC.Status.NodeStatuses[s.names().Pod(topology.Position{Rack: rack, Ordinal: ordinal})].HostID); e != nil {
				leaving[rack], all = leaving[rack]+e.Load, all+e.Load
			}
		}
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		rack := slices.Index(own.Racks, pod.Position.Rack)
		if rack < 0 || pod.Position.Ordinal >= sizes[rack] || pod.Status.Volume == nil {
			continue
		}
		gets := int64(max(leaving[pod.Position.Rack]/float64(sizes[rack]), all/float64(stay)))
		if free := pod.Status.Volume.Free; free < spaceMargin*gets {
			return &refusal{api.ReasonNotEnoughSpaceToScaleDown, s.field() + fmt.Sprintf(": the nodes that would leave datacenter %s have %s of data. Node %s would get about %s of it and needs %d times as much free, and has %s of %s. Make room, or set it back; nothing is removed until then",
				s.name(), size(int64(all)), pod.Name, size(gets), spaceMargin, size(free), size(pod.Status.Volume.Capacity))}
		}
	}
	return nil
}

// leaveBlocker names what a node that leaves has to wait for, beside what the rest of the plan does or waits for.
func (s *State) leaveBlocker(l leaver) string {
	switch {
	case len(s.Ringview) == 0:
		return "a node's view of the ring"
	case s.Keyspaces == nil:
		return "the keyspaces of the ring to be read"
	case s.cassandraYAML()["transfer_hints_on_decommission"] == false:
		return "transfer_hints_on_decommission to be true (spec.config, cassandra-yaml): a node would take what it keeps for others with it, and it would have to be restarted,"
	}
	if was := s.remaking(); was != nil {
		return "StatefulSet " + was.Set.Name + " to be made anew"
	}
	if away := s.missingMemberExcept(&Pod{}); away != "" {
		return "node " + away + " to be up"
	}
	if dead := s.unknownDeadMember(); dead != nil {
		return fmt.Sprintf("the ring to forget its dead member of datacenter %s at %s (nodetool removenode %s)", s.name(), dead.Address, dead.HostID)
	}
	for _, blocker := range []string{s.ringBlocker(), s.dataBlocker(), s.nodeBlocker(), s.hintBlocker(l)} {
		if blocker != "" {
			return blocker
		}
	}
	return ""
}

// ringBlocker names another change of the ring, or a member anywhere that is down: nodes delete what they have kept for one that has left
// (hints), so that what was written while they were apart would reach nobody in its place.
func (s *State) ringBlocker() string {
	for _, e := range s.Ringview {
		switch {
		case e.HostID == "" && !e.Alive: // what gossip still has of one that has left
		case e.Status != mgmtapi.ModeNormal:
			return fmt.Sprintf("node %s of datacenter %s to be a member (it is %s)", e.Address, e.Datacenter, strings.ToLower(e.Status))
		case !e.Alive:
			return fmt.Sprintf("node %s of datacenter %s to be up", e.Address, e.Datacenter)
		}
	}
	return ""
}

// hintBlocker names writes that are still on their way to the node, or from it to others. Nodes of this datacenter tell; to those of others
// as much time is given as they were apart, an hour at most.
func (s *State) hintBlocker(l leaver) string {
	for i := range s.Pods {
		pod := &s.Pods[i]
		switch own := pod.Name == l.Pod; {
		case pod.Status.Hints == nil && s.isMember(pod):
			return fmt.Sprintf("node %s to say for whom it keeps writes (hints)", pod.Name)
		case own && slices.ContainsFunc(pod.Status.Hints, func(id string) bool { return s.endpoint(id) != nil }):
			return fmt.Sprintf("the writes that node %s keeps for others (hints) to reach them", pod.Name)
		case !own && slices.Contains(pod.Status.Hints, l.HostID):
			return fmt.Sprintf("the writes that node %s keeps for node %s (hints) to reach it", pod.Name, l.Pod)
		}
	}
	return s.apartBlocker()
}

// apartBlocker names writes that nodes of other datacenters may still keep for this one's, and these for those: as much time is given as
// they were apart.
func (s *State) apartBlocker() string {
	t := s.together()
	if t == nil || len(t.With) == 0 || t.ApartSince == nil || t.ApartUntil == nil {
		return ""
	}
	end := t.ApartUntil.Add(min(t.ApartUntil.Sub(t.ApartSince.Time), hintsKept) + hintsSent)
	if !s.Now.Before(end) {
		return ""
	}
	return fmt.Sprintf("the writes that were kept for nodes while datacenters were apart (hints) to have arrived, until %s,", end.UTC().Format(time.RFC3339))
}

// dataBlocker names data that the datacenter lacks: a node that leaves may be asked for it.
func (s *State) dataBlocker() string {
	if s.removes() {
		return s.removalBlocker()
	}
	if from := s.owes(); from != "" {
		return fmt.Sprintf("datacenter %s to be rebuilt from %s", s.name(), from)
	}
	var owed []string
	all := s.keyspaces()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name].OwedSince != nil {
			owed = append(owed, name)
		}
	}
	switch {
	case len(owed) > 0:
		return fmt.Sprintf("datacenter %s to have the data of %s", s.name(), strings.Join(owed, ", "))
	case s.DC.Annotations[api.LackingAnnotation] != "":
		return fmt.Sprintf("datacenter %s to have its data, which it may get from here", s.DC.Annotations[api.LackingAnnotation])
	case s.repairRunning():
		return "the repair that goes on"
	case len(s.Tasks) > 0:
		return "task " + s.Tasks[0] + " to end"
	}
	return ""
}

// againBlocker names data that is known to be lacking, before a node that is leaving already is asked once more. Of keyspaces that
// are new, each replica is a copy; they are only to be repaired once, which waits until the node has left.
func (s *State) againBlocker() string {
	if s.removes() {
		return s.removalBlocker()
	}
	if from := s.owes(); from != "" {
		return fmt.Sprintf("datacenter %s to be rebuilt from %s", s.name(), from)
	}
	var owed, others []string
	all := s.keyspaces()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name].Lacks() {
			owed = append(owed, name)
		}
	}
	alone := s.lackingAlone()
	for dc := range strings.SplitSeq(s.DC.Annotations[api.LackingAnnotation], ",") {
		if of, named := alone[dc]; dc != "" && (!named || len(of) > 0) {
			others = append(others, dc)
		}
	}
	switch {
	case len(owed) > 0:
		return fmt.Sprintf("datacenter %s to have the data of %s", s.name(), strings.Join(owed, ", "))
	case len(others) > 0:
		return fmt.Sprintf("datacenter %s to have its data, which it may get from here", strings.Join(others, ","))
	case s.repairRunning():
		return "the repair that goes on"
	case len(s.RebuildTasks) > 0:
		return "task " + s.RebuildTasks[0] + " to end"
	}
	return ""
}

// nodeBlocker names a node, or a rack, that isn't ready for it.
func (s *State) nodeBlocker() string {
	for _, rack := range s.RackNames() {
		if !s.settled(rack) {
			return "rack " + rack + " to be whole"
		}
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		switch e := s.endpoint(s.lastHostID(pod)); {
		case s.isSurplus(pod): // it never became a member
		case pod.Status.Volume == nil:
			return fmt.Sprintf("the agent of node %s to be updated, which can't let a node leave yet (annotation %s: %s)", pod.Name, api.UpdateAllowedAnnotation, api.UpdateAllowedOnce)
		case e != nil && e.Load == 0:
			return fmt.Sprintf("the load of node %s to be known", pod.Name)
		}
	}
	return ""
}
