package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// JoinReplicationAnnotation says in JSON, by datacenter and keyspace, how many
// replicas of users' keyspaces a datacenter gets that is added to a ring in use. It is
// K8ssandra's annotation of a K8ssandraCluster, copied by the ring's controller.
const JoinReplicationAnnotation = "k8ssandra.io/dc-replication"

// joins tells whether the datacenter is being added to a ring with data.
func (s *State) joins() bool {
	return !s.initialized() && s.DC.Annotations[api.RebuildFromAnnotation] != ""
}

// planStrategies holds the first start of a datacenter that joins while the ring has users'
// keyspaces that aren't replicated by datacenter: its nodes would own ranges of those
// at once, and answer for them without a row, long before the rebuild.
func (s *State) planStrategies(p *Plan) (held bool) {
	spread := s.DC.Annotations[api.SpreadAnnotation]
	begun := slices.ContainsFunc(s.Pods, func(x Pod) bool { return x.running() || x.starting() || s.lastHostID(&x) != "" || s.bringsData(&x) })
	switch {
	case !s.joins() || spread == "" || begun:
		return false
	case spread == "?":
		p.Wait("a datacenter of the ring to say whether users' keyspaces have another strategy than NetworkTopologyStrategy (operators of an earlier version can't) before the nodes of %s start", s.name())
	default:
		p.Wait("%s before the nodes of %s start", byDatacenter(spread), s.name())
	}
	return true
}

// byDatacenter says what to do about keyspaces that aren't replicated by datacenter.
func byDatacenter(names string) string {
	return fmt.Sprintf("the replication of %s to be altered to NetworkTopologyStrategy (ALTER KEYSPACE … WITH replication = {'class': 'NetworkTopologyStrategy', DATACENTER: REPLICAS}, then a repair)", strings.ReplaceAll(names, ",", ", "))
}

// planReadKeyspaces has a datacenter that joins read the users' keyspaces before it is rebuilt.
// Since its nodes started, one may have been made that isn't replicated by datacenter.
func (s *State) planReadKeyspaces(p *Plan) (done bool) {
	if s.Keyspaces == nil {
		p.Wait("the keyspaces of the ring to be read")
		return false
	}
	var spread []string
	for _, name := range slices.Sorted(maps.Keys(s.Keyspaces)) {
		if !topology.ByDatacenter(s.Keyspaces[name]) {
			spread = append(spread, name)
		}
	}
	if len(spread) > 0 {
		p.Wait("%s before %s is rebuilt", byDatacenter(strings.Join(spread, ",")), s.name())
	}
	return len(spread) == 0
}

// UserKeyspaces are the keyspaces that this datacenter gets replicas of when it
// joins, and how many. They are read until it has the data.
func (s *State) UserKeyspaces() (map[string]int, error) {
	text := s.DC.Annotations[JoinReplicationAnnotation]
	if text == "" || s.owes() == "" {
		return nil, nil
	}
	var all map[string]map[string]int
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf(`annotation %s: %w; it takes {"datacenter": {"keyspace": replicas}}`, JoinReplicationAnnotation, err)
	}
	return all[s.name()], nil
}

// planUserKeyspaces gives a datacenter that joins its replicas of the users'
// keyspaces. What they hold comes with the rebuild that follows.
func (s *State) planUserKeyspaces(p *Plan) (done bool) {
	want, err := s.UserKeyspaces()
	if err != nil {
		p.Invalid = err.Error()
		return false
	}
	done = true
	for _, keyspace := range slices.Sorted(maps.Keys(want)) {
		current, seen := s.Replication[keyspace]
		switch {
		case !seen:
			p.Wait("keyspace %s, which the annotation %s names, to be made", keyspace, JoinReplicationAnnotation)
			done = false
		case !topology.ByDatacenter(current):
			p.Wait("keyspace %s to be replicated by datacenter (it has %s)", keyspace, current["class"])
			done = false
		default:
			if factors, changed := topology.MergeReplication(current, map[string]int{s.name(): want[keyspace]}); changed {
				p.add(Replicate, keyspace, fmt.Sprintf("datacenter %s gets %d replicas, as the annotation %s says", s.name(), want[keyspace], JoinReplicationAnnotation), Step{Factors: factors})
				done = false
			}
		}
	}
	return done
}
