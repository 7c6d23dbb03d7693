package topology

import (
	"strconv"
	"strings"
)

// SystemKeyspaces are those whose replication must span every datacenter, or a
// region's loss takes logins with it.
var SystemKeyspaces = []string{"system_auth", "system_distributed", "system_traces"}

// Quorum of a replication factor.
func Quorum(factor int) int { return factor/2 + 1 }

// SystemReplication is what the system keyspaces get: three replicas in each
// datacenter, or one a node in smaller ones.
func (r Ring) SystemReplication() map[string]int {
	out := map[string]int{}
	for _, d := range r.Datacenters {
		out[d.Name] = min(3, d.Size)
	}
	return out
}

// ByDatacenter tells whether replication options (Cassandra's map, with
// "class") say for each datacenter how many replicas it has.
func ByDatacenter(options map[string]string) bool {
	class := options["class"]
	return class == "NetworkTopologyStrategy" || class == "org.apache.cassandra.locator.NetworkTopologyStrategy"
}

// Factor is how many replicas a value of a keyspace's options stands for, 0 where it stands for none. Of "3/1", as Cassandra writes it with
// transient replication, one of the three is transient.
func Factor(value string) int {
	factor, _ := figure(value)
	return factor
}

func figure(value string) (factor int, is bool) {
	all, _, _ := strings.Cut(value, "/")
	factor, err := strconv.Atoi(all)
	return factor, err == nil
}

// MergeReplication lays the wanted factors over a keyspace's current options
// (Cassandra's map, with "class"). It never lowers a factor and never drops a
// datacenter that it wasn't asked about. changed says whether an ALTER is
// needed.
func MergeReplication(current map[string]string, want map[string]int) (merged map[string]int, changed bool) {
	merged = map[string]int{}
	nts := ByDatacenter(current)
	if nts {
		for dc, text := range current {
			if factor, is := figure(text); is {
				merged[dc] = factor
			}
		}
	}
	changed = !nts
	for dc, factor := range want {
		if merged[dc] < factor {
			merged[dc], changed = factor, true
		}
	}
	return merged, changed
}

// WithoutDatacenter are a keyspace's factors without those of a datacenter. changed says whether it had any there; a keyspace
// that isn't replicated by datacenter has none that could be taken.
func WithoutDatacenter(current map[string]string, dc string) (left map[string]int, changed bool) {
	left, _ = MergeReplication(current, nil)
	_, changed = left[dc]
	delete(left, dc)
	return left, changed
}
