package ring

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// planEnd deletes a datacenter whose nodes have all left, once nothing in the ring names it any more.
func (s *State) planEnd(p *Plan, dc *cassandra.CassandraDatacenter, told bool) {
	name := dc.CassandraName()
	switch names := s.stillNames(dc); {
	case told:
		p.Wait("datacenter %s to be told that its nodes have left", dc.Name)
	case dc.Annotations[cassandra.ForgottenAnnotation] == "":
		p.Wait("the other datacenters to see no member of %s any more", name)
	case s.isManager(dc):
		p.Wait("another datacenter than %s to be the first one in spec.cassandra.datacenters, which manages the ring, until that is gone: take it out of the spec, or name it last", dc.Name)
	case !s.isWithdrawn(name):
		p.Wait("the system keyspaces to be taken from datacenter %s, whose nodes have left the ring", name)
	case names != "":
		p.Wait("datacenter %s to forget that %s was there when the ring began", names, name)
	case s.Leaving[keyOf(dc)].unread() != nil:
		p.Warn("datacenter %s, whose nodes have left the ring: what belongs to it: %v", dc.Name, s.Leaving[keyOf(dc)].unread())
	default:
		s.planBelongings(p, dc)
		p.add(Remove, "its nodes have left the ring, and nothing names it any more", Step{Datacenters: []string{dc.Name}, Object: dc, Exists: true})
	}
}

// isManager tells whether a datacenter that has left is the one that manages the ring: it was put back too late.
func (s *State) isManager(dc *cassandra.CassandraDatacenter) bool {
	manager := s.datacenter(0)
	return manager != nil && manager.UID == dc.UID
}

// isWithdrawn tells whether the datacenter that manages the ring says that no system keyspace replicates to one that has left.
func (s *State) isWithdrawn(name string) bool {
	manager := s.datacenter(0)
	return manager != nil && slices.Contains(strings.Split(manager.Annotations[cassandra.RemovedDatacentersAnnotation], ","), name) && slices.Contains(strings.Split(manager.Annotations[cassandra.WithdrawnAnnotation], ","), name)
}

// stillNames is another datacenter that still has one on record that has left.
func (s *State) stillNames(gone *cassandra.CassandraDatacenter) string {
	for i, t := range s.templates() {
		dc := s.datacenter(i)
		if dc == nil || dc.UID == gone.UID {
			continue
		}
		if _, named := ParseFounding(dc.Annotations[cassandra.FoundingAnnotation])[gone.CassandraName()]; named {
			return t.Metadata.Name
		}
	}
	return ""
}

// planBelongings lets what this region made for a datacenter go with it: the seeds of the others, and the superuser's Secret in a
// namespace that no other datacenter of the ring is in.
func (s *State) planBelongings(p *Plan, dc *cassandra.CassandraDatacenter) {
	here := s.Leaving[keyOf(dc)]
	for _, slice := range []*discoveryv1.EndpointSlice{here.Seeds.Found, here.Seeds6.Found} {
		if slice == nil || isOwned(slice.OwnerReferences, dc) {
			continue
		}
		next := slice.DeepCopy()
		next.OwnerReferences = []metav1.OwnerReference{owner(dc)}
		p.add(Publish, "they go with datacenter "+dc.Name, Step{Datacenters: []string{dc.Name}, Object: next, Exists: true})
	}
	if secret := here.Secret.Found; secret != nil && s.isCopyHere(secret) && !isOwned(secret.OwnerReferences, dc) {
		if owners := s.lastIn(dc.Namespace); len(owners) > 0 {
			next := secret.DeepCopy()
			next.OwnerReferences = owners
			p.add(UpdateSecret, "it goes with datacenter "+dc.Name, Step{Datacenters: []string{dc.Name}, Object: next, Exists: true})
		}
	}
}

// lastIn are the ring's datacenters of a namespace, all of which have left the ring; none while one of them hasn't, or is to come. What
// they share goes when all of them are gone.
func (s *State) lastIn(namespace string) (owners []metav1.OwnerReference) {
	if slices.ContainsFunc(s.templates(), func(t api.CassandraDatacenterTemplate) bool { return s.isHere(t) && Namespace(s.Ring, t) == namespace }) {
		return nil
	}
	for i := range s.Labelled.Found.Items {
		switch dc := &s.Labelled.Found.Items[i]; {
		case dc.Namespace != namespace || !s.isMember(dc):
		case !s.leaves(s.Region, dc) || !dc.HasLeft():
			return nil
		default:
			owners = append(owners, owner(dc))
		}
	}
	return owners
}

// isCopyHere tells whether a Secret is the copy of the ring's that this program made in a namespace that isn't the ring's.
func (s *State) isCopyHere(secret *corev1.Secret) bool {
	return !s.asker().Own(secret.Namespace) && secret.Annotations[copyOfAnnotation] == s.asker().String()
}

func owner(dc *cassandra.CassandraDatacenter) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: cassandra.GroupVersion.String(), Kind: "CassandraDatacenter", Name: dc.Name, UID: dc.UID}
}

func isOwned(by []metav1.OwnerReference, dc *cassandra.CassandraDatacenter) bool {
	return slices.ContainsFunc(by, func(o metav1.OwnerReference) bool { return o.UID == dc.UID })
}

// removed are the datacenters, in Cassandra's words, whose last node has left.
func (s *State) removed() (names []string) {
	for _, one := range s.leaving() {
		if one.HasLeft() && one.Annotations[cassandra.ForgottenAnnotation] != "" {
			names = append(names, one.CassandraName())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// forgetRemoved has a datacenter remember none of those that have left. The one that manages the ring takes their replicas.
func (s *State) forgetRemoved(want *cassandra.CassandraDatacenter, i int) {
	removed := s.removed()
	if names := s.toWithdraw(removed); i == 0 && len(names) > 0 {
		want.Annotations[cassandra.RemovedDatacentersAnnotation] = strings.Join(names, ",")
	}
	if text := want.Annotations[cassandra.FoundingAnnotation]; text != "" && len(removed) > 0 {
		want.Annotations[cassandra.FoundingAnnotation] = ParseFounding(text).without(removed).String()
	}
}

// toWithdraw are those of the removed datacenters whose replicas the ring's manager is to take away. One has to wait for which the manager
// still says "withdrawn": that was said of an earlier datacenter of the same name, and the manager takes it back first.
func (s *State) toWithdraw(removed []string) (names []string) {
	manager := s.datacenter(0)
	if manager == nil {
		return removed
	}
	named, said := manager.Annotations[cassandra.RemovedDatacentersAnnotation], manager.Annotations[cassandra.WithdrawnAnnotation]
	return slices.DeleteFunc(slices.Clone(removed), func(name string) bool {
		return slices.Contains(strings.Split(said, ","), name) && !slices.Contains(strings.Split(named, ","), name)
	})
}

// without is the record without some datacenters.
func (f Founding) without(names []string) Founding {
	f = maps.Clone(f)
	maps.DeleteFunc(f, func(name string, _ []string) bool { return slices.Contains(names, name) })
	return f
}
