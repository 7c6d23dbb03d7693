package datacenter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// A datacenter either founds its ring or joins one that is there, and can't change from one to the other once a node has been
// started: two rings of one name would become one as soon as a node of either hears of the other, with whatever each has. So:
//
//   - what a datacenter joins by is put on record (api.JoinedAnnotation) before its first start, with proof that none of its
//     nodes has ever been started: each agent says that it has nothing;
//   - with that record, or seeds in the spec, or a datacenter of the namespace that has the ring, it never founds;
//   - its nodes start with seeds that are on record, and once one of them is a member only with seeds that are members of the
//     ring that it sees.

// joinedBy is what the datacenter's nodes join their ring by, as is on record; "" while nothing is.
func (s *State) joinedBy() string { return s.DC.Annotations[api.JoinedAnnotation] }

// mustJoin tells whether the datacenter is one that joins a ring, so that it never founds one.
func (s *State) mustJoin() bool {
	switch {
	case s.joinedBy() != "":
		return true
	case s.ofRing():
		return !s.begun() && s.Ring.Joins && s.Ring.Founder == s.name()
	case len(s.DC.Spec.AdditionalSeeds) > 0:
		return true
	}
	return !s.begun() && s.siblingToJoin() != nil
}

// isPartOfAnother tells whether the ring was there before its datacenters, or has some that somebody else looks after: whatever is
// lost here, it isn't begun anew.
func (s *State) isPartOfAnother() bool {
	return s.mustJoin() || s.Ring.Joins || len(s.Ring.External) > 0
}

// joinedAlone tells whether the datacenter joined a ring without a ring's controller that has it rebuilt.
func (s *State) joinedAlone() bool {
	return s.joinedBy() != "" && s.DC.Annotations[api.RebuildFromAnnotation] == ""
}

// joinTarget is what the datacenter joins, for people.
func (s *State) joinTarget() string {
	switch by := s.joinedBy(); {
	case by != "":
		return strings.ReplaceAll(by, ",", ", ")
	case len(s.DC.Spec.AdditionalSeeds) > 0:
		return strings.Join(s.DC.Spec.AdditionalSeeds, ", ")
	case s.siblingToJoin() != nil:
		return api.JoinedDatacenter + s.siblingToJoin().Name
	}
	return "datacenter " + strings.Join(s.Ring.External, ", ")
}

// planJoin holds the first start of a datacenter until it is on record what it joins, or sure that it founds.
func (s *State) planJoin(p *Plan) (held bool) {
	switch {
	case s.joinedBy() != "":
		s.planSilence(p)
		return false
	case s.initialized():
		if !s.ofRing() && s.inRingOfSeeds() { // it joined under a version without this record
			s.recordJoin(p)
		}
		return false
	case !s.mustJoin():
		return s.planSeedService(p)
	case s.begun(): // by a version without this record, or before the spec had seeds
		if s.inRingOfSeeds() {
			s.recordJoin(p)
		}
		return false
	case s.awaitRing(p), s.planEmptiness(p):
		return true
	}
	s.recordJoin(p)
	return true
}

// noGossip is in Cassandra's message that no seed has answered.
const noGossip = "Unable to gossip with any peers"

// planSilence explains that message, which doesn't say who didn't answer, or why.
func (s *State) planSilence(p *Plan) {
	if !s.initialized() && slices.ContainsFunc(s.Pods, func(pod Pod) bool { return strings.Contains(pod.broken(), noGossip) && !s.isMember(&pod) }) {
		p.Warn("no seed of the ring of %s answers: it is down, can't be reached on port 7000, or has another cluster name than %s. It is tried again, and no ring is founded", s.joinTarget(), s.DC.Spec.ClusterName)
	}
}

func (s *State) recordJoin(p *Plan) {
	stamp := strings.Join(slices.Sorted(slices.Values(s.DC.Spec.AdditionalSeeds)), ",")
	if stamp == "" {
		stamp = api.JoinedDatacenter + s.siblingToJoin().Name
	}
	p.add(Record, api.JoinedAnnotation, "its nodes join the ring of "+s.joinTarget(), Step{Stamp: stamp})
}

