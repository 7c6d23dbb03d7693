package ringtask

import (
	"slices"
	"strings"
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
}

// target is a datacenter of the task.
type target struct {
	name, namespace, region string
}

// targets are the task's datacenters, in their order: that of the task's spec, or of the ring's.
func (s *State) targets() (all []target, missing []string) {
	if s.Ring == nil || s.Ring.Spec.Cassandra == nil {
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

// progress is how far a datacenter is; nil when it wasn't begun, as far as is known. Only its own region's word counts, or
// what was last heard of it.
func (s *State) progress(t target) *api.CassandraTaskStatus {
	if t.region == s.Region {
		return s.own(t)
	}
	if p := s.peer(t.region); p != nil && p.Task != nil {
		return recorded(p.Task, t)
	}
	return recorded(s.Task, t)
}

// own is how far one of this region's datacenters is. What has ended isn't begun again because its CassandraTask is gone,
// or this region's copy was: the other regions remember it.
func (s *State) own(t target) *api.CassandraTaskStatus {
	if part := s.Parts[t.name]; part != nil {
		return &part.Status
	}
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

// skipped tells whether a person has left a datacenter out, on any copy.
func (s *State) skipped(name string) bool {
	for _, copied := range s.copies() {
		for one := range strings.SplitSeq(copied.Annotations[api.SkipAnnotation], ",") {
			if strings.TrimSpace(one) == name {
				return true
			}
		}
	}
	return false
}
