package task

import (
	"fmt"
	"slices"
	"time"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// restart makes all pods anew, rack by rack. The task does nothing for it itself: package datacenter, which also decides
// about every other reason to take a node down, sees that a restart task has begun and carries it out. The task watches
// how far each rack is.
func restart() command {
	return command{
		name:      api.CommandRestart,
		about:     "make all pods anew with the configuration that they have, rack by rack",
		arguments: []string{"fast", "force"},
		refuse: func(args api.JobArguments) string {
			if args.PodName != "" {
				return "pod_name: restart goes by rack; delete the pod to restart one"
			}
			return ""
		},
		proceed: (*Plan).untilRestarted,
	}
}

// untilRestarted waits until all pods of the task's racks are new.
func (p *Plan) untilRestarted(s *State) {
	racks := s.racks()
	if len(racks) == 0 {
		p.Waiting = fmt.Sprintf("the StatefulSets of datacenter %q", s.Datacenter.Name)
		p.Next = pollJobs
		return
	}
	if s.Datacenter.Spec.Stopped { // no pod is to run: whichever comes next is new
		p.Pods, p.Done = map[string]api.PodTaskStatus{}, true
		return
	}
	p.restartPods(s, racks)
	racks = slices.DeleteFunc(racks, func(r Rack) bool { return s.settled(r) && s.reached(r) })
	switch missing := s.missingRack(); {
	case len(racks) > 0:
		p.Waiting, p.Next = s.restartBlocker(racks), pollJobs
	case missing != "":
		p.Waiting, p.Next = "the StatefulSet of rack "+missing+" to be made", pollJobs
	default:
		p.Done = true
	}
}

// reached tells whether the restart has reached a rack: new pods are made for it, or for a later one.
func (s *State) reached(r Rack) bool { return !r.RestartedAt.Before(s.Task.Status.StartTime.Time) }

// beginning is when a task begins: a restart after all that its racks' pods were made for, which may be the time of another
// operator's clock. Otherwise they would count as restarted.
func (s *State) beginning() time.Time {
	at := s.Now
	if s.job().Command != api.CommandRestart {
		return at
	}
	for _, r := range s.racks() {
		if last := r.RestartedAt.Truncate(time.Second); !at.Truncate(time.Second).After(last) {
			at = last.Add(time.Second)
		}
	}
	return at
}

// restartBlocker says what the racks wait for that are still to be restarted.
func (s *State) restartBlocker(racks []Rack) string {
	if i := slices.IndexFunc(racks, s.reached); i >= 0 {
		return fmt.Sprintf("the pods of rack %s to be new and ready", racks[i].Name)
	}
	if sick := unsettledOther(s, racks[0]); sick != "" && !s.job().Arguments.Force {
		return fmt.Sprintf("rack %s to be healthy before rack %s is restarted", sick, racks[0].Name)
	}
	return fmt.Sprintf("datacenter %q to restart rack %s", s.Task.Spec.Datacenter.Name, racks[0].Name)
}

// unsettledOther names another rack with pods that aren't ready, or "".
func unsettledOther(s *State, rack Rack) string {
	for _, other := range s.Racks {
		if other.Name != rack.Name && !s.settled(other) {
			return other.Name
		}
	}
	return ""
}

// restartPods derives each pod's state from its rack's.
func (p *Plan) restartPods(s *State, racks []Rack) {
	p.Pods = map[string]api.PodTaskStatus{}
	for _, rack := range racks {
		for _, pod := range s.pods() {
			if pod.Rack != rack.Name {
				continue
			}
			status := s.Task.Status.PodStatuses[pod.Name]
			status.Status = s.restartState(rack, pod)
			p.Pods[pod.Name] = status
		}
	}
}

func (s *State) restartState(rack Rack, pod Pod) api.PodTaskState {
	switch {
	case !s.reached(rack):
		return api.PodTaskWaiting
	case s.settled(rack) || pod.Ready && pod.Revision == rack.Revision:
		return api.PodTaskCompleted
	default:
		return api.PodTaskRunning
	}
}
