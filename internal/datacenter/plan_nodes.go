package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planStarts starts the nodes whose agents wait for it.
//
// On the first boot of a datacenter all start at once, with tokens that were
// assigned to them. A node that was a member before starts whenever it can. A
// new node of a datacenter with data bootstraps alone, when all others are up. Where
// an annotation asks for it, none starts while another one does.
func (s *State) planStarts(p *Plan) {
	if s.planMixedData(p) || s.planBroughtData(p) || s.planJoin(p) || s.planStrategies(p) {
		return
	}
	joining := s.joining()
	for _, pod := range s.startOrder() {
		if pod.Deleting || !pod.Agent || pod.running() || p.takesDown(pod) || s.isSurplus(pod) || pod.isOut() {
			continue
		}
		if !s.mayStart(pod) || s.needsNoSuccessor(pod) || s.isHeld(pod) { // planScaleDown and planReplacements say why
			continue
		}
		if pod.hangs() { // planHung says so
			continue
		}
		if pod.starting() {
			p.Wait("node %s to join the ring (%s)", pod.Name, strings.ToLower(or(pod.Status.OperationMode, "the JVM starts")))
			continue
		}
		if s.foreignData(pod) != "" { // planIdentity says so
			continue
		}
		options, blocker := s.startOptions(pod, joining)
		if blocker == "" {
			blocker = s.startBlocker(p, pod)
		}
		if blocker != "" {
			if blocker != saidByIdentity {
				p.Wait("%s before node %s starts", blocker, pod.Name)
			}
			continue
		}
		if blocker := s.giveNodeYAML(pod, &options); blocker != "" {
			p.Wait("%s before node %s starts", blocker, pod.Name)
			continue
		}
		if id := pod.Status.Identity; id != nil {
			options.Decided = new(*id)
		}
		if !s.isMember(pod) && (s.initialized() || s.grows(pod) || s.mustJoin()) {
			joining = pod
		}
		step := Step{Pod: pod, Start: options}
		if s.isLeaver(pod.Name) && s.isMember(pod) && options.AutoBootstrap != nil {
			step.HostID = s.lastHostID(pod)
		}
		p.add(Start, pod.Name, s.startReason(pod), step)
	}
}

// takesDown tells whether the plan deletes the pod.
func (p *Plan) takesDown(pod *Pod) bool {
	return slices.ContainsFunc(p.Steps, func(x Step) bool {
		return (x.Verb == DeletePod || x.Verb == Restart) && x.Pod.Name == pod.Name
	})
}

// joining is the new node that bootstraps at the moment, or nil.
func (s *State) joining() *Pod {
	i := slices.IndexFunc(s.Pods, func(p Pod) bool { return p.starting() && !s.isMember(&p) && !s.isSurplus(&p) && !p.isOut() })
	if i < 0 {
		return nil
	}
	return &s.Pods[i]
}

func (s *State) startReason(pod *Pod) string {
	switch {
	case s.isMember(pod):
		return "it is a member of the ring"
	case s.dataLost(pod):
		return "it takes the place of its former self, host id " + s.lastHostID(pod)
	case !s.initialized() && s.mustJoin():
		return "it joins the ring of " + s.joinTarget()
	case !s.initialized() && !s.grows(pod):
		return "first boot of datacenter " + s.name()
	}
	return "it joins datacenter " + s.name()
}

// startOptions say how a node starts, or what it has to wait for.
func (s *State) startOptions(pod *Pod, joining *Pod) (o mgmtapi.StartOptions, blocker string) {
	o.Seeds = s.seeds()
	if s.owes() != "" || s.grows(pod) { // planNative opens it, after the roles
		o.NativeTransport = new(false)
	}
	switch {
	case !s.initialized() && s.mustJoin() && !s.dataLost(pod):
		return s.joinStart(pod, joining, o)
	case !s.initialized() && !s.grows(pod) && !s.lostInBoot(pod) && !s.mustJoin():
		return s.firstStart(pod, o)
	case s.isMember(pod):
		if s.isLeaver(pod.Name) && s.seenByAnother(s.lastHostID(pod)) {
			o.AutoBootstrap = new(false) // it may have ended between its last write and its last word: it is what the ring says, with its data
		}
	case joining != nil && joining.Name != pod.Name:
		return o, "node " + joining.Name + " to have joined"
	case s.dataLost(pod):
		if o, blocker = s.replaceOptions(pod); blocker != "" {
			blocker = saidByIdentity
		}
		return o, blocker
	default:
		// It must not be among its own seeds: seeds don't bootstrap.
		o.Seeds = without(o.Seeds, pod.IP)
		if strange := s.strangeVolume(pod); strange != "" {
			return o, strange
		}
		if away := s.missingMember(); away != "" {
			return o, "node " + away + " to be up"
		}
		if s.changesReplication() {
			return o, "the system keyspaces to have their replicas"
		}
		if leaving := s.leavingNow(); leaving != "" { // one that has yet to be asked waits for this one
			return o, "node " + leaving + ", which leaves the ring, to be gone"
		}
		if busy := s.moving(); busy != "" {
			return o, busy
		}
	}
	if len(o.Seeds) == 0 {
		return o, "a seed with an address"
	}
	return o, ""
}

// firstStart is a node's start on its datacenter's first boot.
func (s *State) firstStart(pod *Pod, o mgmtapi.StartOptions) (mgmtapi.StartOptions, string) {
	if _, all := s.ownSeeds(); s.founds() && !all {
		return o, "the seeds of " + s.name() + " to have addresses"
	}
	if len(o.Seeds) == 0 {
		return o, s.founder() + " to publish its seeds"
	}
	o.InitialTokens = s.tokens()[pod.Position]
	o.AutoBootstrap, o.FirstBoot = new(false), true
	o.NativeTransport = new(false)
	return o, ""
}

// missingMember names a member of the datacenter that isn't up, or "".
func (s *State) missingMember() string {
	for _, name := range slices.Sorted(maps.Keys(s.DC.Status.NodeStatuses)) {
		if s.DC.Status.NodeStatuses[name].HostID == "" {
			continue
		}
		i := slices.IndexFunc(s.Pods, func(p Pod) bool { return p.Name == name })
		if i < 0 || !s.Pods[i].running() {
			return name
		}
	}
	return ""
}

// founder names who founds the ring, for people.
func (s *State) founder() string {
	if s.Ring.Founder == s.name() { // its first boot is over, or its data was lost: others have the ring
		return "another datacenter of the ring"
	}
	return "datacenter " + or(s.Ring.Founder, fmt.Sprintf("of spec.additionalSeeds (%s)", strings.Join(s.DC.Spec.AdditionalSeeds, ", ")))
}

// tokens of the first boot.
func (s *State) tokens() map[topology.Position][]string {
	ring := s.Ring
	ring.Datacenters = slices.Clone(ring.Datacenters)
	for i, d := range ring.Datacenters {
		if d.Name == s.name() {
			ring.Datacenters[i] = s.own()
			ring.Datacenters[i].Birth = string(s.DC.UID)
		}
	}
	return ring.Tokens(s.name())
}
