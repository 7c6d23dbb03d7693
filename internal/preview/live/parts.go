package live

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ring"
)

// errUnasked stands for the superuser's Secret, which says nothing about pods.
var errUnasked = errors.New("not asked for")

// operatorOwner is under which name operators write datacenters.
const operatorOwner = client.FieldOwner("ringspan")

// inRegion says what a region's operator makes of the edited ring.
func (r *Report) inRegion(ctx context.Context, s *site, all []*site, before, edited *k8ssandra.K8ssandraCluster) {
	was, is := s.ringState(ctx, all, copyOf(s, before, before)), s.ringState(ctx, all, copyOf(s, before, edited))
	known := ring.Make(was).Trouble
	plan := ring.Make(is)
	for _, why := range plan.Trouble {
		if !slices.Contains(known, why) {
			r.Refused = append(r.Refused, why)
		}
	}
	applied := map[string]*cassandra.CassandraDatacenter{}
	for _, step := range plan.Steps {
		if dc, is := step.Object.(*cassandra.CassandraDatacenter); is && step.Verb == ring.Apply {
			applied[dc.Name] = dc
		}
	}
	for _, one := range is.Departures() {
		r.foretellDeparture(ctx, s, one)
	}
	for i, t := range is.Ring.Spec.Cassandra.Datacenters {
		if ring.RegionOf(is.Ring, t) != s.Name {
			continue
		}
		have, want := is.Here[i].Datacenter.Found, applied[t.Metadata.Name]
		switch {
		case have == nil && want != nil:
			r.Datacenters = append(r.Datacenters, Datacenter{Region: s.Name, Namespace: want.Namespace, Name: want.Name, New: true, Nodes: int(want.Spec.Size),
				From: want.Annotations[cassandra.RebuildFromAnnotation]})
		case have == nil: // it was refused
		case want == nil:
			r.foretell(ctx, s, have, have.DeepCopy())
		default:
			if got := r.asApplied(ctx, s, want); got != nil {
				r.foretell(ctx, s, have, got)
			}
		}
	}
}

// asApplied is a datacenter as it is once the operator has written it; nil when the API server doesn't take it.
func (r *Report) asApplied(ctx context.Context, s *site, want *cassandra.CassandraDatacenter) *cassandra.CassandraDatacenter {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	got := want.DeepCopy()
	err := s.Client.Patch(ctx, got, client.Apply, operatorOwner, client.ForceOwnership, client.DryRunAll) //nolint:staticcheck // as the operator does
	switch why := refusal(err); {
	case err == nil:
		return got
	case why != "":
		r.Refused = append(r.Refused, "datacenter "+want.Name+" keeps the spec that it has: "+why)
	default:
		r.Unknown = append(r.Unknown, Unknown{s.Name, []string{want.Name}, err.Error()})
	}
	return nil
}

// copyOf is a region's copy of the ring once it has taken the edit over: its own annotations stay.
func copyOf(s *site, before, edited *k8ssandra.K8ssandraCluster) *k8ssandra.K8ssandraCluster {
	if s.ring == nil {
		return edited.DeepCopy()
	}
	k := s.ring.DeepCopy()
	edited.Spec.DeepCopyInto(&k.Spec)
	for name, value := range edited.Annotations {
		if before.Annotations[name] != value {
			k.Annotations = laid(k.Annotations, map[string]string{name: value})
		}
	}
	return k
}

// ringState is what a pass of the ring's loop would observe in a region, but for Secrets.
func (s *site) ringState(ctx context.Context, all []*site, k *k8ssandra.K8ssandraCluster) *ring.State {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	state := &ring.State{Now: time.Now(), Region: s.Name, Ring: k, Namespaces: map[string]ring.Read[corev1.Namespace]{}, Secret: ring.Read[corev1.Secret]{Err: errUnasked}}
	for _, other := range all {
		if other != s {
			state.Peers = append(state.Peers, other.asPeer())
		}
	}
	for _, t := range k.Spec.Cassandra.Datacenters {
		here := ring.Here{}
		if ring.RegionOf(k, t) == s.Name {
			in := func(name string) client.ObjectKey {
				return client.ObjectKey{Namespace: ring.Namespace(k, t), Name: name}
			}
			here.Datacenter.Found = s.datacenter(in(t.Metadata.Name))
			here.Rebuild = found[control.CassandraTask](ctx, s, in(ring.RebuildTask(t.Metadata.Name)))
			state.Namespaces[ring.Namespace(k, t)] = found[corev1.Namespace](ctx, s, client.ObjectKey{Name: ring.Namespace(k, t)})
		}
		state.Here = append(state.Here, here)
	}
	labelled := &cassandra.CassandraDatacenterList{}
	for _, dc := range s.datacenters {
		if dc.Labels[k8ssandra.ClusterNameLabel] == k.Name && dc.Labels[k8ssandra.ClusterNamespaceLabel] == k.Namespace {
			labelled.Items = append(labelled.Items, dc)
			state.Namespaces[dc.Namespace] = found[corev1.Namespace](ctx, s, client.ObjectKey{Name: dc.Namespace})
		}
	}
	state.Labelled.Found = labelled
	return state
}

// asPeer is a region as another one's operator sees it.
func (s *site) asPeer() ring.Peer {
	p := ring.Peer{Region: s.Name, Reachable: s.err == nil, Copy: s.ring, Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{}}
	if s.err != nil {
		p.Message = s.err.Error()
	}
	for i := range s.datacenters {
		p.Datacenters[client.ObjectKeyFromObject(&s.datacenters[i])] = &s.datacenters[i]
	}
	return p
}

// found reads one object. One that isn't there is no error.
func found[T any, P interface {
	*T
	client.Object
}](ctx context.Context, s *site, key client.ObjectKey) ring.Read[T] {
	into := new(T)
	var o client.Object = P(into)
	switch err := s.Client.Get(ctx, key, o); {
	case notThere(err):
		return ring.Read[T]{}
	case err != nil:
		return ring.Read[T]{Err: err}
	}
	return ring.Read[T]{Found: into}
}
