package datacenter

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planLeaving follows a node on record until it has left.
func (s *State) planLeaving(p *Plan, l *leaver) {
	p.ScalingDown = true
	member := s.endpoint(l.HostID)
	at, known := s.positionOf(l.Pod)
	pod := s.pod(at)
	switch {
	case !known:
		p.Wait("the annotation %s, which names no pod of a rack (%s), to be taken away", api.DecommissionAnnotation, l.Pod)
	case s.isAlone(l) && len(s.Ringview) == 0:
		s.planLastLeft(p, l, pod)
	case !s.seenByAnother(l.HostID) && !s.isAlone(l):
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
		p.add(Clear, api.DecommissionAnnotation, fmt.Sprintf("node %s stays: it has not begun to leave the ring, and %s", l.Pod, s.whyItStays()), Step{})
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
	if s.removes() {
		return s.removalHeld()
	}
	return at.Ordinal < s.wanted(at.Rack)
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
		p.add(Decommission, l.Pod, s.whyItLeaves(), Step{Pod: pod, HostID: l.HostID, OnRecord: s.record(), Force: s.removes(), Removal: s.removalMark()})
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
		p.add(Decommission, l.Pod, "its decommission failed", Step{Pod: pod, HostID: l.HostID, OnRecord: s.record(), Force: s.removes(), Removal: s.removalMark()})
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
	p.add(Restart, pod.Name, "it has the short waits of a first boot, and leaves the ring with ordinary ones", Step{Pod: pod, Budget: s.HeldBudget()})
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
	case s.isAlone(l):
		s.planLastLeft(p, l, pod)
	case (lost || left) && !s.isLast(at): // planIdentity and planStarts go on
		p.add(Clear, api.DecommissionAnnotation, "node "+l.Pod+" has left the ring, and isn't the last one of its rack", Step{})
	case lost:
		s.recordLeft(p, l)
	case pod != nil && pod.Unschedulable != "" || s.isRemoved(at.Rack) && (pod == nil || !pod.Agent):
		p.Wait("node %s, which the ring has no more, to say whether it has left by itself; or, if its machine or its zone is gone for good, claim %s and the pod to be deleted", l.Pod, Claim(l.Pod))
	case pod == nil || pod.Deleting || !pod.Agent:
		p.Wait("node %s, which the ring has no more, to say whether it has left by itself", l.Pod)
	case left && s.Keyspaces == nil:
		p.Wait("the keyspaces of the ring to be read, which node %s has left", l.Pod)
	case left && s.ungiven(l.HostID) != nil: // altered while it left
		kept := leaver{Pod: l.Pod, HostID: l.HostID, Kept: true}
		p.add(Record, api.DecommissionAnnotation, "node "+l.Pod+" has left the ring, and may have given nobody its data: "+s.ungiven(l.HostID).Message, Step{Stamp: kept.String()})
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

// hasLeft tells whether the pod's node says that it has left its ring with that host id.
func (p *Pod) hasLeft(hostID string) bool {
	id := p.Status.Identity
	return p.Agent && id != nil && id.HostID == hostID && (id.Found == mgmtapi.FoundLeft || p.Status.OperationMode == mgmtapi.ModeDecommissioned)
}

// isOut tells whether the pod's volume is that of a node that has left its ring: nothing is started on it.
func (p *Pod) isOut() bool {
	return p.Status.Identity != nil && p.Status.Identity.Found == mgmtapi.FoundLeft
}

// seenByAnother tells whether the ring's view is that of a member other than the one of a host id.
func (s *State) seenByAnother(hostID string) bool {
	return slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.Local && e.HostID != "" && e.HostID != hostID })
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

// needsNoSuccessor tells whether a pod has a new volume, and its rack is to have one node less: the ring has its former self no more, and
// a node in that place would join only to leave again.
func (s *State) needsNoSuccessor(pod *Pod) bool {
	former := s.lastHostID(pod)
	return s.initialized() && s.dataLost(pod) && !pod.starting() && pod.Position.Ordinal >= s.wanted(pod.Position.Rack) && s.isLast(pod.Position) &&
		s.seenByAnother(former) && s.endpoint(former) == nil
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
