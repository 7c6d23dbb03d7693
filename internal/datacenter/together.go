package datacenter

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

const (
	observedEvery = 5 * time.Minute   // how often it is recorded that the nodes were asked
	unobservedFor = 2 * observedEvery // after so long without that, anything may have happened
	hintsKept     = time.Hour         // writes to members that were down for less are surely kept as hints; Cassandra's default is 3 h
	hintsSent     = time.Minute       // until they begin to be delivered
	unknown       = -24 * time.Hour   // what was not observed counts as a day apart
)

// together is since when the nodes see all other members of the ring. While one is down, writes of clients are acknowledged
// without it, and reach it later as hints of the node that they were sent to. If that node's volume is lost, they are lost.
func (s *State) together() *api.TogetherStatus {
	before := s.DC.Status.Together
	if len(s.Ringview) == 0 {
		return before
	}
	out := &api.TogetherStatus{Looked: s.stampNow(), With: s.membersElsewhere()}
	switch {
	case !s.initialized() && !s.broughtData() || s.total() == 1 && s.newMember():
		return out // it has nothing that it didn't get from the others
	case before == nil:
		out.ApartSince = &metav1.Time{Time: out.Looked.Add(unknown)}
	default:
		out.ApartSince, out.ApartUntil = before.ApartSince, before.ApartUntil
		s.noteObservation(before, out)
	}
	s.noteApart(out)
	return out
}

// noteObservation keeps the time of an earlier observation that is recent enough. A long time without one counts as apart.
func (s *State) noteObservation(before, out *api.TogetherStatus) {
	switch passed := s.Now.Sub(before.Looked.Time); {
	case passed > unobservedFor && out.ApartSince == nil:
		out.ApartSince = &before.Looked
	case passed > unobservedFor:
		out.ApartUntil = nil
	case passed >= 0 && passed < observedEvery:
		out.Looked = before.Looked
	}
}

// noteApart records whether a member is down now. Hints get as much time to arrive as it took to write them.
func (s *State) noteApart(out *api.TogetherStatus) {
	now := s.stampNow()
	switch {
	case s.memberDown():
		out.ApartUntil = nil
		if out.ApartSince == nil {
			out.ApartSince = &now
		}
	case out.ApartSince == nil:
	case out.ApartUntil == nil:
		out.ApartUntil = &now
	default:
		apart := out.ApartUntil.Sub(out.ApartSince.Time)
		if s.hints() && apart <= hintsKept && s.Now.Sub(out.ApartUntil.Time) > apart+hintsSent {
			out.ApartSince, out.ApartUntil = nil, nil
		}
	}
}

// hints tells whether the nodes keep hints as Cassandra does by default.
func (s *State) hints() bool {
	for key := range s.cassandraYAML() {
		if strings.HasPrefix(key, "hinted_handoff") || strings.HasPrefix(key, "max_hint") {
			return false
		}
	}
	return true
}

// memberDown tells whether one of another datacenter is.
func (s *State) memberDown() bool {
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() && !e.Alive {
			return true
		}
	}
	return false
}

func (s *State) membersElsewhere() map[string]string {
	hosts, out := map[string][]string{}, map[string]string{}
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() && (e.HostID != "" || e.Alive) { // gossip keeps the address of one that has left for days
			hosts[e.Datacenter] = append(hosts[e.Datacenter], e.HostID)
		}
	}
	for dc, ids := range hosts {
		out[dc] = topology.MembersHash(ids)
	}
	return out
}

// copied tells whether other datacenters have a copy of everything that a pod's node had, the only one of its datacenter:
// the ring says so of the same members that the node last saw, it was not apart from any then, and that was just before the
// pod was made.
func (s *State) copied(pod *Pod) bool {
	t := s.DC.Status.Together
	if t == nil || t.ApartSince != nil || pod.Object == nil || strings.Contains(pod.Crashed, notInGossip) {
		return false
	}
	if unseen := pod.Object.CreationTimestamp.Sub(t.Looked.Time); unseen < 0 || unseen > unobservedFor {
		return false
	}
	return s.copiedAt()
}

// copiedAt tells whether the ring says that datacenters which the node last saw have a copy of everything.
func (s *State) copiedAt() bool {
	at := s.DC.Annotations[api.CopiedAnnotation]
	for one := range strings.SplitSeq(at, ",") {
		name, members, _ := strings.Cut(one, "/")
		if s.DC.Status.Together == nil || s.DC.Status.Together.With[name] != members {
			return false
		}
	}
	return at != ""
}

// wasApart says, for a person, that copies elsewhere may lack what was written last; "" if not.
func (s *State) wasApart() string {
	if t := s.DC.Status.Together; s.copiedAt() && t.ApartSince != nil {
		return ", and those of other datacenters may lack what was written since " + t.ApartSince.UTC().Format(time.RFC3339) + ", when not all of their nodes were seen as up"
	}
	return ""
}
