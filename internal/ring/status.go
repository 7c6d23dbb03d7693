package ring

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
)

// Reasons of conditions.
const (
	ReasonTwoRings = "TwoRings" // of Diverged
	ReasonUnknown  = "Unknown"  // of PeersReachable, while nobody knows which peers there are
)

// Summarize makes the status of this region's copy from what was seen, what was planned, and what failed of that.
func Summarize(s *State, p Plan, failed []error) api.K8ssandraClusterStatus {
	before := s.Ring.Status
	status := api.K8ssandraClusterStatus{ObservedGeneration: min(before.ObservedGeneration, s.Ring.Generation), SeenGeneration: s.Ring.Generation, Error: api.NoError, Datacenters: map[string]api.K8ssandraStatus{}, Peers: s.peerStatus()}
	trouble := slices.Clone(p.Trouble)
	for _, err := range failed {
		trouble = append(trouble, err.Error())
	}
	if len(trouble) > 0 {
		status.Error = strings.ReplaceAll(strings.Join(trouble, "; "), "\n", "; ")
	}
	sum := &summary{State: s, status: &status, initialized: true, waits: slices.Concat(p.Waits, s.View.Behind())}
	for i := range s.templates() {
		sum.add(i)
	}
	sum.addLeaving()
	ready := s.Agreed.Choice == "" && len(trouble) == 0 && len(sum.waits) == 0
	sum.done(p, ready)
	sum.conclude(ready, p.Ungranted)
	return status
}

// summary is a status in the making.
type summary struct {
	*State
	status      *api.K8ssandraClusterStatus
	initialized bool     // all datacenters are
	waits       []string // what is waited for
}

// add puts a datacenter into the sum.
func (s *summary) add(i int) {
	t := s.templates()[i]
	name, region, known := t.Metadata.Name, RegionOf(s.Ring, t), s.statusOf(i)
	if known == nil {
		s.initialized = false
		s.waits = append(s.waits, orElse(s.missingGrant(region), s.missing(name, region)))
		return
	}
	if s.isEarlier(i) {
		s.initialized = false
		return // that it is waited for is said; known as this ring's, it would be lost once it is gone
	}
	s.status.Datacenters[name] = api.K8ssandraStatus{ContextName: region, Cassandra: known.DeepCopy()}
	s.initialized = s.initialized && known.IsTrue(cassandra.DatacenterInitialized)
	if s.isHere(t) && s.Here[i].Datacenter.Err != nil {
		s.waits = append(s.waits, fmt.Sprintf("datacenter %s, which can't be read: %v", name, s.Here[i].Datacenter.Err))
		return
	}
	if !known.IsTrue(cassandra.DatacenterReady) && !t.Stopped {
		s.waits = append(s.waits, fmt.Sprintf("datacenter %s: %s", name, newsOf(known)))
	}
}

// isEarlier tells whether what is here of a datacenter is what an earlier ring of the same name had, which goes.
func (s *summary) isEarlier(i int) bool {
	dc, name := s.Here[i].Datacenter.Found, s.templates()[i].Metadata.Name
	before, known := s.Ring.Status.Datacenters[name]
	known = known && before.DecommissionProgress == api.DecommNone
	return dc != nil && !dc.DeletionTimestamp.IsZero() && deletion.IsAsked(dc) && !known
}

// missing says in words why a datacenter isn't there. What this region knew of one that it has lost stays in the status: it
// is how the next pass knows.
func (s *summary) missing(name, region string) string {
	switch {
	case region == s.Region && s.lost(name):
		s.status.Datacenters[name] = s.Ring.Status.Datacenters[name]
		return fmt.Sprintf("datacenter %s, which region %s has lost: nobody agreed to its deletion, and it isn't made again without a person's word. "+
			"Set the annotation %s: %s on this copy to have it made again", name, region, deletion.BringBack, region)
	case region != s.Region && s.View.LostIn(region) != "":
		return fmt.Sprintf("datacenter %s, which region %s has lost", name, region)
	}
	return fmt.Sprintf("datacenter %s in region %s to be made", name, region)
}

// missingGrant is what another region's namespaces have yet to accept for its datacenters of the ring, as its copy says.
func (s *State) missingGrant(region string) string {
	p := s.peer(region)
	if p == nil || p.Copy == nil || !p.Copy.Status.IsTrue(api.ClusterGrantMissing) {
		return ""
	}
	return p.Copy.Status.Condition(api.ClusterGrantMissing).Message
}

func newsOf(s *cassandra.CassandraDatacenterStatus) string {
	if c := s.Condition(cassandra.DatacenterReady); c != nil && c.Message != "" {
		return c.Message
	}
	return "it is coming up"
}

func (s *State) peerStatus() (all []api.PeerStatus) {
	for _, p := range s.Peers {
		one := api.PeerStatus{Region: p.Region, Reachable: p.Reachable, Since: metav1.NewTime(p.Since.Truncate(time.Second)), Message: p.Message, Lost: s.View.LostIn(p.Region) != ""}
		for _, old := range s.Ring.Status.Peers { // a restart of this process is no news of the peer
			if old.Region == p.Region && old.Reachable == p.Reachable {
				one.Since = old.Since
			}
		}
		if p.Copy != nil {
			one.Revision = p.Copy.Annotations[api.RevisionAnnotation]
		}
		all = append(all, one)
	}
	return all
}

