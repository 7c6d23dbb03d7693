package datacenter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// planReplacements gives one node after another a new one in its place, of those that somebody asks for.
func (s *State) planReplacements(p *Plan) {
	steps, waits := len(p.Steps), len(p.Waits)
	defer func() {
		switch {
		case len(p.Waits) > waits:
			p.ReplaceStory = "waiting for " + p.Waits[len(p.Waits)-1]
		case len(p.Steps) > steps:
			p.ReplaceStory = fmt.Sprint(p.Steps[len(p.Steps)-1])
		}
	}()
	switch r := s.replaced(); {
	case r != nil:
		s.planReplacement(p, r)
	case s.DC.Annotations[api.ReplaceAnnotation] != "":
		p.Wait("the annotation %s, which can't be read (POD HOST-ID CLAIM-UIDS), to be taken away before a node is replaced", api.ReplaceAnnotation)
	case s.initialized():
		s.planNextReplacement(p)
	}
}

// planNextReplacement records the first wish that can be followed. Nothing has moved before.
func (s *State) planNextReplacement(p *Plan) {
	if s.planLostReplaced(p) {
		return
	}
	requests := s.replaceRequests()
	slices.SortStableFunc(requests, func(a, b replaceRequest) int { // who is asked about the ring comes last: all nodes may be asked for
		return compareBools(s.seenByAnother(a.HostID), s.seenByAnother(b.HostID))
	})
	for _, q := range requests {
		if q.Entry == "" && s.memberOf(q.Pod) != q.HostID { // a task's, and its node is another one by now
			continue
		}
		if why := cmp.Or(s.removalRefuses(), s.unknownNode(q), s.repeats(q)); why != "" {
			p.refuseReplacement(q, why, false)
			continue
		}
		if was := s.refusedBefore(q); was != nil {
			p.refuseReplacement(q, was.Message, true)
			continue
		}
		r := &replacement{Pod: q.Pod, HostID: q.HostID}
		at, _ := s.positionOf(q.Pod)
		blocker := s.replaceBlocker(p, r)
		if pod := s.pod(at); blocker == "" && (pod == nil || pod.Deleting) { // it may come back without its data
			blocker = "pod " + q.Pod + " to be there"
		}
		if blocker != "" {
			p.Wait("%s before node %s is replaced, as %s asks for", blocker, q.Pod, q.by())
			return
		}
		r.Claims = s.claimUIDs(q.Pod)
		if why := s.replaceRefusal(r); why != "" {
			p.refuseReplacement(q, why, why == s.soleCopiesRefusal() && len(s.singleCopies()) > 0)
			continue
		}
		p.add(Record, api.ReplaceAnnotation, fmt.Sprintf("node %s is to be replaced, as %s asks for", q.Pod, q.by()), Step{Stamp: r.String()})
		return
	}
}

func (p *Plan) refuseReplacement(q replaceRequest, why string, askedAgain bool) {
	p.NotReplaced = append(p.NotReplaced, refusedReplacement{q, why, askedAgain})
}

// planLostReplaced records a wish about a node that has lost its data: it is being replaced without being asked, and once is enough.
func (s *State) planLostReplaced(p *Plan) bool {
	for _, q := range s.replaceRequests() {
		at, _ := s.positionOf(q.Pod)
		pod := s.pod(at)
		if q.HostID == "" || q.HostID != s.memberOf(q.Pod) || pod == nil || !s.dataLost(pod) || s.isLeaver(q.Pod) {
			continue
		}
		r := replacement{Pod: q.Pod, HostID: q.HostID}
		p.add(Record, api.ReplaceAnnotation, fmt.Sprintf("node %s is being replaced, as %s asks for", q.Pod, q.by()), Step{Stamp: r.String()})
		return true
	}
	return false
}

// onRecord is a step that rests on the record.
func (r *replacement) onRecord(step Step) Step {
	step.OnRecord, step.Record = r.String(), api.ReplaceAnnotation
	return step
}

// claimUIDs are those of the claims that a pod has, of its data first.
func (s *State) claimUIDs(pod string) (all []string) {
	for _, c := range s.podClaims(pod) {
		all = append(all, string(c.UID))
	}
	return all
}

// planReplacement brings the replacement on record one step further.
func (s *State) planReplacement(p *Plan, r *replacement) {
	at, known := s.positionOf(r.Pod)
	pod := s.pod(at)
	switch {
	case !known:
		p.Wait("the annotation %s, which names no pod of a rack of the spec (%s), to be taken away", api.ReplaceAnnotation, r.Pod)
	case s.isDone(r):
		s.planReplacedOver(p, r, fmt.Sprintf("node %s has taken the place of host id %s", r.Pod, r.HostID))
	case s.isItself(r, pod):
		p.add(Clear, api.ReplaceAnnotation, fmt.Sprintf("node %s is host id %s, and has another volume than was to go", r.Pod, r.HostID), r.onRecord(Step{}))
	case s.isGoing(r) && s.isLeaver(r.Pod): // removed by a person, and its rack is to have one node less
		s.planReplacedOver(p, r, fmt.Sprintf("node %s is no member any more, and gets no other one in its place", r.Pod))
	case s.isGoing(r):
		p.Replacing = r.Pod
		s.planVolumeGoes(p, r, pod)
	case !s.isAskedFor(r):
		p.add(Clear, api.ReplaceAnnotation, fmt.Sprintf("node %s stays: nobody asks for another one in its place any more", r.Pod), r.onRecord(Step{}))
	default:
		p.Replacing = r.Pod
		s.planStop(p, r, pod)
	}
}

