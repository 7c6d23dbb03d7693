package datacenter

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// placement tells which members of the ring hold replicas of the same ranges, of all keyspaces. The error says why that can't be
// told: then any two have to be taken for replicas of one range.
func (s *State) placement() (*topology.Placement, error) {
	if s.Keyspaces == nil {
		return nil, errors.New("the keyspaces of the ring are not read")
	}
	all := maps.Clone(s.Keyspaces)
	for _, name := range topology.SystemKeyspaces {
		all[name] = s.Replication[name]
	}
	return s.placementOf(all)
}

// placementOf tells the same of some keyspaces.
func (s *State) placementOf(keyspaces map[string]map[string]string) (*topology.Placement, error) {
	if len(s.Ringview) == 0 {
		return nil, errors.New("no node tells of the ring")
	}
	var members []topology.Member
	for _, e := range s.Ringview {
		switch {
		case e.HostID == "" && !e.Alive: // what gossip still has of one that has left
			continue
		case e.Status != mgmtapi.ModeNormal: // ranges are about to be others'
			return nil, fmt.Errorf("node %s of datacenter %s is %s", e.Address, e.Datacenter, strings.ToLower(e.Status))
		case e.Rack == "":
			return nil, fmt.Errorf("the rack of node %s of datacenter %s is not known", e.Address, e.Datacenter)
		}
		members = append(members, topology.Member{HostID: e.HostID, Datacenter: e.Datacenter, Rack: e.Rack, Tokens: e.Tokens})
	}
	return topology.Place(members, keyspaces)
}
