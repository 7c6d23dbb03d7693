package datacenter

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A JVM that hangs, in an endless collection of garbage for one, isn't ended by the kubelet: it lives. Its pod is made anew when two
// say that it serves nobody, its agent for a long time and the ring, and when no other member of the datacenter is away. A node of
// which the agent can't say so is left alone: one that boots, joins, replaces, replays its log or was drained by a person, one whose
// agent isn't reached, and one whose port somebody closed.

// hungFor is for how long a JVM doesn't answer before it is ended, as with cass-operator.
const hungFor = 10 * time.Minute

// EndedHungAnnotation of a CassandraDatacenter has the pods that were made anew because their JVM hung. A pod whose JVM hangs again
// with the same template is left as it is. Taking the annotation off lets the operator do it once more.
const EndedHungAnnotation = "ringspan.io/ended-hung"

// endedHung is one of them, as it was.
type endedHung struct {
	UID      string `json:"uid"`
	Revision string `json:"revision"` // of its StatefulSet
}

// endedHung reads the annotation. One that can't be read says that there was none.
func (s *State) endedHung() map[string]endedHung {
	all := map[string]endedHung{}
	if json.Unmarshal([]byte(s.DC.Annotations[EndedHungAnnotation]), &all) != nil || all == nil {
		return map[string]endedHung{}
	}
	return all
}

// hangs tells whether a pod's JVM was a member's and doesn't answer its agent.
func (p *Pod) hangs() bool {
	return p.Agent && p.Status.State == mgmtapi.Starting && p.Status.OperationMode == "" && p.Status.Unanswered > 0 && !p.Ready && !p.Deleting
}

// planHung ends one JVM that hangs: it is recorded first, so that no death of the operator makes it count as another time.
func (s *State) planHung(p *Plan) {
	done := s.endedHung()
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !pod.hangs() || p.takesDown(pod) {
			continue
		}
		was, before := done[pod.Name]
		blocker := s.hungBlocker(p, pod)
		switch again := before && was.Revision == pod.Revision && was.UID != pod.UID; {
		case time.Duration(pod.Status.Unanswered)*time.Second < hungFor:
			p.Warn("node %s: its JVM doesn't answer its agent. It is ended when it hasn't for %s", pod.Name, hungFor)
		case again:
			p.Warn("node %s: its JVM hangs again, and was ended for that before with the same configuration. Look why (its log, jstack in its container), then change that or delete pod %s", pod.Name, pod.Name)
		case s.isLeaver(pod.Name):
			p.Warn("node %s: its JVM hangs, and the node is leaving the ring. To let it begin anew, delete pod %s", pod.Name, pod.Name)
		case blocker != "":
			p.Warn("node %s: its JVM hangs. It waits for %s before it is ended; if that takes too long, delete pod %s", pod.Name, blocker, pod.Name)
		case was.UID != pod.UID:
			done[pod.Name] = endedHung{pod.UID, pod.Revision}
			text, _ := json.Marshal(done) // plain data: cannot fail
			p.add(Record, EndedHungAnnotation, fmt.Sprintf("the JVM of node %s hasn't answered for %s", pod.Name, hungFor), Step{Stamp: string(text)})
			return
		default:
			p.add(DeletePod, pod.Name, fmt.Sprintf("its JVM hasn't answered for %s, and the ring doesn't see it", hungFor), Step{Pod: pod})
			return
		}
	}
}

// hungBlocker names what a JVM that hangs waits for before it is ended, "" for nothing. A node that joins or leaves meanwhile is none of
// it: it gets nothing from a JVM that answers nobody, and fails until that is back.
func (s *State) hungBlocker(p *Plan, pod *Pod) string {
	switch {
	case !s.initialized():
		return "the first boot to be over"
	case len(s.Ringview) == 0:
		return "a node's view of the ring"
	case !s.isMember(pod) || s.endpoint(s.lastHostID(pod)) == nil:
		return "the ring to know it as a member"
	case s.seenAlive(pod) || s.endpoint(s.lastHostID(pod)).Alive:
		return "the ring to see it as down"
	case s.missingMemberExcept(pod) != "":
		return "node " + s.missingMemberExcept(pod) + " to be up"
	case s.unknownDeadMember() != nil:
		return "the ring to forget its dead member at " + s.unknownDeadMember().Address
	case p.has(Restart, DeletePod):
		return "another node to be back"
	}
	return ""
}
