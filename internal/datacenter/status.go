package datacenter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// Summarize makes the status of a pass anew. It keeps only times and what can't be observed
// now, which is the host ids of nodes that are down.
func Summarize(s *State, p Plan, err error) api.CassandraDatacenterStatus {
	before := s.DC.Status
	out := api.CassandraDatacenterStatus{
		ObservedGeneration: min(before.ObservedGeneration, s.DC.Generation), SeenGeneration: s.DC.Generation, DatacenterName: new(s.name()), MetadataVersion: 1,
		UsersUpserted: before.UsersUpserted, SuperUserUpserted: before.SuperUserUpserted, LastServerNodeStarted: before.LastServerNodeStarted,
		LastRollingRestart: before.LastRollingRestart, TrackedTasks: before.TrackedTasks, RefusedReplacements: s.refusedStatus(&p),
		NodeStatuses: s.nodeStatuses(), SchemaVersions: int32(s.Schemas), CassandraOperatorProgress: api.ProgressUpdating, Ownership: s.ownership(), Keyspaces: s.keyspaces(), OnlyAt: s.onlyCopies(), Together: s.together(), KeyspacesSeen: s.keyspacesSeen(&p),
	}
	out.Roll = s.rollStatus(&p)
	if p.Done && !p.Removing {
		out.CassandraOperatorProgress = api.ProgressReady
	}
	if p.Done && p.Refused == "" && p.Consent == "" && err == nil {
		out.ObservedGeneration = s.DC.Generation
	}
	if _, all := s.ownSeeds(); all || s.initialized() {
		out.Seeds = s.lastSeeds()
	}
	if err == nil && p.has(Roles) {
		out.UsersUpserted, out.SuperUserUpserted = s.stampNow(), s.stampNow()
	}
	if err == nil && p.has(Start) {
		out.LastServerNodeStarted = s.stampNow()
	}
	if p.Replacing != "" {
		out.NodeReplacements = []string{p.Replacing}
	}
	if s.restartAsked() {
		out.LastRollingRestart = s.restartStamp()
	}
	for _, pod := range s.Pods {
		if pod.broken() != "" {
			out.FailedStarts = append(out.FailedStarts, pod.Name)
		}
	}
	for _, c := range s.conditions(p, err) {
		out.Conditions = append(out.Conditions, s.timed(c))
	}
	if s.Loss != "" {
		return s.heldStatus(out)
	}
	return out
}

// stampNow is the time of the pass, as the API server keeps it: in seconds.
func (s *State) stampNow() metav1.Time { return metav1.NewTime(s.Now.Truncate(1e9)) }

// timed keeps the time of a condition that says the same as before.
func (s *State) timed(c api.DatacenterCondition) api.DatacenterCondition {
	c.LastTransitionTime = s.stampNow()
	if old := s.DC.Status.Condition(c.Type); old != nil && old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	return c
}

// nodeStatuses are the members by pod; one that can't be seen keeps its host id.
func (s *State) nodeStatuses() api.CassandraStatusMap {
	out := api.CassandraStatusMap{}
	ids := map[string]string{}
	for _, e := range s.Ringview {
		ids[e.Address] = e.HostID
	}
	for _, pod := range s.Pods {
		n := s.DC.Status.NodeStatuses[pod.Name]
		n.Rack = pod.Position.Rack
		if pod.IP != "" && (n.HostID == "" || pod.running()) { // the ring knows a member by its last address until it is back
			n.IP = pod.IP
		}
		n.ClaimUID = s.claimUID(&pod, n)
		if id := pod.hostID(ids[pod.IP]); id != "" && pod.running() {
			n.HostID = id
		}
		if n.HostID == "" && s.isSurplus(&pod) && s.begun() { // nobody waits for it to be a member
			continue
		}
		out[pod.Name] = n
	}
	for name, n := range s.DC.Status.NodeStatuses { // a pod that is being made anew, or stopped
		if _, there := out[name]; !there && n.HostID != "" && s.ours(name) {
			out[name] = n
		}
	}
	s.noteLeaver(out)
	s.noteReplaced(out)
	return out
}

// noteReplaced keeps the host id of the node that is replaced, also when the status was lost: what comes in its place is its replacement,
// and not a new node.
func (s *State) noteReplaced(out api.CassandraStatusMap) {
	r := s.replaced()
	if r == nil || s.isLeaver(r.Pod) {
		return
	}
	if at, known := s.positionOf(r.Pod); known && out[r.Pod].HostID == "" {
		n := out[r.Pod]
		n.HostID, n.Rack = r.HostID, at.Rack
		out[r.Pod] = n
	}
}

