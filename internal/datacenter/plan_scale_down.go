package datacenter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// A node that is one too many leaves its ring before its pod and its volume go: docs/design/0006-scale-down.md. One leaves at a
// time, and the annotation DecommissionAnnotation says which one, from before it is asked to until nothing of it is there.

// leaver is the node that leaves the ring, or has left it, as is on record.
type leaver struct {
	Pod, HostID string
	Left        bool     // it was no member any more, and said so itself
	Kept        bool     // it has left, and may not have given all of its data away: a person decides about its volume
	Claims      []string // UIDs of those that it had then: no others are deleted
}

// The record's third word, once the node has left. The UIDs of its claims follow leftWord, with commas between.
const (
	leftWord = "left"
	keptWord = "kept"
)

func (l leaver) String() string {
	words := []string{l.Pod, l.HostID}
	switch {
	case l.Kept:
		words = append(words, keptWord)
	case l.Left:
		words = append(words, leftWord)
	}
	if len(l.Claims) > 0 {
		words = append(words, strings.Join(l.Claims, ","))
	}
	return strings.Join(words, " ")
}

// recorded reads the record; nil when there is none that can be read.
func (s *State) recorded() *leaver {
	words := strings.Fields(s.record())
	switch {
	case len(words) == 2:
		return &leaver{Pod: words[0], HostID: words[1]}
	case len(words) == 3 && words[2] == leftWord:
		return &leaver{Pod: words[0], HostID: words[1], Left: true}
	case len(words) == 3 && words[2] == keptWord:
		return &leaver{Pod: words[0], HostID: words[1], Kept: true}
	case len(words) == 4 && words[2] == leftWord:
		return &leaver{Pod: words[0], HostID: words[1], Left: true, Claims: strings.Split(words[3], ",")}
	}
	return nil
}

// record is the record as it is there, whoever wrote it.
func (s *State) record() string { return s.DC.Annotations[api.DecommissionAnnotation] }

// leaves tells whether a node of a record leaves, or has left and something of it is still to go.
func (l *leaver) leaves() bool { return l != nil && !l.Kept }

// leaver is the node on record; nil when there is none. A record about a node in whose place there is another one counts for nothing, and
// one about a node whose volume is kept has a person go on.
func (s *State) leaver() *leaver {
	l := s.recorded()
	if l == nil || l.Kept || s.isTaken(l) {
		return nil
	}
	return l
}

func (s *State) isLeaver(pod string) bool {
	l := s.leaver()
	return l != nil && l.Pod == pod
}

// isKept tells whether a pod's volume is that of a node which has left, and about which a person decides.
func (s *State) isKept(pod *Pod) bool {
	l := s.recorded()
	return l != nil && l.Kept && l.Pod == pod.Name && pod.isOut() && pod.Status.Identity.HostID == l.HostID
}

// volumeGone tells whether a person has decided about a volume that was kept: the pod has a new one.
func (s *State) volumeGone(l *leaver) bool {
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	return known && pod != nil && pod.Agent && !pod.starting() && s.dataLost(pod)
}

// planScaleDown lets one node after another leave until there are as many as the spec says.
func (s *State) planScaleDown(p *Plan) {
	switch l := s.recorded(); {
	case l != nil && s.isTaken(l):
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s is another one by now than host id %s, which the ring has no more", l.Pod, l.HostID), Step{})
	case l != nil && l.Kept && s.volumeGone(l):
		p.add(Clear, api.DecommissionAnnotation, "the volume of node "+l.Pod+" is gone, which had left the ring", Step{})
	case l != nil && l.Kept: // planIdentity says what is to be done
		p.Wait("a person to decide about the volume of node %s, which has left the ring", l.Pod)
	case l != nil && l.Left:
		s.planRemains(p, l)
	case l != nil:
		s.planLeaving(p, l)
	case s.record() != "":
		p.Wait("the annotation %s, which can't be read (POD HOST-ID), to be taken away before a node leaves the ring", api.DecommissionAnnotation)
	case s.initialized(), s.removes():
		s.planFirstStep(p)
	}
}

// planFirstStep chooses a node and records it, when nothing else is to be done in the datacenter.
func (s *State) planFirstStep(p *Plan) {
	if s.planAdopt(p) {
		return
	}
	at, found := s.nextToLeave()
	if !found {
		s.waitForRemovedSets(p)
		return
	}
	pod, name := s.pod(at), s.names().Pod(at)
	l := leaver{Pod: name, HostID: s.DC.Status.NodeStatuses[name].HostID}
	if pod != nil && pod.hasLeft(l.HostID) { // a person's decommission that is over
		p.ScalingDown = true
		p.add(Record, api.DecommissionAnnotation, "node "+name+" has left the ring by itself", Step{Stamp: l.String()})
		return
	}
	if l.HostID != "" && s.seenByAnother(l.HostID) && s.endpoint(l.HostID) == nil && (pod == nil || !pod.running()) {
		p.ScalingDown = true
		p.add(Record, api.DecommissionAnnotation, "the ring has node "+name+" no more", Step{Stamp: l.String()})
		return
	}
	if s.refuseScaleDown(p) || s.lacksConsent(p) {
		return
	}
	p.ScalingDown = true
	if down := s.downInRemovedRack(at, l); down != "" {
		p.Wait("%s", down)
	}
	if len(p.Steps) > 0 || !p.Quiet() {
		return // what there is to do, or to wait for, is said
	}
	switch blocker := s.leaveBlocker(l); {
	case l.HostID == "":
		p.Wait("node %s to be a member, which then leaves the ring", name)
	case blocker != "":
		p.Wait("%s before node %s leaves the ring", blocker, name)
	case len(s.DueTasks) > 0: // it waits for the node once that is on record
		p.Wait("task %s to end before node %s leaves the ring", s.DueTasks[0], name)
	default:
		p.add(Record, api.DecommissionAnnotation, s.leaveReason(at), Step{Stamp: l.String(), Removal: s.removalMark()})
	}
}

