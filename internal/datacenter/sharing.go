package datacenter

import (
	"maps"
	"slices"
)

// sharing tells which members of the ring hold replicas of a range of which a member holds one too, by their host ids. known is false when
// that can't be told: then any two have to be taken for replicas of one range.
func (s *State) sharing(hostID string) (with map[string]string, known bool) {
	if !s.AllReplication || s.endpoint(hostID) == nil {
		return nil, false
	}
	placed, err := s.placementOf(s.Replication)
	if err != nil {
		return nil, false
	}
	return placed.SharedWith(hostID), true
}

// missingSharer names another member of the datacenter that isn't up, and that may hold a replica of a range of which the pod's node held
// one, or "". One that holds none has no copy of what that node lost, and nothing is lost with both.
func (s *State) missingSharer(besides *Pod) string {
	missing := s.missingMembersExcept(besides)
	if len(missing) == 0 {
		return ""
	}
	with, known := s.sharing(s.lastHostID(besides))
	for _, name := range missing {
		id := s.DC.Status.NodeStatuses[name].HostID
		if _, shares := with[id]; !known || shares || s.endpoint(id) == nil {
			return name
		}
	}
	return ""
}

// missingMembersExcept names the other members of the datacenter that aren't up, in the eyes of their agents and of the ring. Other datacenters
// don't count.
func (s *State) missingMembersExcept(besides *Pod) (missing []string) {
	for _, name := range slices.Sorted(maps.Keys(s.DC.Status.NodeStatuses)) {
		if name == besides.Name || s.DC.Status.NodeStatuses[name].HostID == "" {
			continue
		}
		i := slices.IndexFunc(s.Pods, func(p Pod) bool { return p.Name == name })
		if i < 0 || !s.Pods[i].running() || !s.seenAlive(&s.Pods[i]) {
			missing = append(missing, name)
		}
	}
	return missing
}