// away names the regions that can't be reached, with the reason where it is one that somebody here can mend.
func (s *summary) away() (all []string) {
	for i, p := range s.status.Peers { // in the order of s.Peers
		if p.Reachable {
			continue
		}
		text := fmt.Sprintf("region %s is unreachable since %s", p.Region, p.Since.UTC().Format(time.RFC3339))
		if s.Peers[i].Unusable {
			text += ": " + p.Message
		}
		all = append(all, text)
	}
	return all
}

// conclude sets the conditions.
func (s *summary) conclude(ready bool, ungranted []string) {
	ready = ready && len(s.waits) == 0
	message, away, choice := "", s.away(), s.Agreed.Choice
	switch {
	case choice != "":
		message = choice
	case s.status.Error != api.NoError:
		message = s.status.Error
	case len(s.waits) > 0:
		message = strings.Join(s.waits, "; ")
	}
	diverged := "Diverged"
	if s.Agreed.TwoObjects {
		diverged = ReasonTwoRings
	}
	s.set(api.ClusterReady, ready, word(ready, "Ready", "Waiting"), message)
	s.set(api.CassandraInitialized, s.initialized, word(s.initialized, "Initialized", "Waiting"), "")
	s.set(api.ClusterPeersReachable, len(away) == 0, word(len(away) == 0, "AllAnswer", "Unreachable"), strings.Join(away, "; "))
	s.set(api.ClusterDiverged, choice != "", word(choice == "", "Agreed", diverged), choice)
	if len(ungranted) > 0 {
		s.set(api.ClusterGrantMissing, true, "NotAccepted", strings.Join(ungranted, "; "))
	}
	s.tellOverruled()
	if lost := s.View.Losses(); len(lost) > 0 {
		s.set(api.ClusterRegionLost, true, federation.ReasonLost, strings.Join(lost, "; "))
	}
	if fields := s.notActedOn(); len(fields) > 0 {
		s.set(api.ClusterFieldsNotActedOn, true, "NotActedOn", "not acted on: "+strings.Join(fields, ", "))
	}
}

func (s *summary) set(kind api.K8ssandraClusterConditionType, is bool, reason, message string) {
	s.status.Conditions = append(s.status.Conditions, condition(s.Ring, s.Now, kind, is, reason, message))
}

// tellOverruled says, in the copy that stays, that a deletion in another region does not hold. It is told until the next edit.
func (s *summary) tellOverruled() {
	if words := s.View.Overruled(); words != "" {
		s.set(api.ClusterDeleting, false, federation.ReasonOverruled, words)
		return
	}
	before := s.Ring.Status
	if old := before.Condition(api.ClusterDeleting); old != nil && old.Reason == federation.ReasonOverruled && before.Seen() == s.Ring.Generation {
		s.status.Conditions = append(s.status.Conditions, *old)
	}
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func condition(k *api.K8ssandraCluster, at time.Time, kind api.K8ssandraClusterConditionType, is bool, reason, message string) api.K8ssandraClusterCondition {
	c := api.K8ssandraClusterCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message}
	if is {
		c.Status = corev1.ConditionTrue
	}
	now := metav1.NewTime(at.Truncate(time.Second))
	c.LastTransitionTime = &now
	if old := k.Status.Condition(kind); old != nil && old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	return c
}

// Blind is the status of a copy while nobody knows which peers there are: all but that stays as it was last known.
func Blind(k *api.K8ssandraCluster, at time.Time, why string) api.K8ssandraClusterStatus {
	status, next := *k.Status.DeepCopy(), condition(k, at, api.ClusterPeersReachable, false, ReasonUnknown, why)
	i := slices.IndexFunc(status.Conditions, func(c api.K8ssandraClusterCondition) bool { return c.Type == next.Type })
	if i < 0 {
		status.Conditions, i = append(status.Conditions, next), len(status.Conditions)
	}
	status.Conditions[i], status.Error = next, why
	return status
}

// Deletion is what a copy's status says of a deletion.
type Deletion struct {
	Is              bool // false: it was overruled, and the copy is another one
	Reason, Message string
	Waiting         bool // somebody has to do something
}

// Leaving is the status of a copy with what it says of a deletion, and whether that is news.
func Leaving(k *api.K8ssandraCluster, at time.Time, d Deletion) (status api.K8ssandraClusterStatus, news bool) {
	status = *k.Status.DeepCopy()
	old := k.Status.Condition(api.ClusterDeleting)
	if d.Is && old != nil && old.Reason == d.Reason && old.Message == d.Message {
		return status, false
	}
	status.Conditions = slices.DeleteFunc(status.Conditions, func(c api.K8ssandraClusterCondition) bool { return c.Type == api.ClusterDeleting })
	status.Conditions, status.Error = append(status.Conditions, condition(k, at, api.ClusterDeleting, d.Is, d.Reason, d.Message)), api.NoError
	if d.Waiting {
		status.Error = d.Message
	}
	if !d.Is {
		status.SeenGeneration = k.Generation
	}
	return status, true
}
