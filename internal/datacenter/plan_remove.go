package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// A datacenter that leaves its ring as a whole goes like nodes that are one too many, down to none: docs/design/0007-remove-datacenter.md.
// Its ring's controller says so (RemovalAnnotation), or, where it stands alone, DecommissionOnDeleteAnnotation and its deletion do.

// removes tells whether the datacenter leaves its ring, or is held while it does: no node comes.
func (s *State) removes() bool {
	leaves, held := s.DC.Removal()
	return leaves || held || s.leavesFirst()
}

// removalHeld tells whether no further node may begin to leave: whether the datacenter is to go isn't agreed on just now.
func (s *State) removalHeld() bool {
	leaves, held := s.DC.Removal()
	return (held || leaves && s.Loss != "") && !s.leavesFirst()
}

// leavesFirst tells whether the nodes of a datacenter that is being deleted leave their ring before that. Nodes that were never
// started are in no ring, and a datacenter of a K8ssandraCluster is deleted with its ring, or has left it.
func (s *State) leavesFirst() bool {
	return s.DecommissionsOnDelete() && s.Loss == "" && !s.DC.HasLeft()
}

// DecommissionsOnDelete tells whether the datacenter's deletion means that its nodes leave their ring.
func (s *State) DecommissionsOnDelete() bool {
	return !s.DC.DeletionTimestamp.IsZero() && hasKey(s.DC.Annotations, api.DecommissionOnDeleteAnnotation) && s.DC.Labels[k8ssandra.ClusterNameLabel] == "" && s.begun()
}

// wrongWay tells whether a datacenter of a K8ssandraCluster is being deleted whose nodes are to leave their ring before that, and haven't:
// they don't in this way. Nothing is deleted that somebody wanted to keep until then.
func (s *State) wrongWay() bool {
	return hasKey(s.DC.Annotations, api.DecommissionOnDeleteAnnotation) && s.DC.Labels[k8ssandra.ClusterNameLabel] != "" && s.begun() && !s.DC.HasLeft()
}

// planAsked records that the deletion of a datacenter was asked for, before its nodes leave: whatever happens to its namespace
// meanwhile.
func (s *State) planAsked(p *Plan) (recorded bool) {
	if !s.leavesFirst() || deletion.IsAsked(s.DC) {
		return true
	}
	p.add(RecordDeletion, s.DC.Name, "somebody asked for its deletion", Step{})
	return false
}

// removalMark is what a step of the removal rests on: it is read again, past all caches. "" for a datacenter that stays.
func (s *State) removalMark() string {
	if s.leavesFirst() {
		return ""
	}
	return s.DC.Annotations[api.RemovalAnnotation]
}

// planRemoval is what a datacenter that leaves does of planRing: its nodes know their seeds and serve, and keyspaces are taken from it.
func (s *State) planRemoval(p *Plan) {
	if s.initialized() {
		s.planSeeds(p)
	}
	if s.initialized() && s.owes() == "" {
		s.planNative(p)
	}
	if !s.removalHeld() {
		s.planWithdraw(p)
	}
}

// planGone tells when nothing of the datacenter is in the ring any more. What can't be seen is no proof: the others have to say so.
func (s *State) planGone(p *Plan) {
	if !s.removes() {
		return
	}
	if s.DC.Annotations[api.DecommissionAnnotation] != "" || len(s.Pods) > 0 || s.members() > 0 || len(p.Steps) > 0 {
		return
	}
	for _, rack := range s.RackNames() {
		if s.reach(rack) > 0 {
			return
		}
	}
	if s.othersTell() && !s.forgotten() {
		p.Wait("the other datacenters of the ring to see no member of %s any more", s.name())
		return
	}
	p.Gone = true
}

// othersTell tells whether the ring's controller says what the other datacenters see. Nobody does for a datacenter that stands alone.
func (s *State) othersTell() bool { return s.DC.Annotations[api.RemovalAnnotation] != "" }

// forgotten tells whether all other datacenters of the ring see no member of this one.
func (s *State) forgotten() bool { return s.DC.Annotations[api.ForgottenAnnotation] != "" }

// isAlone tells whether the node on record is the last one of a datacenter that leaves: there is no other one here to ask about it.
func (s *State) isAlone(l *leaver) bool {
	if !s.removes() || s.DC.Stay() > 0 {
		return false
	}
	return !slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.Name != l.Pod && (p.running() || p.starting() || !p.Agent) && !s.isSurplus(&p)
	})
}

