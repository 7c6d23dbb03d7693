package datacenter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// Namesake is another datacenter of the namespace that has the same cluster name and is not of the same K8ssandraCluster.
type Namesake struct {
	Name            string
	Created         time.Time
	Begun           bool // a node of it has been started, or it had booted before
	Joins           bool // it has seeds elsewhere, so it founds nothing
	MadeSeedService bool // it was the first to make the seed service, which all of a cluster name share
	Apart           bool // never of this one's ring: a K8ssandraCluster made it, or its cluster name is the same for Kubernetes alone
	Initialized     bool
	Deleting        bool
	JoinedBy        string              // as is on record on it
	Seeds           []string            // addresses
	Ring            topology.Datacenter // as rings have it
}

// ringRefused says why a datacenter that has not begun must not: its nodes would found a second ring of one name, and the
// two would become one as soon as their nodes hear of each other.
func (s *State) ringRefused() string {
	switch {
	case s.begun() || s.joinedBy() != "":
		return ""
	case s.ofRing() && len(s.DC.Spec.AdditionalSeeds)+len(s.Ring.External) > 0 && s.Ring.Founder == s.name() && !s.Ring.Joins && s.DC.Annotations[api.RebuildFromAnnotation] == "":
		return fmt.Sprintf("spec.additionalSeeds: nobody can tell whether this datacenter joins the ring of %s: another datacenter of its K8ssandraCluster has begun without that, or its region hasn't been heard of. Two rings named %s may merge, so no node is started",
			strings.Join(append(slices.Clone(s.DC.Spec.AdditionalSeeds), s.Ring.External...), ", "), s.DC.Spec.ClusterName)
	case len(s.DC.Spec.AdditionalSeeds) > 0: // it joins, whatever other datacenters there are
		return ""
	case s.siblingToJoin() != nil:
		return ""
	}
	return s.sameName()
}

// mayMerge says that another datacenter has the ring's name already; "" when none has.
func (s *State) mayMerge() string {
	if !s.begun() {
		return s.ringRefused()
	}
	if strange := s.strangeSeeds(); strange != "" {
		return strange
	}
	return s.sameName()
}

func (s *State) sameName() string {
	switch other := s.nameHolder(); {
	case other == nil:
		return ""
	case s.begun():
		return fmt.Sprintf("spec.clusterName: datacenter %s in this namespace is another ring named %s; the two may merge as soon as a node of one hears of the other, and aren't told of each other. Move the data of one to a ring of another name", other.Name, s.DC.Spec.ClusterName)
	default:
		return fmt.Sprintf("spec.clusterName: datacenter %s in this namespace is a ring named %s already; two rings of one name may merge. Give one of them another name, or name the seeds of %s in spec.additionalSeeds to join it",
			other.Name, s.DC.Spec.ClusterName, other.Name)
	}
}

// nameHolder is the datacenter of another ring that holds the cluster's name: one that has begun, else one that joins a ring by
// seeds, else the one that made the seed service, else the older one.
func (s *State) nameHolder() *Namesake {
	own := s.asNamesake()
	return own.behind(slices.DeleteFunc(slices.Clone(s.Namesakes), func(k Namesake) bool {
		waits := strings.HasPrefix(k.JoinedBy, api.JoinedDatacenter) || k.Joins && (s.ofRing() || k.Apart) // for this one, or another
		return !k.Begun && waits || s.begun() && s.isSibling(&k)
	}))
}

// behind is the one of the others that goes before n: one that has begun, else the one that made the seed service, else an
// older one.
func (n Namesake) behind(others []Namesake) *Namesake {
	all := append([]Namesake{n}, others...)
	slices.SortFunc(all, precedence)
	for i := range all {
		if all[i].Name != n.Name && (i == 0 || all[i].Begun) {
			return &all[i]
		}
	}
	return nil
}

// precedence orders datacenters of one name: the first has the ring, or founds it.
func precedence(a, b Namesake) int {
	return cmp.Or(compareBools(a.Begun, b.Begun), compareBools(a.Joins && !a.Begun, b.Joins && !b.Begun), compareBools(a.MadeSeedService, b.MadeSeedService), a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
}

func (s *State) asNamesake() Namesake {
	return Namesake{Name: s.DC.Name, Created: s.DC.CreationTimestamp.Time, Begun: s.begun(), MadeSeedService: s.MadeSeedService, Deleting: s.isDeleting()}
}

// namesRefused says why a datacenter can't have objects of its own: two of its racks, or it and another datacenter, would share
// them. The names are cleaned for Kubernetes, so they can be equal where Cassandra's aren't.
func (s *State) namesRefused() string {
	if bad := s.badNames(); bad != "" {
		return bad
	}
	names, sets := s.names(), map[string]string{}
	for _, rack := range s.RackNames() {
		set := names.StatefulSet(rack)
		if other, taken := sets[set]; taken {
			return fmt.Sprintf("spec.racks: %s and %s would share StatefulSet %s: the names of racks must differ in their letters, digits and dashes", other, rack, set)
		}
		sets[set] = rack
	}
	if s.begun() {
		return ""
	}
	if other := s.asNamesake().behind(s.SameObjects); other != nil {
		return fmt.Sprintf("spec.datacenterName: the objects of datacenter %s in this namespace have the same names (%s and so on). Make this datacenter anew with another datacenterName, different in its letters, digits and dashes", other.Name, names.Service())
	}
	return ""
}

// compareBools orders true before false.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// ofRing tells whether the datacenter was told of its ring by the controller of K8ssandraClusters.
func (s *State) ofRing() bool { return s.DC.Annotations[topology.Annotation] != "" }

// begun tells whether a node of the datacenter has been started before. What the status doesn't say yet the nodes do.
func (s *State) begun() bool {
	return s.DC.Begun() || slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.Agent && (p.Status.State == mgmtapi.Running || p.Status.State == mgmtapi.Starting)
	})
}

// racksRefused says why the list of racks can't be followed: a StatefulSet is there of which nobody can tell the rack, and whose pods would
// be left alone; or the list has none of the racks that nodes are in, as when all were renamed, or the list was taken out. Nodes leave
// one rack for others that have been there before, and only a rack that a person has named.
func (s *State) racksRefused() string {
	var names []string
	for _, set := range s.RemovedRackSets {
		names = append(names, or(set.Labels[api.RackLabel], set.Name))
	}
	if len(names) > 0 {
		slices.Sort(names)
		return fmt.Sprintf("spec.racks: lacks %s, which has nodes, and its StatefulSet doesn't say which rack it was made for. Nothing is changed until the list has it again", strings.Join(names, ", "))
	}
	removed := s.removedRacks()
	if len(removed) == 0 || s.removes() { // who takes the datacenter out of the ring lets all of its racks go
		return ""
	}
	if slices.ContainsFunc(s.DC.RackNames(), func(rack string) bool { return s.lastSet(rack) != nil || s.hasMembers(rack) }) {
		return s.unnamedRefused(removed)
	}
	return fmt.Sprintf("spec.racks: has none of the racks that nodes are in (%s): racks can't be renamed, and a datacenter without racks has one called default. Nothing is changed until the list has one of them", strings.Join(removed, ", "))
}
