package ring

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/topology"
)

// A datacenter that the spec doesn't name any more leaves the ring: docs/design/0007-remove-datacenter.md. Its region says so to it, and
// only while all regions have the same revision of the ring.
const (
	Tell   plan.Verb = "tell"   // a datacenter that leaves the ring, or that is back: annotations alone
	Remove plan.Verb = "remove" // a datacenter whose nodes have all left the ring
)

// IsInSpec tells whether the spec has a datacenter of a region, in the namespace that it is in.
func (s *State) IsInSpec(region string, dc *cassandra.CassandraDatacenter) bool {
	return slices.ContainsFunc(s.templates(), func(t api.CassandraDatacenterTemplate) bool {
		return s.key(t) == keyOf(dc) && RegionOf(s.Ring, t) == region
	})
}

func keyOf(dc *cassandra.CassandraDatacenter) types.NamespacedName {
	return types.NamespacedName{Namespace: dc.Namespace, Name: dc.Name}
}

// namesake is the datacenter of the spec, with its region, that has the name of one that isn't in it: moved to another region, or
// called otherwise. Nobody has asked for that one to leave.
func (s *State) namesake(dc *cassandra.CassandraDatacenter) string {
	for _, t := range s.templates() {
		if t.Metadata.Name == dc.Name || t.CassandraName() == dc.CassandraName() {
			return fmt.Sprintf("datacenter %s of region %s", t.Metadata.Name, RegionOf(s.Ring, t))
		}
	}
	return ""
}

// isMember tells whether a datacenter bears this ring's id.
func (s *State) isMember(dc *cassandra.CassandraDatacenter) bool {
	id := dc.Annotations[cassandra.RingIDAnnotation]
	return s.isOurs(dc) && id != "" && id == s.Ring.Annotations[api.RingIDAnnotation]
}

// leaves tells whether a datacenter in a region is one of this ring that leaves it: it was in the spec and isn't any more, or it is
// again, but none of its members stays.
func (s *State) leaves(region string, dc *cassandra.CassandraDatacenter) bool {
	begun := dc.Annotations[cassandra.RemovalAnnotation] != ""
	switch {
	case !s.isMember(dc):
		return false
	case s.IsInSpec(region, dc):
		return begun && dc.IsEmptying()
	}
	return begun || dc.Annotations[cassandra.InSpecAnnotation] != "" && s.namesake(dc) == ""
}

// located is a datacenter with its region.
type located struct {
	*cassandra.CassandraDatacenter

	region string
}

// leaving are the datacenters of all regions that leave the ring, as far as they are known.
func (s *State) leaving() []located { return s.known(s.leaves) }

// left are the ring's datacenters of all regions, as far as they are known, that the spec doesn't have and that stay as they are all the
// same: nobody has asked for them to leave. Their operators go on, and say what they have.
func (s *State) left() []located {
	return s.known(func(region string, dc *cassandra.CassandraDatacenter) bool {
		return s.isMember(dc) && !s.IsInSpec(region, dc) && !s.leaves(region, dc)
	})
}

// known are the datacenters of all regions that are the ring's as far as namespaces go, and of which something is so.
func (s *State) known(is func(region string, dc *cassandra.CassandraDatacenter) bool) (all []located) {
	if s.Labelled.Found != nil {
		for i := range s.Labelled.Found.Items {
			if dc := &s.Labelled.Found.Items[i]; is(s.Region, dc) && s.isAccepted(dc) {
				all = append(all, located{dc, s.Region})
			}
		}
	}
	for i := range s.Peers {
		for _, dc := range s.Peers[i].Datacenters {
			if is(s.Peers[i].Region, dc) && s.isVouchedFor(&s.Peers[i], dc) {
				all = append(all, located{dc, s.Peers[i].Region})
			}
		}
	}
	slices.SortFunc(all, func(a, b located) int { return strings.Compare(a.region+"/"+a.Name, b.region+"/"+b.Name) })
	return all
}

// isAccepted tells whether a datacenter is in a namespace that the ring may use. Labels alone are no proof that it is the ring's: who has
// rights in another namespace can write them there.
func (s *State) isAccepted(dc *cassandra.CassandraDatacenter) bool {
	named := slices.ContainsFunc(s.templates(), func(t api.CassandraDatacenterTemplate) bool { return Namespace(s.Ring, t) == dc.Namespace })
	return named || s.asker().Own(dc.Namespace) || grant.Accepts(s.Namespaces[dc.Namespace].Found, s.asker())
}