// planSeedService holds the first start of a datacenter that founds until it is known to have made the seed Service. All
// datacenters of a namespace with one cluster name share that, and the API server lets one of them have it: of two that are
// created at once, with each other's news on the way, one founds.
func (s *State) planSeedService(p *Plan) (held bool) {
	if s.ofRing() || s.begun() || s.MadeSeedService {
		return false
	}
	if !slices.ContainsFunc(s.Pods, func(pod Pod) bool { return pod.Agent }) {
		return true // there is nobody to start
	}
	p.Wait("Service %s to be this datacenter's: of the datacenters named %s in this namespace the one that has it founds their ring", s.names().SeedService(), s.DC.Spec.ClusterName)
	return true
}

// awaitRing waits for the ring that is to be joined to be there.
func (s *State) awaitRing(p *Plan) (held bool) {
	if len(s.DC.Spec.AdditionalSeeds) > 0 {
		for _, addresses := range s.SpecSeeds {
			if len(addresses) > 0 {
				return false
			}
		}
		p.Wait("a seed of spec.additionalSeeds (%s) to have an address", strings.Join(s.DC.Spec.AdditionalSeeds, ", "))
		return true
	}
	switch other := s.siblingToJoin(); {
	case other == nil:
		p.Wait("spec.cassandra.additionalSeeds of the K8ssandraCluster to name seeds of the ring that has datacenter %s: with spec.externalDatacenters it joins that ring, and founds none", strings.Join(s.Ring.External, ", "))
	case other.Deleting:
		p.Wait("datacenter %s, which is being deleted, to be gone", other.Name)
	case !other.Initialized && other.Joins:
		p.Wait("datacenter %s of this namespace to have joined the ring of its spec.additionalSeeds, which has the name %s. If these are nodes of %s, take them out of the spec: datacenters of one name in a namespace are one ring without", other.Name, s.DC.Spec.ClusterName, s.name())
	case !other.Initialized:
		p.Wait("datacenter %s of this namespace, which has the ring named %s, to have booted", other.Name, s.DC.Spec.ClusterName)
	case len(other.Seeds) == 0:
		p.Wait("datacenter %s to have seeds", other.Name)
	default:
		return false
	}
	return true
}

// planEmptiness holds the start until all nodes are known to have nothing: one with data from before may be a member of another
// ring of the name.
func (s *State) planEmptiness(p *Plan) (held bool) {
	for _, rack := range s.DC.RackNames() { // one that comes later may have the volume of another ring
		for _, ordinal := range s.ordinals(rack) {
			at := topology.Position{Rack: rack, Ordinal: ordinal}
			if pod := s.pod(at); pod == nil || pod.Deleting || !pod.Agent {
				p.Wait("node %s to say that it has no data, before the nodes of %s join the ring of %s", s.names().Pod(at), s.name(), s.joinTarget())
				held = true
			}
		}
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		switch id := pod.Status.Identity; {
		case pod.Deleting || !pod.Agent:
			held = true
		case id == nil || id.Found != mgmtapi.FoundNothing:
			p.Warn("no node is started: %s has been started before, or has data, and nobody can tell whether that is of the ring of %s. If it is, annotate the CassandraDatacenter with %s=%q; else delete claim %s and the pod",
				pod.Name, s.joinTarget(), api.JoinedAnnotation, s.joinTarget(), Claim(pod.Name))
			held = true
		}
	}
	return held
}