// noteLeaver keeps the host id of the node that leaves, also when the status was lost, until it has left.
func (s *State) noteLeaver(out api.CassandraStatusMap) {
	l := s.leaver()
	switch {
	case l == nil:
	case l.Left && !s.isBack(l):
		delete(out, l.Pod)
	case l.Left:
	default:
		at, known := s.positionOf(l.Pod)
		if n := out[l.Pod]; known && n.HostID == "" {
			n.HostID, n.Rack = l.HostID, at.Rack
			out[l.Pod] = n
		}
	}
}

// hostID is a node's host id as its agent tells it. The ring may still have another node at
// its address, so the ring's view is used only for agents that can't tell.
func (p *Pod) hostID(byAddress string) string {
	if id := p.Status.Identity; id != nil && id.Found == mgmtapi.FoundMember && id.HostID != "" {
		return id.HostID
	}
	return byAddress
}

// ours tells whether a pod's name is one of a rack's, or of a StatefulSet of which nobody can tell the rack.
func (s *State) ours(pod string) bool {
	var sets []string
	for _, rack := range s.RackNames() {
		sets = append(sets, s.names().StatefulSet(rack))
	}
	for _, set := range s.RemovedRackSets {
		sets = append(sets, set.Name)
	}
	return slices.ContainsFunc(sets, func(set string) bool {
		ordinal, is := strings.CutPrefix(pod, set+"-")
		_, err := strconv.Atoi(ordinal)
		return is && err == nil
	})
}

// ownership is each node's share; what can't be asked now stays as it was.
func (s *State) ownership() map[string]string {
	if len(s.Ownership) == 0 {
		return s.DC.Status.Ownership
	}
	out := map[string]string{}
	for _, pod := range s.Pods {
		if share, ok := s.Ownership[pod.IP]; ok {
			out[pod.Name] = fmt.Sprintf("%.1f%%", share*100)
		}
	}
	return out
}

// restartsSafely tells whether the nodes that don't serve, one or several that hold no replicas of
// one range, were taken down by this operator, and clients can do without it: what is left is a quorum of the replicas
// of the roles, without which no login works. A node that went down by itself is a
// failure, also during a rolling restart.
func (s *State) restartsSafely() bool {
	away := s.notServing()
	if len(away) == 0 || slices.ContainsFunc(away, func(pod string) bool { return s.Taken[pod] == "" }) {
		return false
	}
	if len(away) > 1 {
		if rack := s.oneRack(away); rack == "" || len(away) > s.maxAway(rack) || s.mayShare(away) != "" {
			return false
		}
	}
	factor := min(3, s.total())
	if s.auth() {
		factor = factorOf(s.Replication["system_auth"], s.name())
	}
	return factor-1 >= topology.Quorum(factor)
}

// notServing names the pods that there should be and that don't serve.
func (s *State) notServing() (names []string) {
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			position := topology.Position{Rack: rack, Ordinal: ordinal}
			if pod := s.pod(position); (pod == nil || !pod.Ready || pod.Deleting) && !s.outOfRing(pod) {
				names = append(names, s.names().Pod(position))
			}
		}
	}
	return names
}

// ForgetTaken removes the pods that have been recreated and serve again.
func (s *State) ForgetTaken(taken map[string]string) {
	for _, pod := range s.Pods {
		if old := taken[pod.Name]; old != "" && old != pod.UID && pod.Ready && !pod.Deleting {
			delete(taken, pod.Name)
		}
	}
}

// allReady tells whether all nodes that there should be serve.
func (s *State) allReady() bool {
	serving, out := 0, 0
	for i := range s.Pods {
		switch pod := &s.Pods[i]; {
		case s.isSurplus(pod):
		case s.outOfRing(pod):
			out++
		case !pod.Ready || pod.Deleting:
			return false
		default:
			serving++
		}
	}
	return serving == s.total()-out && !s.DC.Spec.Stopped
}

// outOfRing tells whether the pod's node has done what was asked of it and left the ring: nobody is served less without it.
func (s *State) outOfRing(pod *Pod) bool { return pod != nil && s.isLeaver(pod.Name) && pod.isOut() }

func condition(kind api.DatacenterConditionType, is bool, reason, message string) api.DatacenterCondition {
	status := corev1.ConditionFalse
	if is {
		status = corev1.ConditionTrue
	}
	return api.DatacenterCondition{Type: kind, Status: status, Reason: reason, Message: message}
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