// isVouchedFor tells whether another region's datacenter is in a namespace that the ring uses there, or that region's own operator says
// that it leaves the ring: which namespaces accept the ring is known there.
func (s *State) isVouchedFor(peer *Peer, dc *cassandra.CassandraDatacenter) bool {
	used := slices.ContainsFunc(s.templates(), func(t api.CassandraDatacenterTemplate) bool {
		return Namespace(s.Ring, t) == dc.Namespace && RegionOf(s.Ring, t) == peer.Region
	})
	if s.asker().Own(dc.Namespace) || used {
		return true
	}
	if peer.Copy == nil {
		return false
	}
	said := peer.Copy.Status.Datacenters[dc.Name]
	return said.ContextName == peer.Region && said.DecommissionProgress != api.DecommNone
}

// planRemovals lets this region's datacenters go that are no longer in the ring.
func (s *State) planRemovals(p *Plan) {
	if s.Labelled.Err != nil {
		p.Warn("%v", s.Labelled.Err)
		return
	}
	if s.Labelled.Found == nil {
		return
	}
	for i := range s.Labelled.Found.Items {
		dc := &s.Labelled.Found.Items[i]
		ns := s.Namespaces[dc.Namespace]
		switch {
		case s.IsInSpec(s.Region, dc):
		case !s.isAccepted(dc) && ns.Err != nil:
			p.Warn("%v", ns.Err)
		case !s.isAccepted(dc):
		case !s.leaves(s.Region, dc):
			p.Warn("datacenter %s is not in spec.cassandra.datacenters, %s", dc.Name, s.whyItStays(dc))
			s.hold(p, dc)
		default:
			s.planRemoval(p, dc)
		}
	}
}

// whyItStays says why a datacenter that isn't in the spec doesn't leave, and what can be done.
func (s *State) whyItStays(dc *cassandra.CassandraDatacenter) string {
	switch other := s.namesake(dc); {
	case !s.isMember(dc):
		return fmt.Sprintf("and doesn't bear this ring's id (annotation %s): it is left as it is", cassandra.RingIDAnnotation)
	case other != "":
		return fmt.Sprintf("where %s has its name: it is left as it is. A datacenter can't be moved or renamed: take that name out of the spec until this one has left the ring, or set back what it was", other)
	}
	return fmt.Sprintf("since before this version looked: it is left as it is. For its nodes to leave the ring: kubectl -n %s annotate cassandradatacenter %s %s=true", dc.Namespace, dc.Name, cassandra.InSpecAnnotation)
}

// planRemoval lets one go: its nodes leave, then the system keyspaces are taken from it, then it is deleted.
func (s *State) planRemoval(p *Plan, dc *cassandra.CassandraDatacenter) {
	if !dc.DeletionTimestamp.IsZero() && deletion.IsAsked(dc) {
		p.Wait("datacenter %s to be gone, which has left the ring", dc.Name)
		return
	}
	blocker := s.disagreement()
	if blocker == "" {
		blocker = s.sameName(dc)
	}
	begun := dc.Annotations[cassandra.RemovalAnnotation] != ""
	if blocker != "" && !begun {
		p.Wait("%s before datacenter %s leaves the ring", blocker, dc.Name)
		return
	}
	told, err := s.tellLeaver(dc, blocker)
	switch {
	case err != nil:
		p.Warn("%v", err)
		s.hold(p, dc)
		return
	case len(told) > 0:
		p.add(Tell, removalWhy(blocker), Step{Datacenters: []string{dc.Name}, Object: dc, Told: told, Exists: true})
	}
	switch c := dc.Status.Condition(cassandra.DatacenterDecommission); {
	case blocker != "":
		p.Wait("%s before another node of datacenter %s leaves the ring", blocker, dc.Name)
	case dc.HasLeft():
		s.planEnd(p, dc, len(told) > 0)
	case c != nil && c.Reason == cassandra.ReasonStillReplicated:
		p.Warn("%s", c.Message)
	case c != nil && c.Message != "":
		p.Wait("datacenter %s to leave the ring: %s", dc.Name, c.Message)
	default:
		p.Wait("datacenter %s to leave the ring", dc.Name)
	}
}

