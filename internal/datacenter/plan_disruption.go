package datacenter

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// Whatever takes a node down that is up, a restart or a replacement, asks whether two replicas of a range would be down: see
// docs/design/0010-disruption-budget.md. Others take nodes down too: kubectl drain and all that evict pods. They ask the
// PodDisruptionBudget, which is told before a node goes, and lets nothing go until it has seen for itself that the node is away.

// Budget is what is known of the datacenter's PodDisruptionBudget.
type Budget struct {
	Held    bool // it lets no pod go that is ready
	Missing int  // pods that its controller counts as not ready; 0 while it has yet to look at what the budget is now
}

// heldBudget is how many pods have to be there while a node is taken down.
const heldBudget = "100%"

// BudgetOf reads it.
func BudgetOf(b *policyv1.PodDisruptionBudget) *Budget {
	out := &Budget{Held: b.Spec.MinAvailable != nil && b.Spec.MinAvailable.String() == heldBudget}
	if b.Status.ObservedGeneration >= b.Generation {
		out.Missing = max(0, int(b.Status.ExpectedPods-b.Status.CurrentHealthy))
	}
	return out
}

// HeldBudget is the datacenter's PodDisruptionBudget while a node is taken down; nil where it has none of its own.
func (s *State) HeldBudget() *policyv1.PodDisruptionBudget {
	if !s.hasBudget() {
		return nil
	}
	b := s.DisruptionBudget()
	b.Spec.MinAvailable = new(intstr.FromString(heldBudget))
	stamp(b)
	return b
}

// hasBudget tells whether the datacenter has a PodDisruptionBudget that is its own.
func (s *State) hasBudget() bool {
	return !hasKey(s.DC.Annotations, api.DisablePDBCreationAnnotation) && !s.Foreign[key(s.DisruptionBudget())]
}

// budgetNow is the one that the datacenter is to have as long as nothing takes or brings back a node.
func (s *State) budgetNow() *policyv1.PodDisruptionBudget {
	if s.Budget != nil && s.Budget.Held {
		return s.HeldBudget()
	}
	return s.DisruptionBudget()
}

// planBudget lets pods be evicted again: no node is taken down now, and the budget's controller has seen which pods are away. From then on
// it lets none go because of them, but those that aren't ready.
func (s *State) planBudget(p *Plan) {
	if busy := s.activeElsewhere(); busy != "" && s.podsAway() == 0 {
		s.holdBudget(p, busy)
		return
	}
	if s.isDeleting() || !s.hasBudget() || s.Budget == nil || !s.Budget.Held || p.has(Restart, Stop) || s.Budget.Missing < s.podsAway() {
		return
	}
	open := s.DisruptionBudget()
	stamp(open)
	p.add(Apply, key(open), "no node is about to be taken down any more", Step{Object: open})
	p.Done = false
}

// holdBudget lets no pod be evicted while nodes of another datacenter are down, where the ring asks for that.
func (s *State) holdBudget(p *Plan, why string) {
	if !s.hasBudget() || s.Budget == nil || s.Budget.Held || p.has(Restart, Stop) { // these hold it themselves
		return
	}
	held := s.HeldBudget()
	p.add(Apply, key(held), why, Step{Object: held})
	p.Done = false
}

// podsAway counts the pods that aren't there, or whose nodes don't serve, as far as is known here: also those that are one too many, because
// the budget's controller counts them.
func (s *State) podsAway() (n int) {
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			if s.pod(topology.Position{Rack: rack, Ordinal: ordinal}) == nil {
				n++
			}
		}
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.Deleting || !pod.Ready || s.isTakenDown(pod) || pod.Agent && !pod.running() {
			n++
		}
	}
	return n
}

// isTakenDown tells whether this process has deleted the very pod: what was read of it may be of a time before that.
func (s *State) isTakenDown(pod *Pod) bool { return pod.UID != "" && s.Taken[pod.Name] == pod.UID }

// isUnready tells whether a member lets no clients in, and is up all the same, or may be: no node tells of the ring, its agent isn't
// reached, and its container runs, whatever became of that earlier.
func (s *State) isUnready(pod *Pod) bool {
	unseen := len(s.Ringview) == 0 && !pod.Agent && pod.Waiting == ""
	return s.initialized() && !s.serves(pod) && s.isMember(pod) && pod.IP != "" && (s.seenAlive(pod) || unseen)
}

