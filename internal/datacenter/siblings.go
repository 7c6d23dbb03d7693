package datacenter

import (
	"cmp"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// Datacenters of one cluster name in one namespace that no K8ssandraCluster has made are one ring, as with cass-operator. These
// are siblings here. One founds the ring: the one that has begun, else the one that made the Service of seeds; see behind and
// planSeedService. The others join it, one ring at the most whatever they know of each other.

// AddSiblings puts the datacenters of the namespace that are in the ring of this one into Ring. It is called once everything
// else was observed.
func (s *State) AddSiblings() {
	if s.ofRing() {
		return
	}
	all := []Namesake{s.asNamesake()}
	all[0].Ring = s.own()
	for i := range s.Namesakes {
		if k := &s.Namesakes[i]; k.Begun && s.isSibling(k) {
			all = append(all, *k)
		}
	}
	if len(all) == 1 {
		return
	}
	s.Ring.Founder = manager(all).Ring.Name
	slices.SortFunc(all, func(a, b Namesake) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name)) })
	s.Ring.Datacenters = nil
	for i := range all {
		s.Ring.Datacenters = append(s.Ring.Datacenters, all[i].Ring)
	}
}

// manager is the one of siblings that writes what the whole ring shares. One that is being deleted doesn't, unless it is alone.
func manager(all []Namesake) *Namesake {
	first := slices.MinFunc(all, func(a, b Namesake) int {
		return cmp.Or(compareBools(!a.Deleting, !b.Deleting), precedence(a, b))
	})
	return &first
}

// isSibling tells whether another datacenter of the namespace is known to be in the same ring: one of the two joined by the
// other, both joined by the same, or its seeds are members of the ring that this one's nodes see. Two that were founded as
// rings of their own are not, whatever their name.
func (s *State) isSibling(k *Namesake) bool {
	own := s.joinedBy()
	switch {
	case s.ofRing() || k.Apart:
		return false
	case own == api.JoinedDatacenter+k.Name, k.JoinedBy == api.JoinedDatacenter+s.DC.Name, own != "" && own == k.JoinedBy && strings.HasPrefix(own, api.JoinedDatacenter):
		return true
	}
	return slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { // the address alone may be another pod's by now
		return e.Alive && e.Datacenter == k.Ring.Name && slices.ContainsFunc(k.Seeds, func(seed string) bool { return sameAddress(e.Address, seed) })
	})
}

// besides names another datacenter of the namespace that has begun, and may be what is left of this one's ring, although nothing
// on record says so.
func (s *State) besides() string {
	i := slices.IndexFunc(s.Namesakes, func(k Namesake) bool { return k.Begun && !k.Apart })
	if s.ofRing() || i < 0 {
		return ""
	}
	return s.Namesakes[i].Name
}

// siblingToJoin is the datacenter of the namespace whose ring this one joins, nil when it is the one that founds.
func (s *State) siblingToJoin() *Namesake {
	if s.ofRing() || len(s.DC.Spec.AdditionalSeeds) > 0 {
		return nil
	}
	if other := s.nameHolder(); other != nil && !other.Apart {
		return other
	}
	return nil
}

// RingDatacenter is a datacenter as the rings of others have it.
func RingDatacenter(dc *api.CassandraDatacenter) topology.Datacenter {
	s := State{DC: dc}
	return s.own()
}
