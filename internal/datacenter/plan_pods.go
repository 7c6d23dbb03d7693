package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planPods says what each pod waits for and what is wrong with it, and labels it.
func (s *State) planPods(p *Plan) {
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			position := topology.Position{Rack: rack, Ordinal: ordinal}
			pod, name := s.pod(position), s.names().Pod(position)
			switch {
			case pod == nil:
				p.Scaling = p.Scaling || s.initialized() && s.DC.Status.NodeStatuses[name].HostID == ""
				p.Wait("pod %s to be made", name)
				continue
			case pod.Deleting:
				p.Wait("%s", s.endWait(pod))
				continue
			case !pod.Scheduled && pod.Unschedulable != "":
				p.Warn("pod %s can't be placed%s: %s", name, s.placeOf(rack), pod.Unschedulable)
			case pod.broken() != "":
				p.Warn("node %s: %s", name, pod.broken())
			case pod.IP == "":
				p.Wait("pod %s to get an address", name)
			case !pod.Agent:
				p.Wait("the agent of %s to answer on port %d%s", name, AgentPort(pod.Object), pod.TrustError)
			}
			s.planClosed(p, pod)
			if s.initialized() && s.lastHostID(pod) == "" && !s.isLeaver(pod.Name) {
				p.Scaling = true
			}
			s.planIdentity(p, pod)
			s.planLabels(p, pod)
		}
	}
}

// placeOf says where the pods of a rack may run, for a person who has to make room there; "" when they may run anywhere.
func (s *State) placeOf(rack string) string {
	i := slices.IndexFunc(s.DC.Spec.Racks, func(r api.Rack) bool { return r.Name == rack })
	if i < 0 {
		return ""
	}
	var where []string
	labels := merged(s.DC.Spec.NodeAffinityLabels, s.DC.Spec.Racks[i].NodeAffinityLabels)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		where = append(where, name+"="+labels[name])
	}
	if zone := s.DC.Spec.Racks[i].DeprecatedZone; zone != "" {
		where = append(where, "zone "+zone)
	}
	if len(where) == 0 {
		return ""
	}
	return fmt.Sprintf(" where rack %s is (%s), and waits for a machine there with room for it, and with its volume", rack, strings.Join(where, ", "))
}

func (s *State) planLabels(p *Plan, pod *Pod) {
	want := map[string]string{}
	switch seed := s.isSeed(pod); {
	case seed && pod.Labels[api.SeedNodeLabel] != "true":
		want[api.SeedNodeLabel] = "true"
	case !seed && s.isLeaver(pod.Name) && pod.Labels[api.SeedNodeLabel] == "true":
		want[api.SeedNodeLabel] = "false"
	}
	if state := s.nodeState(pod); state != pod.Labels[api.NodeStateLabel] {
		want[api.NodeStateLabel] = state
	}
	if len(want) > 0 {
		p.add(Label, pod.Name, "its node is "+s.nodeState(pod), Step{Pod: pod, Labels: want})
	}
}

func (s *State) nodeState(pod *Pod) string {
	switch {
	case s.isLeaver(pod.Name) && (pod.isOut() || pod.Status.OperationMode == mgmtapi.ModeLeaving):
		return api.NodeStateDecommissioning
	case pod.running() && pod.Ready:
		return api.NodeStateStarted
	case pod.running() && pod.served():
		return api.NodeStateStartedNotReady
	case pod.running() || pod.starting():
		return api.NodeStateStarting
	}
	return api.NodeStateReadyToStart
}

// overdue is how long after its time a pod may end before somebody has to look.
const overdue = time.Minute

// endWait is what a pod that is being deleted waits for. Where its kubelet is gone nobody can tell whether its node still runs, with
// its volume: only a person, or the cloud, may say that the machine is gone.
func (s *State) endWait(pod *Pod) string {
	if pod.Object == nil || pod.Object.DeletionTimestamp == nil || s.Now.Before(pod.Object.DeletionTimestamp.Add(overdue)) || pod.Object.Spec.NodeName == "" {
		return "pod " + pod.Name + " to end"
	}
	machine := pod.Object.Spec.NodeName
	return fmt.Sprintf("pod %s to end, which it should have by now: its machine %s doesn't say so. If that is gone for good, delete it (kubectl delete node %s), and the pod is made anew", pod.Name, machine, machine)
}