// planLastLeft records that the last node has left. It says so itself, and the other datacenters have to know it no more; of a ring
// of which nothing is known here, it must have told the others before it ended.
func (s *State) planLastLeft(p *Plan, l *leaver, pod *Pod) {
	const byHand = "If they don't, it ended before it could tell: run nodetool removenode %s on a node that is up"
	switch {
	case pod == nil || pod.Deleting || !pod.Agent:
		p.Wait("node %s, the last of datacenter %s, to say whether it has left the ring", l.Pod, s.name())
	case s.dataLost(pod) && s.forgotten():
		s.recordLast(p, l)
	case !pod.hasLeft(l.HostID) && s.dataLost(pod):
		p.fails(fmt.Sprintf("node %s, the last of datacenter %s, which has lost its volume and can't leave the ring: run nodetool removenode %s on a node of another datacenter", l.Pod, s.name(), l.HostID))
	case !pod.hasLeft(l.HostID):
		p.Wait("node %s, which is to leave the ring, to be up", l.Pod)
	case s.forgotten(), !s.othersTell() && pod.Status.OperationMode == mgmtapi.ModeDecommissioned:
		s.recordLast(p, l)
	case pod.Status.OperationMode == mgmtapi.ModeLeaving:
		p.Wait("node %s to be done with announcing that it has left the ring", l.Pod)
	case s.othersTell():
		p.Wait("the other datacenters to know that node %s has left the ring. "+byHand, l.Pod, l.HostID)
	default:
		p.fails(fmt.Sprintf("the other datacenters to know that node %s has left the ring, which can't be seen from here. "+byHand+
			". Then take the annotation %s away: nothing of its data is lost", l.Pod, l.HostID, api.DecommissionOnDeleteAnnotation))
	}
}

func (s *State) recordLast(p *Plan, l *leaver) {
	left := leaver{Pod: l.Pod, HostID: l.HostID, Left: true, Claims: uids(s.LeaverClaims)}
	p.add(Record, api.DecommissionAnnotation, "node "+l.Pod+", the last of datacenter "+s.name()+", has left the ring", Step{Stamp: left.String(), OnRecord: s.record(), Removal: s.removalMark()})
}

// stillReplicated is why the datacenter can't leave its ring: keyspaces of users replicate there, or a keyspace would be without a
// replica that has its data. Those that the ring's owner has said may be taken from it are.
func (s *State) stillReplicated() *refusal {
	if s.Keyspaces == nil || len(s.Ringview) == 0 {
		return nil // leaveBlocker waits for them
	}
	if slices.Equal(s.homes(), []string{s.name()}) {
		return s.cannotLeave("no other datacenter of the ring has members, so its data would be lost. To delete it with its data, delete the ring, or take the annotation " + api.DecommissionOnDeleteAnnotation + " away")
	}
	if words := s.words(s.keptBy()); len(words) > 0 {
		return s.cannotLeave(strings.Join(words, ". And "))
	}
	return nil
}

// needing are the keyspaces that keep a datacenter in its ring, by why.
type needing struct{ spread, alone, unsaid, here []string }

func (s *State) keptBy() (all needing) {
	for _, name := range slices.Sorted(maps.Keys(s.replicated())) {
		replication := s.replicated()[name]
		switch {
		case !topology.ByDatacenter(replication):
			all.spread = append(all.spread, name)
		case copiesBut(nil, s.elsewhere(replication)) == 0:
			all.alone = append(all.alone, name)
		case s.mayWithdraw(name):
		case len(s.unsaid(replication)) > 0:
			all.unsaid = append(all.unsaid, name)
		case IsUsers(name) && factorOf(replication, s.name()) > 0:
			all.here = append(all.here, name)
		}
	}
	return all
}

