package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// peerPatience is how long the founder waits, with all its own nodes up, for
// the other datacenters of a first boot before it goes on without them.
const peerPatience = 20 * time.Second

// planReplication spreads the system keyspaces over the datacenters that are in
// the ring. One datacenter does it, the others wait until it reaches them. On a
// first boot nothing is in them, and all is done at once; later plan_growth.go
// goes step by step.
func (s *State) planReplication(p *Plan) (done bool) {
	present := s.present()
	if s.founds() && !s.initialized() {
		if missing := s.missing(present); missing != "" && s.Now.Sub(s.upSince()) < peerPatience {
			p.Wait("%s to join the ring", missing)
			return false
		}
	}
	done = true
	for _, keyspace := range topology.SystemKeyspaces {
		current, seen := s.Replication[keyspace]
		if !seen {
			p.Wait("the replication of %s to be read", keyspace)
			return false
		}
		var reached bool
		switch {
		case !s.managesRing():
			reached = s.awaitReplicas(p, keyspace, current, present)
		case s.unused() && !s.growsElsewhere(current, present):
			reached = s.firstReplicas(p, keyspace, current, present)
		default:
			reached = s.planGrowth(p, keyspace, current, present)
		}
		done = done && reached
	}
	return done
}

// unused tells whether nobody but this operator can have written to the system
// keyspaces yet: the ring's first boot on volumes of its own, before any client was let in.
func (s *State) unused() bool {
	return s.founds() && !s.initialized() && !s.broughtData() && !slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.Status.NativeTransport || p.Status.ClientPort == mgmtapi.PortClosed
	})
}

// growsElsewhere tells whether another datacenter is to get more replicas than it has.
// It may have booted with those, and let clients in, before this one has.
func (s *State) growsElsewhere(current map[string]string, present map[string]int) bool {
	factors, _ := topology.MergeReplication(current, nil)
	for dc, want := range s.systemReplication() {
		if have := factors[dc]; dc != s.name() && have > 0 && have < min(want, present[dc]) {
			return true
		}
	}
	return false
}

// awaitReplicas waits for the datacenter that manages the ring to give this one its replicas.
func (s *State) awaitReplicas(p *Plan, keyspace string, current map[string]string, present map[string]int) (reached bool) {
	if want := min(s.systemReplication()[s.name()], present[s.name()]); factorOf(current, s.name()) >= want {
		return true
	}
	p.Wait("%s to replicate %s to %s", s.founder(), keyspace, s.name())
	p.Thin = true
	return false
}

// firstReplicas sets all factors at once: the keyspace is empty. A datacenter that
// isn't whole yet gets its replicas when it is.
func (s *State) firstReplicas(p *Plan, keyspace string, current map[string]string, present map[string]int) (reached bool) {
	want := map[string]int{}
	for dc, factor := range s.systemReplication() {
		if present[dc] >= factor {
			want[dc] = factor
		}
	}
	factors, changed := topology.MergeReplication(current, s.everywhere(current, want, present))
	if changed {
		p.add(Replicate, keyspace, "every datacenter of the ring holds its replicas", Step{Factors: factors})
	}
	return !changed
}

// everywhere adds the datacenters that the ring's spec doesn't name, where a keyspace's
// strategy knows no datacenters: leaving them out would take their replicas.
func (s *State) everywhere(current map[string]string, want, present map[string]int) map[string]int {
	if topology.ByDatacenter(current) {
		return want
	}
	all := map[string]int{}
	for dc, nodes := range present {
		if _, known := s.systemReplication()[dc]; !known {
			all[dc] = min(3, nodes)
		}
	}
	maps.Copy(all, want)
	return all
}

// planBaseline records that the system keyspaces of a first boot are complete: they are empty.
func (s *State) planBaseline(p *Plan) {
	if !s.managesRing() || !s.unused() || p.has(Record, Replicate, Repair) || p.Repairing {
		return
	}
	filled := map[string]map[string]int{}
	for _, keyspace := range topology.SystemKeyspaces {
		filled[keyspace], _ = topology.MergeReplication(s.Replication[keyspace], nil)
	}
	if !sameFactors(filled, s.filled()) {
		p.add(Record, api.FilledAnnotation, "the system keyspaces are empty, and so complete", Step{Stamp: encode(filled)})
	}
}

func factorOf(current map[string]string, dc string) int {
	merged, _ := topology.MergeReplication(current, nil)
	return merged[dc]
}

// present counts the nodes of each datacenter that are members and alive.
func (s *State) present() map[string]int {
	out := map[string]int{}
	for _, e := range s.Ringview {
		if e.Alive && e.Status == "NORMAL" {
			out[e.Datacenter]++
		}
	}
	return out
}

func (s *State) missing(present map[string]int) string {
	for _, d := range s.Ring.Datacenters {
		if d.Size > 0 && present[d.Name] < d.Size {
			return fmt.Sprintf("%d of %d nodes of datacenter %s", d.Size-present[d.Name], d.Size, d.Name)
		}
	}
	return ""
}

// upSince is when the last of the datacenter's nodes changed its state.
func (s *State) upSince() (last time.Time) {
	for _, pod := range s.Pods {
		if pod.Status.Since.After(last) {
			last = pod.Status.Since
		}
	}
	return last
}
