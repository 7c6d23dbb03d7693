package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// NamesOf are the names of a datacenter's objects, as is on record on it. Where nothing is, the two ways to form them give the same,
// or the datacenter is one of the first version's.
func NamesOf(dc *api.CassandraDatacenter) topology.Names {
	return namesOf(dc, dc.Annotations[api.NamesAnnotation])
}

func namesOf(dc *api.CassandraDatacenter, form string) topology.Names {
	if form == api.NamesOfCassOperator {
		return topology.CassOperatorNames(dc.Spec.ClusterName, dc.Name)
	}
	return topology.NamesOf(dc.Spec.ClusterName, dc.CassandraName())
}

// KnownNames tells whether a record says how a datacenter's objects are named.
func KnownNames(dc *api.CassandraDatacenter) bool {
	form := dc.Annotations[api.NamesAnnotation]
	return form == api.NamesOfCassOperator || form == api.NamesFormer
}

// NamesDiffer tells whether the two ways to form a datacenter's names give different ones, so that it must be known which holds.
func NamesDiffer(dc *api.CassandraDatacenter) bool {
	former, other := namesOf(dc, api.NamesFormer), namesOf(dc, api.NamesOfCassOperator)
	return former.Service() != other.Service() || ClusterNamesDiffer(dc) || slices.ContainsFunc(racksKnown(dc), func(rack string) bool { return former.Rack(rack) != other.Rack(rack) })
}

// ClusterNamesDiffer tells whether the names that datacenters of a cluster share would differ.
func ClusterNamesDiffer(dc *api.CassandraDatacenter) bool {
	return namesOf(dc, api.NamesFormer).Cluster != namesOf(dc, api.NamesOfCassOperator).Cluster
}

// racksKnown are the racks of the spec and those that members are in.
func racksKnown(dc *api.CassandraDatacenter) []string {
	racks := dc.RackNames()
	for _, pod := range slices.Sorted(maps.Keys(dc.Status.NodeStatuses)) {
		if rack := dc.Status.NodeStatuses[pod].Rack; rack != "" && !slices.Contains(racks, rack) {
			racks = append(racks, rack)
		}
	}
	return racks
}

// MayShare tells whether the objects of another datacenter have the names of this one's, or may have: nobody knows yet how those
// of a datacenter without a record will be named.
func MayShare(dc, other *api.CassandraDatacenter) bool {
	return slices.ContainsFunc(possible(other), func(n topology.Names) bool { return n.Service() == NamesOf(dc).Service() })
}

// MayShareSeeds tells whether two datacenters have one seed service, or should: the same cluster name in two forms is one ring.
func MayShareSeeds(dc, other *api.CassandraDatacenter) bool {
	return other.Spec.ClusterName == dc.Spec.ClusterName || slices.ContainsFunc(possible(other), func(n topology.Names) bool { return n.SeedService() == NamesOf(dc).SeedService() })
}

func possible(dc *api.CassandraDatacenter) []topology.Names {
	if KnownNames(dc) {
		return []topology.Names{NamesOf(dc)}
	}
	return bothForms(dc)
}

func bothForms(dc *api.CassandraDatacenter) []topology.Names {
	return []topology.Names{namesOf(dc, api.NamesFormer), namesOf(dc, api.NamesOfCassOperator)}
}

// RefuseNames is the status of a datacenter of which nothing is done, because nobody can tell how its objects are named.
func RefuseNames(dc *api.CassandraDatacenter, why string, now time.Time) *api.CassandraDatacenterStatus {
	status := dc.Status.DeepCopy()
	for _, kind := range []api.DatacenterConditionType{api.DatacenterValid, api.DatacenterReady} {
		c := condition(kind, false, api.ReasonInvalidSpec, why)
		c.LastTransitionTime = metav1.NewTime(now)
		i := slices.IndexFunc(status.Conditions, func(old api.DatacenterCondition) bool { return old.Type == kind })
		if i < 0 {
			status.Conditions = append(status.Conditions, c)
			continue
		}
		if status.Conditions[i].Status == c.Status {
			c.LastTransitionTime = status.Conditions[i].LastTransitionTime
		}
		status.Conditions[i] = c
	}
	return status
}

// badNames says which part of a datacenter's names Kubernetes wouldn't take. StatefulSets that are there were taken.
func (s *State) badNames() string {
	if s.DC.Annotations[api.NamesAnnotation] != api.NamesOfCassOperator {
		return ""
	}
	names := s.names()
	if names.Cluster == "" {
		return fmt.Sprintf("spec.clusterName: %q has no letter that the names of objects could begin with", s.DC.Spec.ClusterName)
	}
	if names.Datacenter == "" {
		return fmt.Sprintf("metadata.name: %q has no letter that the names of objects could begin with", s.DC.Name)
	}
	for _, rack := range s.DC.RackNames() {
		part, set := names.Rack(rack), names.StatefulSet(rack)
		switch {
		case s.lastSet(rack) != nil:
		case part == "":
			return fmt.Sprintf("spec.racks: the rack's name %q has no letter or digit, which the names of its objects need", rack)
		case strings.Contains(part, "."):
			return fmt.Sprintf("spec.racks: the rack's name %q has a dot, which the names of its pods can't have (StatefulSet %s)", rack, set)
		case len(set) > maxSetName:
			return fmt.Sprintf("spec.racks: the StatefulSet name %s of rack %q has more than %d characters: shorten clusterName, metadata.name or the rack's name", set, rack, maxSetName)
		}
	}
	return ""
}

// maxSetName is as long as a StatefulSet's name may be, for the labels that are made of it.
const maxSetName = 60
