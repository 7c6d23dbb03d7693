package datacenter

import (
	"fmt"
	"maps"
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Claim is the name of the claim that holds the data of a pod's node.
func Claim(pod string) string { return DataVolume + "-" + pod }

// lastHostID is the host id that the pod's node was last seen with, empty when it
// never was a member.
func (s *State) lastHostID(p *Pod) string { return s.memberOf(p.Name) }

// claimChanged tells whether the pod has another volume than its node was last
// seen with.
func (s *State) claimChanged(p *Pod) bool {
	was := s.DC.Status.NodeStatuses[p.Name].ClaimUID
	return was != "" && p.Claim != "" && p.Claim != was
}

// dataLost tells whether the pod is that of a member and doesn't have the
// member's data: its agent says so, or, when it is of a version that can't tell,
// its claim is another one. A node that replaces its dead member has lost its
// data until it is a member.
func (s *State) dataLost(p *Pod) bool {
	former := s.lastHostID(p)
	if former == "" || p.running() || p.Deleting {
		return false
	}
	id := p.Status.Identity
	switch {
	case !p.Agent || id == nil:
		return s.claimChanged(p)
	case id.Found == mgmtapi.FoundNothing || id.Found == mgmtapi.FoundFile:
		return true
	case id.Found == mgmtapi.FoundJoining:
		return id.Replaces == former || s.claimChanged(p)
	}
	return false
}

// resumesReplacement tells whether the pod's node had begun to replace its dead member.
// Whether it may was decided then.
func (s *State) resumesReplacement(p *Pod) bool {
	id := p.Status.Identity
	return id != nil && id.Found == mgmtapi.FoundJoining && id.Replaces != "" && id.Replaces == s.lastHostID(p)
}

// foreignData says why what the pod has isn't its node's data, or "".
func (s *State) foreignData(p *Pod) string {
	id := p.Status.Identity
	if id == nil || p.running() {
		return ""
	}
	former := s.lastHostID(p)
	switch {
	case id.Found == mgmtapi.FoundUnreadable:
		return "nobody can tell whose data it has: " + id.Error
	case id.Cluster != "" && id.Cluster != s.DC.Spec.ClusterName:
		return "it has the data of another ring, " + id.Cluster
	case id.Datacenter != "" && id.Datacenter != s.name():
		return "it has the data of another datacenter, " + id.Datacenter
	case id.Found != mgmtapi.FoundMember || id.HostID == former:
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(s.DC.Status.NodeStatuses)) {
		if name != p.Name && s.DC.Status.NodeStatuses[name].HostID == id.HostID {
			return fmt.Sprintf("it has the data of node %s (host id %s)", name, id.HostID)
		}
	}
	if former != "" && id.Replaces != former {
		return fmt.Sprintf("it has the data of host id %s, and is host id %s in the ring: an older self's volume or another node's", id.HostID, former)
	}
	return ""
}

// planIdentity says of a pod what is wrong with its node's data.
func (s *State) planIdentity(p *Plan, pod *Pod) {
	switch why := s.foreignData(pod); {
	case why != "":
		p.Warn("node %s is not started: %s. Bind its own volume to claim %s; only when that is gone for good, keep this one elsewhere, delete claim and pod, and the node is replaced", pod.Name, why, Claim(pod.Name))
	case s.dataLost(pod) && s.isNoLoss(pod): // planReplacements says so
	case s.dataLost(pod):
		p.DataLost = true
		p.Warn("node %s has lost its data (it was host id %s): %s", pod.Name, s.lastHostID(pod), s.recoveryMessage(pod))
	case s.isKept(pod):
		p.Warn("node %s (host id %s) has left the ring, and may have given nobody what it had of keyspaces that got more replicas meanwhile than nodes stayed. Its volume is kept. Alter those keyspaces back, repair them, and look whether rows are missing; then delete claim %s and the pod",
			pod.Name, pod.Status.Identity.HostID, Claim(pod.Name))
	case pod.isOut() && !s.isLeaver(pod.Name):
		p.Warn("node %s has left the ring by itself (host id %s), and its volume can't be started again: delete claim %s and the pod for a new node in its place", pod.Name, pod.Status.Identity.HostID, Claim(pod.Name))
	case pod.ClaimDeleting && !pod.Deleting && !s.isHeld(pod):
		p.Warn("node %s: its claim %s is being deleted, and the data goes with the pod; it is not restarted", pod.Name, Claim(pod.Name))
	}
}

// recoveryMessage says what happens to a member that has lost its data.
func (s *State) recoveryMessage(pod *Pod) string {
	switch _, blocker := s.replaceOptions(pod); {
	case pod.starting() || s.resumesReplacement(pod) && blocker == "":
		return "it is being replaced, and gets what the other replicas have"
	case blocker != "":
		return blocker
	case s.mayStartEmpty(pod):
		return "it is started, as an annotation allows, and gets what other replicas may have"
	}
	return "it is about to be replaced, and gets what the other replicas have"
}

// claimUID is what is remembered of the volume of a pod's node: the one that it
// was last seen running with, or, before it was a member, with nothing on it. A first look takes what is there.
func (s *State) claimUID(p *Pod, was api.CassandraNodeStatus) string {
	switch {
	case p.Claim == "":
		return was.ClaimUID
	case p.running():
		return p.Claim
	case was.HostID == "" && p.Agent && p.Status.Identity != nil && p.Status.Identity.Found == mgmtapi.FoundNothing:
		return p.Claim
	case was.ClaimUID == "" && !s.dataLost(p):
		return p.Claim
	}
	return was.ClaimUID
}

// lostInBoot tells whether a node that was a member before the first boot was
// over must be replaced: as long as anybody is left who knows it.
func (s *State) lostInBoot(pod *Pod) bool {
	return s.dataLost(pod) && slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.Name != pod.Name && s.lastHostID(&p) != "" && !s.dataLost(&p)
	})
}
