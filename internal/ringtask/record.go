package ringtask

import (
	"fmt"

	"github.com/ringspan/ringspan/internal/federation"
)

// Record is what the operator writes into a task's spec before anything begins: which datacenters in which order, and which
// ring. When the ring is edited, the regions' copies of it differ for a while. If each region took the order from its own
// copy, two datacenters could begin at one time. The task's spec is the same in all regions.
type Record struct {
	Datacenters []string
	Ring        string // its id
}

// record plans to complete the spec, in the region where the task's revision was made. All other regions wait for that.
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
		p.Waits = append(p.Waits, fmt.Sprintf("region %s, where this revision of the task was made, to write the datacenters and the ring's id into its spec; an edit of spec.datacenters in another region lets that one do it", revision.Region))
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

// otherRing tells whether this region's ring of the name is not the one that the task is for.
func (s *State) otherRing() bool {
	id := string(s.Task.Spec.Cluster.UID)
	return id != "" && s.ringID() != "" && s.ringID() != id
}

// ringGone says that no region has the task's ring any more, "" when one has it. A region that doesn't answer may have it.
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