// Departure is a datacenter of this region that the spec doesn't have and that leaves the ring.
type Departure struct {
	Datacenter *cassandra.CassandraDatacenter // as it is once it has been told
	Blocker    string                         // what it waits for before that
}

// Departures are this region's datacenters that leave the ring, for those who foretell what an edit does.
func (s *State) Departures() (all []Departure) {
	for _, one := range s.leaving() {
		if one.region != s.Region || s.IsInSpec(s.Region, one.CassandraDatacenter) {
			continue
		}
		d := Departure{Datacenter: one.DeepCopy(), Blocker: s.disagreement()}
		told, err := s.tellLeaver(one.CassandraDatacenter, "")
		if err != nil {
			d.Blocker = err.Error()
		}
		Retell(d.Datacenter, told)
		all = append(all, d)
	}
	return all
}

// Retell gives a datacenter the annotations that a step of Tell changes.
func Retell(dc *cassandra.CassandraDatacenter, told map[string]string) {
	if dc.Annotations == nil {
		dc.Annotations = map[string]string{}
	}
	maps.Copy(dc.Annotations, told)
	maps.DeleteFunc(dc.Annotations, func(name, value string) bool { _, is := told[name]; return is && value == "" })
}

// planHold keeps nodes from leaving while the regions don't agree on the ring, or this region's copy is held.
func (s *State) planHold(p *Plan) {
	if s.Labelled.Found == nil {
		return
	}
	for i := range s.Labelled.Found.Items {
		s.hold(p, &s.Labelled.Found.Items[i])
	}
}

// hold keeps nodes of one from leaving.
func (s *State) hold(p *Plan, dc *cassandra.CassandraDatacenter) {
	if told := Hold(s.Ring, dc); told != nil && s.isOurs(dc) {
		p.add(Tell, removalWhy("agreement"), Step{Datacenters: []string{dc.Name}, Object: dc, Told: told, Exists: true})
	}
}

// Hold are the annotations that keep nodes of a datacenter from leaving the ring, nil where none leaves. That is also said where nothing is
// planned: the ring may be gone here, or be on its way.
func Hold(k *api.K8ssandraCluster, dc *cassandra.CassandraDatacenter) map[string]string {
	if leaves, _ := dc.Removal(); !leaves {
		return nil
	}
	return map[string]string{cassandra.RemovalAnnotation: strings.TrimSpace(cassandra.RemovalHold + " " + k.Annotations[federation.RevisionAnnotation])}
}

func removalWhy(blocker string) string {
	if blocker != "" {
		return "no other node leaves the ring for now"
	}
	return "it leaves the ring"
}

// disagreement says which region doesn't have this one's revision of the ring, "" when all have, as of now. That a region's copy isn't
// there, or isn't known, is no wish of anybody.
func (s *State) disagreement() string {
	revision := s.Ring.Annotations[federation.RevisionAnnotation]
	if revision == "" {
		return "this region's copy of the ring to have a version"
	}
	for _, t := range s.templates() {
		if region := RegionOf(s.Ring, t); region != s.Region && s.peer(region) == nil {
			return "region " + region + ", which isn't known here,"
		}
	}
	for i := range s.Peers {
		switch peer := &s.Peers[i]; {
		case !peer.Reachable:
			return "region " + peer.Region + " to answer"
		case peer.Copy == nil:
			return "region " + peer.Region + " to have its copy of the ring"
		case !peer.Copy.DeletionTimestamp.IsZero():
			return "region " + peer.Region + " not to delete its copy of the ring"
		case peer.Copy.Annotations[federation.RevisionAnnotation] != revision:
			return "region " + peer.Region + " to have the same version of the ring"
		}
	}
	if unread := s.unread(); unread != "" {
		return "datacenter " + unread + " of this region to be read"
	}
	return ""
}

// sameName names a datacenter of the spec that Cassandra knows by the name of one that leaves and has members: they would be one.
func (s *State) sameName(dc *cassandra.CassandraDatacenter) string {
	for i, t := range s.templates() {
		other := s.datacenter(i)
		if t.CassandraName() == dc.CassandraName() && other != nil && other.UID != dc.UID {
			return fmt.Sprintf("datacenter %s, which has the same name in Cassandra, to be gone", t.Metadata.Name)
		}
	}
	return ""
}

