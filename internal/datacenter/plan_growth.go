package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planGrowth increases the replication factors of a keyspace that is in use, as nodes become
// members, by one replica of one datacenter at a time. A new replica is empty
// until the keyspace is repaired: with one more there is still a full one in each
// quorum, with two more there need not be. So each step is repaired before the
// next, and the repair is recorded before that step, so that a crash in between
// loses nothing. Factors are never lowered. This datacenter is reached when it
// holds replicas, as many as there may be yet.
func (s *State) planGrowth(p *Plan, keyspace string, current map[string]string, present map[string]int) (reached bool) {
	factors, _ := topology.MergeReplication(current, nil)
	next, why := s.nextFactors(current, factors, present)
	unfilled := s.unfilled(keyspace, factors, next != nil)
	if next == nil && !unfilled {
		return true
	}
	record, recorded := s.filled()[keyspace]
	if next[s.name()] > factors[s.name()] || recorded && factors[s.name()] > record[s.name()] {
		p.Thin = true
	}
	switch blocker := s.growthBlocker(mergeFactors(factors, next)); {
	case blocker != "":
		p.Wait("%s before the system keyspaces get more replicas", blocker)
	case unfilled:
		s.planRepair(p, keyspace, factors)
	case !recorded || !maps.Equal(record, factors): // somebody lowered a factor, or there is nothing to repair
		s.recordFilled(p, keyspace, factors)
	case keyspace == "system_auth" && s.rolesFirst(factors) && !s.rolesWritten():
		p.Wait("the roles to be written before %s gets more replicas", keyspace)
	default:
		p.add(Replicate, keyspace, why, Step{Factors: next})
	}
	return factors[s.name()] > 0
}

// nextFactors are the factors after one more step, nil when none is left. A
// datacenter without replicas, where nobody can log in yet, gets all of its own at
// once as soon as it has the nodes for them.
func (s *State) nextFactors(current map[string]string, factors, present map[string]int) (next map[string]int, why string) {
	if !topology.ByDatacenter(current) {
		return s.byDatacenter(current), "it is replicated by datacenter"
	}
	wanted := s.systemReplication()
	for _, dc := range s.ownFirst(wanted) {
		have, want := factors[dc], min(wanted[dc], present[dc])
		next = maps.Clone(factors)
		switch {
		case have == 0 && wanted[dc] > 0 && want == wanted[dc]:
			next[dc] = want
			return next, fmt.Sprintf("datacenter %s gets its replicas", dc)
		case have > 0 && have < want:
			next[dc] = have + 1
			return next, fmt.Sprintf("datacenter %s has %d nodes, and gets replica %d", dc, present[dc], have+1)
		case have == 0 && dc == s.name(): // its nodes could not repair what the others get
			return nil, ""
		}
	}
	return s.externalFactors(factors)
}

// externalFactors give a datacenter that somebody else looks after replicas where it has none: three, as with K8ssandra, or one
// a node. A factor that is on record is its owner's to change.
func (s *State) externalFactors(factors map[string]int) (next map[string]int, why string) {
	members := s.normal()
	for _, dc := range s.Ring.External {
		if nodes := members[dc]; factors[dc] == 0 && nodes > 0 {
			next = maps.Clone(factors)
			next[dc] = min(3, nodes)
			return next, fmt.Sprintf("external datacenter %s gets its replicas", dc)
		}
	}
	return nil, ""
}

