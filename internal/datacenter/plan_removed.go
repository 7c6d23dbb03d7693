package datacenter

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// planRemoved takes datacenters that have left the ring out of the replication of the system keyspaces, when their last node is gone:
// Cassandra refuses it before. It is the only place where replicas of those are taken, and only of datacenters that are named.
func (s *State) planRemoved(p *Plan) {
	if !s.managesRing() || !s.initialized() || s.removes() {
		return
	}
	var done []string
	for _, name := range s.removedDatacenters() {
		if s.planRemovedOne(p, name) {
			done = append(done, name)
		}
	}
	switch said := s.DC.Annotations[api.WithdrawnAnnotation]; {
	case said == strings.Join(done, ","), s.isWithdrawnStale():
	case len(done) == 0:
		p.add(Clear, api.WithdrawnAnnotation, "no datacenter leaves the ring any more", Step{})
	case s.forgetsFilled(p, done):
	default:
		p.add(Record, api.WithdrawnAnnotation, fmt.Sprintf("no system keyspace replicates to %s any more", strings.Join(done, ", ")), Step{Stamp: strings.Join(done, ",")})
	}
}

// planStaleWithdrawn takes away what this datacenter said of others that had left, when none of those is named any more, also when this one
// doesn't manage the ring now or can't do anything else: of one of the same name that leaves later it would say that nothing replicates to it.
func (s *State) planStaleWithdrawn(p *Plan) {
	if s.isWithdrawnStale() {
		p.add(Clear, api.WithdrawnAnnotation, "none of what it names leaves the ring any more", Step{})
	}
}

func (s *State) isWithdrawnStale() bool {
	said := s.DC.Annotations[api.WithdrawnAnnotation]
	named := func(name string) bool { return slices.Contains(s.removedDatacenters(), name) }
	return said != "" && (!s.managesRing() || s.removes() || !slices.ContainsFunc(strings.Split(said, ","), named))
}

// forgetsFilled takes datacenters out of what is on record of replicas that have their data, if any is there: one of the same name that
// comes later has none.
func (s *State) forgetsFilled(p *Plan, gone []string) (named bool) {
	filled := s.filled()
	for _, of := range filled {
		for _, name := range gone {
			named = named || of[name] > 0
			delete(of, name)
		}
	}
	if named && !p.has(Record) {
		p.add(Record, api.FilledAnnotation, strings.Join(gone, ", ")+" has no replica any more", Step{Stamp: encode(filled)})
	}
	return named
}

// removedDatacenters are those that have left. One of the same name that the ring has again isn't one as soon as it has members; before
// that the earlier one is to be gone from everywhere.
func (s *State) removedDatacenters() (names []string) {
	for name := range strings.SplitSeq(s.DC.Annotations[api.RemovedDatacentersAnnotation], ",") {
		if _, back := s.Ring.Datacenter(name); name != "" && name != s.name() && !(back && slices.Contains(s.homes(), name)) {
			names = append(names, name)
		}
	}
	return names
}

func (s *State) planRemovedOne(p *Plan, name string) (done bool) {
	if slices.Contains(s.homes(), name) {
		p.Wait("datacenter %s to have no member, before the system keyspaces are taken from it", name)
		return false
	}
	done = true
	for _, keyspace := range topology.SystemKeyspaces {
		current, seen := s.Replication[keyspace]
		left, changed := topology.WithoutDatacenter(current, name)
		switch {
		case !seen || len(s.Ringview) == 0:
			p.Wait("the replication of %s to be read", keyspace)
			return false
		case changed && len(left) == 0:
			p.Wait("keyspace %s to have replicas elsewhere than in %s", keyspace, name)
			done = false
		case changed:
			p.add(Withdraw, keyspace, fmt.Sprintf("datacenter %s has left the ring", name), Step{Datacenter: name, Left: true})
			done = false
		}
	}
	return done
}
