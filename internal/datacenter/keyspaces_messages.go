package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// owedKeyspacesMessage says which keyspaces lack their data here, or may, and what to do; ""
// if none. Clients are let in all the same, because those of other keyspaces can be served.
func (s *State) owedKeyspacesMessage() string {
	if s.owes() != "" {
		return ""
	}
	all := s.keyspaces()
	var owed, unverified, moved, altered, words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch k := all[name]; {
		case k.OwedSince == nil:
		case s.misplacedMessage(name, k) != "":
			words = append(words, s.misplacedMessage(name, k))
		case k.Strategy != "":
			altered = append(altered, name)
		case k.OnlyHere:
			moved = append(moved, name)
		case k.Unverified:
			unverified = append(unverified, name)
		default:
			owed = append(owed, name)
		}
	}
	say := func(names []string, format string, more ...any) {
		if len(names) > 0 {
			words = append(words, fmt.Sprintf(format, append([]any{s.name(), strings.Join(names, ", ")}, more...)...))
		}
	}
	say(owed, "datacenter %s has got replicas of %s and lacks the data: make a CassandraTask with the command rebuild and a source_datacenter that has it")
	say(moved, "datacenter %s lacks the data of %s, or may, and no other datacenter has replicas: give those that had them replicas again (ALTER KEYSPACE), then make a CassandraTask with the command rebuild and one of them as source_datacenter")
	say(altered, "datacenter %s may lack data of %s, which was altered from another strategy, until the repair that follows is over%s", s.repairWaits())
	say(unverified, "datacenter %s may lack data of %s, which it saw for the first time, or altered from another strategy, with replicas here and elsewhere, until the repair that follows is over%s", s.repairWaits())
	return strings.Join(words, "; ")
}

// misplacedMessage says what to do about a keyspace of another strategy whose data may be
// where it has no replicas; "" if nothing.
func (s *State) misplacedMessage(name string, k api.KeyspaceStatus) string {
	replication, read := s.Keyspaces[name]
	switch {
	case k.Strategy == "" || !read:
		return ""
	case !topology.ByDatacenter(replication):
		return fmt.Sprintf("datacenter %s may lack data of keyspace %s: alter it to NetworkTopologyStrategy with replicas in each datacenter, then it is repaired", s.name(), name)
	}
	if where := s.datacentersWithoutReplicas(replication); len(where) > 0 {
		return fmt.Sprintf("data of keyspace %s, which was altered from another strategy, may be in a datacenter without replicas of it: give %s replicas too (ALTER KEYSPACE), then it is repaired; they may be taken away again after that", name, strings.Join(where, ", "))
	}
	return ""
}

// mayBeElsewhere names the keyspaces whose data may still be on nodes that have no
// replicas of it, because others lack it: what a cleanup deletes there is lost.
func (s *State) mayBeElsewhere() (names []string) {
	for name, k := range s.keyspaces() {
		if k.Strategy != "" && k.OwedSince != nil || k.Strategy == "" && k.Replicas == 0 && s.lackedElsewhere(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// lackedElsewhere tells whether another datacenter has replicas of a keyspace that lack data.
func (s *State) lackedElsewhere(keyspace string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(s.lackingAlone())), func(names []string) bool { return slices.Contains(names, keyspace) })
}
