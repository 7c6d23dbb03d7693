package ring

import (
	"slices"
	"time"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// staleAfter is how old the news of a datacenter may be: its operator notes every five minutes that its nodes were asked.
const staleAfter = 10 * time.Minute

// Copied names the other datacenters of a ring that have together a copy of all that the one at an index held, each with a
// hash of its host ids: the name alone would also be that of one that has lost its data and begun anew. It names none before
// they see that no node of that one is up, because they may not have looked since it made a keyspace, and none if they or it,
// when it last looked, know of a keyspace that may have no copy elsewhere.
func Copied(ring []Member, self int, now time.Time) (names []string) {
	own, copied := ring[self], map[string]bool{}
	for _, m := range others(ring, self) {
		if !m.copies(now) {
			continue
		}
		if only, down := m.OnlyAt[own.Name]; !down || only != "" {
			return nil
		}
		names = append(names, m.Name+"/"+topology.MembersHash(m.Hosts))
		for name, k := range m.Keyspaces {
			copied[name] = copied[name] || isCopy(k)
		}
	}
	for name, k := range own.Keyspaces {
		if (k.Replicas > 0 || k.Strategy != "") && !copied[name] {
			return nil
		}
	}
	slices.Sort(names)
	return names
}

// copies tells whether the replicas of a datacenter are copies that others can be filled from now.
func (m Member) copies(now time.Time) bool {
	return m.Serves && m.Initialized && m.hasData() && !m.Lacks && now.Sub(m.At).Abs() <= staleAfter
}

// isCopy tells whether a datacenter's replicas have their data. Where those of a keyspace are that isn't replicated by
// datacenter is nobody's to know.
func isCopy(k cassandra.KeyspaceStatus) bool {
	return k.Replicas > 0 && k.Strategy == "" && k.OwedSince == nil && !k.Unverified
}
