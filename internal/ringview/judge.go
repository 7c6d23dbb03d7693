package ringview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Wanted is the ring that is waited for: its datacenters as its file has them.
type Wanted struct {
	Ring        client.ObjectKey
	Datacenters []k8ssandra.CassandraDatacenterTemplate
}

// Verdict is how far a ring has come, and who waits for what. Regions that were left
// out of the snapshot, and the datacenters in them, don't count.
type Verdict struct {
	Ready       bool
	Stage       Stage
	Regions     []RegionVerdict
	Datacenters []DatacenterVerdict // those that exist
	LeftOut     []string            // regions of the ring that aren't in the snapshot
}

// Stage is how far all datacenters of a ring have come.
type Stage int

// Stages of a boot, in their order.
const (
	Begun  Stage = iota
	Placed       // every node has an address
	Joined       // every node has a host id
)

// RegionVerdict is what a region waits for; empty when it sees the ring ready.
type RegionVerdict struct {
	Region string
	Silent bool // its API server doesn't answer: the wait is the region's, not the ring's
	Waits  string
}

// DatacenterVerdict is what a datacenter waits for; empty when all of its nodes serve, none is too many, and everything that the
// spec asks for is done.
type DatacenterVerdict struct {
	Name, Region string
	Size         int
	Stopped      bool // as it is asked to be
	Waits        string
}

// Judge decides whether a ring is ready: every datacenter serves with as many nodes as it should have and has done all that the
// ring's newest revision asks for, and every region has the same revision of the ring, runs the installed operator, and sees the ring
// ready.
func Judge(s Snapshot, want Wanted) Verdict {
	v := Verdict{LeftOut: want.leftOut(s)}
	serving := v.judgeDatacenters(s, want)
	agreed, revision := true, ""
	for i := range s.Regions {
		r := &s.Regions[i]
		k := r.copyOf(want.Ring)
		waits := r.obstacle(k)
		if waits == "" {
			own := k.Annotations[k8ssandra.RevisionAnnotation]
			revision = cmp.Or(revision, own)
			agreed = agreed && own != "" && own == revision
			waits = v.ringWaits(k)
		}
		agreed = agreed && waits == ""
		if !serving && r.obstacle(k) == "" && k.Status.Error == k8ssandra.NoError {
			waits = "" // its datacenters have the details
		}
		v.Regions = append(v.Regions, RegionVerdict{Region: r.Name, Silent: r.Err != nil, Waits: waits})
	}
	v.Ready = serving && agreed
	return v
}

// leftOut names the ring's regions that weren't asked.
func (w Wanted) leftOut(s Snapshot) (names []string) {
	for i := range w.Datacenters {
		if name := w.Datacenters[i].K8sContext; !s.asked(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// obstacle is why a region can't report on the ring yet.
func (r *Region) obstacle(k *k8ssandra.K8ssandraCluster) string {
	switch {
	case r.Err != nil:
		return "its API server doesn't answer: " + r.Err.Error()
	case !r.Operator:
		return "its operator starts"
	case k == nil:
		return "its operator takes the ring over"
	}
	return ""
}

// ringWaits is what a region's copy waits for, other than regions that were left out.
func (v *Verdict) ringWaits(k *k8ssandra.K8ssandraCluster) string {
	if len(v.LeftOut) > 0 && observed(k) {
		return ""
	}
	return ringWaits(k)
}

// judgeDatacenters says whether all of those that are in regions of the snapshot serve.
func (v *Verdict) judgeDatacenters(s Snapshot, want Wanted) bool {
	placed, joined, serving := true, true, true
	for i := range want.Datacenters {
		if !s.asked(want.Datacenters[i].K8sContext) {
			continue
		}
		name := want.Datacenters[i].Metadata.Name
		dc, where := s.datacenter(want.Ring, name)
		if dc == nil {
			placed, joined, serving = false, false, false
			continue
		}
		addresses, ids := counts(dc)
		placed = placed && addresses >= int(dc.Spec.Size)
		joined = joined && ids >= int(dc.Spec.Size)
		waits := s.waitsOf(want.Ring, dc, where)
		serving = serving && waits == ""
		v.Datacenters = append(v.Datacenters, DatacenterVerdict{Name: name, Region: where, Size: int(dc.Spec.Size), Stopped: dc.Spec.Stopped, Waits: waits})
	}
	switch {
	case serving || placed && joined:
		v.Stage = Joined
	case placed:
		v.Stage = Placed
	}
	return serving
}

// counts are how many nodes have an address, and how many a host id.
func counts(dc *cassandra.CassandraDatacenter) (addresses, ids int) {
	for _, n := range dc.Status.NodeStatuses {
		if n.IP != "" {
			addresses++
		}
		if n.HostID != "" {
			ids++
		}
	}
	return addresses, ids
}

// Blockers says in a sentence what is still waited for.
func Blockers(s Snapshot, ring client.ObjectKey) string {
	var all []string
	for i := range s.Regions {
		r := &s.Regions[i]
		switch {
		case r.Err != nil:
			all = append(all, fmt.Sprintf("region %s: %v", r.Name, r.Err))
		case r.copyOf(ring) == nil:
			all = append(all, fmt.Sprintf("region %s has no copy of ring %s", r.Name, ring.Name))
		}
		for j := range r.Datacenters {
			if dc := &r.Datacenters[j]; belongs(dc, ring) && s.waitsOf(ring, dc, r.Name) != "" {
				all = append(all, dc.Name+": "+s.waitsOf(ring, dc, r.Name))
			}
		}
	}
	if len(all) == 0 {
		return "the regions do not agree yet"
	}
	return strings.Join(all, "; ")
}
