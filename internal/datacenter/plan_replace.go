package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// StartEmptyAnnotation of a CassandraDatacenter names the pods, with commas, whose nodes may start although nobody can give
// all of their data back: a person accepts the loss. The operator removes the annotation when they run.
const StartEmptyAnnotation = "ringspan.io/start-empty"

// replaceOptions say how a member that has lost its data starts: as the replacement of its
// dead member. Otherwise they say what that waits for, and what to do.
func (s *State) replaceOptions(pod *Pod) (o mgmtapi.StartOptions, blocker string) {
	o.Replaces, o.Seeds = s.lastHostID(pod), without(s.seeds(), pod.IP) // a seed doesn't bootstrap
	dead := s.endpoint(o.Replaces)
	allowed, resumed := s.mayStartEmpty(pod), s.resumesReplacement(pod)
	switch {
	case dead != nil && dead.Alive && dead.Address != pod.IP:
		return o, fmt.Sprintf("it waits for the ring to see its former self at %s as down", dead.Address)
	case len(s.Ringview) == 0 && s.dataHolderExcept(pod) != "":
		return o, fmt.Sprintf("it waits for node %s to run, which may have a copy", s.dataHolderExcept(pod))
	case len(s.Ringview) == 0 && len(s.peerSeeds()) == 0 && s.stoppedElsewhere() != "":
		return o, fmt.Sprintf("it waits for the ring's datacenter that is stopped with data (%s) to be resumed: without it the ring would begin anew", s.stoppedElsewhere())
	case len(s.Ringview) == 0 && len(s.peerSeeds()) == 0 && s.besides() != "":
		return o, fmt.Sprintf("it waits for datacenter %s of this namespace, which has the ring's name and its data, to have seeds: without it there would be two rings named %s", s.besides(), s.DC.Spec.ClusterName)
	case len(s.Ringview) == 0 && len(s.peerSeeds()) == 0 && s.membersLastSeen() != "":
		return o, fmt.Sprintf("it waits for a seed: the ring was last seen with members in %s, and without one there would be two rings named %s. Name one of them in spec.additionalSeeds (of a K8ssandraCluster: spec.cassandra.additionalSeeds); if they are gone for good, make the datacenter anew", s.membersLastSeen(), s.DC.Spec.ClusterName)
	case dead != nil && dead.Status == mgmtapi.ModeLeaving:
		return o, leavingLost(dead.HostID)
	case s.moving() != "":
		return o, "it waits for " + s.moving()
	case allowed:
	case s.missingSharer(pod) != "":
		return o, fmt.Sprintf("it waits for node %s to be up, whose copies it needs. To start it without, %s", s.missingSharer(pod), startEmpty(pod))
	case len(s.Ringview) == 0 && s.copied(pod) && len(o.Seeds) > 0:
	case len(s.Ringview) == 0:
		return o, "no other node of the datacenter runs that could have a copy" + s.wasApart() + ". Restore its volume, or " + startEmpty(pod)
	case !resumed && s.unknownDeadMember() != nil && dead == nil: // of one that resumes it may be itself: a member that died before its file said so
		g := s.unknownDeadMember()
		return o, fmt.Sprintf("the ring has a dead member at %s that no pod is (host id %s). Remove it with nodetool removenode %s", g.Address, g.HostID, g.HostID)
	case !resumed && dead != nil && len(s.soleCopies()) > 0:
		return o, fmt.Sprintf("it had the only copy of data in %s. Restore its volume, or %s", strings.Join(s.soleCopies(), ", "), startEmpty(pod))
	}
	switch {
	case dead != nil:
		o.ReplaceAddress = dead.Address
	case len(s.Ringview) == 0 && strings.Contains(pod.Crashed, notInGossip): // it joins as a new node
	case len(s.Ringview) == 0 && len(s.peerSeeds()) > 0: // the others know it by its last address
		o.ReplaceAddress = s.DC.Status.NodeStatuses[pod.Name].IP
	case len(s.Ringview) == 0 && s.Ring.Founder == s.name() && !s.isPartOfAnother(): // nobody is left of the ring; any other datacenter waits for its founder's seeds
		o.Seeds, o.AutoBootstrap, o.NativeTransport = []string{pod.IP}, new(false), new(!s.auth())
	}
	if s.owes() != "" || !s.initialized() { // planNative opens it, when the data and the roles are there
		o.NativeTransport = new(false)
	}
	if len(o.Seeds) == 0 {
		return o, "it waits for a seed with an address"
	}
	return o, ""
}

