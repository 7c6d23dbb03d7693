package datacenter

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planRacks makes the racks' StatefulSets. A changed template reaches one rack
// after another, the next when the one before is ready again; before the first
// boot is over, or without pods, all at once. A change that comes from another
// version of this program, and not from the spec, waits to be allowed.
func (s *State) planRacks(p *Plan) {
	p.Volumes, p.mounts = s.volumesRefused()
	for _, rack := range s.racksInOrder() {
		want, err := s.StatefulSet(rack, s.target(rack.Name))
		if err != nil {
			p.Invalid = err.Error()
			return
		}
		s.keepPlace(want, rack.Name)
		s.sign(want)
		have := s.StatefulSets[rack.Name]
		if have == nil {
			s.makeSet(p, rack.Name, want)
			continue
		}
		if !have.DeletionTimestamp.IsZero() {
			s.planGoneSet(p, rack.Name, have)
			continue
		}
		if s.planRemovedSet(p, rack.Name, have) {
			continue
		}
		s.planSet(p, rack.Name, want, have)
	}
}

// planGoneSet waits for a StatefulSet that is being deleted.
func (s *State) planGoneSet(p *Plan, rack string, have *appsv1.StatefulSet) {
	if s.isRemoved(rack) && s.target(rack) == 0 {
		p.Wait("%s to be gone", setKey(have))
		return
	}
	p.Wait("%s to be gone, which is made anew then", setKey(have))
	p.unsettle(rack)
}

// planSet brings a rack's StatefulSet to what it should be, or holds a change of its pods back.
func (s *State) planSet(p *Plan, rack string, want, have *appsv1.StatefulSet) {
	keepFixed(want, have)
	restart := s.restarts(rack, have)
	p.Restarting = p.Restarting || s.restartDue(rack, have)
	changes := have.Annotations[templateHashAnnotation] != want.Annotations[templateHashAnnotation]
	wished := s.wished(have)
	if changes && (wished || s.updateAllowed()) || restart {
		p.behind = append(p.behind, rack)
	}
	if refused := s.configRefused(rack, want); changes && (refused != "" || s.lacksCopy()) { // a copy that is lacking the next pass has
		p.Refused = cmp.Or(refused, p.Refused)
		keepTemplate(want, have)
		changes, wished = false, false
	}
	if changes && (wished && !s.holdsBack(p, rack) || !wished && s.updateAllowed()) && s.canaryHolds(rack) {
		p.canaryRacks = append(p.canaryRacks, rack)
		keepTemplate(want, have)
		changes, wished = false, false
	}
	if restart && s.canaryHoldsRestart(rack, changes) {
		p.canary, restart = true, false
	}
	held := s.inService() && p.unsettled != "" && !s.allFail() && !slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack)
	switch {
	case changes && p.mounts:
		keepTemplate(want, have)
	case changes && wished && s.holdsBack(p, rack):
		keepTemplate(want, have)
	case held && (restart && !s.forcesRestart(rack) || changes && (wished || s.updateAllowed())):
		p.Updating = p.Updating || changes
		p.held = append(p.held, rack)
		keepTemplate(want, have)
		restart = false
	case !changes:
		want.Spec.Template = *have.Spec.Template.DeepCopy() // as it is there: the API server has filled in its defaults
	case !wished && !s.updateAllowed():
		p.NeedsUpdate = true
		keepTemplate(want, have)
		want.Annotations[specHashAnnotation] = s.specHash() // volumes may be asked for that are larger
		want.Annotations[podsHashAnnotation] = s.podsHash() // a former version didn't write it
	default:
		p.Updating = true
		s.markRestart(want, RestartedAt(&have.Spec.Template))
	}
	if restart {
		s.markRestart(want, s.restartMark(rack))
	}
	s.applySet(p, want, have)
	if s.pending(want, have) || !s.settled(rack) {
		p.unsettle(rack)
	}
}

