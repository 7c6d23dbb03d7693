package ring

import (
	"slices"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// A ring with spec.cassandra.additionalSeeds or spec.externalDatacenters is part of one that is there: its first datacenter
// joins that by the seeds, the others join through the first one, and none founds. What a ring is was decided when its first
// node was started, and an edit changes nothing of it.

// asksToJoin tells whether the spec says that the ring is there already.
func asksToJoin(k *api.K8ssandraCluster) bool {
	return len(k.Spec.Cassandra.AdditionalSeeds)+len(k.Spec.ExternalDatacenters) > 0
}

// externals are the datacenters that somebody else looks after. One of the ring's own isn't one of them.
func externals(k *api.K8ssandraCluster) (names []string) {
	for _, name := range k.Spec.ExternalDatacenters {
		if !isOwn(k, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// isOwn tells whether a name of Cassandra's is that of a datacenter of the spec.
func isOwn(k *api.K8ssandraCluster, name string) bool {
	return slices.ContainsFunc(k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.CassandraName() == name })
}

// externalReplicas are how many replicas of a system keyspace an external datacenter gets that has none, as with K8ssandra.
const externalReplicas = 3

// joins tells whether the ring joins one that is there. The record of its first datacenter says it. Before that its spec does,
// while all datacenters are known not to have begun.
func (s *State) joins() bool {
	first := s.datacenter(0)
	if first != nil && first.Annotations[cassandra.JoinedAnnotation] != "" {
		return true
	}
	if !asksToJoin(s.Ring) {
		return false
	}
	for i := range s.templates() {
		if !s.knownUnbegun(i) {
			return false
		}
	}
	return true
}

// knownUnbegun tells whether a datacenter is known to have started no node.
func (s *State) knownUnbegun(i int) bool {
	t := s.templates()[i]
	if s.isHere(t) && s.Here[i].Datacenter.Err != nil || !s.answers(RegionOf(s.Ring, t)) || i > 0 && s.wasThere(t) {
		return false // of the first, which is the one that joins, only what is there counts
	}
	dc := s.datacenter(i)
	return dc == nil || !dc.Begun() && dc.Annotations[cassandra.BroughtDataAnnotation] == ""
}

// wasThere tells whether a copy of the ring says that a datacenter had booted.
func (s *State) wasThere(t api.CassandraDatacenterTemplate) bool {
	for _, p := range s.Peers {
		if p.Copy != nil && said(p.Copy, t, cassandra.DatacenterInitialized) {
			return true
		}
	}
	return said(s.Ring, t, cassandra.DatacenterInitialized)
}

// tellJoins tells a datacenter whether its ring joins another one. While a datacenter of this region can't be read, or the
// first one's region hasn't been heard of, it stays as it was told; and so it does for one that has begun, whichever datacenter is
// the first one by now.
func (s *State) tellJoins(want, have *cassandra.CassandraDatacenter) {
	ring, err := topology.Decode(want.Annotations[topology.Annotation])
	if err != nil {
		return // Build has just made it
	}
	ring.Joins = s.joins()
	away := s.datacenter(0) == nil && !s.answers(RegionOf(s.Ring, s.templates()[0]))
	switch {
	case have == nil:
	case s.unread() != "" || away:
		ring.Joins = toldJoins(have)
	case have.Begun():
		ring.Joins = ring.Joins || toldJoins(have)
	}
	want.Annotations[topology.Annotation] = ring.Encode()
	if _, said := want.Annotations[cassandra.SkipUserCreationAnnotation]; (ring.Joins || s.hasJoined()) && asksToJoin(s.Ring) && !said {
		want.Annotations[cassandra.SkipUserCreationAnnotation] = "true" // the ring has its roles, with their passwords
	}
}

// toldJoins tells whether a datacenter was told that its ring joins another one.
func toldJoins(dc *cassandra.CassandraDatacenter) bool {
	ring, err := topology.Decode(dc.Annotations[topology.Annotation])
	return err == nil && ring.Joins
}

// hasJoined tells whether any datacenter of the ring, the first one or not, is known to have joined another ring.
func (s *State) hasJoined() bool {
	for i := range s.templates() {
		if dc := s.datacenter(i); dc != nil && (dc.Annotations[cassandra.JoinedAnnotation] != "" || toldJoins(dc)) {
			return true
		}
	}
	return false
}

// nameTaken tells whether the ring that was joined had members of a datacenter's name before that has started a node: its nodes, which
// start without data, would be taken for nodes of the one that somebody else looks after.
func (s *State) nameTaken(i int) bool {
	if dc := s.datacenter(i); dc != nil && dc.Begun() || i == 0 || !s.hasJoined() {
		return false // the first one's own loop sees it
	}
	for j := range s.templates() {
		if status := s.statusOf(j); j != i && status != nil && status.Together != nil && status.Together.With[s.templates()[i].CassandraName()] != "" {
			return true
		}
	}
	return false
}

// planNameTaken says so.
func (s *State) planNameTaken(p *Plan, i int) {
	if t := s.templates()[i]; s.nameTaken(i) {
		p.Warn("datacenter %s starts no node: the ring that was joined has a datacenter named %s. Give this one another datacenterName; if that one's nodes are dead and gone for good, nodetool removenode each", t.Metadata.Name, t.CassandraName())
	}
}

// outside are the datacenters that others look after as members of the ring, for what the one at an index owes: they have the
// data. In a ring that nobody has begun there are none. SourceUnknown stands for those of a ring that this one joins, when none
// is named.
func (s *State) outside(self int, preferred string) (all []Member) {
	joins, members := s.joins(), s.members(self)
	if !joins && members[self].From == "" && !slices.ContainsFunc(others(members, self), Member.inUse) {
		return nil
	}
	names := externals(s.Ring)
	if joins && preferred != "" && !isOwn(s.Ring, preferred) && !slices.Contains(names, preferred) {
		names = append(names, preferred)
	}
	if joins && len(names) == 0 {
		names = []string{cassandra.SourceUnknown}
	}
	for _, name := range names {
		all = append(all, Member{Name: name, Initialized: true})
	}
	return all
}

// planExternal names external datacenters that are the ring's own.
func (s *State) planExternal(p *Plan) {
	for _, name := range s.Ring.Spec.ExternalDatacenters {
		if isOwn(s.Ring, name) {
			p.Warn("spec.externalDatacenters: %s is a datacenter of spec.cassandra.datacenters: take it out of one of the two", name)
		}
	}
}

// rebuildOf says what is waited for.
func rebuildOf(datacenter, from string) string {
	if from == cassandra.SourceUnknown {
		return "spec.externalDatacenters or rebuild.sourceDc to name the datacenter whose data " + datacenter + " gets"
	}
	return "datacenter " + datacenter + " to be rebuilt from " + from
}