// words say what a person can do about such keyspaces.
func (s *State) words(all needing) (words []string) {
	if len(all.spread) > 0 {
		words = append(words, fmt.Sprintf("keyspace %[1]s isn't replicated by datacenter. Alter it to NetworkTopologyStrategy with replicas in datacenters that stay, and repair it (nodetool repair -full)", strings.Join(all.spread, ", ")))
	}
	if len(all.alone) > 0 {
		words = append(words, fmt.Sprintf("keyspace %s has no copy elsewhere. Give it replicas in a datacenter that stays (ALTER KEYSPACE), keep those in %s meanwhile, and rebuild that datacenter from %[2]s", strings.Join(all.alone, ", "), s.name()))
	}
	annotation := fmt.Sprintf("annotate the K8ssandraCluster with %s: '%s'", JoinReplicationAnnotation, s.zeroes(append(all.unsaid, all.here...)))
	if len(all.unsaid) > 0 {
		words = append(words, fmt.Sprintf("keyspace %s has no replica elsewhere of which an operator of the ring says whether it has its data. Repair it (nodetool repair -full); then say that nothing in %s is needed: %s", strings.Join(all.unsaid, ", "), s.name(), annotation))
	}
	if len(all.here) > 0 {
		words = append(words, fmt.Sprintf("keyspace %s still has replicas on it. Repair it (nodetool repair -full), then take %s out of its replication (ALTER KEYSPACE); or let the operator do both: %s", strings.Join(all.here, ", "), s.name(), annotation))
	}
	return words
}

func (s *State) cannotLeave(why string) *refusal {
	return &refusal{api.ReasonStillReplicated, fmt.Sprintf("cannot decommission DC %s: %s", s.name(), why)}
}

// zeroes is the annotation that lets the operator take keyspaces from the datacenter.
func (s *State) zeroes(keyspaces []string) string {
	none := map[string]int{}
	for _, name := range keyspaces {
		none[name] = 0
	}
	data, _ := json.Marshal(map[string]map[string]int{s.name(): none}) // maps of strings: cannot fail; keys are in order
	return string(data)
}

// replicated are all keyspaces that can have replicas here: the users', and the system's that do.
func (s *State) replicated() map[string]map[string]string {
	all := maps.Clone(s.Keyspaces)
	for _, name := range topology.SystemKeyspaces {
		if current, seen := s.Replication[name]; seen && (!topology.ByDatacenter(current) || factorOf(current, s.name()) > 0) {
			all[name] = current
		}
	}
	return all
}

// copiesElsewhere counts a keyspace's replicas in other datacenters that have members, and don't lack its data.
func (s *State) copiesElsewhere(keyspace string, replication map[string]string) int {
	return copiesBut(s.lacking(keyspace), s.elsewhere(replication))
}

// elsewhere is a keyspace's replication in other datacenters that have members, and that don't leave the ring too.
func (s *State) elsewhere(replication map[string]string) map[string]string {
	out, present, seen := map[string]string{}, s.homes(), s.replicasSeen()
	for dc, value := range replication {
		replicas, told := seen[dc]
		if dc != s.name() && slices.Contains(present, dc) && (!told || replicas != nil) {
			out[dc] = value
		}
	}
	return out
}

// unsaid are the other datacenters that have replicas of a keyspace, where nobody says of any of those whether they have its data: those who
// look after the ring here are told of what its own datacenters lack. Altered to them in one step, the keyspace would have no copy.
func (s *State) unsaid(replication map[string]string) (names []string) {
	seen := s.replicasSeen()
	if !s.othersTell() || seen == nil {
		return nil
	}
	for dc, value := range s.elsewhere(replication) {
		if _, told := seen[dc]; told && topology.Factor(value) > 0 {
			return nil
		}
		names = append(names, dc)
	}
	return names
}

// mayWithdraw tells whether the ring's owner says in JoinReplicationAnnotation that a keyspace is to have no replicas here. What can't be
// read allows nothing.
func (s *State) mayWithdraw(keyspace string) bool {
	var said map[string]map[string]int
	if json.Unmarshal([]byte(s.DC.Annotations[JoinReplicationAnnotation]), &said) != nil {
		return false
	}
	factor, named := said[s.name()][keyspace]
	return named && factor == 0
}