// allFail tells whether every pod's node either fails with what it was given or has lost
// its data. Then there is nothing to be careful with: a rack may wait for a node of the
// next one to become whole, and that one for a template that would start it. A node that
// starts, or could be started, counts as one that will serve.
func (s *State) allFail() bool {
	return len(s.Pods) > 0 && !slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return !s.isSurplus(&p) && (p.running() || p.Deleting || p.broken() == "" && !s.dataLost(&p))
	})
}

// inService tells whether the datacenter has booted and is not stopped: its nodes may serve clients.
func (s *State) inService() bool { return s.initialized() && !s.DC.Spec.Stopped }

func (s *State) updateAllowed() bool {
	if s.Management.Foreign != "" {
		return false // its pods would get certificates of another owner
	}
	v := s.DC.Annotations[api.UpdateAllowedAnnotation]
	return v == api.UpdateAllowedOnce || v == api.UpdateAllowedAlways
}

// keepTemplate leaves the pods of a set as they are.
func keepTemplate(want, have *appsv1.StatefulSet) {
	want.Spec.Template = *have.Spec.Template.DeepCopy()
	for _, name := range []string{specHashAnnotation, podsHashAnnotation, templateHashAnnotation} {
		delete(want.Annotations, name)
		if value, there := have.Annotations[name]; there {
			want.Annotations[name] = value
		}
	}
}

// applySet plans to write a set that differs from the one that was written last.
func (s *State) applySet(p *Plan, want, have *appsv1.StatefulSet) {
	if !s.pending(want, have) {
		return
	}
	why := "its metadata changes"
	switch {
	case want.Annotations[templateHashAnnotation] != have.Annotations[templateHashAnnotation]:
		why = "its pods change"
	case !RestartedAt(&want.Spec.Template).Equal(RestartedAt(&have.Spec.Template)):
		why = "a restart was asked for"
	case *want.Spec.Replicas != *have.Spec.Replicas:
		why = fmt.Sprintf("%d nodes instead of %d", *want.Spec.Replicas, *have.Spec.Replicas)
	}
	step := Step{Object: want}
	if *want.Spec.Replicas < *have.Spec.Replicas {
		step.OnRecord = s.leftRecord()
	}
	p.add(Apply, key(want), why, step)
}

// leftRecord is the record of a node that has left, on which a StatefulSet with fewer nodes rests; "" if there is none.
func (s *State) leftRecord() string {
	if l := s.leaver(); l != nil && l.Left {
		return s.record()
	}
	return ""
}

func (s *State) pending(want, have *appsv1.StatefulSet) bool {
	for _, name := range []string{specHashAnnotation, podsHashAnnotation, templateHashAnnotation, api.ResourceHashAnnotation} {
		if want.Annotations[name] != have.Annotations[name] {
			return true
		}
	}
	return *want.Spec.Replicas != *have.Spec.Replicas || !RestartedAt(&want.Spec.Template).Equal(RestartedAt(&have.Spec.Template))
}

// settled tells whether all pods of a rack are there, made from its newest
// template unless that is a canary's, and serve.
func (s *State) settled(rack string) bool {
	set := s.StatefulSets[rack]
	if set == nil || set.Status.ObservedGeneration < set.Generation {
		return false
	}
	for _, ordinal := range s.ordinals(rack) {
		pod := s.pod(topology.Position{Rack: rack, Ordinal: ordinal})
		if pod == nil || !s.serves(pod) || pod.Deleting || s.stale(pod) && !s.keepsOld(pod) {
			return false
		}
	}
	return true
}

// stale tells whether a pod was made from an old template, or its node was started with an old configuration of its own.
func (s *State) stale(pod *Pod) bool { return s.ofOldTemplate(pod) || s.outdatedNode(pod) }

func (s *State) ofOldTemplate(pod *Pod) bool {
	set := s.StatefulSets[pod.Position.Rack]
	return set != nil && set.Status.ObservedGeneration >= set.Generation && set.Status.UpdateRevision != "" && pod.Revision != set.Status.UpdateRevision
}

