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
	// Parts are this region's CassandraTasks of the task, by datacenter.
	Parts map[string]*api.CassandraTask
	// InTheWay are CassandraTasks of the names of parts that are none, by datacenter.
	InTheWay map[string]string
	// Ungranted says, by datacenter, why nothing may be made in its namespace.
	Ungranted map[string]string
	Peers     []Peer

	Held     bool     // the copies have yet to agree
	Problems []string // why, and what else a person has to mend
	Diverged string   // why a person must choose
}

// Peer is another region.
type Peer struct {
	Region    string
	Reachable bool
	Since     time.Time
	Message   string             // what is wrong with it
	Task      *api.K8ssandraTask // its copy as last seen; nil when it has none
	Lacks     bool               // its version doesn't act on K8ssandraTasks
	Lost      string             // it has lost its part
	Ring      string             // the id of its copy of the task's ring, "" when it has none
}

// target is a datacenter of the task.
type target struct {
	name, namespace, region string
}

// targets are the task's datacenters, in their order: that of the task's spec, or of the ring's.
func (s *State) targets() (all []target, missing []string) {
	if s.Ring == nil || s.Ring.Spec.Cassandra == nil || s.otherRing() {
		return nil, nil
	}
	templates := s.Ring.Spec.Cassandra.Datacenters
	names := s.Task.Spec.Datacenters
	if len(names) == 0 {
		for _, t := range templates {
			names = append(names, t.Metadata.Name)
		}
	}
	for _, name := range names {
		i := slices.IndexFunc(templates, func(t k8ssandra.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name })
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		all = append(all, target{name, ring.Namespace(s.Ring, templates[i]), ring.RegionOf(s.Ring, templates[i])})
	}
	return all, missing
}

func (s *State) peer(region string) *Peer {
	i := slices.IndexFunc(s.Peers, func(p Peer) bool { return p.Region == region })
	if i < 0 {
		return nil
	}
	return &s.Peers[i]
}

// progress is how far a datacenter is; nil when it wasn't begun, as far as is known. What has ended stays ended, whoever
// remembers it: a region may have lost its CassandraTask or its copy, or have been restored to an earlier state. Of what
// goes on its own region's word counts, or what was last heard of it.
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

// remembered is what a copy says of a datacenter that has ended, nil when none does.
func (s *State) remembered(t target) *api.CassandraTaskStatus {
	for _, copied := range s.copies() {
		if status := recorded(copied, t); status != nil && status.CompletionTime != nil {
			return status
		}
	}
	return nil
}

// copies are all that are known, this region's first.
func (s *State) copies() []*api.K8ssandraTask {
	all := []*api.K8ssandraTask{s.Task}
	for _, p := range s.Peers {
		if p.Task != nil {
			all = append(all, p.Task)
		}
	}
	return all
}

// recorded is what a copy's status says of a datacenter, nil when it says no more than that it is left out.
func recorded(task *api.K8ssandraTask, t target) *api.CassandraTaskStatus {
	status, is := task.Status.Datacenters[t.name]
	if !is || meta.IsStatusConditionTrue(status.Conditions, api.Skipped) {
		return nil
	}
	return &status
}

// skipped tells whether a person has left a datacenter out.
func (s *State) skipped(name string) bool { return slices.Contains(s.Task.Spec.SkipDatacenters, name) }

// ringID is that of this region's copy of the ring, "" when it has none, or no copy.
func (s *State) ringID() string {
	if s.Ring == nil {
		return ""
	}
	return s.Ring.Annotations[k8ssandra.RingIDAnnotation]
}