// earlier is a datacenter that isn't in the spec, or leaves, and has in Cassandra the name of one of the spec, which isn't made before
// that one is gone.
func (s *State) earlier(i int) (located, bool) {
	there := func(region string, dc *cassandra.CassandraDatacenter) bool {
		return s.leaves(region, dc) || s.isMember(dc) && !s.IsInSpec(region, dc)
	}
	for _, one := range s.known(there) {
		if one.CassandraName() == s.templates()[i].CassandraName() {
			return one, true
		}
	}
	return located{}, false
}

// tellLeaver are the annotations of a datacenter that leaves which aren't as they should be; "" for one that is to go. Its spec stays.
func (s *State) tellLeaver(dc *cassandra.CassandraDatacenter, blocker string) (map[string]string, error) {
	ring, err := Topology(s.Ring, s.replacing())
	if err != nil {
		return nil, err
	}
	ring.Joins = toldJoins(dc)
	ring.Datacenters = slices.DeleteFunc(ring.Datacenters, func(d topology.Datacenter) bool { return d.Name == dc.CassandraName() })
	word := cassandra.RemovalLeave
	if blocker != "" {
		word = cassandra.RemovalHold
	}
	members := slices.DeleteFunc(s.members(-1), func(m Member) bool { return m.Name == dc.CassandraName() }) // one that is to come in its place
	for _, one := range s.left() {
		members = append(members, MemberOf(one.CassandraDatacenter))
	}
	members = append(members, MemberOf(dc))
	want := map[string]string{
		topology.Annotation:                  ring.Encode(),
		cassandra.RemovalAnnotation:          word + " " + s.Ring.Annotations[federation.RevisionAnnotation],
		cassandra.LackingAnnotation:          strings.Join(Lacking(members, len(members)-1), ","),
		cassandra.LackingKeyspacesAnnotation: LackingKeyspaces(members, len(members)-1),
		cassandra.ReplicasSeenAnnotation:     ReplicasSeen(s.staying(dc), s.alsoLeaving(dc)),
		cassandra.ForgottenAnnotation:        s.forgottenBy(dc),
		api.DcReplicationAnnotation:          s.Ring.Annotations[api.DcReplicationAnnotation],
		deletion.KeepVolumes:                 deletion.Longer(dc.Annotations[deletion.KeepVolumes], s.Ring.Annotations[deletion.KeepVolumes]),
		api.ResourceHashAnnotation:           "", // so that it is written in full if it is put back
		cassandra.CopiedAnnotation:           "",
	}
	maps.Copy(want, consent(s.Ring))
	maps.DeleteFunc(want, func(name, value string) bool { return dc.Annotations[name] == value })
	return want, nil
}

// staying are the ring's datacenters, also those that the spec doesn't have, but for one that leaves and what comes in its place. One that
// can't be seen says nothing of itself.
func (s *State) staying(but *cassandra.CassandraDatacenter) (all []*cassandra.CassandraDatacenter) {
	for i, t := range s.templates() {
		other := s.datacenter(i)
		if other == nil {
			other = &cassandra.CassandraDatacenter{}
			other.Name, other.Spec.DatacenterName = t.Metadata.Name, t.DatacenterName
		}
		all = append(all, other)
	}
	for _, one := range s.left() { // behind what the spec has of its name, which isn't made before it is gone
		all = append(all, one.CassandraDatacenter)
	}
	return slices.DeleteFunc(all, func(dc *cassandra.CassandraDatacenter) bool { return dc.CassandraName() == but.CassandraName() })
}

// alsoLeaving are the names, in Cassandra's words, of datacenters that leave the ring beside one.
func (s *State) alsoLeaving(dc *cassandra.CassandraDatacenter) (names []string) {
	for _, one := range s.leaving() {
		if one.UID != dc.UID && one.CassandraName() != dc.CassandraName() {
			names = append(names, one.CassandraName())
		}
	}
	return names
}

// ReplicasSeen lists, in JSON, how many replicas of which keyspaces datacenters know of themselves. One whose operator hasn't looked since
// a keyspace was altered doesn't know yet whether it lacks its data. For those that leave the ring too it has null: what they have is no copy.
func ReplicasSeen(all []*cassandra.CassandraDatacenter, leaving []string) string {
	seen := map[string]map[string]int32{}
	for _, name := range leaving {
		seen[name] = nil
	}
	for _, dc := range all {
		of := map[string]int32{}
		for name, keyspace := range dc.Status.Keyspaces {
			if keyspace.Replicas > 0 {
				of[name] = keyspace.Replicas
			}
		}
		seen[dc.CassandraName()] = of
	}
	data, _ := json.Marshal(seen) // maps of strings and numbers: cannot fail; keys are in order
	return string(data)
}

