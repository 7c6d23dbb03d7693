package ring

import (
	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/topology"
)

// planHere plans one of this region's datacenters: what it owes, its seeds, its superuser's Secret, and itself.
func (s *State) planHere(p *Plan, i int) {
	name := s.templates()[i].Metadata.Name
	if err := s.Here[i].Datacenter.Err; err != nil {
		p.Warn("datacenter %s: %v", name, err)
		return
	}
	want, err := Build(s.Ring, i, s.replacing())
	if err != nil {
		s.planUnbuilt(p, i, err)
		return
	}
	if s.planBackAgain(p, i) {
		return
	}
	have := s.Here[i].Datacenter.Found
	s.tellJoins(want, have)
	if !s.mayWrite(p, want, have) {
		return
	}
	if err := s.Here[i].unread(); err != nil {
		p.Warn("datacenter %s: %v", name, err)
		return
	}
	switch unread := s.unread(); {
	case unread != "" && (have == nil || have.Annotations[topology.Annotation] != want.Annotations[topology.Annotation]):
		p.Wait("datacenter %s of this region to be read, before datacenter %s is made or told of other datacenters", unread, name)
		return
	case unread != "":
		keep(want, have, toldOfOthers...)
	default:
		if err := s.planRebuild(p, i, want); err != nil {
			p.Warn("datacenter %s: %v", name, err)
			return
		}
	}
	want.Annotations[cassandra.InSpecAnnotation] = "true"
	s.forgetRemoved(want, i)
	if !s.planBase(p, i, want, have) {
		return
	}
	s.planSeeds(p, i, want)
	s.planSecretOf(p, i, want.Namespace)
	s.tellSecretEverywhere(i, want, have)
	written := hash.Object(want) // of all that is written: want is complete
	want.Annotations[api.ResourceHashAnnotation] = written
	switch {
	case have == nil:
		p.add(Apply, "it isn't there", Step{Datacenters: []string{name}, Object: want})
	case have.Annotations[api.ResourceHashAnnotation] != written:
		want.UID = have.UID // one that somebody has made in its place since isn't taken for it
		p.add(Apply, "it differs", Step{Datacenters: []string{name}, Object: want, Exists: true})
	default:
		p.asIs = append(p.asIs, name)
	}
}

// planUnbuilt leaves a datacenter of which nothing can be made: it is in the spec, whatever that is worth, so its nodes stay.
func (s *State) planUnbuilt(p *Plan, i int, why error) {
	p.Warn("%v", why)
	if have := s.Here[i].Datacenter.Found; have != nil {
		s.hold(p, have)
	}
}

// WithoutSpec is the hash that a datacenter is given when only the labels and annotations of what the hash is of were taken. It
// is no object's hash, so that the whole is applied again in each pass; and it tells whether the metadata are there already.
func WithoutSpec(hash string) string { return hash + "-without-spec" }

// mayWrite tells whether a datacenter can be written as it is, and says why not.
func (s *State) mayWrite(p *Plan, want, have *cassandra.CassandraDatacenter) bool {
	switch {
	case have == nil && s.lost(want.Name):
		return false // the status says so
	case have != nil && s.isAnothers(have):
		p.Warn("datacenter %s: CassandraDatacenter %s in namespace %s is of the ring %s/%s: it is left as it is", want.Name, have.Name, have.Namespace,
			have.Labels[api.ClusterNamespaceLabel], have.Labels[api.ClusterNameLabel])
		return false
	case have != nil && !have.DeletionTimestamp.IsZero() && !deletion.IsAsked(have):
		p.Warn("datacenter %s is being deleted, although its ring isn't: it is kept; its own condition Deleting says what can be done", want.Name)
		return false
	case have != nil && !have.DeletionTimestamp.IsZero(): // written now, it would not come back once it is gone
		p.Wait("the earlier datacenter %s to be gone", want.Name)
		return false
	}
	return s.mayUse(p, want, have)
}

// mayUse tells whether a datacenter of the ring may be in its namespace: the ring's own, or one that accepts the ring. A
// datacenter of the ring that is there already goes on; that its grant is missing is told.
func (s *State) mayUse(p *Plan, want, have *cassandra.CassandraDatacenter) bool {
	name := want.Namespace
	if s.asker().Own(name) {
		return true
	}
	ns := s.Namespaces[name]
	if ns.Err != nil {
		p.Warn("datacenter %s: %v", want.Name, ns.Err)
		return false
	}
	if grant.Accepts(ns.Found, s.asker()) {
		return true
	}
	missing := grant.Missing("datacenter "+want.Name, s.Region, name, ns.Found, s.asker())
	p.Ungranted = append(p.Ungranted, missing)
	if have != nil && s.isOurs(have) {
		return true
	}
	p.Wait("%s", missing)
	return false
}

// isAnothers tells whether a datacenter was made for another ring.
func (s *State) isAnothers(dc *cassandra.CassandraDatacenter) bool {
	return dc.Labels[api.ClusterNameLabel] != "" && dc.Labels[api.ClusterNamespaceLabel] != "" && !s.isOurs(dc)
}
