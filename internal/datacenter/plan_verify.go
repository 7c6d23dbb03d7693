package datacenter

import (
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/topology"
)

// planVerify repairs the users' keyspaces of which it isn't known whether this datacenter
// has all data: see keyspaces. They are in the status before, so that a
// repair counts only for what it was asked for.
func (s *State) planVerify(p *Plan) {
	if !s.initialized() || s.owes() != "" {
		return
	}
	for _, name := range s.unverified() {
		replication := s.Keyspaces[name]
		if !s.repairable(name, replication) || s.verified(name, replication) {
			continue
		}
		factors, _ := topology.MergeReplication(replication, nil)
		if blocker := s.growthBlocker(factors); blocker != "" {
			p.Wait("%s before keyspace %s is repaired", blocker, name)
			continue
		}
		s.repairThrough(p, name, factors)
	}
}

// repairable tells whether a repair through this datacenter's nodes reaches all nodes that may have the data.
func (s *State) repairable(name string, replication map[string]string) bool {
	own, others := s.replicas(replication)
	if !topology.ByDatacenter(replication) || own == 0 {
		return false
	}
	if s.DC.Status.Keyspaces[name].Strategy != "" {
		return len(s.datacentersWithoutReplicas(replication)) == 0
	}
	return others > 0
}

// repairWaits says what the repairs of unverified keyspaces wait for; "" if for nothing.
func (s *State) repairWaits() string {
	var p Plan
	s.planVerify(&p)
	if len(p.Waits) == 0 {
		return ""
	}
	return ": waiting for " + p.Waits[0]
}

// unverified names the keyspaces that the status has as unverified.
func (s *State) unverified() []string {
	all := s.DC.Status.Keyspaces
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return all[name].OwedSince == nil || !all[name].Unverified })
}

// verified tells whether all ranges of a keyspace were repaired with the replicas and
// members that there are.
func (s *State) verified(name string, replication map[string]string) bool {
	factors, _ := topology.MergeReplication(replication, nil)
	if !s.repairable(name, replication) || s.growthBlocker(factors) != "" {
		return false
	}
	var p Plan
	return s.repairThrough(&p, name, factors)
}