// membersLastSeen names the datacenters that somebody else looks after of which the ring had members when a node of this one last
// saw it.
func (s *State) membersLastSeen() string {
	if s.DC.Status.Together == nil {
		return ""
	}
	names := slices.Sorted(maps.Keys(s.DC.Status.Together.With))
	return strings.Join(slices.DeleteFunc(names, func(dc string) bool { _, own := s.Ring.Datacenter(dc); return own }), ", ")
}

// stoppedElsewhere names the ring's other datacenters that have data and are stopped.
func (s *State) stoppedElsewhere() string { return s.DC.Annotations[api.StoppedAnnotation] }

// notInGossip is in Cassandra's message about a dead member that the ring has forgotten.
const notInGossip = "because it doesn't exist in gossip"

// saidByIdentity is a blocker of which planIdentity says more than a line of
// waiting could.
const saidByIdentity = "its data"

func startEmpty(pod *Pod) string {
	return fmt.Sprintf("annotate the CassandraDatacenter with %s=%s: what nobody else has is lost then", StartEmptyAnnotation, pod.Name)
}

func without(seeds []string, address string) []string {
	return slices.DeleteFunc(slices.Clone(seeds), func(a string) bool { return a == address })
}

// mayStartEmpty tells whether a person has allowed the node to start without data that no
// other node has.
func (s *State) mayStartEmpty(pod *Pod) bool {
	return s.DC.Annotations[EphemeralDataAnnotation] == "true" && s.ephemeral() || slices.Contains(s.startEmpty(), pod.Name)
}

func (s *State) startEmpty() []string {
	return strings.FieldsFunc(s.DC.Annotations[StartEmptyAnnotation], func(r rune) bool { return r == ',' || r == ' ' })
}

// endpoint finds a member in the ring's view by its host id.
func (s *State) endpoint(hostID string) *mgmtapi.Endpoint {
	i := slices.IndexFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.HostID == hostID && hostID != "" })
	if i < 0 {
		return nil
	}
	return &s.Ringview[i]
}

// missingMemberExcept names another member of the datacenter that isn't up, or "".
func (s *State) missingMemberExcept(besides *Pod) string {
	if missing := s.missingMembersExcept(besides); len(missing) > 0 {
		return missing[0]
	}
	return ""
}

// dataHolderExcept names another member of the datacenter that isn't known to have lost its
// data, or "".
func (s *State) dataHolderExcept(besides *Pod) string {
	for _, name := range slices.Sorted(maps.Keys(s.DC.Status.NodeStatuses)) {
		if name == besides.Name || s.DC.Status.NodeStatuses[name].HostID == "" {
			continue
		}
		i := slices.IndexFunc(s.Pods, func(p Pod) bool { return p.Name == name })
		if i < 0 || !s.dataLost(&s.Pods[i]) {
			return name
		}
	}
	return ""
}

// unknownDeadMember is a dead member of the datacenter that no pod is known to be; nil if there is none.
func (s *State) unknownDeadMember() *mgmtapi.Endpoint {
	if dead := s.unknownDeadMembers(); len(dead) > 0 {
		return dead[0]
	}
	return nil
}

// unknownDeadMembers are all of them.
func (s *State) unknownDeadMembers() (dead []*mgmtapi.Endpoint) {
	known := map[string]bool{}
	for _, n := range s.DC.Status.NodeStatuses {
		known[n.HostID] = true
	}
	for i := range s.Ringview {
		if e := &s.Ringview[i]; e.Datacenter == s.name() && !e.Alive && e.HostID != "" && !known[e.HostID] {
			dead = append(dead, e)
		}
	}
	return dead
}

// planDeadMember names a dead member that no pod is, of a datacenter that serves: a node that
// joined, and lost its volume before it was recorded, leaves one behind. Replicas are placed on it, so
// writes have one less, and nothing can be repaired or grown. It is named only when
// every node runs as a member: one that doesn't may be it.
func (s *State) planDeadMember(p *Plan) {
	if !s.initialized() || s.up() < max(int(s.DC.Spec.Size), s.total()) {
		return
	}
	g := s.deadMemberOfNoPod()
	if g == nil {
		return
	}
	p.Warn("the ring has a dead member of datacenter %s at %s that no pod is. If it is gone for good, remove it: nodetool removenode %s", s.name(), g.Address, g.HostID)
}