// planAdopt takes over a decommission that goes on and isn't on record: a person began it, or the size was set back at the moment
// when it began. Only the last node of a rack can be removed; what becomes of another one is on record until it has left.
func (s *State) planAdopt(p *Plan) bool {
	for _, e := range s.Ringview {
		name := s.podOfHost(e.HostID)
		if _, known := s.positionOf(name); known && e.Datacenter == s.name() && e.Status == mgmtapi.ModeLeaving {
			p.ScalingDown = true
			p.add(Record, api.DecommissionAnnotation, "node "+name+" is leaving the ring", Step{Stamp: leaver{Pod: name, HostID: e.HostID}.String()})
			return true
		}
	}
	return false
}

// nextToLeave is the position that goes next: first those of racks that the spec lacks, one rack after another; then the last one of
// the largest rack, of racks alike that of the last one, because the first racks keep the remainder.
func (s *State) nextToLeave() (at topology.Position, found bool) {
	if s.removalHeld() {
		return at, false
	}
	for _, rack := range slices.Backward(s.removedRacks()) {
		if n := s.target(rack); n > 0 {
			return topology.Position{Rack: rack, Ordinal: n - 1}, true
		}
	}
	own := s.own()
	for i, wanted := range own.RackSizes() {
		if n := s.target(own.Racks[i]); n > wanted && (!found || n > at.Ordinal) {
			at, found = topology.Position{Rack: own.Racks[i], Ordinal: n - 1}, true
		}
	}
	return at, found
}

// isLast tells whether no place behind one in its rack has a member, so that its StatefulSet can be without it.
func (s *State) isLast(at topology.Position) bool {
	for ordinal := at.Ordinal + 1; ordinal < s.reach(at.Rack); ordinal++ {
		if s.mayBeMember(topology.Position{Rack: at.Rack, Ordinal: ordinal}) {
			return false
		}
	}
	return true
}

// isSurplus tells whether a pod is none of those that its rack is to have.
func (s *State) isSurplus(pod *Pod) bool {
	return slices.Contains(s.RackNames(), pod.Position.Rack) && !slices.Contains(s.ordinals(pod.Position.Rack), pod.Position.Ordinal)
}

// membersBut are how many members the datacenter and the ring have beside one, as the ring sees it, and without those that leave too.
func (s *State) membersBut(hostID string) (here, ring int) {
	for _, e := range s.Ringview {
		if e.HostID == "" || e.HostID == hostID || e.Status != mgmtapi.ModeNormal {
			continue
		}
		ring++
		if e.Datacenter == s.name() {
			here++
		}
	}
	return here, ring
}

// podOfHost is the pod of a member of this datacenter, "" when none is known to be it.
func (s *State) podOfHost(hostID string) string {
	for name, n := range s.DC.Status.NodeStatuses {
		if hostID != "" && n.HostID == hostID {
			return name
		}
	}
	return ""
}

// positionOf is the position of a pod of one of the racks.
func (s *State) positionOf(pod string) (at topology.Position, known bool) {
	for _, rack := range s.RackNames() {
		text, is := strings.CutPrefix(pod, s.names().StatefulSet(rack)+"-")
		if ordinal, err := strconv.Atoi(text); is && err == nil && ordinal >= 0 {
			return topology.Position{Rack: rack, Ordinal: ordinal}, true
		}
	}
	return topology.Position{}, false
}

// LeaverPod is the pod whose node leaves the ring, "" when none does.
func (s *State) LeaverPod() string {
	if l := s.leaver(); l != nil {
		return l.Pod
	}
	return ""
}

// LeaverLast are the pods in the order in which they are asked about the ring: what one that leaves, or is replaced, says of itself is no
// proof.
func (s *State) LeaverLast() []Pod {
	pods := slices.Clone(s.Pods)
	rank := func(pod string) int {
		switch {
		case s.isLeaver(pod) || pod == s.ReplacedPod():
			return 2
		case slices.ContainsFunc(s.replaceRequests(), func(q replaceRequest) bool { return q.Pod == pod && s.isOpen(q) }):
			return 1
		}
		return 0
	}
	slices.SortStableFunc(pods, func(a, b Pod) int { return rank(a.Name) - rank(b.Name) })
	return pods
}

// leavingNow names a node of the datacenter that streams its data to the others, or has left and whose pod is still there; "" if none.
func (s *State) leavingNow() string {
	l := s.leaver()
	if l == nil || len(s.Ringview) == 0 {
		return ""
	}
	at, _ := s.positionOf(l.Pod)
	pod, member := s.pod(at), s.endpoint(l.HostID)
	switch {
	case l.Left && member == nil && pod == nil: // its claims may be held by others for long
		return ""
	case member == nil, member.Status == mgmtapi.ModeLeaving, pod != nil && (s.asked(l, pod) || pod.Status.OperationMode == mgmtapi.ModeLeaving):
		return l.Pod
	}
	return ""
}

// moving names a node of the ring that leaves or moves, beside which none may join: Cassandra refuses that.
func (s *State) moving() string {
	for _, e := range s.Ringview {
		if e.Status == mgmtapi.ModeLeaving || e.Status == "MOVING" {
			return fmt.Sprintf("node %s of datacenter %s, which is %s, to be done with it", e.Address, e.Datacenter, strings.ToLower(e.Status))
		}
	}
	return ""
}
