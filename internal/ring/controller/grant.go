package controller

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/ring"
)

// mayUse tells whether a datacenter of the ring may be in its namespace: the ring's own, or one that accepts the ring. A
// datacenter of the ring that is there already goes on; that its grant is missing is told.
func (p *pass) mayUse(ctx context.Context, want, have *cassandra.CassandraDatacenter) (bool, error) {
	name := want.Namespace
	if p.asker().Own(name) {
		return true, p.ensureNamespace(ctx, name)
	}
	ns, err := p.namespace(ctx, name)
	if err != nil || grant.Accepts(ns, p.asker()) {
		return err == nil, err
	}
	missing := grant.Missing("datacenter "+want.Name, p.Region, name, ns, p.asker())
	p.ungranted = append(p.ungranted, missing)
	if have.UID != "" && p.isOurs(have) {
		return true, nil
	}
	p.waits = append(p.waits, missing)
	return false, nil
}

// mayBeIn tells whether the ring can have datacenters in a namespace at all. Labels that say so are no proof: who has rights in
// another namespace can write them there.
func (p *pass) mayBeIn(ctx context.Context, name string) (bool, error) {
	named := slices.ContainsFunc(p.k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return ring.Namespace(p.k, t) == name })
	if named || p.asker().Own(name) {
		return true, nil
	}
	ns, err := p.namespace(ctx, name)
	return err == nil && grant.Accepts(ns, p.asker()), err
}

func (p *pass) asker() grant.Asker { return grant.Asker{Namespace: p.k.Namespace, Name: p.k.Name} }

func (p *pass) ensureNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{}
	ns.Name = name
	if err := p.Client.Create(ctx, ns); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// isOurs tells whether a datacenter was made for this ring.
func (p *pass) isOurs(dc *cassandra.CassandraDatacenter) bool {
	return dc.Labels[api.ClusterNameLabel] == p.k.Name && dc.Labels[api.ClusterNamespaceLabel] == p.k.Namespace
}

// anothers says whose a datacenter is, if it is another ring's.
func (p *pass) anothers(dc *cassandra.CassandraDatacenter) error {
	if dc.UID == "" || dc.Labels[api.ClusterNameLabel] == "" || dc.Labels[api.ClusterNamespaceLabel] == "" || p.isOurs(dc) {
		return nil
	}
	return fmt.Errorf("CassandraDatacenter %s in namespace %s is of the ring %s/%s: it is left as it is", dc.Name, dc.Namespace,
		dc.Labels[api.ClusterNamespaceLabel], dc.Labels[api.ClusterNameLabel])
}

// namespace reads one of this region, nil when there is none.
func (p *pass) namespace(ctx context.Context, name string) (*corev1.Namespace, error) {
	ns := &corev1.Namespace{}
	err := p.Client.Get(ctx, client.ObjectKey{Name: name}, ns)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // absence is an answer
	}
	return ns, err
}

// missingElsewhere are the grants that other regions miss for their datacenters of the ring, as their copies say.
func (p *pass) missingElsewhere(region string) string {
	for i := range p.peers {
		if s := &p.peers[i]; s.Region == region {
			return missingIn(s, p.key())
		}
	}
	return ""
}

func missingIn(s *peers.Snapshot, ring types.NamespacedName) string {
	k := copyAt(s, ring)
	if k == nil || !k.Status.IsTrue(api.ClusterGrantMissing) {
		return ""
	}
	return k.Status.Condition(api.ClusterGrantMissing).Message
}