// planRoll recreates pods of an old template. A StatefulSet's own rolling update sees neither
// the other racks nor the ring, so the strategy is OnDelete, and pods are deleted here, one
// at a time, or as many of a rack as may be away together, when all others serve. A pod that
// doesn't serve is deleted at once: the change may repair it.
func (s *State) planRoll(p *Plan) {
	var r roll
	for _, rack := range s.racksInOrder() {
		r.going, r.said = nil, false
		for _, ordinal := range slices.Backward(s.ordinals(rack.Name)) {
			pod := s.pod(topology.Position{Rack: rack.Name, Ordinal: ordinal})
			if pod == nil || pod.Deleting || !s.stale(pod) || pod.Name == s.leavingNow() && pod.broken() == "" && pod.Unschedulable == "" {
				continue
			}
			if s.keepsOld(pod) {
				p.canary = true
				continue
			}
			p.Restarting = p.Restarting || s.DC.Status.IsTrue(api.DatacenterRollingRestart)
			p.Updating = p.Updating || !p.Restarting
			if pod.ClaimDeleting {
				p.Wait("claim %s, which would go with the pod, to be kept or gone before node %s is restarted", Claim(pod.Name), pod.Name)
				r.busy, r.said = rack.Name, true
				continue
			}
			if why := s.lost(pod); why != "" {
				p.add(DeletePod, pod.Name, why, Step{Pod: pod})
				continue
			}
			if s.isUnready(pod) {
				s.planUnready(p, pod)
				continue
			}
			s.planRestart(p, &r, pod)
		}
	}
}

// roll is how far the planning of one has come.
type roll struct {
	busy  string   // the rack of a node that is restarted, or that is next
	going []string // pods of the rack that is looked at that this plan restarts
	said  bool     // what the rack's next node waits for
}

// planRestart restarts a node that serves, if it may go now.
func (s *State) planRestart(p *Plan, r *roll, pod *Pod) {
	rack := pod.Position.Rack
	forced := slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack)
	together := r.busy == rack && (s.fastRestart(rack) || s.maxAway(rack) > 1)
	if r.busy != "" && !forced && !together {
		return
	}
	if blocker := s.rollBlocker(pod, r.going...); blocker != "" && !forced {
		if !r.said || s.fastRestart(rack) {
			p.Wait("%s before node %s is restarted", blocker, pod.Name)
		}
		r.busy, r.said = rack, true
		return
	}
	why := "it has an old configuration"
	if p.Restarting {
		why = "a restart was asked for"
	}
	p.add(Restart, pod.Name, why, Step{Pod: pod, Budget: s.HeldBudget()})
	r.busy, r.going = rack, append(r.going, pod.Name)
}

// planUnready restarts a node that lets no clients in and is up: what it was changed for may mend it, so it doesn't wait for others that
// are unready too, but for those that are down.
func (s *State) planUnready(p *Plan, pod *Pod) {
	if blocker := s.downBlocker(p, pod); blocker != "" && !slices.Contains(s.DC.Spec.ForceUpgradeRacks, pod.Position.Rack) {
		p.Wait("%s before node %s is restarted", blocker, pod.Name)
		return
	}
	p.add(Restart, pod.Name, "it isn't ready, and its configuration has been replaced", Step{Pod: pod, Budget: s.HeldBudget()})
}

// lost says why a stale pod can go without asking anybody.
func (s *State) lost(pod *Pod) string {
	switch {
	case !s.initialized():
		return "the configuration changed during the first boot"
	case pod.broken() != "" && !s.isUnready(pod): // nobody knows its agent, perhaps, and others see its node as up
		return "it fails with a configuration that has been replaced"
	case !s.serves(pod) && s.isMember(pod) && !s.isUnready(pod):
		return "it does not serve, and its configuration has been replaced"
	}
	return ""
}

