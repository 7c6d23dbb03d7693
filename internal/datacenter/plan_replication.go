package datacenter

import (
	"fmt"
	"maps"
	"time"

	"github.com/ringspan/ringspan/internal/topology"
)

// peerPatience is how long the founder waits, with all its own nodes up, for
// the other datacenters of a first boot before it goes on without them.
const peerPatience = 20 * time.Second

// planReplication spreads the system keyspaces over the datacenters that are in
// the ring. One datacenter does it, the others wait until it reaches them.
func (s *State) planReplication(p *Plan) (done bool) {
	present := s.present()
	if s.founds() && !s.initialized() {
		if missing := s.missing(present); missing != "" && s.Now.Sub(s.upSince()) < peerPatience {
			p.Wait("%s to join the ring", missing)
			return false
		}
	}
	want := map[string]int{}
	for dc, factor := range s.systemReplication() {
		if present[dc] > 0 {
			want[dc] = factor
		}
	}
	done = true
	for _, keyspace := range topology.SystemKeyspaces {
		current, seen := s.Replication[keyspace]
		if !seen {
			p.Wait("the replication of %s to be read", keyspace)
			return false
		}
		factors, changed := topology.MergeReplication(current, s.everywhere(current, want, present))
		switch {
		case !changed:
		case s.alters():
			p.add(Replicate, keyspace, "every datacenter of the ring holds its replicas", Step{Factors: factors})
			done = false
		case factorOf(current, s.name()) < want[s.name()]:
			p.Wait("%s to replicate %s to %s", s.founder(), keyspace, s.name())
			done = false
		}
	}
	return done
}

// everywhere adds the datacenters that nobody told us of, where a keyspace's
// strategy knows no datacenters: leaving them out would take their replicas.
func (s *State) everywhere(current map[string]string, want, present map[string]int) map[string]int {
	if topology.ByDatacenter(current) {
		return want
	}
	all := map[string]int{}
	for dc, nodes := range present {
		all[dc] = min(3, nodes)
	}
	maps.Copy(all, want)
	return all
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
