package ring

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
)

// State is all that a pass in one region has seen of one ring. What could not be read is kept with its error: it is never
// taken for something that isn't there.
type State struct {
	Now    time.Time
	Region string
	Ring   *api.K8ssandraCluster // this region's copy
	View   federation.View       // what is known of the other regions' copies
	Agreed federation.Plan       // what was decided about this region's copy
	Peers  []Peer

	// Here are this region's datacenters, in the order of the spec; empty where one is of another region.
	Here []Here
	// Leaving are those here that the spec doesn't have, or not any more. Two in different namespaces may have one name.
	Leaving map[types.NamespacedName]Here
	// Labelled are all of this region that carry the ring's labels, whoever put them on.
	Labelled Read[cassandra.CassandraDatacenterList]
	// Namespaces are those of this region's datacenters, but for the ring's own.
	Namespaces map[string]Read[corev1.Namespace]

	Secret  Read[corev1.Secret] // the superuser's, beside the ring
	Shared  bool                // the other regions' operators may read it
	Sharing error               // why it isn't known whether they may
}

// Read is what came of reading one thing. What has neither isn't there.
type Read[T any] struct {
	Found *T
	Err   error
}

// Absent tells whether the thing is known not to be there.
func (r Read[T]) Absent() bool { return r.Found == nil && r.Err == nil }

// Here is what this region has of one datacenter.
type Here struct {
	Datacenter Read[cassandra.CassandraDatacenter]
	Rebuild    Read[control.CassandraTask]
	Seeds      Read[discoveryv1.EndpointSlice] // of the other datacenters, published to this one
	Seeds6     Read[discoveryv1.EndpointSlice] // likewise, those with IPv6 addresses
	Secret     Read[corev1.Secret]             // the superuser's in its namespace, where that isn't the ring's
}

// unread is why what belongs to the datacenter can't be known.
func (h Here) unread() error {
	for _, err := range []error{h.Datacenter.Err, h.Rebuild.Err, h.Seeds.Err, h.Seeds6.Err, h.Secret.Err} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Peer is another region as it was last seen.
type Peer struct {
	Region    string
	Reachable bool
	Since     time.Time // of Reachable
	Message   string    // why it isn't reachable
	Unusable  bool      // its ClientConfig can't be used, which somebody in this region can mend

	Copy        *api.K8ssandraCluster // its copy of the ring; nil when it has none
	Datacenters map[types.NamespacedName]*cassandra.CassandraDatacenter
	// Secret is its superuser's, as of now, where it can be asked.
	Secret Read[corev1.Secret]
}

// Acts tells whether anything of the ring may be made: its copies agree, and nothing holds it.
func (s *State) Acts() bool { return s.Agreed.Choice == "" && !s.Agreed.Held }

func (s *State) templates() []api.CassandraDatacenterTemplate {
	if s.Ring.Spec.Cassandra == nil {
		return nil
	}
	return s.Ring.Spec.Cassandra.Datacenters
}

// isHere tells whether a datacenter belongs to this region.
func (s *State) isHere(t api.CassandraDatacenterTemplate) bool {
	return RegionOf(s.Ring, t) == s.Region
}

func (s *State) peer(region string) *Peer {
	i := slices.IndexFunc(s.Peers, func(p Peer) bool { return p.Region == region })
	if i < 0 {
		return nil
	}
	return &s.Peers[i]
}

// answers tells whether what is known of a region is fresh.
func (s *State) answers(region string) bool {
	p := s.peer(region)
	return region == s.Region || p != nil && p.Reachable
}

// key is a datacenter's name in its region.
func (s *State) key(t api.CassandraDatacenterTemplate) types.NamespacedName {
	return types.NamespacedName{Namespace: Namespace(s.Ring, t), Name: t.Metadata.Name}
}

// datacenter is the spec's one at an index, here or as its region was last seen; nil when it is in neither.
func (s *State) datacenter(i int) *cassandra.CassandraDatacenter {
	t := s.templates()[i]
	if s.isHere(t) {
		return s.Here[i].Datacenter.Found
	}
	if p := s.peer(RegionOf(s.Ring, t)); p != nil {
		return p.Datacenters[s.key(t)]
	}
	return nil
}

// statusOf is what is known of a datacenter. Of one that can't be read, and of one whose region hasn't answered since before
// this process began, it is what this region's copy of the ring says.
func (s *State) statusOf(i int) *cassandra.CassandraDatacenterStatus {
	if dc := s.datacenter(i); dc != nil {
		return &dc.Status
	}
	t := s.templates()[i]
	silent := !s.answers(RegionOf(s.Ring, t)) && s.peer(RegionOf(s.Ring, t)) != nil
	if silent || s.isHere(t) && s.Here[i].Datacenter.Err != nil {
		return s.Ring.Status.Datacenters[t.Metadata.Name].Cassandra
	}
	return nil
}

// unread is the name of one of this region's datacenters that isn't known. While it isn't, what the others were told of the
// ring stays as it is, and none is made or told of others: it may have to get data from that one.
func (s *State) unread() string {
	i := slices.IndexFunc(s.Here, func(h Here) bool { return h.Datacenter.Err != nil })
	if i < 0 {
		return ""
	}
	return s.templates()[i].Metadata.Name
}

// lost tells whether a datacenter of this region was there before and is not any more, although nobody agreed to that. It
// isn't made again without a person's word.
func (s *State) lost(name string) bool {
	before, known := s.Ring.Status.Datacenters[name]
	return known && before.ContextName == s.Region && before.Cassandra != nil && before.DecommissionProgress == api.DecommNone && !s.mayBringBack()
}

// mayBringBack tells whether a person has said that this region may make again what it has lost.
func (s *State) mayBringBack() bool { return s.Ring.Annotations[deletion.BringBack] == s.Region }

func (s *State) asker() grant.Asker {
	return grant.Asker{Namespace: s.Ring.Namespace, Name: s.Ring.Name}
}

// isOurs tells whether a datacenter was made for this ring.
func (s *State) isOurs(dc *cassandra.CassandraDatacenter) bool {
	return dc.Labels[api.ClusterNameLabel] == s.Ring.Name && dc.Labels[api.ClusterNamespaceLabel] == s.Ring.Namespace
}