// planReplacedOver removes the request, and after that the record: no pod's name outlives it.
func (s *State) planReplacedOver(p *Plan, r *replacement, why string) {
	target, step := api.ReplaceAnnotation, r.onRecord(Step{})
	if len(ReplaceNodesBut(s.DC.Spec.ReplaceNodes, r.String())) < len(s.DC.Spec.ReplaceNodes) {
		target = replaceNodesField
	}
	if target == replaceNodesField && slices.Contains(s.DC.Spec.ReplaceNodes, r.Pod) && s.isDone(r) {
		step.Stamp = s.replacedNamesWith(r.Pod)
	}
	p.add(Clear, target, why, step)
}

// replaceNodesField is what Clear takes the done entries from.
const replaceNodesField = "spec.replaceNodes"

// planStop stops the node on record, and lets its volume go as soon as the ring sees it as down. Until then it can stay: also when
// what was proven before is no longer so.
func (s *State) planStop(p *Plan, r *replacement, pod *Pod) {
	blocker := s.replaceBlocker(p, r)
	if blocker == "" {
		blocker = s.replaceRefusal(r)
	}
	member := s.endpoint(r.HostID)
	step := r.onRecord(Step{Pod: pod, HostID: r.HostID, Alive: s.relied(r.HostID)})
	stop := step
	stop.Budget = s.HeldBudget()
	switch {
	case blocker != "" && !s.seenByAnother(r.HostID) && (pod == nil || !pod.Agent || pod.running()): // nobody could tell, and it couldn't be started
		p.Wait("%s before node %s is replaced", blocker, r.Pod)
	case blocker != "":
		p.add(Clear, api.ReplaceAnnotation, fmt.Sprintf("node %s stays for now: %s", r.Pod, blocker), r.onRecord(Step{}))
	case pod == nil || pod.Deleting:
		p.Wait("pod %s to be made, whose node is to be replaced", r.Pod)
	case pod.running() || pod.starting():
		p.add(Stop, r.Pod, "it is replaced by a node with an empty volume", stop)
	case member.Alive && !pod.Agent:
		p.Wait("the agent of node %s to answer, which the ring sees as up, before it is stopped and replaced", r.Pod)
	case member.Alive:
		p.Wait("the ring to see node %s as down before its volume goes", r.Pod)
	default:
		p.add(DeleteClaims, r.Pod, "its node is stopped, and the others have its data", step)
	}
}

// planVolumeGoes takes the rest of the node on record, and waits for the one that comes in its place.
func (s *State) planVolumeGoes(p *Plan, r *replacement, pod *Pod) {
	old := pod != nil && len(r.Claims) > 0 && pod.Claim == r.Claims[0]
	step := r.onRecord(Step{Pod: pod})
	switch {
	case old && pod.running(): // somebody has started it
		p.Wait("node %s to be stopped, whose claim is being deleted", r.Pod)
	case len(r.Claims) > 0 && s.isGone(r) && slices.ContainsFunc(s.ReplacedClaims(), func(v Volume) bool { return !v.Deleting }):
		p.add(DeleteClaims, r.Pod, "the volume of its node's data goes already", step)
	case old && s.missingSharer(pod) != "": // as long as the pod is there, the volume is
		p.Wait("node %s to be up, which has copies of what goes with node %s", s.missingSharer(pod), r.Pod)
	case old && pod.ClaimDeleting && !pod.Deleting:
		p.add(DeletePod, r.Pod, "its claim goes with it", step)
	default:
		p.Wait("node %s to take the place of its former self (host id %s)%s", r.Pod, r.HostID, s.replacementStory(pod))
	}
}

// replacementStory says how far the node is that takes the place.
func (s *State) replacementStory(pod *Pod) string {
	if pod == nil || pod.Deleting || !s.dataLost(pod) {
		return ""
	}
	return ": " + s.recoveryMessage(pod)
}

// relied are the members, by host id, that have to be up when a node is stopped and when its volume goes: those of its datacenter that have
// replicas of its ranges, and those of others where a keyspace has but one replica here.
func (s *State) relied(hostID string) (ids []string) {
	with, known := s.sharing(hostID)
	for _, e := range s.Ringview {
		_, shares := with[e.HostID]
		if e.HostID != "" && e.HostID != hostID && (shares || !known) && (e.Datacenter == s.name() || e.Alive && s.reliesOnOthers()) {
			ids = append(ids, e.HostID)
		}
	}
	slices.Sort(ids)
	return ids
}

// isNoLoss tells whether a pod's node has no data because it takes the place of one that was replaced on request, and nobody has to do
// anything about it.
func (s *State) isNoLoss(pod *Pod) bool {
	r := s.replaced()
	if r == nil || r.Pod != pod.Name || len(r.Claims) == 0 {
		return false
	}
	_, blocker := s.replaceOptions(pod)
	return blocker == "" || pod.starting() || strings.HasPrefix(blocker, "it waits for a seed")
}

// JudgeView says what in a node's view of the ring, asked just now, is against taking a step of a replacement; down tells whether the node
// has to be seen as down.
func JudgeView(view []mgmtapi.Endpoint, step Step, down bool) error {
	known := false
	var up []string
	for _, e := range view {
		switch {
		case e.HostID == "" && !e.Alive:
			continue
		case e.Status != mgmtapi.ModeNormal:
			return fmt.Errorf("node %s is %s", e.Address, strings.ToLower(e.Status))
		case e.HostID == step.HostID && e.Alive && down:
			return fmt.Errorf("it sees host id %s as up", e.HostID)
		case e.Alive:
			up = append(up, e.HostID)
		}
		known = known || e.HostID == step.HostID
	}
	if !known {
		return fmt.Errorf("it knows no member with host id %s", step.HostID)
	}
	for _, id := range step.Alive {
		if !slices.Contains(up, id) {
			return fmt.Errorf("it doesn't see host id %s as up, which has copies of what goes", id)
		}
	}
	return nil
}