// joinStart is a node's start on the first boot of a datacenter that joins. Nodes bootstrap, one after another, with tokens that
// were assigned to them: the ring may have keyspaces that aren't replicated by datacenter, of which a node owns ranges as soon
// as it is a member.
func (s *State) joinStart(pod, joining *Pod, o mgmtapi.StartOptions) (mgmtapi.StartOptions, string) {
	o.NativeTransport = new(false)
	if !s.isMember(pod) {
		if strange := s.strangeVolume(pod); strange != "" {
			return o, strange
		}
		if joining != nil && joining.Name != pod.Name {
			return o, "node " + joining.Name + " to have joined"
		}
		if away := s.missingMember(); away != "" {
			return o, "node " + away + " to be up"
		}
		if s.nameTaken() != "" {
			return o, s.nameTaken()
		}
		o.Seeds = without(o.Seeds, pod.IP) // a seed doesn't bootstrap
		o.InitialTokens = s.tokens()[pod.Position]
	}
	if len(o.Seeds) == 0 {
		return o, fmt.Sprintf("a seed of the ring of %s to have an address, and to be a member of the ring where nodes of %s have joined one%s,", s.joinTarget(), s.name(), s.otherSeeds())
	}
	return o, ""
}

// otherSeeds says what to do when the spec has other seeds than are on record, and no node is a member.
func (s *State) otherSeeds() string {
	next := strings.Join(slices.Sorted(slices.Values(s.DC.Spec.AdditionalSeeds)), ",")
	if next == "" || next == s.joinedBy() || s.members() > 0 {
		return ""
	}
	return fmt.Sprintf(" (if none has ever met a node of it, because the spec named wrong ones, annotate the CassandraDatacenter with %s=%q for those that it names now)", api.JoinedAnnotation, next)
}

// nameTaken says that the ring that was joined has a datacenter of this one's name, which somebody else looks after; "" if it hasn't.
func (s *State) nameTaken() string {
	if s.joinedBy() == "" || s.initialized() {
		return ""
	}
	for i := range s.Ringview {
		e := &s.Ringview[i]
		known := false
		for _, n := range s.DC.Status.NodeStatuses {
			known = known || n.HostID == e.HostID || n.IP == e.Address
		}
		if e.Datacenter == s.name() && e.Alive && e.HostID != "" && !known && !s.isPods(e) {
			return fmt.Sprintf("datacenter %s, which the ring that was joined has already (node %s), to be another one's name (take the nodes that have joined out of the ring with nodetool decommission, and make this datacenter anew with another datacenterName)", s.name(), e.Address)
		}
	}
	return ""
}

// strangeVolume says what is waited for while a node that isn't a member has data that may be another ring's of the name: it would
// hear of that ring's nodes, which are in its data, and tell them of this one's.
func (s *State) strangeVolume(pod *Pod) string {
	id := pod.Status.Identity
	switch {
	case id == nil || s.lastHostID(pod) != "":
	case id.Found == mgmtapi.FoundMember && len(s.Ringview) > 0:
		if s.endpoint(id.HostID) == nil {
			return fmt.Sprintf("the volume of claim %s to be one of this ring, which doesn't know its host id %s (delete claim and pod for a new node),", Claim(pod.Name), id.HostID)
		}
	case (id.Found == mgmtapi.FoundMember || id.Found == mgmtapi.FoundJoining || id.Found == mgmtapi.FoundData) && s.claimChanged(pod):
		return fmt.Sprintf("the volume of claim %s, which isn't the one that was there before and has data, to be taken away (delete claim and pod for a new node)", Claim(pod.Name))
	}
	return ""
}