// ownFirst are datacenters in order, this one before all others: its nodes run the
// repairs, and have to hold replicas for that.
func (s *State) ownFirst(of map[string]int) []string {
	names := slices.Sorted(maps.Keys(of))
	slices.SortStableFunc(names, func(a, b string) int {
		switch s.name() {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	return names
}

// byDatacenter keeps the number of replicas of a keyspace whose strategy knows no
// datacenters, in each of them: also in one that is down, which may have the only ones.
func (s *State) byDatacenter(current map[string]string) map[string]int {
	replicas := topology.Factor(current["replication_factor"])
	next := map[string]int{}
	for dc, nodes := range s.normal() {
		next[dc] = min(max(replicas, 1), nodes)
	}
	return next
}

// normal counts the members of each datacenter, those that are down too.
func (s *State) normal() map[string]int {
	out := map[string]int{}
	for _, e := range s.Ringview {
		if e.Status == mgmtapi.ModeNormal && e.HostID != "" {
			out[e.Datacenter]++
		}
	}
	return out
}

// unfilled tells whether replicas of a keyspace may lack data: its factors are
// higher than those on record. Without a record nothing is owed as long as no more
// replicas are wanted; then those that are there are repaired first. The nodes of this
// datacenter have to hold replicas to repair anything.
func (s *State) unfilled(keyspace string, factors map[string]int, more bool) bool {
	record, recorded := s.filled()[keyspace]
	switch {
	case factors[s.name()] == 0:
		return false
	case !recorded:
		return more
	}
	for dc, factor := range factors {
		if factor > record[dc] {
			return true
		}
	}
	return false
}

// filled are the factors, by keyspace and datacenter, at which all replicas are
// known to have all data.
func (s *State) filled() map[string]map[string]int {
	out := map[string]map[string]int{}
	if json.Unmarshal([]byte(s.DC.Annotations[api.FilledAnnotation]), &out) != nil {
		return map[string]map[string]int{}
	}
	return out
}

// rolesFirst tells whether roles are written before there are more replicas of them.
// On a first boot they are written when the replicas are by datacenter.
func (s *State) rolesFirst(factors map[string]int) bool {
	begun := s.initialized() || len(factors) > 0 && !s.joinedBySeeds() // the roles of a ring that was joined come with the replicas
	return s.auth() && !s.skipUsers() && !s.rolesComeWithData() && begun
}

// recordFilled is written only if a quorum in each datacenter knows the superuser.
func (s *State) recordFilled(p *Plan, keyspace string, factors map[string]int) {
	if p.filled == nil {
		p.filled = s.filled()
	}
	p.filled[keyspace] = factors
	i := slices.IndexFunc(p.Steps, func(x Step) bool { return x.Verb == Record && x.Target == api.FilledAnnotation })
	if i < 0 {
		i = len(p.Steps)
		p.add(Record, api.FilledAnnotation, "", Step{})
	}
	step := &p.Steps[i]
	step.Why = strings.TrimPrefix(step.Why+", "+keyspace+" has its data at "+formatFactors(factors), ", ")
	step.Stamp = encode(p.filled)
	if keyspace == "system_auth" && s.rolesFirst(factors) && s.Superuser != nil {
		step.Readable = s.Superuser.Username
	}
}

// growthBlocker names what must be first. A repair needs all replicas, and one that
// a node joins meanwhile would miss it: so every node of the datacenters that hold
// the keyspace has to be up and no node may be joining.
func (s *State) growthBlocker(holders map[string]int) string {
	if away := s.missingMember(); away != "" {
		return "node " + away + " to be up"
	}
	if pod := s.joining(); pod != nil {
		return "node " + pod.Name + " to have joined"
	}
	if leaving := s.leavingNow(); leaving != "" {
		return "node " + leaving + " to have left the ring"
	}
	for _, e := range s.Ringview {
		switch {
		case e.Status != "NORMAL":
			return fmt.Sprintf("node %s of datacenter %s to be a member (it is %s)", e.Address, e.Datacenter, strings.ToLower(e.Status))
		case !e.Alive && holders[e.Datacenter] > 0 && slices.ContainsFunc(s.unknownDeadMembers(), func(dead *mgmtapi.Endpoint) bool { return dead.HostID == e.HostID }):
			return fmt.Sprintf("the ring to forget its dead member of datacenter %s at %s, if it is gone for good (nodetool removenode %s),", e.Datacenter, e.Address, e.HostID)
		case !e.Alive && holders[e.Datacenter] > 0:
			return fmt.Sprintf("node %s of datacenter %s to be up", e.Address, e.Datacenter)
		}
	}
	for _, pod := range s.Pods {
		if pod.running() && pod.Status.ClientPort == mgmtapi.PortUnknown { // agents tell it since they repair
			return fmt.Sprintf("the agent of node %s to be updated, which can't repair yet (annotation %s: %s)", pod.Name, api.UpdateAllowedAnnotation, api.UpdateAllowedOnce)
		}
	}
	return ""
}

// changesReplication tells whether replicas of the system keyspaces are being added or
// repaired, which a node that joins would disturb.
func (s *State) changesReplication() bool {
	if !s.managesRing() || s.Schemas != 1 {
		return false
	}
	var p Plan
	s.planReplication(&p)
	return p.has(Replicate, Repair, Record) || p.Repairing
}

func formatFactors(factors map[string]int) string {
	if len(factors) == 0 {
		return "no datacenter"
	}
	var parts []string
	for _, dc := range slices.Sorted(maps.Keys(factors)) {
		parts = append(parts, fmt.Sprintf("%s:%d", dc, factors[dc]))
	}
	return strings.Join(parts, ", ")
}

func encode(record map[string]map[string]int) string {
	data, _ := json.Marshal(record) // plain data: cannot fail
	return string(data)
}

func sameFactors(a, b map[string]map[string]int) bool {
	return maps.EqualFunc(a, b, maps.Equal)
}

func mergeFactors(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
