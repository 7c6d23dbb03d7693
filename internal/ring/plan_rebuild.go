package ring

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// planRebuild sees to it that a datacenter that came to a ring with data gets the data. What it owes is looked at in each
// pass, put on record on its CassandraDatacenter, and waited for: until it is there the ring isn't ready.
func (s *State) planRebuild(p *Plan, i int, want *cassandra.CassandraDatacenter) error {
	options, err := Options(s.Ring, s.templates()[i], nil)
	if err != nil {
		return err
	}
	have := s.Here[i].Datacenter.Found
	if have == nil {
		have = &cassandra.CassandraDatacenter{}
	}
	members := s.members(i)
	s.tell(want, members, i)
	members = append(members, s.outside(i, s.preferred(options.Rebuild))...)
	keep(want, have, cassandra.FoundingAnnotation, cassandra.RebuildFromAnnotation, cassandra.RebuiltFromAnnotation)
	debt := Owed(members, i, s.preferred(options.Rebuild))
	switch {
	case debt.Founder != nil:
		want.Annotations[cassandra.FoundingAnnotation] = debt.Founder.String()
		return nil
	case debt.From == "" || debt.Paid:
		return nil
	}
	want.Annotations[cassandra.RebuildFromAnnotation] = debt.From
	if spread := Spread(members, i); len(spread) > 0 && !(i == 0 && s.joins()) && !have.Status.IsTrue(cassandra.DatacenterInitialized) {
		want.Annotations[cassandra.SpreadAnnotation] = strings.Join(spread, ",") // it waits before its first start, and says so
	}
	task := s.Here[i].Rebuild.Found
	next := PlanRebuild(RebuildState{Now: s.Now, Ring: s.Ring, Spec: options.Rebuild, DC: have, Debt: debt, Task: task})
	if next.Paid {
		want.Annotations[cassandra.RebuiltFromAnnotation] = task.Spec.Jobs[0].Arguments.SourceDatacenter
	}
	s.carryOut(p, i, next)
	return nil
}

// tell puts on a datacenter what its own operator has to know of the others.
func (s *State) tell(want *cassandra.CassandraDatacenter, members []Member, i int) {
	for name, value := range map[string]string{
		cassandra.LackingAnnotation:          strings.Join(Lacking(members, i), ","),
		cassandra.CopiedAnnotation:           strings.Join(Copied(members, i, s.Now), ","),
		cassandra.LackingKeyspacesAnnotation: LackingKeyspaces(members, i),
		cassandra.StoppedAnnotation:          strings.Join(Stopped(members, i), ","),
	} {
		if value != "" {
			want.Annotations[name] = value
		}
	}
}

// toldOfOthers are the annotations of a datacenter that follow from what the ring's others are.
var toldOfOthers = []string{cassandra.LackingAnnotation, cassandra.CopiedAnnotation, cassandra.LackingKeyspacesAnnotation, cassandra.StoppedAnnotation,
	cassandra.FoundingAnnotation, cassandra.RebuildFromAnnotation, cassandra.RebuiltFromAnnotation, cassandra.SpreadAnnotation, cassandra.SecretEverywhereAnnotation}

// keep carries what is on record over: an object that is applied without it would lose it.
func keep(want, have *cassandra.CassandraDatacenter, names ...string) {
	for _, name := range names {
		if value := have.Annotations[name]; value != "" {
			want.Annotations[name] = value
		}
	}
}

// carryOut plans what was decided about the task that rebuilds a datacenter.
func (s *State) carryOut(p *Plan, i int, next Rebuild) {
	name := s.templates()[i].Metadata.Name
	if next.Wait != "" {
		p.Wait("%s", next.Wait)
	}
	if next.Trouble != "" {
		p.Warn("%s", next.Trouble)
	}
	if next.Drop {
		p.add(DeleteTask, "another one takes its place", Step{Datacenters: []string{name}, Object: s.Here[i].Rebuild.Found, Exists: true})
	}
	if next.Make != nil { // it goes with the datacenter that it is for
		dc := s.Here[i].Datacenter.Found
		next.Make.OwnerReferences = []metav1.OwnerReference{owner(dc)}
		p.add(MakeTask, "the data of "+next.Make.Spec.Jobs[0].Arguments.SourceDatacenter+" is to come", Step{Datacenters: []string{name}, Object: next.Make})
	}
}

// preferred is the datacenter that the spec names as the source, by either of its names.
func (s *State) preferred(rebuild *api.RebuildSpec) string {
	if rebuild == nil {
		return ""
	}
	for _, t := range s.templates() {
		if t.Metadata.Name == rebuild.SourceDc {
			return t.CassandraName()
		}
	}
	return rebuild.SourceDc
}

// members are the ring's datacenters as far as they are known: here, in their regions, or in what a region's copy of the
// ring says of one that doesn't answer.
func (s *State) members(self int) (all []Member) {
	for i, t := range s.templates() {
		m := Member{}
		switch dc := s.datacenter(i); {
		case dc != nil:
			m = MemberOf(dc)
			m.Founding = m.Founding.without(s.removed())
			m.Serves = m.Serves && s.answers(RegionOf(s.Ring, t))
		case i != self:
			m.Initialized, m.Stopped = s.wasSaid(t, cassandra.DatacenterInitialized), s.wasSaid(t, cassandra.DatacenterStopped)
		}
		m.Name = t.CassandraName()
		all = append(all, m)
	}
	return all
}

// wasSaid tells what the copies of the ring say of a datacenter whose region doesn't answer.
func (s *State) wasSaid(t api.CassandraDatacenterTemplate, kind cassandra.DatacenterConditionType) bool {
	if s.answers(RegionOf(s.Ring, t)) {
		return false
	}
	for _, p := range s.Peers {
		if p.Copy != nil && said(p.Copy, t, kind) {
			return true
		}
	}
	return said(s.Ring, t, kind)
}

func said(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate, kind cassandra.DatacenterConditionType) bool {
	status := k.Status.Datacenters[t.Metadata.Name].Cassandra
	return status != nil && status.IsTrue(kind)
}