// forgottenBy names the ring's other datacenters when all of them see no member of one, as of a short while ago.
func (s *State) forgottenBy(dc *cassandra.CassandraDatacenter) string {
	var names []string
	for i, t := range s.templates() {
		other := s.datacenter(i)
		switch {
		case other == nil && (s.wasInitialized(t) || !s.answers(RegionOf(s.Ring, t))):
			return "" // it was there, and can't be asked
		case other == nil, other.UID == dc.UID, !other.Status.IsTrue(cassandra.DatacenterInitialized):
			continue // it has seen nothing yet
		case !s.hasForgotten(located{other, RegionOf(s.Ring, t)}, dc):
			return ""
		}
		names = append(names, t.CassandraName())
	}
	for _, other := range s.left() {
		switch {
		case !other.Status.IsTrue(cassandra.DatacenterInitialized):
			continue
		case !s.hasForgotten(other, dc):
			return ""
		}
		names = append(names, other.CassandraName())
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// hasForgotten tells whether a datacenter sees no member of another one, as of a short while ago.
func (s *State) hasForgotten(other located, dc *cassandra.CassandraDatacenter) bool {
	t := other.Status.Together
	return s.answers(other.region) && t != nil && s.Now.Sub(t.Looked.Time).Abs() <= staleAfter && t.With[dc.CassandraName()] == ""
}

// planBackAgain deals with a datacenter of the spec that was leaving, and tells whether it is to be left alone for now. As long as one of
// its members stays, it stays; without any it goes, and comes anew.
func (s *State) planBackAgain(p *Plan, i int) (busy bool) {
	have := s.Here[i].Datacenter.Found
	if one, is := s.earlier(i); is && have == nil {
		p.Wait("the earlier datacenter %s of region %s to be gone, whose name datacenter %s has", one.Name, one.region, s.templates()[i].Metadata.Name)
		return true
	}
	switch {
	case have == nil, !s.isOurs(have), have.Annotations[cassandra.RemovalAnnotation] == "":
		return false
	case s.leaves(s.Region, have):
		p.Wait("the earlier datacenter %s to be gone, none of whose members stays", have.Name)
		s.planRemoval(p, have)
		return true
	}
	if have.Status.IsTrue(cassandra.DatacenterInitialized) && len(have.Status.NodeStatuses) == 0 { // its last one may have left a moment ago
		s.planUndecided(p, have)
		return true
	}
	told := map[string]string{cassandra.RemovalAnnotation: "", cassandra.ForgottenAnnotation: "", cassandra.ReplicasSeenAnnotation: "", api.ResourceHashAnnotation: ""}
	p.add(Tell, "it stays in the ring", Step{Datacenters: []string{have.Name}, Object: have, Told: told, Exists: true})
	return true
}

// wasInitialized tells whether a datacenter of the spec that isn't there was initialized once, and didn't leave.
func (s *State) wasInitialized(t api.CassandraDatacenterTemplate) bool {
	before := s.Ring.Status.Datacenters[t.Metadata.Name]
	return before.ContextName == RegionOf(s.Ring, t) && before.DecommissionProgress == api.DecommNone && said(s.Ring, t, cassandra.DatacenterInitialized)
}

// planUndecided holds a datacenter that is back in the spec and of which no member is known, until it says that it has none or knows one:
// without any, its empty nodes would come back beside what the ring has on record of the former ones.
func (s *State) planUndecided(p *Plan, have *cassandra.CassandraDatacenter) {
	p.Wait("datacenter %s to say whether one of its members stays, before it stays in the ring", have.Name)
	switch told, err := s.tellLeaver(have, "members"); {
	case err != nil:
		p.Warn("%v", err)
	case len(told) > 0:
		p.add(Tell, removalWhy("members"), Step{Datacenters: []string{have.Name}, Object: have, Told: told, Exists: true})
	}
}

// Template is a datacenter that leaves as the spec had it, as far as names go.
func Template(dc *cassandra.CassandraDatacenter) (t api.CassandraDatacenterTemplate) {
	t.Metadata.Name, t.Metadata.Namespace, t.DatacenterName = dc.Name, dc.Namespace, dc.Spec.DatacenterName
	return t
}
