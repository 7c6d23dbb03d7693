package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// IsUsers tells whether a keyspace is a user's, and not one of Cassandra's own.
func IsUsers(keyspace string) bool { return !strings.HasPrefix(keyspace, "system") }

// keyspaces is what this datacenter holds of the users' keyspaces. One that it
// held no replicas of, and does now, owes the data of the other datacenters'
// replicas: somebody altered its replication by hand. What is replicated here
// when it is first seen owes nothing: it was made so, or came with the datacenter.
func (s *State) keyspaces() map[string]api.KeyspaceStatus {
	before := s.DC.Status.Keyspaces
	if s.Keyspaces == nil || !s.initialized() {
		return before
	}
	out := map[string]api.KeyspaceStatus{}
	for name, replication := range s.Keyspaces {
		if topology.ByDatacenter(replication) {
			old, seen := before[name]
			out[name] = s.keyspace(old, seen, replication)
		}
	}
	return out
}

func (s *State) keyspace(old api.KeyspaceStatus, seen bool, replication map[string]string) api.KeyspaceStatus {
	factors, _ := topology.MergeReplication(replication, nil)
	here := factors[s.name()]
	elsewhere := 0
	for dc, factor := range factors {
		if dc != s.name() {
			elsewhere += factor
		}
	}
	now := api.KeyspaceStatus{Replicas: int32(here), OwedSince: old.OwedSince}
	switch {
	case here == 0 || elsewhere == 0:
		now.OwedSince = nil
	case old.OwedSince != nil && s.newMember():
		now.OwedSince = s.fromNowOn()
	case old.OwedSince != nil && s.rebuiltSince(old.OwedSince.Time) && !slices.ContainsFunc(s.Pods, func(p Pod) bool { return s.dataLost(&p) }):
		now.OwedSince = nil
	case seen && old.Replicas == 0 && old.OwedSince == nil:
		now.OwedSince = s.fromNowOn()
	}
	return now
}

// fromNowOn is a time that tasks which began before this pass are older than. One
// that began in the same second may be older too.
func (s *State) fromNowOn() *metav1.Time {
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

// owedKeyspaces says which keyspaces lack their data here, and what to do; "" if
// none. Clients are not kept out for it: those of other keyspaces are served.
func (s *State) owedKeyspaces() string {
	all := s.keyspaces()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return all[name].OwedSince == nil })
	if len(names) == 0 || s.owes() != "" {
		return ""
	}
	return fmt.Sprintf("datacenter %s has got replicas of %s and lacks the data: make a CassandraTask with the command rebuild and a source_datacenter that has it", s.name(), strings.Join(names, ", "))
}