// toWithdraw are the users' keyspaces with replicas here that may be taken from here, and that have a copy elsewhere.
func (s *State) toWithdraw() (names []string) {
	for name, replication := range s.Keyspaces {
		if s.removes() && s.mayWithdraw(name) && topology.ByDatacenter(replication) && factorOf(replication, s.name()) > 0 && s.copiesElsewhere(name, replication) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// planWithdraw takes the keyspaces from the datacenter that may be taken. Before that each is repaired: here may be the only copy of
// what was written at LOCAL_QUORUM.
func (s *State) planWithdraw(p *Plan) {
	names := s.toWithdraw()
	if len(names) > 0 && s.Schemas != 1 {
		p.Wait("one schema version; the ring has %d", s.Schemas)
		return
	}
	for _, name := range names {
		factors, _ := topology.MergeReplication(s.Keyspaces[name], nil)
		if blocker := s.withdrawBlocker(factors); blocker != "" {
			p.Wait("%s before keyspace %s is repaired and taken from %s", blocker, name, s.name())
			continue
		}
		if s.repairThrough(p, name, factors) {
			p.add(Withdraw, name, fmt.Sprintf("the others have its data, and datacenter %s leaves the ring", s.name()), Step{Datacenter: s.name(), Factors: factors, Removal: s.removalMark()})
		}
	}
}

// withdrawBlocker names what a keyspace's repair and its end here wait for: all nodes that have replicas take part.
func (s *State) withdrawBlocker(holders map[string]int) string {
	for _, blocker := range []string{s.growthBlocker(holders), s.ringBlocker()} {
		if blocker != "" {
			return blocker
		}
	}
	return ""
}

// removalBlocker names data that others may have to get from the datacenter before one of its nodes leaves. What it lacks itself
// nobody asks it for: no keyspace of users is there.
func (s *State) removalBlocker() string {
	switch {
	case len(s.toWithdraw()) > 0:
		return fmt.Sprintf("keyspace %s to be taken from %s", strings.Join(s.toWithdraw(), ", "), s.name())
	case s.DC.Annotations[api.LackingAnnotation] != "":
		return fmt.Sprintf("datacenter %s to have its data, which it may get from here,", s.DC.Annotations[api.LackingAnnotation])
	case s.unseen() != "":
		return s.unseen()
	case s.repairRunning():
		return "the repair that goes on"
	case len(s.Tasks) > 0:
		return "task " + s.Tasks[0] + " to end"
	}
	return ""
}

// unseen is what another datacenter of the ring doesn't know yet of the keyspaces: whether it lacks data, it can only have said of the
// replicas that it has seen. Nobody says for a datacenter that stands alone.
func (s *State) unseen() string {
	if !s.othersTell() {
		return ""
	}
	seen := s.replicasSeen()
	if seen == nil {
		return "the other datacenters to say which replicas they have seen"
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keyspaces)) {
		factors, _ := topology.MergeReplication(s.Keyspaces[name], nil)
		for _, dc := range s.homes() {
			if of := seen[dc]; of != nil && dc != s.name() && of[name] != factors[dc] {
				return fmt.Sprintf("datacenter %s to have seen its replicas of keyspace %s, and to say whether it lacks their data,", dc, name)
			}
		}
	}
	return ""
}

// replicasSeen are the replicas that the ring's other datacenters know of themselves; those of one that leaves too are nil. nil when
// nobody has said.
func (s *State) replicasSeen() (seen map[string]map[string]int) {
	if json.Unmarshal([]byte(s.DC.Annotations[api.ReplicasSeenAnnotation]), &seen) != nil {
		return nil
	}
	return seen
}

// removalRefuses says why no node of the datacenter is replaced any more on request, "" when that is no reason. What has lost its volume
// already is replaced all the same: a node has to be up to leave.
func (s *State) removalRefuses() string {
	if !s.removes() {
		return ""
	}
	return "datacenter " + s.name() + " leaves the ring, and all of its nodes with it"
}

// ungiven is why a node that has left may have given nobody what it had: keyspaces have more replicas in its datacenter than nodes stay.
// Cassandra's own keyspaces are none of those when other datacenters have them too: before a datacenter leaves as a whole, its nodes leave
// in spite of those, and it may be put back meanwhile.
func (s *State) ungiven(hostID string) *refusal {
	others := *s
	others.Replication = maps.Clone(s.Replication)
	for _, name := range topology.SystemKeyspaces {
		if current := s.Replication[name]; topology.ByDatacenter(current) && s.copiesElsewhere(name, current) > 0 {
			delete(others.Replication, name)
		}
	}
	return others.tooManyReplicas(s.membersBut(hostID))
}

// whyItLeaves says what becomes of a node's data.
func (s *State) whyItLeaves() string {
	if s.removes() {
		return "other datacenters have its data"
	}
	return "its data goes to the nodes that stay"
}

// whyItStays says why a node on record doesn't leave after all.
func (s *State) whyItStays() string {
	if s.removalHeld() {
		return "the removal of datacenter " + s.name() + " is held"
	}
	return fmt.Sprintf("spec.size is %d", s.DC.Spec.Size)
}
