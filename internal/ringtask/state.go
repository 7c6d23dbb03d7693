package ringtask

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// State is all that a region has seen of one task.
type State struct {
	Now    time.Time
	Region string
	Task   *api.K8ssandraTask          // this region's copy
	Ring   *k8ssandra.K8ssandraCluster // this region's copy of its ring; nil when it has none
	// Parts are this region's CassandraTasks of the task, by datacenter, those of datacenters included that have left its spec.
	Parts map[string]*api.CassandraTask
	// InTheWay says, by datacenter, that its part's name is taken: a CassandraTask has it that is no part of this task.
	InTheWay map[string]string
	// Ungranted says, by datacenter, why nothing may be made in its namespace.
	Ungranted map[string]string
	Peers     []Peer

	Held     bool     // no part may be made, because the copies don't agree yet
	Problems []string // why they don't, and what else a person has to mend
	Diverged string   // why a person must choose between the copies
}

// Peer is another region.
type Peer struct {
	Region    string
	Reachable bool
	Since     time.Time
	Message   string             // what is wrong with it
	Task      *api.K8ssandraTask // its copy as last seen; nil when it has none
	Lacks     bool               // its version doesn't act on K8ssandraTasks
	Lost      string             // how it lost its copy, "" when it didn't
	Ring      string             // the id of its copy of the task's ring, "" when it has none
}

// target is a datacenter of the task.
type target struct {
	name, namespace, region string
}

// targets are the task's datacenters in the order in which they are taken, and the names that are no datacenter of the ring.
// Until the order is written into the task's spec it is that of this region's copy of the ring.
func (s *State) targets() (all []target, missing []string) {
	if s.Ring == nil || s.Ring.Spec.Cassandra == nil || s.otherRing() {
		return nil, nil
	}
	names := s.Task.Spec.Datacenters
	if len(names) == 0 {
		names = s.ringOrder()
	}
	for _, name := range names {
		if t, is := s.locate(name); is {
			all = append(all, t)
			continue
		}
		missing = append(missing, name)
	}
	return all, missing
}

// ringOrder are all datacenters of this region's copy of the ring.
func (s *State) ringOrder() (names []string) {
	if s.Ring == nil || s.Ring.Spec.Cassandra == nil {
		return nil
	}
	for _, t := range s.Ring.Spec.Cassandra.Datacenters {
		names = append(names, t.Metadata.Name)
	}
	return names
}

// locate finds a datacenter in this region's copy of the ring.
func (s *State) locate(name string) (t target, is bool) {
	if s.Ring == nil || s.Ring.Spec.Cassandra == nil || s.otherRing() {
		return target{}, false
	}
	templates := s.Ring.Spec.Cassandra.Datacenters
	i := slices.IndexFunc(templates, func(t k8ssandra.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name })
	if i < 0 {
		return target{}, false
	}
	return target{name, ring.Namespace(s.Ring, templates[i]), ring.RegionOf(s.Ring, templates[i])}, true
}

func (s *State) peer(region string) *Peer {
	i := slices.IndexFunc(s.Peers, func(p Peer) bool { return p.Region == region })
	if i < 0 {
		return nil
	}
	return &s.Peers[i]
}

// progress is how far a datacenter is; nil when it hasn't begun, as far as is known. A datacenter has ended when any copy
// says so: its own region may have lost the part or its copy, or have been restored from a backup. Of one that goes on, its
// own region's status counts, as it is or was last read.
func (s *State) progress(t target) *api.CassandraTaskStatus {
	here := t.region == s.Region
	part := s.Parts[t.name]
	if here && part != nil && part.Status.CompletionTime != nil {
		return &part.Status
	}
	if ended := s.remembered(t); ended != nil {
		return ended
	}
	if here {
		if part == nil {
			return nil
		}
		return &part.Status
	}
	if p := s.peer(t.region); p != nil && p.Task != nil {
		return recorded(p.Task, t)
	}
	return recorded(s.Task, t)
}

// remembered is the status of a datacenter that has ended according to some copy, nil when there is no such copy.
func (s *State) remembered(t target) *api.CassandraTaskStatus {
	for _, copied := range s.copies() {
		if status := recorded(copied, t); status != nil && status.CompletionTime != nil {
			return status
		}
	}
	return nil
}

// copies are all copies that are known, this region's first.
func (s *State) copies() []*api.K8ssandraTask {
	all := []*api.K8ssandraTask{s.Task}
	for _, p := range s.Peers {
		if p.Task != nil {
			all = append(all, p.Task)
		}
	}
	return all
}

// recorded is what a copy's status says of a datacenter; nil when it says nothing, or only that the datacenter is left out.
func recorded(task *api.K8ssandraTask, t target) *api.CassandraTaskStatus {
	status, is := task.Status.Datacenters[t.name]
	if !is || meta.IsStatusConditionTrue(status.Conditions, api.Skipped) {
		return nil
	}
	return &status
}

// skipped tells whether a person has left a datacenter out.
func (s *State) skipped(name string) bool { return slices.Contains(s.Task.Spec.SkipDatacenters, name) }

// ringID is the id of the ring that this region has a copy of, "" when there is none.
func (s *State) ringID() string {
	if s.Ring == nil {
		return ""
	}
	return s.Ring.Annotations[k8ssandra.RingIDAnnotation]
}
