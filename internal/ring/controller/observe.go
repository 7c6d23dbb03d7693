package controller

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// observe does all of a pass's reading, once, about a copy that is agreed on, or that a person has to decide about. What
// can't be read is kept as that.
func (r *Reconciler) observe(ctx context.Context, c *copies.Pass) *ring.State {
	k, _ := c.Object.(*api.K8ssandraCluster)
	s := &ring.State{Now: r.Now(), Region: r.Region, Ring: k, View: c.View, Agreed: c.Plan, Leaving: map[types.NamespacedName]ring.Here{}, Namespaces: map[string]ring.Read[corev1.Namespace]{}}
	for i := range c.Peers {
		s.Peers = append(s.Peers, observePeer(&c.Peers[i], k))
	}
	if k.Spec.Cassandra == nil {
		return s
	}
	for _, t := range k.Spec.Cassandra.Datacenters {
		here := ring.Here{}
		if ring.RegionOf(k, t) == r.Region {
			here = r.observeHere(ctx, k, t)
			r.observeNamespace(ctx, s, ring.Namespace(k, t))
		}
		s.Here = append(s.Here, here)
	}
	r.observeLabelled(ctx, s)
	if s.Acts() {
		r.observeSecret(ctx, s, c.Peers)
	}
	return s
}

// observePeer is a region as it was last seen.
func observePeer(p *peers.Snapshot, k *api.K8ssandraCluster) ring.Peer {
	one := ring.Peer{Region: p.Region, Reachable: p.Reachable, Since: p.Since, Message: p.Message, Unusable: p.Client == nil,
		Copy: copyAt(p, client.ObjectKeyFromObject(k)), Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{}}
	for _, dc := range peers.All[*cassandra.CassandraDatacenter](p) {
		one.Datacenters[client.ObjectKeyFromObject(dc)] = dc
	}
	return one
}

// observeHere reads what this region has of one datacenter.
func (r *Reconciler) observeHere(ctx context.Context, k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) ring.Here {
	in := func(name string) client.ObjectKey {
		return client.ObjectKey{Namespace: ring.Namespace(k, t), Name: name}
	}
	here := ring.Here{
		Datacenter: read[cassandra.CassandraDatacenter](ctx, r.Client, in(t.Metadata.Name)),
		Rebuild:    read[control.CassandraTask](ctx, r.Client, in(ring.RebuildTask(t.Metadata.Name))),
		Seeds:      read[discoveryv1.EndpointSlice](ctx, r.Client, in(ring.SeedSlice(k, t, discoveryv1.AddressTypeIPv4))),
		Seeds6:     read[discoveryv1.EndpointSlice](ctx, r.Client, in(ring.SeedSlice(k, t, discoveryv1.AddressTypeIPv6))),
	}
	if ring.Auth(k) && ring.Namespace(k, t) != k.Namespace {
		here.Secret = read[corev1.Secret](ctx, r.Client, in(ring.SuperuserSecret(k)))
	}
	return here
}

// observeNamespace reads one that isn't the ring's own.
func (r *Reconciler) observeNamespace(ctx context.Context, s *ring.State, name string) {
	if _, done := s.Namespaces[name]; !done && name != s.Ring.Namespace {
		s.Namespaces[name] = read[corev1.Namespace](ctx, r.Client, client.ObjectKey{Name: name})
	}
}

// observeLabelled reads the datacenters that carry the ring's labels, with their namespaces.
func (r *Reconciler) observeLabelled(ctx context.Context, s *ring.State) {
	items, err := datacenters(ctx, r.Client, client.ObjectKeyFromObject(s.Ring))
	if err != nil {
		s.Labelled.Err = err
		return
	}
	s.Labelled.Found = &cassandra.CassandraDatacenterList{Items: items}
	for _, dc := range items {
		if !s.IsInSpec(r.Region, &dc) {
			r.observeNamespace(ctx, s, dc.Namespace)
			s.Leaving[client.ObjectKeyFromObject(&dc)] = r.observeHere(ctx, s.Ring, ring.Template(&dc))
		}
	}
}

// observeSecret reads the superuser's Secret, and the other regions': which of them is the original follows from all of them. A
// region that doesn't answer holds the others up only once.
func (r *Reconciler) observeSecret(ctx context.Context, s *ring.State, known []peers.Snapshot) {
	if !ring.Auth(s.Ring) {
		return
	}
	name := client.ObjectKey{Namespace: s.Ring.Namespace, Name: ring.SuperuserSecret(s.Ring)}
	s.Shared, s.Sharing = r.Peers.Allows(ctx, sharingRole(s.Ring), name.Name)
	if s.Secret = read[corev1.Secret](ctx, r.Client, name); s.Secret.Err != nil {
		return
	}
	var all sync.WaitGroup
	for i := range s.Peers {
		if s.Peers[i].Reachable {
			all.Go(func() { s.Peers[i].Secret = read[corev1.Secret](ctx, known[i].Client, name) })
		}
	}
	all.Wait()
}

// read reads one object. One that isn't there is no error.
func read[T any, P interface {
	*T
	client.Object
}](ctx context.Context, from client.Reader, key client.ObjectKey) ring.Read[T] {
	into := new(T)
	var o client.Object = P(into)
	err := from.Get(ctx, key, o)
	switch {
	case apierrors.IsNotFound(err):
		return ring.Read[T]{}
	case err != nil:
		return ring.Read[T]{Err: err}
	}
	return ring.Read[T]{Found: into}
}
