package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// unknownNode says that a request is about no node of the datacenter, "" when it is.
func (s *State) unknownNode(q replaceRequest) string {
	_, known := s.positionOf(q.Pod)
	switch {
	case !known:
		return fmt.Sprintf("datacenter %s has no pod and no member of that name; name one of %s, or a host id of them", s.DC.Name, strings.Join(slices.Sorted(maps.Keys(s.DC.Status.NodeStatuses)), ", "))
	case q.HostID == "":
		return "it has no node that is a member of the ring"
	case s.members() < 2:
		return "it is the only node of datacenter " + s.name()
	}
	return ""
}

// replaceBlocker names what a replacement waits for, and what passes.
func (s *State) replaceBlocker(p *Plan, r *replacement) string {
	l := s.leaver()
	switch {
	case p.actsOnOthers(r.Pod):
		return "what is done to other nodes"
	case !s.seenByAnother(r.HostID):
		return "another node's view of the ring"
	case !s.AllReplication || s.Keyspaces == nil:
		return "the keyspaces of the ring to be read"
	case s.moving() != "":
		return s.moving()
	case s.forgottenMember() != "": // it isn't up, and it has replicas
		return s.forgottenMember()
	case l != nil && (l.Left || l.Pod == r.Pod || s.leavingNow() != ""):
		return "node " + l.Pod + ", which leaves the ring, to be gone"
	case s.remaking() != nil:
		return "StatefulSet " + s.remaking().Set.Name + " to be made anew"
	}
	for _, blocker := range []string{s.joinsBlocker(r.Pod), s.otherDataBlocker(), s.replaceHints(r)} {
		if blocker != "" {
			return blocker
		}
	}
	return ""
}

// forgottenMember names a dead member that no pod is, which nothing here brings back.
func (s *State) forgottenMember() string {
	if g := s.deadMemberOfNoPod(); g != nil {
		return toRemove(g)
	}
	return ""
}

func toRemove(dead *mgmtapi.Endpoint) string {
	return fmt.Sprintf("the dead member at %s that no pod is (host id %s) to be removed: nodetool removenode %s", dead.Address, dead.HostID, dead.HostID)
}

// actsOnOthers tells whether the plan takes other nodes down, or makes a StatefulSet anew.
func (p *Plan) actsOnOthers(pod string) bool {
	return slices.ContainsFunc(p.Steps, func(x Step) bool {
		return x.Verb == Remake || (x.Verb == Restart || x.Verb == DeletePod) && x.Pod.Name != pod
	})
}

// joinsBlocker names another node that becomes a member, takes a place, or is made anew just now.
func (s *State) joinsBlocker(besides string) string {
	for _, e := range s.Ringview {
		if e.Status != mgmtapi.ModeNormal && (e.HostID != "" || e.Alive) {
			return fmt.Sprintf("node %s of datacenter %s to be a member (it is %s)", e.Address, e.Datacenter, strings.ToLower(e.Status))
		}
	}
	for i := range s.Pods {
		switch pod := &s.Pods[i]; {
		case pod.Name == besides || s.isSurplus(pod):
		case s.dataLost(pod):
			return "node " + pod.Name + " to have taken the place of its former self"
		case s.lastHostID(pod) == "":
			return "node " + pod.Name + " to be a member"
		case pod.Deleting || pod.starting() || s.Taken[pod.Name] == pod.UID && pod.UID != "":
			return "node " + pod.Name + " to be back"
		}
	}
	return ""
}

// otherDataBlocker names data that the datacenter lacks, or work on it, but for the tasks that ask for replacements.
func (s *State) otherDataBlocker() string {
	others := *s
	others.Tasks = slices.DeleteFunc(slices.Clone(s.Tasks), func(name string) bool {
		return slices.ContainsFunc(s.Replacements, func(q ReplaceRequest) bool { return q.Task == name })
	})
	return others.dataBlocker()
}

// replaceHints names writes that the node keeps for members that are up: they go to them now, and would go with it. Those for members that are
// down are lost with it, and a repair brings them what the other replicas have.
func (s *State) replaceHints(r *replacement) string {
	if s.reliesOnOthers() && s.apartBlocker() != "" {
		return s.apartBlocker()
	}
	at, _ := s.positionOf(r.Pod)
	pod := s.pod(at)
	if pod == nil || !pod.running() {
		return ""
	}
	for _, id := range pod.Status.Hints {
		if e := s.endpoint(id); e != nil && e.Alive {
			return fmt.Sprintf("the writes that node %s keeps for node %s (hints) to reach it", r.Pod, e.Address)
		}
	}
	return ""
}

