package datacenter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

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
	words := strings.Fields(s.DC.Annotations[api.DecommissionAnnotation])
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

// planScaleDown lets one node after another leave until there are as many as the spec says.
func (s *State) planScaleDown(p *Plan) {
	switch l := s.recorded(); {
	case l != nil && s.isTaken(l):
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s is another one by now than host id %s, which the ring has no more", l.Pod, l.HostID), Step{})
	case l != nil && l.Kept: // planIdentity says what is to be done
		p.Wait("a person to decide about the volume of node %s, which has left the ring", l.Pod)
	case l != nil && l.Left:
		s.planRemains(p, l)
	case l != nil:
		s.planLeaving(p, l)
	case s.DC.Annotations[api.DecommissionAnnotation] != "":
		p.Wait("the annotation %s, which can't be read (POD HOST-ID), to be taken away before a node leaves the ring", api.DecommissionAnnotation)
	case s.initialized():
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
	if s.refuseScaleDown(p) {
		return
	}
	p.ScalingDown = true
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
		p.add(Record, api.DecommissionAnnotation, fmt.Sprintf("node %s leaves the ring: spec.size is %d, and there are %d", name, s.DC.Spec.Size, s.total()), Step{Stamp: l.String()})
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

// isLast tells whether no place behind one in its rack has a member, so that its StatefulSet can be without it.
func (s *State) isLast(at topology.Position) bool {
	for ordinal := at.Ordinal + 1; ordinal < s.reach(at.Rack); ordinal++ {
		if s.mayBeMember(topology.Position{Rack: at.Rack, Ordinal: ordinal}) {
			return false
		}
	}
	return true
}

// planLeaving follows a node on record until it has left.
func (s *State) planLeaving(p *Plan, l *leaver) {
	p.ScalingDown = true
	member := s.endpoint(l.HostID)
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	switch {
	case !known:
		p.Wait("the annotation %s, which names no pod of a rack of the spec (%s), to be taken away", api.DecommissionAnnotation, l.Pod)
	case !s.seenByAnother(l.HostID):
		p.Wait("another node's view of the ring, which node %s leaves", l.Pod)
	case member == nil:
		s.planLeft(p, l, pod)
	case pod != nil && s.dataLost(pod) && member.Status == mgmtapi.ModeLeaving:
		p.Leaving = "node " + l.Pod + " to be gone from the ring: " + leavingLost(l.HostID)
		p.LeaveFailed = true
		p.Wait("%s", p.Leaving)
	case pod != nil && pod.hasLeft(l.HostID) && member.Alive:
		p.Wait("node %s, which has given its data away, to be unknown to the others", l.Pod)
	case pod != nil && pod.hasLeft(l.HostID):
		p.fails(fmt.Sprintf("the ring to hear that node %s has left: it has given its data away, and ended before it could tell. Run nodetool removenode %s on a node that is up", l.Pod, l.HostID))
	case (pod == nil || !pod.running()) && member.Status == mgmtapi.ModeLeaving:
		p.Wait("node %s, which leaves the ring, to be up: Cassandra begins that anew", l.Pod)
	case pod == nil || !pod.running():
		p.Wait("node %s, which is to leave the ring, to be up", l.Pod)
	case pod.Status.Identity == nil || pod.Status.Identity.HostID != l.HostID:
		p.Wait("node %s, which leaves the ring, to say that it is host id %s", l.Pod, l.HostID)
	case member.Status == mgmtapi.ModeLeaving && pod.Status.OperationMode != mgmtapi.ModeDecommissionFailed && !s.failed(l, pod):
		p.Leaving = s.streamMessage(l.Pod)
		p.Wait("%s", p.Leaving)
	case member.Status == mgmtapi.ModeLeaving:
		s.planDecommission(p, l, pod)
	case pod.Status.OperationMode == mgmtapi.ModeLeaving:
		p.Wait("the ring to hear that node %s leaves", l.Pod)
	case s.asked(l, pod): // whatever the size is by now
		p.Wait("node %s to begin to leave the ring", l.Pod)
	case s.wantsBack(at):
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s stays: it has not begun to leave the ring, and spec.size is %d", l.Pod, s.DC.Spec.Size), Step{})
	case !s.isLast(at):
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s stays: it isn't the last one of its rack", l.Pod), Step{})
	case s.refuseScaleDown(p):
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s stays: it has not begun to leave the ring, and must not now", l.Pod), Step{})
	default:
		s.planDecommission(p, l, pod)
	}
}

// wantsBack tells whether a position on record is wanted by now.
func (s *State) wantsBack(at topology.Position) bool {
	own := s.own()
	return at.Ordinal < own.RackSizes()[slices.Index(own.Racks, at.Rack)]
}

// runOf is what this process knows of a decommission that it asked the pod's node for; nil if nothing.
func (s *State) runOf(l *leaver, pod *Pod) *DecommissionRun {
	if run := s.Decommission; run != nil && pod != nil && run.HostID == l.HostID && run.UID == pod.UID {
		return run
	}
	return nil
}

// asked tells whether the node has been asked to leave, and has not failed.
func (s *State) asked(l *leaver, pod *Pod) bool {
	run := s.runOf(l, pod)
	return run != nil && run.Job.Status == mgmtapi.JobWaiting
}

// failed tells whether a try that this process asked for has failed. Cassandra before 5.0 has no mode for that.
func (s *State) failed(l *leaver, pod *Pod) bool {
	run := s.runOf(l, pod)
	return run != nil && run.Job.Status == mgmtapi.JobError
}

// planDecommission asks the node to leave, when it may and no former try goes on or has just failed.
func (s *State) planDecommission(p *Plan, l *leaver, pod *Pod) {
	blocker := s.leaveBlocker(*l)
	switch {
	case s.asked(l, pod):
		p.Wait("node %s to begin to leave the ring", l.Pod)
	case pod.Status.GossipStopped || !s.seenAlive(pod): // nobody would hear that it has left
		p.Wait("the ring to see node %s as up, which leaves it", l.Pod)
	case s.endpoint(l.HostID).Status == mgmtapi.ModeLeaving:
		s.planAgain(p, l, pod)
	case s.pauses(l, pod) != "":
		p.fails(s.pauses(l, pod))
	case len(p.Steps) > 0 || !p.Quiet():
	case blocker != "":
		p.Wait("%s before node %s leaves the ring", blocker, l.Pod)
	case pod.Status.FirstBoot:
		s.planOrdinaryWaits(p, pod)
	default:
		p.add(Decommission, l.Pod, "its data goes to the nodes that stay", Step{Pod: pod, HostID: l.HostID, OnRecord: l.String()})
	}
}

// planAgain asks a node to leave whose decommission has failed: it is leaving still in the eyes of the others. Cassandra doesn't
// look at the replication factors then, and gives nobody what every node that stays should have already.
func (s *State) planAgain(p *Plan, l *leaver, pod *Pod) {
	refusal, away := s.tooManyReplicas(s.membersBut(l.HostID)), s.missingMemberExcept(pod)
	giveUp := fmt.Sprintf("delete pod %s when clients can do without it: it is no longer leaving then", l.Pod)
	at, _ := s.positionOf(l.Pod)
	switch {
	case !s.isLast(at):
		p.fails(fmt.Sprintf("node %s to leave the ring, which somebody has asked for and which has failed. It isn't the last one of its rack: ask again (nodetool decommission), or %s", l.Pod, giveUp))
	case s.Keyspaces == nil:
		p.Wait("the keyspaces of the ring to be read, which node %s leaves", l.Pod)
	case refusal != nil:
		p.fails(fmt.Sprintf("keyspaces of which node %s would give nobody its data to be altered. %s. Or %s", l.Pod, refusal.Message, giveUp))
	case s.pauses(l, pod) != "":
		p.fails(s.pauses(l, pod))
	case away != "": // its streams broke because of that, and no node can be replaced while one is leaving
		p.fails(fmt.Sprintf("node %s to be up: node %s couldn't leave the ring without it. If that has lost its data, %s, and begins anew later", away, l.Pod, giveUp))
	case s.againBlocker() != "": // what pays it may have to wait for the node
		p.fails(fmt.Sprintf("%s before node %s is asked again to leave the ring. Or %s", s.againBlocker(), l.Pod, giveUp))
	default:
		p.add(Decommission, l.Pod, "its decommission failed", Step{Pod: pod, HostID: l.HostID, OnRecord: l.String()})
	}
}

// fails says what is waited for after a node couldn't leave.
func (p *Plan) fails(waits string) {
	p.Leaving, p.LeaveFailed = waits, true
	p.Wait("%s", waits)
}

// pauses says that the last try has failed a short while ago, "" when it hasn't.
func (s *State) pauses(l *leaver, pod *Pod) string {
	run := s.runOf(l, pod)
	if run == nil || run.Job.Status != mgmtapi.JobError || s.Now.Sub(run.failed) >= pauseAfter(run.Failures) {
		return ""
	}
	return fmt.Sprintf("another try to let node %s leave the ring, after %d that failed: %s", l.Pod, run.Failures, run.Job.Error)
}

// planOrdinaryWaits restarts a node that has the short waits of a first boot still: it would stream, and be gone, before every other node
// had heard that it leaves, and what those write meanwhile would go nowhere.
func (s *State) planOrdinaryWaits(p *Plan, pod *Pod) {
	if blocker := s.rollBlocker(pod); blocker != "" {
		p.Wait("%s before node %s is restarted, which leaves the ring then", blocker, pod.Name)
		return
	}
	p.add(Restart, pod.Name, "it has the short waits of a first boot, and leaves the ring with ordinary ones", Step{Pod: pod})
}

// leavingLost says what becomes of a member that has lost its data while it was leaving: Cassandra replaces no node while one is
// leaving, itself included.
func leavingLost(hostID string) string {
	return fmt.Sprintf("it was leaving, and can't be replaced. Remove it with nodetool removenode %s: the others then get from each other what it had. Only what it had the only copy of is lost with it; for that, restore its volume", hostID)
}

// planLeft records that a node has left, which it has to say itself: one that somebody has removed from the ring may have data
// that no other node has.
func (s *State) planLeft(p *Plan, l *leaver, pod *Pod) {
	lost := pod != nil && s.dataLost(pod) && !pod.starting()
	left := pod != nil && pod.hasLeft(l.HostID)
	at, _ := s.positionOf(l.Pod)
	switch {
	case (lost || left) && !s.isLast(at): // planIdentity and planStarts go on
		p.add(Clear, api.DecommissionAnnotation, "node "+l.Pod+" has left the ring, and isn't the last one of its rack", Step{})
	case lost:
		s.recordLeft(p, l)
	case pod == nil || pod.Deleting || !pod.Agent:
		p.Wait("node %s, which the ring has no more, to say whether it has left by itself", l.Pod)
	case left && s.Keyspaces == nil:
		p.Wait("the keyspaces of the ring to be read, which node %s has left", l.Pod)
	case left && s.tooManyReplicas(s.membersBut(l.HostID)) != nil: // altered while it left
		kept := leaver{Pod: l.Pod, HostID: l.HostID, Kept: true}
		p.add(Record, api.DecommissionAnnotation, "node "+l.Pod+" has left the ring, and may have given nobody its data: "+s.tooManyReplicas(s.membersBut(l.HostID)).Message, Step{Stamp: kept.String()})
	case left:
		s.recordLeft(p, l)
	case pod.starting():
		p.Wait("node %s, which the ring has no more, to be done with leaving it", l.Pod)
	default:
		p.Warn("node %s (host id %s) is no member of the ring any more, and its volume doesn't say that it has left by itself: it is not started. If others have its data (it was leaving the ring), delete claim %s and the pod", l.Pod, l.HostID, Claim(l.Pod))
	}
}

func (s *State) recordLeft(p *Plan, l *leaver) {
	left := leaver{Pod: l.Pod, HostID: l.HostID, Left: true, Claims: uids(s.LeaverClaims)}
	p.add(Record, api.DecommissionAnnotation, "node "+l.Pod+" has left the ring", Step{Stamp: left.String(), HostID: l.HostID})
}

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
		p.Wait("the annotation %s, which names no pod of a rack of the spec (%s), to be taken away", api.DecommissionAnnotation, l.Pod)
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
	case !s.seenByAnother(l.HostID):
		p.Wait("a node's view of the ring before the volume of %s goes", l.Pod)
	case len(s.RemainingClaims()) > 0:
		if slices.ContainsFunc(s.RemainingClaims(), func(v Volume) bool { return !v.Deleting }) {
			p.add(DeleteClaims, l.Pod, "its node has left the ring, and others have its data", Step{OnRecord: l.String()})
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

// nextToLeave is the position that goes next: the last one of the largest rack, of racks alike that of the last one, because the
// first racks keep the remainder.
func (s *State) nextToLeave() (at topology.Position, found bool) {
	own := s.own()
	for i, wanted := range own.RackSizes() {
		if n := s.target(own.Racks[i]); n > wanted && (!found || n > at.Ordinal) {
			at, found = topology.Position{Rack: own.Racks[i], Ordinal: n - 1}, true
		}
	}
	return at, found
}

// hasLeft tells whether the pod's node says that it has left its ring with that host id.
func (p *Pod) hasLeft(hostID string) bool {
	id := p.Status.Identity
	return p.Agent && id != nil && id.HostID == hostID && (id.Found == mgmtapi.FoundLeft || p.Status.OperationMode == mgmtapi.ModeDecommissioned)
}

// seenByAnother tells whether the ring's view is that of a member other than the one of a host id.
func (s *State) seenByAnother(hostID string) bool {
	return slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.Local && e.HostID != "" && e.HostID != hostID })
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

// positionOf is the position of a pod of a rack of the spec.
func (s *State) positionOf(pod string) (at topology.Position, known bool) {
	for _, rack := range s.DC.RackNames() {
		text, is := strings.CutPrefix(pod, s.names().StatefulSet(rack)+"-")
		if ordinal, err := strconv.Atoi(text); is && err == nil && ordinal >= 0 {
			return topology.Position{Rack: rack, Ordinal: ordinal}, true
		}
	}
	return topology.Position{}, false
}

// isSurplus tells whether a pod is none of those that its rack is to have.
func (s *State) isSurplus(pod *Pod) bool {
	return slices.Contains(s.DC.RackNames(), pod.Position.Rack) && !slices.Contains(s.ordinals(pod.Position.Rack), pod.Position.Ordinal)
}

// mayStart tells whether a node on record may be started: it is still a member in the eyes of another one, or there is nobody else
// that could have a copy of its data.
func (s *State) mayStart(pod *Pod) bool {
	l := s.leaver()
	if l == nil || l.Pod != pod.Name {
		return true
	}
	id := pod.Status.Identity
	switch {
	case l.Left:
		return s.endpoint(l.HostID) != nil
	case s.seenByAnother(l.HostID):
		return s.endpoint(l.HostID) != nil
	}
	return s.dataHolderExcept(pod) == "" && id != nil && id.Found == mgmtapi.FoundMember && id.HostID == l.HostID
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

// streamMessage says how far a node is with its data, in tenths so that the status doesn't change all the time.
func (s *State) streamMessage(pod string) string {
	var streams []string
	for _, one := range s.Streams {
		if one.ToSend > 0 && one.Sent < one.ToSend {
			streams = append(streams, fmt.Sprintf("%s of %s to %s", size(one.ToSend/10*(one.Sent*10/one.ToSend)), size(one.ToSend), one.Peer))
		}
	}
	slices.Sort(streams)
	if len(streams) == 0 {
		return fmt.Sprintf("node %s to leave the ring", pod)
	}
	return fmt.Sprintf("node %s to leave the ring, which streams %s", pod, strings.Join(clipped(streams, 5), ", "))
}

// size is a number of bytes for people.
func size(bytes int64) string {
	value, unit := float64(bytes), "bytes"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
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

// isOut tells whether the pod's volume is that of a node that has left its ring: nothing is started on it.
func (p *Pod) isOut() bool {
	return p.Status.Identity != nil && p.Status.Identity.Found == mgmtapi.FoundLeft
}

// LeaverPod is the pod whose node leaves the ring, "" when none does.
func (s *State) LeaverPod() string {
	if l := s.leaver(); l != nil {
		return l.Pod
	}
	return ""
}

// LeaverLast are the pods in the order in which they are asked about the ring: what one that leaves says of itself is no proof.
func (s *State) LeaverLast() []Pod {
	pods := slices.Clone(s.Pods)
	slices.SortStableFunc(pods, func(a, b Pod) int { return compareBools(s.isLeaver(b.Name), s.isLeaver(a.Name)) })
	return pods
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
