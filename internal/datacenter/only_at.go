package datacenter

import (
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// onlyAt says what is lost with the volumes of each other datacenter of which no node is up: one that has lost its volumes
// can't tell. One that is up isn't named, so that what is said of it is never older than its end.
func (s *State) onlyAt() map[string]string {
	if s.Keyspaces == nil || !s.initialized() {
		return s.DC.Status.OnlyAt
	}
	out := map[string]string{}
	for dc, up := range s.others() {
		if !up {
			out[dc] = strings.Join(s.aloneAt(dc), ",")
		}
	}
	return out
}

// others tells of each other datacenter that has members whether any of them is up.
func (s *State) others() map[string]bool {
	up := map[string]bool{}
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() {
			up[e.Datacenter] = up[e.Datacenter] || e.Alive
		}
	}
	return up
}

// aloneAt names the keyspaces that may have no copy but at a datacenter. Replicas that lack their data are none, and nobody
// can tell where those of a keyspace are that isn't replicated by datacenter.
func (s *State) aloneAt(dc string) (names []string) {
	all := maps.Clone(s.Keyspaces)
	if s.auth() {
		all["system_auth"] = s.Replication["system_auth"]
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !topology.ByDatacenter(all[name]) || holds(dc, all[name]) && !s.copiedBeside(dc, name, all[name]) {
			names = append(names, name)
		}
	}
	return names
}

// holds tells whether a datacenter is asked to hold replicas, with their data or without.
func holds(dc string, replication map[string]string) bool {
	return replication[dc] != "" && replication[dc] != "0"
}

// copiedBeside tells whether a keyspace has a copy in another datacenter than the one that is named. A datacenter that lacks
// any data is taken for one that lacks it of all keyspaces: what is unverified there may have its rows at the one that is down.
func (s *State) copiedBeside(dc, keyspace string, replication map[string]string) bool {
	elsewhere := maps.Clone(replication)
	delete(elsewhere, dc)
	if k := s.keyspaces()[keyspace]; k.OwedSince != nil || k.Unverified || s.owes() != "" {
		delete(elsewhere, s.name())
	}
	return copiesBut(strings.Split(s.DC.Annotations[api.LackingAnnotation], ","), elsewhere) > 0
}
