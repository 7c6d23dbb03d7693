package datacenter

import (
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// onlyCopies names, for each other datacenter of which no node is up, the keyspaces that would be lost with its volumes: itself
// it can't tell any more. A datacenter that is up isn't in it, so that what is said of one is never older than its last node.
func (s *State) onlyCopies() map[string]string {
	if s.Keyspaces == nil || !s.initialized() {
		return s.DC.Status.OnlyAt
	}
	out := map[string]string{}
	for dc, up := range s.others() {
		if !up {
			out[dc] = strings.Join(s.onlyCopiesAt(dc), ",")
		}
	}
	return out
}

// others are the other datacenters that have members, and whether any of those is up.
func (s *State) others() map[string]bool {
	up := map[string]bool{}
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() {
			up[e.Datacenter] = up[e.Datacenter] || e.Alive
		}
	}
	return up
}

// onlyCopiesAt names the keyspaces that may have no copy but at a datacenter. Replicas that lack their data are none, and nobody
// can tell where those of a keyspace are that isn't replicated by datacenter.
func (s *State) onlyCopiesAt(dc string) (names []string) {
	all := maps.Clone(s.Keyspaces)
	if s.auth() {
		all["system_auth"] = s.Replication["system_auth"]
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !topology.ByDatacenter(all[name]) || holds(dc, all[name]) && !s.copiedElsewhere(dc, name, all[name]) {
			names = append(names, name)
		}
	}
	return names
}

// holds tells whether a datacenter is asked to hold replicas, with their data or without.
func holds(dc string, replication map[string]string) bool {
	return topology.Factor(replication[dc]) > 0
}

// copiedElsewhere tells whether a keyspace has a copy in another datacenter than the one that is named. A datacenter that lacks
// any data is taken for one that lacks it of all keyspaces: what is unverified there may have its rows at the one that is down.
func (s *State) copiedElsewhere(dc, keyspace string, replication map[string]string) bool {
	elsewhere := maps.Clone(replication)
	delete(elsewhere, dc)
	if k := s.keyspaces()[keyspace]; k.OwedSince != nil || k.Unverified || s.owes() != "" {
		delete(elsewhere, s.name())
	}
	return copiesBut(strings.Split(s.DC.Annotations[api.LackingAnnotation], ","), elsewhere) > 0
}
