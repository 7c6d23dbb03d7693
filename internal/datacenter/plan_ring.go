package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/internal/topology"
)

// peerPatience is how long the founder waits, with all its own nodes up, for
// the other datacenters of a first boot before it goes on without them.
const peerPatience = 20 * time.Second

// planRing does what concerns the ring as a whole once this datacenter's nodes
// are members: replication, roles, the clients' port, seeds. Afterwards it is
// looked at in each pass, as long as most nodes are up.
func (s *State) planRing(p *Plan) {
	if s.initialized() {
		s.planSeeds(p)
	}
	up, total := s.up(), s.total()
	if up < total && !s.initialized() || up <= total/2 {
		if s.initialized() {
			s.planNative(p) // those that are back serve
		}
		return
	}
	switch {
	case s.Schemas == 0:
		p.Wait("a node's view of the ring")
		return
	case s.Schemas > 1:
		p.Wait("one schema version; the ring has %d", s.Schemas)
		return
	}
	if !s.planReplication(p) && !s.initialized() {
		return
	}
	if s.joins() && !s.planUserKeyspaces(p) {
		return
	}
	if s.auth() && !s.planRoles(p) && !s.initialized() {
		return
	}
	s.planNative(p)
	s.planReady(p)
}

// up counts the nodes that are members.
func (s *State) up() (n int) {
	for i := range s.Pods {
		if s.Pods[i].running() && !s.Pods[i].Deleting {
			n++
		}
	}
	return n
}

// planReady waits for Kubernetes to know what the nodes know already.
func (s *State) planReady(p *Plan) {
	for i := range s.Pods {
		if !s.Pods[i].Ready {
			p.Wait("pod %s to be ready", s.Pods[i].Name)
		}
	}
	if p.Quiet() && !p.has(OpenNative, Replicate, Roles, Restart, DeletePod) {
		p.InitComplete = true
	}
}

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

// planRoles writes the superuser and the users. They are written again when a
// Secret changes or a datacenter is added, because rows written before do not
// reach its replicas.
func (s *State) planRoles(p *Plan) (done bool) {
	switch {
	case s.SecretError != "":
		p.Wait("a Secret that can be used")
		return false
	case s.skipUsers():
		return true
	case s.Superuser == nil:
		p.Wait("the superuser's Secret")
		return false
	case !s.alters():
		if !s.initialized() && !slices.Contains(s.Roles, s.Superuser.Username) {
			p.Wait("%s to make the role of Secret %s", s.founder(), s.Superuser.Secret)
			return false
		}
		return true
	}
	stamp := s.rolesStamp()
	if s.RolesDone == stamp && (s.Roles == nil || slices.Contains(s.Roles, s.Superuser.Username)) {
		return true
	}
	p.add(Roles, s.Superuser.Username, "from Secret "+s.Superuser.Secret, Step{Stamp: stamp})
	return false
}

func (s *State) rolesStamp() string {
	parts := []string{s.Superuser.Secret + "@" + s.Superuser.Version}
	for _, u := range s.Users {
		parts = append(parts, u.Secret+"@"+u.Version)
	}
	for dc := range s.Replication["system_auth"] {
		parts = append(parts, dc)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// planNative lets clients in where the port is closed. With authentication it
// opens once the roles are known to be there, or clients would be let in by
// what Cassandra makes up.
func (s *State) planNative(p *Plan) {
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && !pod.Status.NativeTransport {
			p.add(OpenNative, pod.Name, "roles are in place", Step{Pod: pod})
		}
	}
}

// planSeeds tells nodes of changed seeds, without a restart. A node of the
// first boot knows the founder's; the rest is told once the boot is over.
func (s *State) planSeeds(p *Plan) {
	seeds := slices.Compact(slices.Sorted(slices.Values(append(s.lastSeeds(), s.PeerSeeds...))))
	if len(seeds) == 0 {
		return
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && s.SeedsGiven[pod.UID] != strings.Join(seeds, ",") {
			p.add(Seeds, pod.Name, "the seeds are now "+strings.Join(seeds, ", "), Step{Pod: pod, Seeds: seeds})
		}
	}
}
