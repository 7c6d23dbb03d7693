package datacenter

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// IsUsers tells whether a keyspace is a user's, and not one of Cassandra's own, which are called system, or system_ and more.
func IsUsers(keyspace string) bool {
	return keyspace != "system" && !strings.HasPrefix(keyspace, "system_")
}

// ObservesKeyspaces tells whether the users' keyspaces are read. A datacenter that joins
// reads them before it is initialized, because it is rebuilt as soon as it is: a keyspace
// that isn't known then is new, and may not be in the rebuild.
func (s *State) ObservesKeyspaces() bool { return s.initialized() || s.joins() || s.removes() }

// keyspaces is the status of the users' keyspaces. Where this datacenter held no replicas of
// one, and does now, it lacks the data of the other datacenters' replicas: somebody altered
// the replication by hand.
//
// A keyspace that is seen for the first time with replicas here and elsewhere may have
// been made so, and then it lacks nothing. Or it was made elsewhere, filled and altered
// since it was last read, which was 20 s ago, or as long as there was no operator. Its
// schema looks the same, and so it is unverified until it is repaired, which takes a
// moment when there is nothing to repair. So is one whose strategy knew no
// datacenters, also where there is only one: its data is wherever that put it, and
// only a repair looks everywhere, once each datacenter has replicas. Until then the
// status keeps the strategy that it had.
//
// Data stays owed while no other datacenter has replicas: it is in one that had them, until
// that gets them again. Where no other datacenter has members any more, no node has more
// than this one's.
//
// Keyspaces that a datacenter observes first of all lack no data: the rebuild of one that
// joins brings it, and volumes of an earlier ring have it. For a datacenter that was seen to
// begin with empty nodes every keyspace is new.
func (s *State) keyspaces() map[string]api.KeyspaceStatus {
	before := s.DC.Status.Keyspaces
	if s.Keyspaces == nil || !s.ObservesKeyspaces() {
		return before
	}
	out := map[string]api.KeyspaceStatus{}
	for name, replication := range s.Keyspaces {
		out[name] = s.keyspace(name, replication)
	}
	return out
}

// keyspacesSeen tells whether a keyspace that isn't in the status will be a new one at
// the next read. A status that was lost on running nodes knows of none that there are:
// before the first read only a first boot that was seen to begin proves them new.
func (s *State) keyspacesSeen(p *Plan) bool {
	looked := s.Keyspaces != nil && s.ObservesKeyspaces()
	said := s.DC.Status.KeyspacesSeen && (s.initialized() || s.joins() || !slices.ContainsFunc(s.Pods, func(x Pod) bool { return s.bringsData(&x) }))
	return looked || said || s.beginsEmpty(p)
}

// beginsEmpty tells whether a first boot begins with this plan, of nodes that have
// nothing from before.
func (s *State) beginsEmpty(p *Plan) bool {
	if s.initialized() || s.joins() || s.mustJoin() || s.broughtData() || s.members() > 0 || len(s.Ringview) > 0 || !p.has(Start) {
		return false
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.Ready || pod.running() || pod.starting() || s.bringsData(pod) {
			return false
		}
	}
	return !slices.ContainsFunc(p.Steps, func(step Step) bool {
		return step.Verb == Start && (step.Pod.Status.Identity == nil || step.Pod.Status.Identity.Found != mgmtapi.FoundNothing)
	})
}

