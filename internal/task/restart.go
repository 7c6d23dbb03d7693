package task

import (
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// restart goes on with a rolling restart: a stamp on the pod template of one StatefulSet after another.
func (p *Plan) restart(s *State) {
	stamp := s.Task.Status.StartTime.UTC().Format(time.RFC3339)
	racks := restartRacks(s)
	if len(racks) == 0 {
		p.Waiting = fmt.Sprintf("the StatefulSets of datacenter %q", s.Datacenter.Name)
		p.Next = pollJobs
		return
	}
	p.restartPods(s, racks, stamp)
	for _, rack := range racks {
		if rack.RestartedAt == stamp && rack.Settled {
			continue
		}
		p.restartRack(s, rack, stamp)
		return
	}
	p.Done = true
}

// restartRack stamps a rack, or waits until all of its pods are new and ready.
func (p *Plan) restartRack(s *State, rack Rack, stamp string) {
	p.Next = pollJobs
	args := s.job().Arguments
	if sick := unsettledOthers(s, rack); sick != "" && !args.Force && rack.RestartedAt != stamp {
		p.Waiting = fmt.Sprintf("rack %s to be healthy before rack %s is restarted", sick, rack.Name)
		return
	}
	p.Waiting = fmt.Sprintf("the pods of rack %s to be new and ready", rack.Name)
	if rack.RestartedAt != stamp {
		p.Steps = append(p.Steps, Step{Verb: Restart, Target: rack.StatefulSet, Why: "rack " + rack.Name + " is next", Stamp: stamp})
		return
	}
	if !args.Fast {
		return
	}
	for _, pod := range s.Pods {
		if pod.Rack == rack.Name && pod.Revision != rack.Revision {
			p.Steps = append(p.Steps, Step{Verb: DeletePod, Target: pod.Name, UID: pod.UID, Why: "the whole rack restarts at once"})
		}
	}
}

// unsettledOthers names another rack with pods that aren't ready, or "".
func unsettledOthers(s *State, rack Rack) string {
	for _, other := range s.Racks {
		if other.Name != rack.Name && !other.Settled {
			return other.Name
		}
	}
	return ""
}

// restartPods derives each pod's state from its rack's.
func (p *Plan) restartPods(s *State, racks []Rack, stamp string) {
	p.Pods = map[string]api.PodTaskStatus{}
	for _, rack := range racks {
		for _, pod := range s.Pods {
			if pod.Rack != rack.Name {
				continue
			}
			status := s.Task.Status.PodStatuses[pod.Name]
			status.Status = restartState(rack, pod, stamp)
			p.Pods[pod.Name] = status
		}
	}
}

func restartState(rack Rack, pod Pod, stamp string) api.PodTaskState {
	switch {
	case rack.RestartedAt != stamp:
		return api.PodTaskWaiting
	case rack.Settled || pod.Ready && pod.Revision == rack.Revision:
		return api.PodTaskCompleted
	default:
		return api.PodTaskRunning
	}
}

// restartRacks are the racks that the task is for, in order.
func restartRacks(s *State) []Rack {
	only := s.job().Arguments.RackName
	var racks []Rack
	for _, r := range s.Racks {
		if only == "" || only == r.Name {
			racks = append(racks, r)
		}
	}
	slices.SortFunc(racks, func(a, b Rack) int { return strings.Compare(a.StatefulSet, b.StatefulSet) })
	return racks
}
