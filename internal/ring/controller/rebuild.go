package controller

import (
	"context"
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// rebuild sees to it that a datacenter that came to a ring with data gets the data. What it owes is looked at in each
// pass, put on record on its CassandraDatacenter, and waited for: until it is there the ring isn't ready.
func (p *pass) rebuild(ctx context.Context, i int, want, have *cassandra.CassandraDatacenter) error {
	options, err := ring.Options(p.k, p.k.Spec.Cassandra.Datacenters[i])
	if err != nil {
		return err
	}
	members := p.members(ctx, i, have)
	if lacking := ring.Lacking(members, i); len(lacking) > 0 {
		want.Annotations[cassandra.LackingAnnotation] = strings.Join(lacking, ",")
	}
	if copied := ring.Copied(members, i, p.Now()); len(copied) > 0 {
		want.Annotations[cassandra.CopiedAnnotation] = strings.Join(copied, ",")
	}
	if keyspaces := ring.LackingKeyspaces(members, i); keyspaces != "" {
		want.Annotations[cassandra.LackingKeyspacesAnnotation] = keyspaces
	}
	if stopped := ring.Stopped(members, i); len(stopped) > 0 {
		want.Annotations[cassandra.StoppedAnnotation] = strings.Join(stopped, ",")
	}
	debt := ring.Owed(members, i, p.preferred(options.Rebuild))
	keep(want, have, cassandra.FoundingAnnotation, cassandra.RebuildFromAnnotation, cassandra.RebuiltFromAnnotation)
	switch {
	case debt.Founder != nil:
		want.Annotations[cassandra.FoundingAnnotation] = debt.Founder.String()
		return nil
	case debt.From == "" || debt.Paid:
		return nil
	}
	want.Annotations[cassandra.RebuildFromAnnotation] = debt.From
	if spread := ring.Spread(members, i); len(spread) > 0 && !have.Status.IsTrue(cassandra.DatacenterInitialized) {
		want.Annotations[cassandra.SpreadAnnotation] = strings.Join(spread, ",") // it waits before its first start, and says so
	}
	task, err := p.rebuildTask(ctx, want)
	if err != nil {
		return err
	}
	next := ring.PlanRebuild(ring.RebuildState{Now: p.Now(), Ring: p.k, Spec: options.Rebuild, DC: have, Debt: debt, Task: task})
	if next.Paid {
		want.Annotations[cassandra.RebuiltFromAnnotation] = task.Spec.Jobs[0].Arguments.SourceDatacenter
	}
	return p.carryOut(ctx, have, task, next)
}

// keep carries what is on record over: an object that is applied without it would lose it.
func keep(want, have *cassandra.CassandraDatacenter, names ...string) {
	for _, name := range names {
		if value := have.Annotations[name]; value != "" {
			want.Annotations[name] = value
		}
	}
}

// carryOut does what was decided about the task.
func (p *pass) carryOut(ctx context.Context, dc *cassandra.CassandraDatacenter, task *control.CassandraTask, next ring.Rebuild) error {
	if next.Wait != "" {
		p.waits = append(p.waits, next.Wait)
	}
	if next.Trouble != "" {
		p.errs = append(p.errs, errors.New(next.Trouble))
	}
	if next.Drop {
		if err := p.Client.Delete(ctx, task, client.Preconditions{UID: &task.UID}); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	if next.Make == nil {
		return nil
	}
	if err := controllerutil.SetOwnerReference(dc, next.Make, p.Client.Scheme()); err != nil {
		return err
	}
	return client.IgnoreAlreadyExists(p.Client.Create(ctx, next.Make))
}

func (p *pass) rebuildTask(ctx context.Context, dc *cassandra.CassandraDatacenter) (*control.CassandraTask, error) {
	task := &control.CassandraTask{}
	err := p.Client.Get(ctx, types.NamespacedName{Namespace: dc.Namespace, Name: ring.RebuildTask(dc.Name)}, task)
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return task, nil
}

// preferred is the datacenter that the spec names as the source, by either of its names.
func (p *pass) preferred(rebuild *api.RebuildSpec) string {
	if rebuild == nil {
		return ""
	}
	for _, t := range p.k.Spec.Cassandra.Datacenters {
		if t.Metadata.Name == rebuild.SourceDc {
			return ring.DatacenterName(t)
		}
	}
	return rebuild.SourceDc
}

// members are the ring's datacenters as far as they are known: here, in their regions, or in what a region's copy of the
// ring says of one that doesn't answer.
func (p *pass) members(ctx context.Context, self int, have *cassandra.CassandraDatacenter) (all []ring.Member) {
	for i, t := range p.k.Spec.Cassandra.Datacenters {
		dc := have
		if i != self {
			dc = p.datacenterOf(ctx, t)
		}
		m := ring.Member{}
		switch {
		case dc != nil && dc.UID != "":
			m = ring.MemberOf(dc)
			m.Serves = m.Serves && p.answers(p.regionOf(t))
		case i != self:
			m.Initialized, m.Stopped = p.wasSaid(t, cassandra.DatacenterInitialized), p.wasSaid(t, cassandra.DatacenterStopped)
		}
		m.Name = ring.DatacenterName(t)
		all = append(all, m)
	}
	return all
}

// answers tells whether what is known of a region is fresh.
func (p *pass) answers(region string) bool {
	return region == p.Region || slices.ContainsFunc(p.peers, func(s peers.Snapshot) bool { return s.Region == region && s.Reachable })
}

// wasSaid tells what the copies of the ring say of a datacenter whose region doesn't answer.
func (p *pass) wasSaid(t api.CassandraDatacenterTemplate, kind cassandra.DatacenterConditionType) bool {
	for i := range p.peers {
		if s := &p.peers[i]; s.Region == p.regionOf(t) && s.Reachable {
			return false
		}
	}
	if p.regionOf(t) == p.Region {
		return false
	}
	said := func(k *api.K8ssandraCluster) bool {
		status := k.Status.Datacenters[t.Metadata.Name].Cassandra
		return status != nil && status.IsTrue(kind)
	}
	for i := range p.peers {
		if k := copyAt(&p.peers[i], p.key()); k != nil && said(k) {
			return true
		}
	}
	return said(p.k)
}
