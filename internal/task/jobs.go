package task

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/plan"
)

// onEachNode goes on with a command that is one job on each node: rack by rack in the order of their names, as many pods
// of a rack at once as the task allows.
func (p *Plan) onEachNode(s *State) {
	p.readAnswers(s)
	racks := s.targets()
	maps.DeleteFunc(p.Pods, func(name string, status api.PodTaskStatus) bool { // the size was set back meanwhile
		return status.Status == api.PodTaskWaiting && slices.ContainsFunc(s.Pods, func(pod Pod) bool { return pod.Name == name && s.isSurplus(pod.Rack, name) })
	})
	for _, rack := range slices.Sorted(maps.Keys(racks)) {
		if p.rackJobs(s, racks[rack]) {
			return
		}
	}
	if missing := p.missingPods(s); missing != "" {
		p.Waiting, p.Next = missing, pollJobs
		return
	}
	if len(racks) == 0 { // no pod is to run just now
		p.Waiting, p.Next = fmt.Sprintf("the pods of datacenter %q", s.Datacenter.Name), pollJobs
		return
	}
	p.Done = true
}

// missingPods names pods of the task that aren't there just now: they are being made anew, and their nodes are members of the
// ring still. A command for every node also waits for those that the datacenter is yet to get.
func (p *Plan) missingPods(s *State) string {
	args := s.job().Arguments
	if rack := s.missingRack(); rack != "" {
		return "the StatefulSet of rack " + rack + " to be made"
	}
	for _, name := range s.members() {
		there := slices.ContainsFunc(s.Pods, func(pod Pod) bool { return pod.Name == name })
		if !there && s.isFor(name) && !ended(p.Pods[name]) {
			return "pod " + name + " to be made"
		}
	}
	size, there := int(s.Datacenter.Spec.Size), len(s.pods())
	if s.command().everyNode && args.RackName == "" && args.PodName == "" && there < size {
		return fmt.Sprintf("%d of %d pods of datacenter %q to be made", size-there, size, s.Datacenter.Name)
	}
	return ""
}

// readAnswers brings each running pod up to what its node says about the job.
func (p *Plan) readAnswers(s *State) {
	for name, status := range p.Pods {
		if status.Status != api.PodTaskRunning {
			continue
		}
		seen := s.Jobs[name]
		switch {
		case errors.Is(seen.Err, mgmtapi.ErrNotFound):
			p.failed(s, name, "the node knows nothing of the job any more: its volume was lost or is another node's, or couldn't be written, or its agent is of a version that kept no records of jobs")
		case seen.Err != nil:
			// Nobody answers: the job may well be running.
		case seen.Job.Status == mgmtapi.JobCompleted:
			status.Status, status.Error = api.PodTaskCompleted, ""
			status.CompletionTime = &metav1.Time{Time: s.Now}
			p.Pods[name] = status
		case seen.Job.Status == mgmtapi.JobError:
			p.failed(s, name, seen.Job.Error)
		}
	}
}

// refused records that a node did not begin its job.
func (p *Plan) refused(s *State, pod string, why error) {
	if !errors.Is(why, mgmtapi.ErrNotFound) {
		p.failed(s, pod, why.Error())
		return
	}
	p.gaveUp(s, pod, fmt.Sprintf("its agent is of an earlier version and can't %s: let the datacenter take up this version (annotation %s: %s, or a task with the command %s), then make the task again (%s)",
		s.job().Command, cass.UpdateAllowedAnnotation, cass.UpdateAllowedOnce, api.CommandRefresh, why))
}

// unheard notes which nodes gave no answer when they were asked for their jobs. Nothing is known of these, and they are asked
// again: a job that was begun all the same is done twice, which harms none.
func (p *Plan) unheard(silent map[string]error) {
	if len(silent) == 0 {
		return
	}
	for pod, why := range silent {
		if status := p.Pods[pod]; status.Error == "" { // the next silence has other words (a port): a status that changes wakes the loop
			status.Error = why.Error()
			p.Pods[pod] = status
		}
	}
	p.Waiting += "; no answer yet from " + strings.Join(slices.Sorted(maps.Keys(silent)), ", ")
}

// failed records a failed try. Another one follows while retries are left.
func (p *Plan) failed(s *State, pod, why string) {
	status := p.Pods[pod]
	status.Error, status.JobID = why, ""
	if status.Retries < s.retries() {
		status.Retries++
		status.Status = api.PodTaskWaiting
		p.Pods[pod] = status
		return
	}
	p.gaveUp(s, pod, why)
}

// gaveUp records that a pod's job has failed for good.
func (p *Plan) gaveUp(s *State, pod, why string) {
	status := p.Pods[pod]
	status.Error, status.JobID = why, ""
	status.Status, status.CompletionTime = api.PodTaskError, &metav1.Time{Time: s.Now}
	p.Pods[pod] = status
}

// rackJobs starts as many jobs in one rack as may run, and says whether the rack still has work.
func (p *Plan) rackJobs(s *State, pods []Pod) bool {
	var running, unready []string
	free := s.limit(len(pods))
	for _, pod := range pods {
		if p.Pods[pod.Name].Status == api.PodTaskRunning {
			running = append(running, pod.Name)
			free--
		}
	}
	for _, pod := range pods {
		status := p.Pods[pod.Name]
		switch {
		case ended(status) || status.Status == api.PodTaskRunning:
		case !s.command().needs.met(pod):
			status.Status = api.PodTaskWaiting
			p.Pods[pod.Name] = status
			unready = append(unready, pod.Name)
		default:
			status.Status = api.PodTaskWaiting
			p.Pods[pod.Name] = status
			if free > 0 {
				free--
				running = append(running, pod.Name)
				p.Steps = append(p.Steps, plan.Step{Verb: StartJob, Target: pod.Name, Why: startReason(s, status)})
			}
		}
	}
	if len(running)+len(unready) == 0 {
		return false
	}
	p.Waiting, p.Next = rackBlocker(s, running, unready), pollJobs
	return true
}

func ended(status api.PodTaskStatus) bool {
	return status.Status == api.PodTaskCompleted || status.Status == api.PodTaskError
}

func startReason(s *State, status api.PodTaskStatus) string {
	command := string(s.job().Command)
	if status.Retries > 0 {
		return fmt.Sprintf("%s, try %d after: %s", command, status.Retries+1, status.Error)
	}
	return command
}

func rackBlocker(s *State, running, unready []string) string {
	var parts []string
	if len(running) > 0 {
		parts = append(parts, fmt.Sprintf("%s on %s", s.job().Command, strings.Join(running, ", ")))
	}
	if len(unready) > 0 {
		parts = append(parts, strings.Join(unready, ", ")+" "+s.command().needs.words)
	}
	return strings.Join(parts, " and ")
}