// downBlocker names a member of the datacenter that is down, or that the plan takes down, and that may have replicas of the same ranges as
// the pod's node; "" if there is none. It doesn't matter whether clients are let in, nor which pod the member is, if any.
func (s *State) downBlocker(p *Plan, pod *Pod) string {
	if len(s.Ringview) == 0 {
		return s.unseenBlocker(p, pod)
	}
	own := s.lastHostID(pod)
	for _, e := range s.Ringview {
		if e.Datacenter != s.name() || e.HostID == "" || e.HostID == own || e.Alive && !s.goesDown(p, e.HostID) {
			continue
		}
		if s.mayHaveSameRanges(own, e.HostID) {
			return fmt.Sprintf("member %s (host id %s) to be up", e.Address, e.HostID)
		}
	}
	return ""
}

// unseenBlocker names another member that is away when no node tells of the ring.
func (s *State) unseenBlocker(p *Plan, pod *Pod) string {
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			at := topology.Position{Rack: rack, Ordinal: ordinal}
			name := s.names().Pod(at)
			if name == pod.Name || s.DC.Status.NodeStatuses[name].HostID == "" {
				continue
			}
			if other := s.pod(at); other == nil || p.takesDown(other) || !s.mayBeUp(p, other) {
				return "node " + name + " to be up"
			}
		}
	}
	return ""
}

// mayBeUp tells whether a member may be up as far as its own pod tells. Its agent knows best, and is newer than the pod's readiness. Where
// neither says so, the node may be up as long as the change has yet to reach it: one that was made anew for it has to show that it is.
func (s *State) mayBeUp(p *Plan, pod *Pod) bool {
	switch {
	case pod.Deleting || s.isTakenDown(pod) || pod.Agent && !pod.running():
		return false
	case pod.Ready:
		return true
	}
	return s.isUnready(pod) && (s.stale(pod) || slices.Contains(p.behind, pod.Position.Rack))
}

// goesDown tells whether the node of a host id is about to end, or this plan ends it.
func (s *State) goesDown(p *Plan, hostID string) bool {
	name := s.podOfHost(hostID)
	i := slices.IndexFunc(s.Pods, func(pod Pod) bool { return pod.Name == name })
	return i >= 0 && (s.Pods[i].Deleting || s.isTakenDown(&s.Pods[i]) || p.takesDown(&s.Pods[i]))
}

// deadBlocker names a member that is down, that no pod is, and that may have replicas of the same ranges as the pod's node.
func (s *State) deadBlocker(pod *Pod) string {
	for _, e := range s.unknownDeadMembers() {
		if !s.isPods(e) && s.mayHaveSameRanges(s.lastHostID(pod), e.HostID) {
			return toRemove(e)
		}
	}
	return ""
}

// mayHaveSameRanges tells whether two members have replicas of one range of any keyspace, or that can't be told.
func (s *State) mayHaveSameRanges(one, other string) bool {
	placed, err := s.placement()
	if err != nil || s.endpoint(one) == nil || s.endpoint(other) == nil {
		return true
	}
	_, shares := placed.SharedWith(one)[other]
	return shares
}

// GoneSince names a pod that is no longer as it was seen: it has gone or goes, it is being evicted, another one has its place, or it isn't
// ready any more. The pods are the datacenter's at this moment, and evicted those that the API server has let go, with the time; one
// pod is left out. The one of a name that came after the eviction isn't meant.
func (s *State) GoneSince(pods []corev1.Pod, evicted map[string]metav1.Time, besides string) string {
	for name, at := range evicted {
		if name != besides && !slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Name == name && p.CreationTimestamp.After(at.Time) }) {
			return name
		}
	}
	for i := range s.Pods {
		was := &s.Pods[i]
		if was.Name == besides || was.Deleting || s.isTakenDown(was) {
			continue
		}
		now := slices.IndexFunc(pods, func(p corev1.Pod) bool { return string(p.UID) == was.UID && p.Name == was.Name })
		if now < 0 || pods[now].DeletionTimestamp != nil {
			return was.Name
		}
		if ready, _ := podReady(&pods[now]); was.Ready && !ready {
			return was.Name
		}
	}
	return ""
}
