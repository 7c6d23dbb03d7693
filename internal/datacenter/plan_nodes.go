package datacenter

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/ptr"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planStarts starts the nodes whose agents wait for it.
//
// On the first boot of a datacenter all start at once, with tokens that were
// assigned to them. A node that was a member before starts whenever it can. A
// new node of a datacenter with data bootstraps alone.
func (s *State) planStarts(p *Plan) {
	joining := ""
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.starting() && !s.known(pod) {
			joining = pod.Name
		}
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.Deleting || !pod.Agent || pod.Status.State == mgmtapi.Running {
			continue
		}
		if pod.Status.State == mgmtapi.Starting {
			p.wait("node %s to join the ring (%s)", pod.Name, strings.ToLower(or(pod.Status.OperationMode, "the JVM starts")))
			continue
		}
		options, blocker := s.startOptions(pod, joining)
		if blocker != "" {
			p.wait("%s before node %s starts", blocker, pod.Name)
			continue
		}
		if s.initialized() && !s.known(pod) {
			joining = pod.Name
		}
		p.add(Step{Verb: Start, Target: pod.Name, Why: s.startReason(pod), Pod: pod, Start: options})
	}
}

func (s *State) startReason(pod *Pod) string {
	switch {
	case !s.initialized():
		return "first boot of datacenter " + s.name()
	case s.known(pod):
		return "it is a member of the ring"
	}
	return "it joins datacenter " + s.name()
}

// startOptions say how a node starts, or what it has to wait for.
func (s *State) startOptions(pod *Pod, joining string) (mgmtapi.StartOptions, string) {
	o := mgmtapi.StartOptions{Seeds: s.seeds()}
	if !s.initialized() {
		if s.founder() {
			if _, all := s.ownSeeds(); !all {
				return o, "the seeds of " + s.name() + " to have addresses"
			}
		} else if len(o.Seeds) == 0 {
			return o, fmt.Sprintf("datacenter %s, which founds the ring, to publish its seeds", s.Ring.Founder)
		}
		o.InitialTokens = s.tokens()[pod.Position]
		o.AutoBootstrap, o.FirstBoot = ptr.To(false), true
		o.NativeTransport = ptr.To(!s.auth())
		return o, ""
	}
	if len(o.Seeds) == 0 {
		return o, "a seed with an address"
	}
	if !s.known(pod) && joining != "" && joining != pod.Name {
		return o, "node " + joining + " to have joined"
	}
	return o, ""
}

// tokens of the first boot.
func (s *State) tokens() map[topology.Position][]string {
	ring := s.Ring
	ring.Datacenters = slices.Clone(ring.Datacenters)
	for i, d := range ring.Datacenters {
		if d.Name == s.name() {
			ring.Datacenters[i] = s.own()
		}
	}
	return ring.Tokens(s.name())
}

// peerPatience is how long the founder waits, with all its own nodes up, for
// the other datacenters of a first boot before it goes on without them.
const peerPatience = 20 * time.Second

// planRing does what concerns the ring as a whole once this datacenter's nodes
// are members: replication, roles, the clients' port, seeds.
func (s *State) planRing(p *Plan) {
	up := 0
	for i := range s.Pods {
		if s.Pods[i].running() && !s.Pods[i].Deleting {
			up++
		}
	}
	if up < int(s.DC.Spec.Size) {
		if s.initialized() {
			s.planSeeds(p)
			s.planNative(p) // those that are back serve
		}
		return
	}
	switch {
	case s.Schemas == 0:
		p.wait("a node's view of the ring")
		return
	case s.Schemas > 1:
		p.wait("one schema version; the ring has %d", s.Schemas)
		return
	}
	if s.auth() {
		if !s.planReplication(p) || !s.planRoles(p) {
			return
		}
	} else if !s.planReplication(p) {
		return
	}
	s.planNative(p)
	s.planSeeds(p)
	for i := range s.Pods {
		if !s.Pods[i].Ready {
			p.wait("pod %s to be ready", s.Pods[i].Name)
		}
	}
	if len(p.Waits) == 0 && !slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Verb == OpenNative || x.Verb == Replicate || x.Verb == Roles }) {
		p.InitComplete = true
	}
}

// planReplication spreads the system keyspaces over the datacenters that are in
// the ring. It is the founder's work; others wait until it reaches them.
func (s *State) planReplication(p *Plan) bool {
	present := s.present()
	if s.founder() && !s.initialized() {
		if missing := s.missing(present); missing != "" && s.Now.Sub(s.upSince()) < peerPatience {
			p.wait("%s to join the ring", missing)
			return false
		}
	}
	want := map[string]int{}
	for dc, factor := range s.systemReplication() {
		if present[dc] > 0 {
			want[dc] = factor
		}
	}
	done := true
	for _, keyspace := range topology.SystemKeyspaces {
		current, seen := s.Replication[keyspace]
		if !seen {
			p.wait("the replication of %s to be read", keyspace)
			return false
		}
		factors, changed := topology.MergeReplication(current, want)
		switch {
		case !changed:
		case s.founder():
			p.add(Step{Verb: Replicate, Target: keyspace, Why: "every datacenter of the ring holds its replicas", Factors: factors})
			done = false
		case want[s.name()] > 0 && factorOf(current, s.name()) < want[s.name()]:
			p.wait("datacenter %s to replicate %s to %s", s.Ring.Founder, keyspace, s.name())
			done = false
		}
	}
	return done
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
func (s *State) planRoles(p *Plan) bool {
	if s.Superuser == nil {
		p.wait("the superuser's Secret")
		return false
	}
	if !s.founder() || s.skipUsers() {
		if !slices.Contains(s.Roles, s.Superuser.Username) {
			p.wait("datacenter %s to make the role of Secret %s", s.Ring.Founder, s.Superuser.Secret)
			return false
		}
		return true
	}
	stamp := s.rolesStamp()
	if s.RolesDone == stamp && slices.Contains(s.Roles, s.Superuser.Username) {
		return true
	}
	p.add(Step{Verb: Roles, Target: s.Superuser.Username, Why: "from Secret " + s.Superuser.Secret, Stamp: stamp})
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

// planNative lets clients in where the port is closed.
func (s *State) planNative(p *Plan) {
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && !pod.Status.NativeTransport {
			p.add(Step{Verb: OpenNative, Target: pod.Name, Why: "roles are in place", Pod: pod})
		}
	}
}

// planSeeds tells nodes of changed seeds, without a restart. A node of the
// first boot knows the founder's; the rest is told once the boot is over.
func (s *State) planSeeds(p *Plan) {
	if !s.initialized() {
		return
	}
	seeds := s.seeds()
	if len(seeds) == 0 {
		return
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && s.SeedsGiven[pod.UID] != strings.Join(seeds, ",") {
			p.add(Step{Verb: Seeds, Target: pod.Name, Why: "the seeds are now " + strings.Join(seeds, ", "), Pod: pod, Seeds: seeds})
		}
	}
}