// rollBlocker names what a node that serves waits for before it is taken down: every other
// node must serve, for as long as the spec asks for, and the ring must see it alive. As many
// of its rack may be away as the spec allows, those included that are going with this plan. A
// task may exempt other nodes of its rack (fast), or other racks (forced). In racks that are
// forced too, only nodes that fail or have an old template are exempt, not those that the
// task took down.
func (s *State) rollBlocker(pod *Pod, going ...string) string {
	if leaving := s.leavingNow(); leaving != "" {
		return "node " + leaving + " to have left the ring"
	}
	if busy := s.moving(); busy != "" { // anywhere: what it keeps for a node that is down would go with it
		return busy
	}
	own := pod.Position.Rack
	var away []absent // of its rack
	for _, rack := range s.RackNames() {
		forced := rack != own && s.forcesRestart(own)
		if rack == own && s.fastRestart(own) || forced && !s.forcesRestart(rack) {
			continue
		}
		for _, ordinal := range s.ordinals(rack) {
			position := topology.Position{Rack: rack, Ordinal: ordinal}
			other := s.pod(position)
			if forced && other != nil && !other.Deleting && (s.stale(other) || other.broken() != "") || other != nil && other.Name == pod.Name && s.serves(pod) {
				continue
			}
			switch wait := s.absence(position, going); {
			case wait == "":
			case rack == own && s.maxAway(own) > 1:
				away = append(away, absent{s.names().Pod(position), wait})
			default:
				return wait
			}
		}
	}
	if blocker := s.batchBlocker(pod, away); blocker != "" || s.forcesRestart(own) {
		return blocker
	}
	return s.deadBlocker(pod)
}

// seenAlive tells whether gossip has a pod's node as a living member.
func (s *State) seenAlive(pod *Pod) bool {
	for _, e := range s.Ringview {
		if e.Address == pod.IP {
			return e.Alive
		}
	}
	return false
}

// racksInOrder are the racks, those with failing nodes first: a change must not wait for a node that it may repair. Those whose nodes are
// down go before those whose nodes are only broken, and may be up: these wait for the former.
func (s *State) racksInOrder() []api.Rack {
	all := s.racks()
	slices.SortStableFunc(all, func(a, b api.Rack) int { return s.failing(b.Name) - s.failing(a.Name) })
	return all
}

// failing is 2 if a node of the rack is down, 1 if one fails and may be up, and 0 if none does.
func (s *State) failing(rack string) (worst int) {
	for i := range s.Pods {
		switch pod := &s.Pods[i]; {
		case pod.Position.Rack != rack:
		case s.isDown(pod):
			return 2
		case pod.broken() != "":
			worst = 1
		}
	}
	return worst
}

// isDown tells whether a pod's node is down: it is a member that the ring sees so, whether its JVM runs or not, or it fails and nobody sees it
// as up.
func (s *State) isDown(pod *Pod) bool {
	if e := s.endpoint(s.lastHostID(pod)); e != nil && !e.Alive && s.isMember(pod) {
		return true
	}
	return pod.broken() != "" && !s.isUnready(pod)
}

// target is how many pods a rack's StatefulSet is to have now. It isn't made smaller by one with a member's data: that would stop the
// member without a decommission. Nodes don't become members in the order of their pods, so what counts is the last one that may be.
func (s *State) target(rack string) int {
	switch {
	case s.DC.Spec.Stopped:
		return 0
	case s.isRemoved(rack) && !s.initialized(): // until the first boot is over nobody can tell who is a member
		return s.places(rack)
	}
	behind, gone := 0, s.goneFrom(rack)
	for ordinal := range s.reach(rack) {
		if ordinal != gone && s.mayBeMember(topology.Position{Rack: rack, Ordinal: ordinal}) {
			behind = ordinal + 1
		}
	}
	size := max(s.wanted(rack), behind)
	switch {
	case gone < behind:
	case s.announces(s.leaver()):
		size = max(size, gone+1)
	default: // whatever the size is by now: a node in its place gets a volume of its own
		size = min(size, gone)
	}
	return size
}

// wanted is how many nodes a rack has when the datacenter is as the spec says: none, if that lacks the rack.
func (s *State) wanted(rack string) int {
	own := s.own()
	if i := slices.Index(own.Racks, rack); i >= 0 {
		return own.RackSizes()[i]
	}
	return 0
}

