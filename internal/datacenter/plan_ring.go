package datacenter

import (
	"slices"
	"strings"
)

// planRing does what concerns the ring as a whole once this datacenter's nodes
// are members: replication, roles, the clients' port, seeds. Afterwards each pass
// checks it again, as long as most nodes are up.
func (s *State) planRing(p *Plan) {
	s.planStaleWithdrawn(p)
	if s.removes() {
		s.planRemoval(p)
		return
	}
	if s.initialized() {
		s.planSeeds(p)
	}
	up, total := s.up(), s.total()
	if s.initialized() {
		total = s.members()
	}
	if up < total && !s.initialized() || up <= total/2 {
		if s.initialized() {
			s.planNative(p) // those that are back serve
		}
		return
	}
	switch {
	case s.Schemas == 0:
		p.Wait("a node's view of the ring")
		return
	case s.Schemas > 1:
		p.Wait("one schema version; the ring has %d", s.Schemas)
		return
	case s.nameTaken() != "":
		p.Wait("%s", s.nameTaken())
		return
	case !s.initialized() && s.unknownDeadMember() != nil: // of an earlier datacenter of the name: replicas are placed on it
		g := s.unknownDeadMember()
		p.Wait("the ring to forget its dead member of datacenter %s at %s: if it is gone for good, nodetool removenode %s", s.name(), g.Address, g.HostID)
		return
	}
	if !s.planReplication(p) && !s.initialized() {
		return
	}
	s.planRemoved(p)
	if !s.planFounding(p) {
		return
	}
	if s.joins() && !s.planReadKeyspaces(p) {
		return
	}
	if s.owes() != "" && !s.planUserKeyspaces(p) && !s.initialized() {
		return
	}
	if s.auth() && !s.planRoles(p) && !s.initialized() && s.owes() == "" {
		return // the roles of a ring in use come with the rest of its data
	}
	s.planLogins(p)
	s.planBaseline(p)
	s.planNative(p)
	s.planReady(p)
	s.planVerify(p)
}

// members counts the nodes that were members before.
func (s *State) members() (n int) {
	for _, node := range s.DC.Status.NodeStatuses {
		if node.HostID != "" {
			n++
		}
	}
	return n
}

// up counts the nodes that are members.
func (s *State) up() (n int) {
	for i := range s.Pods {
		if s.Pods[i].running() && !s.Pods[i].Deleting {
			n++
		}
	}
	return n
}

// planReady waits for the pods to be ready in Kubernetes, after their nodes. A
// datacenter that owes data has booted when its nodes are members that hold
// replicas: they get the data next, and serve after that.
func (s *State) planReady(p *Plan) {
	if s.owes() != "" {
		p.InitComplete = p.InitComplete || !p.has(Replicate, Restart, DeletePod)
		return
	}
	for i := range s.Pods {
		if !s.Pods[i].Ready && !s.isSurplus(&s.Pods[i]) && !s.Pods[i].isOut() {
			p.Wait("pod %s to be ready", s.Pods[i].Name)
		}
	}
	if p.Quiet() && !p.has(OpenNative, Replicate, Roles, Restart, DeletePod) {
		p.InitComplete = true
	}
}

// planSeeds tells nodes of changed seeds, without a restart. A node of the
// first boot knows the founder's; the rest is told once the boot is over.
func (s *State) planSeeds(p *Plan) {
	seeds := slices.Compact(slices.Sorted(slices.Values(append(s.lastSeeds(), s.peerSeeds()...))))
	if len(seeds) == 0 {
		return
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && s.SeedsGiven[pod.UID] != strings.Join(seeds, ",") {
			p.add(Seeds, pod.Name, "the seeds are now "+strings.Join(seeds, ", "), Step{Pod: pod, Seeds: seeds})
		}
	}
}