// peerSeeds are the seeds elsewhere that nodes may be told of.
func (s *State) peerSeeds() []string {
	all := slices.Clone(s.PeerSeeds)
	for _, name := range s.DC.Spec.AdditionalSeeds {
		for _, address := range s.SpecSeeds[name] {
			if s.seesUp(address) || s.isSeedOfRing(name, address) {
				all = append(all, address)
			}
		}
	}
	for i := range s.Namesakes {
		if k := &s.Namesakes[i]; s.isSibling(k) && k.Initialized {
			for _, address := range k.Seeds {
				if s.sees(address) || len(s.Ringview) == 0 {
					all = append(all, address)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// isSeedOfRing tells whether a seed of the spec that isn't seen as up is of the datacenter's own ring all the same: it was joined by it,
// or a person says so by naming it, and it is a member, or no node tells who is.
func (s *State) isSeedOfRing(name, address string) bool {
	named := slices.Contains(strings.Split(s.joinedBy(), ","), name) || s.hasLostAll()
	return named && (s.sees(address) || len(s.Ringview) == 0)
}

// hasLostAll tells whether no node has anything any more that could make two rings one. Then only a person can tell which ring is the
// datacenter's.
func (s *State) hasLostAll() bool {
	alone := !s.ofRing() || len(s.Ring.Datacenters) == 1 // another one of the ring may know better
	return alone && s.initialized() && s.members() > 0 && s.dataHolderExcept(&Pod{}) == "" && !slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.running() })
}

// sees tells whether an address is that of a member of the ring, as a node sees it.
func (s *State) sees(address string) bool {
	return slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return sameAddress(e.Address, address) })
}

// seesUp tells whether that member is up. The address of a dead one may be that of another pod by now.
func (s *State) seesUp(address string) bool {
	return slices.ContainsFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.Alive && sameAddress(e.Address, address) })
}

// sameAddress compares IP addresses, which have several spellings.
func sameAddress(a, b string) bool {
	one, errOne := netip.ParseAddr(a)
	other, errOther := netip.ParseAddr(b)
	return a == b || errOne == nil && errOther == nil && one.Unmap() == other.Unmap()
}

// inRingOfSeeds tells whether a seed of the spec, which isn't one of the datacenter's own nodes, is a member of the ring that
// these see.
func (s *State) inRingOfSeeds() bool {
	for _, addresses := range s.SpecSeeds {
		if slices.ContainsFunc(addresses, func(address string) bool { return s.seesUp(address) && !s.isOwn(address) }) {
			return true
		}
	}
	return false
}

// isOwn tells whether an address is that of a pod of the datacenter.
func (s *State) isOwn(address string) bool {
	return slices.ContainsFunc(s.Pods, func(pod Pod) bool { return sameAddress(pod.IP, address) })
}

// strangeSeeds says that none of the spec's seeds is a member of the ring that the nodes are in; "" if one is, or nobody can tell.
func (s *State) strangeSeeds() string {
	resolved := false
	for _, addresses := range s.SpecSeeds {
		addresses = slices.DeleteFunc(slices.Clone(addresses), s.isOwn)
		if slices.ContainsFunc(addresses, s.sees) {
			return ""
		}
		resolved = resolved || len(addresses) > 0
	}
	if !resolved || len(s.Ringview) == 0 {
		return ""
	}
	return fmt.Sprintf("spec.additionalSeeds: none of %s is a member of the ring that the nodes of %s are in. They may be of another ring named %s, and the two may merge: the nodes aren't told of them. Take them out of the spec",
		strings.Join(s.DC.Spec.AdditionalSeeds, ", "), s.name(), s.DC.Spec.ClusterName)
}

// rolesComeWithData tells whether the ring's roles are still to come, with the data of the ring that was joined: written before,
// they would be those of a ring whose roles nobody here has seen.
func (s *State) rolesComeWithData() bool {
	return s.owes() != "" && (s.Ring.Joins || len(s.Ring.External) > 0)
}

// rebuildWait says whose data is waited for.
func (s *State) rebuildWait(from string) string {
	if from != api.SourceUnknown {
		return fmt.Sprintf("datacenter %s to be rebuilt from %s", s.name(), from)
	}
	var others []string
	for _, dc := range s.datacentersWithMembers() {
		if dc != s.name() {
			others = append(others, dc)
		}
	}
	return fmt.Sprintf("spec.externalDatacenters of the K8ssandraCluster, or datacenters[].rebuild.sourceDc, to name the datacenter whose data %s gets (the ring that it joined has %s)", s.name(), or(strings.Join(others, ", "), "none that is seen"))
}
