package ringtask

import (
	"fmt"

	"github.com/ringspan/ringspan/internal/federation"
)

// Record is what is written into a task's spec before anything of it begins: which datacenters in which order, and which
// ring. Copies of the ring differ for a while when it is edited; a region that went by its own copy of the ring could begin
// with another datacenter than the others do. The spec is the same in all regions.
type Record struct {
	Datacenters []string
	Ring        string // its id
}

// record lets the region where the task's revision was made write down what isn't written yet. All others wait for that.
func (p *Plan) record(s *State) {
	spec := s.Task.Spec
	if len(spec.Datacenters) > 0 && spec.Cluster.UID != "" {
		return
	}
	revision, err := federation.ParseRevision(s.Task.Annotations[federation.RevisionAnnotation])
	switch {
	case s.ringID() == "":
		p.Waits = append(p.Waits, fmt.Sprintf("K8ssandraCluster %s/%s to get its id", s.Task.Namespace, spec.Cluster.Name))
	case err != nil || revision.Region != s.Region:
		p.Waits = append(p.Waits, fmt.Sprintf("region %s, where this revision of the task was made, to write the datacenters and the ring's id into its spec", revision.Region))
	default:
		p.Record = &Record{Datacenters: spec.Datacenters, Ring: s.ringID()}
		if len(spec.Datacenters) == 0 {
			targets, _ := s.targets()
			for _, t := range targets {
				p.Record.Datacenters = append(p.Record.Datacenters, t.name)
			}
		}
	}
}

// otherRing tells whether the ring that is here is not the one that the task is for.
func (s *State) otherRing() bool {
	id := string(s.Task.Spec.Cluster.UID)
	return id != "" && s.ringID() != "" && s.ringID() != id
}

// ringGone says that the task's ring was deleted in all regions, "" when it wasn't as far as is known. A region that doesn't
// answer may have it.
func (s *State) ringGone() string {
	id := string(s.Task.Spec.Cluster.UID)
	if id == "" || s.Ring != nil && !s.otherRing() || s.Held || s.Diverged != "" {
		return ""
	}
	for _, p := range s.Peers {
		if !p.Reachable || p.Lacks || p.Ring == id {
			return ""
		}
	}
	return fmt.Sprintf("K8ssandraCluster %s/%s of id %s, which the task is for, is in no region any more", s.Task.Namespace, s.Task.Spec.Cluster.Name, id)
}