// isPods tells whether a member is a pod's by what the pod's agent says, or by its address:
// one that has just joined isn't on record yet.
func (s *State) isPods(e *mgmtapi.Endpoint) bool {
	return slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.IP == e.Address || p.Status.Identity != nil && p.Status.Identity.HostID == e.HostID
	})
}

// deadMemberOfNoPod is one that nothing here brings back; nil if there is none.
func (s *State) deadMemberOfNoPod() *mgmtapi.Endpoint {
	for _, e := range s.unknownDeadMembers() {
		if !s.isPods(e) {
			return e
		}
	}
	return nil
}

// soleCopies are the keyspaces that have one replica of everything where the data
// is: what a node loses of them is lost. Cassandra passes over them without a warning, and
// streams from replicas that have yet to get their data as from others.
func (s *State) soleCopies() (names []string) {
	for _, keyspace := range slices.Sorted(maps.Keys(s.Replication)) {
		if keyspace == "system_traces" || keyspace == "system_distributed" || keyspace == "system_auth" && !s.auth() {
			continue
		}
		if s.copies(keyspace) == 1 {
			names = append(names, keyspace)
		}
	}
	return names
}

// copies adds up a keyspace's replicas in all datacenters that have their data; 0 =
// not said here.
func (s *State) copies(keyspace string) (n int) {
	return copiesBut(append(s.lacking(keyspace), s.withoutMembers(s.Replication[keyspace])...), s.Replication[keyspace])
}

// withoutMembers are the other datacenters with replicas of a keyspace that have no member, as the ring is seen: they have left it, or were
// removed, and what they had is nowhere.
func (s *State) withoutMembers(replication map[string]string) (names []string) {
	if len(s.Ringview) == 0 || !topology.ByDatacenter(replication) {
		return nil
	}
	there := s.homes()
	for dc := range replication {
		if dc != s.name() && !slices.Contains(there, dc) {
			names = append(names, dc)
		}
	}
	return names
}

// copiesBut adds up the replicas that are in other datacenters than the ones that lack data.
func copiesBut(lacking []string, replication map[string]string) (n int) {
	for dc, value := range replication {
		if !slices.Contains(lacking, dc) {
			n += topology.Factor(value)
		}
	}
	return n
}

// lacking are the other datacenters whose replicas of a keyspace have yet to get data.
func (s *State) lacking(keyspace string) []string {
	alone := s.lackingAlone()
	return slices.DeleteFunc(strings.Split(s.DC.Annotations[api.LackingAnnotation], ","), func(dc string) bool {
		keyspaces, named := alone[dc]
		return named && !slices.Contains(keyspaces, keyspace)
	})
}

// lackingAlone are, by datacenter, the keyspaces that others lack data of alone. What
// can't be read narrows nothing.
func (s *State) lackingAlone() (names map[string][]string) {
	if json.Unmarshal([]byte(s.DC.Annotations[api.LackingKeyspacesAnnotation]), &names) != nil {
		return nil
	}
	return names
}

// AllKeyspaces tells whether the replication of every keyspace is needed to
// decide, and not only that of Cassandra's own.
func (s *State) AllKeyspaces() bool {
	asked := len(s.DC.Spec.ReplaceNodes)+len(s.Replacements) > 0 || s.replaced() != nil
	return asked || slices.ContainsFunc(s.Pods, func(p Pod) bool { return s.dataLost(&p) })
}

// planStartEmptyDone removes a person's permission, for each node that it names as soon as that
// is a member: it is good for one loss, whatever becomes of the others.
func (s *State) planStartEmptyDone(p *Plan) {
	named := s.startEmpty()
	left := slices.DeleteFunc(slices.Clone(named), func(name string) bool {
		return slices.ContainsFunc(s.Pods, func(x Pod) bool { return x.Name == name && x.running() })
	})
	switch {
	case len(left) == len(named):
	case len(left) == 0:
		p.add(Clear, StartEmptyAnnotation, "the nodes that it names have their places", Step{})
	default:
		p.add(Record, StartEmptyAnnotation, "the others that it names have their places", Step{Stamp: strings.Join(left, ",")})
	}
}