// replaceRefusal says why a node must not be replaced, which somebody has to change.
func (s *State) replaceRefusal(r *replacement) string {
	at, _ := s.positionOf(r.Pod)
	pod := s.pod(at)
	if pod == nil {
		pod = &Pod{Name: r.Pod}
	}
	volume, was := s.dataClaim(r.Pod), s.DC.Status.NodeStatuses[r.Pod].ClaimUID
	switch id := pod.Status.Identity; {
	case s.removalRefuses() != "":
		return s.removalRefuses()
	case s.endpoint(r.HostID) == nil:
		return "the ring has no member with host id " + r.HostID
	case s.ephemeral():
		return "its data has no volume of its own: delete the pod"
	case volume == "" || was != "" && was != volume || pod.Claim != "" && pod.Claim != volume:
		return fmt.Sprintf("its volume can't be told: its node was last seen on claim %s with UID %s, and there is UID %s", Claim(r.Pod), or(was, "(none)"), or(volume, "(none)"))
	case pod.Agent && id == nil:
		return fmt.Sprintf("its agent is of an earlier version, and can't tell whose data it has: let the datacenter take up this version first (annotation %s: %s)", api.UpdateAllowedAnnotation, api.UpdateAllowedOnce)
	case pod.Agent && id.HostID != "" && id.HostID != r.HostID:
		return fmt.Sprintf("its agent says that it has the data of host id %s, and not of %s", id.HostID, r.HostID)
	case s.membersHere() < 2:
		return "it is the only node of datacenter " + s.name()
	case s.missingSharer(pod) != "":
		return fmt.Sprintf("node %s is not up, which may have the only other copies of what it has. Bring it back first", s.missingSharer(pod))
	case s.soleCopiesRefusal() != "":
		return s.soleCopiesRefusal()
	case len(without(s.seeds(), pod.IP)) == 0:
		return "no other node is a seed, from which its replacement could start"
	}
	return ""
}

// soleCopiesRefusal names what the node may have the only copy of, "" when there is nothing.
func (s *State) soleCopiesRefusal() string {
	names := s.soleCopiesHere()
	if len(names) == 0 {
		return ""
	}
	why := fmt.Sprintf("it may have the only copy of data in %s: no other replica is known to be up and to have its data. Give %s another replica and repair it first", strings.Join(names, ", "), pick(len(names) == 1, "that keyspace", "those keyspaces"))
	if len(s.singleCopies()) > 0 {
		why += ", then ask once more: nobody but you knows when it has been repaired"
	}
	return why
}

// dataClaim is the UID of the claim of a pod's data that is there and stays; "" when there is none.
func (s *State) dataClaim(pod string) string {
	c := s.Claims[Claim(pod)]
	if c == nil || !c.DeletionTimestamp.IsZero() {
		return ""
	}
	return string(c.UID)
}

// membersHere counts the datacenter's members in the ring's view.
func (s *State) membersHere() (n int) {
	for _, e := range s.Ringview {
		if e.Datacenter == s.name() && e.HostID != "" {
			n++
		}
	}
	return n
}

// soleCopiesHere are the keyspaces of which a node of this datacenter may hold the only copy of something: there is one replica here, and none in
// a datacenter that has its data and of which all members are up. Where replicas are isn't known of a keyspace that isn't replicated by
// datacenter: all members have to be up for it.
func (s *State) soleCopiesHere() (names []string) {
	down := s.datacentersWithMissing()
	for _, name := range slices.Sorted(maps.Keys(s.Replication)) {
		options := s.Replication[name]
		if isSpared(name, s.auth()) || isLocal(options) || topology.ByDatacenter(options) && !holds(s.name(), options) {
			continue
		}
		copies := copiesBut(slices.Concat(down, s.lacking(name), s.withoutMembers(options)), options)
		if hasTransient(options) { // which doesn't keep what it has
			copies = 0
		}
		if !topology.ByDatacenter(options) && len(down) > 0 {
			copies = 0
		}
		if factorOf(options, s.name()) < 2 && copies < 2 {
			names = append(names, name)
		}
	}
	return names
}

// singleCopies are the keyspaces that have one replica in the whole ring. Once they have more nobody knows when these have been repaired, and until
// then the first one still has the only copy.
func (s *State) singleCopies() (names []string) {
	for _, name := range s.soleCopiesHere() {
		if copiesBut(s.withoutMembers(s.Replication[name]), s.Replication[name]) < 2 {
			names = append(names, name)
		}
	}
	return names
}

// hasTransient tells whether a replica is one that gives away what the others have ("3/1").
func hasTransient(options map[string]string) bool {
	for _, value := range options {
		if strings.Contains(value, "/") {
			return true
		}
	}
	return false
}

// datacentersWithMissing are the other datacenters of which a member isn't up.
func (s *State) datacentersWithMissing() (names []string) {
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() && !e.Alive && e.HostID != "" && !slices.Contains(names, e.Datacenter) {
			names = append(names, e.Datacenter)
		}
	}
	return names
}

// reliesOnOthers tells whether a keyspace has fewer than two replicas here, so that copies of it are elsewhere.
func (s *State) reliesOnOthers() bool {
	for name, options := range s.Replication {
		if !isSpared(name, s.auth()) && !isLocal(options) && (!topology.ByDatacenter(options) || factorOf(options, s.name()) == 1) {
			return true
		}
	}
	return false
}

// isSpared tells whether what is lost of a keyspace matters to nobody.
func isSpared(keyspace string, auth bool) bool {
	return keyspace == "system_traces" || keyspace == "system_distributed" || keyspace == "system_auth" && !auth
}

// isLocal tells whether each node has a keyspace of its own.
func isLocal(options map[string]string) bool {
	return strings.HasSuffix(options["class"], "LocalStrategy")
}