// reach is how many places of a rack have, or had, a pod.
func (s *State) reach(rack string) (n int) {
	n = s.places(rack)
	prefix := s.names().StatefulSet(rack) + "-"
	for name, node := range s.DC.Status.NodeStatuses {
		text, is := strings.CutPrefix(name, prefix)
		if ordinal, err := strconv.Atoi(text); is && err == nil && node.HostID != "" {
			n = max(n, ordinal+1)
		}
	}
	return n
}

// places are how many pods a rack's StatefulSet has, or had before it was deleted to be made anew.
func (s *State) places(rack string) int {
	if set := s.StatefulSets[rack]; set != nil {
		return int(*set.Spec.Replicas)
	}
	if was := s.remaking(); was != nil && was.Rack == rack && was.Set.Spec.Replicas != nil {
		return int(*was.Set.Spec.Replicas)
	}
	return 0
}

// goneFrom is the place in a rack of the node that has left the ring, as is on record; -1 when there is none.
func (s *State) goneFrom(rack string) int {
	l := s.leaver()
	if l == nil || !l.Left || s.isBack(l) {
		return -1
	}
	at, known := s.positionOf(l.Pod)
	switch {
	case !known || at.Rack != rack:
		return -1
	case s.pod(at) != nil && s.places(rack) > at.Ordinal && !s.seenByAnother(l.HostID): // it may be back, and nobody can tell now
		return -1
	}
	return at.Ordinal
}

// ordinals are the places of a rack that are to have nodes now: as many as the spec says, and those behind them with members. One
// between whose node never became a member is neither started nor waited for.
func (s *State) ordinals(rack string) (all []int) {
	for ordinal := range s.target(rack) {
		if ordinal < s.wanted(rack) || s.mayBeMember(topology.Position{Rack: rack, Ordinal: ordinal}) {
			all = append(all, ordinal)
		}
	}
	return all
}

// mayBeMember tells whether the pod at a position that its StatefulSet has is a member of the ring, or can't be told from one.
// The status alone doesn't say: a node becomes a member between two looks.
func (s *State) mayBeMember(at topology.Position) bool {
	if s.DC.Status.NodeStatuses[s.names().Pod(at)].HostID != "" {
		return true
	}
	pod := s.pod(at)
	switch {
	case s.places(at.Rack) <= at.Ordinal || !s.begun():
		return false
	case pod == nil || pod.Deleting || !pod.Agent:
		return s.hasUnknownMember()
	case pod.running():
		return true
	}
	id := pod.Status.Identity
	switch {
	case id != nil && (id.Found == mgmtapi.FoundLeft || id.Found == mgmtapi.FoundNothing && !pod.starting()):
		return false
	case pod.starting() || id != nil && id.Found == mgmtapi.FoundMember:
		return true
	}
	return s.hasUnknownMember()
}

// hasUnknownMember tells whether the ring may have a member of this datacenter that is no known pod's.
func (s *State) hasUnknownMember() bool {
	return len(s.Ringview) == 0 || slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool {
		return e.Datacenter == s.name() && (e.HostID != "" || e.Alive) && s.podOfHost(e.HostID) == "" && !slices.ContainsFunc(s.Pods, func(p Pod) bool {
			return p.Status.Identity != nil && e.HostID != "" && p.Status.Identity.HostID == e.HostID
		})
	})
}

// total is how many nodes the racks are to have now.
func (s *State) total() (n int) {
	for _, rack := range s.RackNames() {
		n += len(s.ordinals(rack))
	}
	return n
}

// sign puts hashes on a set that tell what it was made from.
func (s *State) sign(set *appsv1.StatefulSet) {
	template := set.Spec.Template
	meta := *set
	meta.Spec.Template, meta.Spec.VolumeClaimTemplates, meta.Spec.Replicas = corev1.PodTemplateSpec{}, nil, nil
	set.Annotations = merged(set.Annotations, map[string]string{
		specHashAnnotation: s.specHash(), podsHashAnnotation: s.podsHash(), templateHashAnnotation: hash.Object(template), api.ResourceHashAnnotation: hash.Object(meta)})
}