func (s *State) keyspace(name string, replication map[string]string) api.KeyspaceStatus {
	old, seen := s.DC.Status.Keyspaces[name]
	if !topology.ByDatacenter(replication) {
		return api.KeyspaceStatus{Strategy: strategy(replication), OwedSince: old.OwedSince, Unverified: old.OwedSince != nil}
	}
	own, others := s.replicas(replication)
	now := api.KeyspaceStatus{Replicas: int32(own), Strategy: old.Strategy, OwedSince: old.OwedSince, Unverified: old.Unverified}
	owes := old.OwedSince != nil
	switch {
	case old.Strategy != "" && !owes:
		now.OwedSince, now.Unverified = s.nextSecond(), true
	case old.Strategy != "" && s.verified(name, replication):
		now.Strategy, now.OwedSince, now.Unverified = "", nil, false
	case old.Strategy != "":
	case own == 0 || others == 0 && s.isOnlyDatacenter():
		now.OwedSince, now.Unverified = nil, false
	case !s.initialized(): // the rebuild comes
	case !seen && others > 0 && s.joinedAlone() && !s.DC.Status.KeyspacesSeen: // it joined, and nobody has it rebuilt
		now.OwedSince = s.nextSecond()
	case !seen && others > 0 && s.DC.Status.KeyspacesSeen:
		now.OwedSince, now.Unverified = s.nextSecond(), true
	case seen && !old.Unverified && s.owes() != "" && own > int(old.Replicas): // the rebuild that goes on may know of fewer
		now.OwedSince = s.nextSecond()
	case !owes && seen && old.Replicas == 0:
		now.OwedSince = s.nextSecond()
	case old.OnlyHere && others > 0 && !old.Unverified: // a rebuild that began before had no source
		now.OwedSince = s.nextSecond()
	case !owes || others == 0: // whatever was rebuilt or repaired didn't come from those that had replicas
	case old.Unverified && s.verified(name, replication):
		now.OwedSince, now.Unverified = nil, false
	case old.Unverified:
	case s.newMember():
		now.OwedSince = s.nextSecond()
	case s.rebuiltSince(old.OwedSince.Time) && !slices.ContainsFunc(s.Pods, func(p Pod) bool { return s.dataLost(&p) }):
		now.OwedSince = nil
	}
	if now.Unverified && now.OwedSince.Equal(old.OwedSince) {
		now.Repair = s.recordedRepair(name, replication)
	}
	now.OnlyHere = now.OwedSince != nil && now.Strategy == "" && others == 0
	return now
}

// replicas counts a keyspace's in this datacenter, and in the others together that
// have members.
func (s *State) replicas(replication map[string]string) (own, others int) {
	factors, _ := topology.MergeReplication(replication, nil)
	for dc, factor := range factors {
		if dc != s.name() && (len(s.Ringview) == 0 || slices.Contains(s.datacentersWithMembers(), dc)) {
			others += factor
		}
	}
	return factors[s.name()], others
}

// datacentersWithMembers are the datacenters that have members, as far as the ring is seen.
func (s *State) datacentersWithMembers() (names []string) {
	for _, e := range s.Ringview {
		names = append(names, e.Datacenter)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// homes are the datacenters of the ring's members. What gossip still has of nodes that have left, which it keeps for days, has no data.
func (s *State) homes() (names []string) {
	for _, e := range s.Ringview {
		if e.HostID != "" {
			names = append(names, e.Datacenter)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isOnlyDatacenter tells whether no other datacenter has members.
func (s *State) isOnlyDatacenter() bool {
	return slices.Equal(s.datacentersWithMembers(), []string{s.name()})
}

// datacentersWithoutReplicas are the datacenters with members that have no replicas of a keyspace. The
// data of one that had another strategy may be there.
func (s *State) datacentersWithoutReplicas(replication map[string]string) []string {
	factors, _ := topology.MergeReplication(replication, nil)
	return slices.DeleteFunc(s.datacentersWithMembers(), func(dc string) bool { return factors[dc] > 0 })
}

// strategy is the name of a keyspace's, without its package.
func strategy(replication map[string]string) string {
	class := replication["class"]
	return class[strings.LastIndex(class, ".")+1:]
}

// nextSecond is a time that tasks which began before this pass are older than. One
// that began in the same second may be older too.
func (s *State) nextSecond() *metav1.Time {
	return &metav1.Time{Time: s.Now.Truncate(time.Second).Add(time.Second)}
}

// newMember tells whether a node has become a member since the last status, in the
// place of another one or beside the others. It streamed from nodes that may have
// lacked the data, and a rebuild that goes on may not know of it.
func (s *State) newMember() bool {
	before := map[string]bool{}
	for _, n := range s.DC.Status.NodeStatuses {
		before[n.HostID] = true
	}
	for name, n := range s.nodeStatuses() {
		was := s.DC.Status.NodeStatuses[name]
		if n.HostID != "" && !before[n.HostID] || was.HostID != "" && was.ClaimUID != "" && n.ClaimUID != was.ClaimUID { // in the place of one at the same address it keeps the host id
			return true
		}
	}
	return false
}

// rebuiltSince tells whether a rebuild that began after a time is over.
func (s *State) rebuiltSince(at time.Time) bool {
	return slices.ContainsFunc(s.Rebuilds, func(began time.Time) bool { return !began.Before(at) })
}
