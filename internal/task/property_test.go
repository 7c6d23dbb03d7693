package task_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/task"
)

// jobCommands are those with a job on each node that is ready.
var jobCommands = []api.CassandraCommand{
	api.CommandCleanup, api.CommandCompaction, api.CommandFlush, api.CommandGarbageCollect, api.CommandScrub, api.CommandUpgradeSSTables,
}

// Whatever the nodes answer, and wherever the operator ends: jobs run in one rack at a time, never more of them than allowed, none on a pod that has
// ended or isn't ready, and the task ends with every pod counted once.
func TestJobsProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := randomState(r)
		for pass := 0; s.Task.Status.CompletionTime == nil; pass++ {
			if pass > 500 {
				r.Fatalf("no end after %d passes: %+v", pass, s.Task.Status)
			}
			onePass(r, s)
		}
		if got := s.Task.Status.Succeeded + s.Task.Status.Failed; got != len(s.Pods) {
			r.Fatalf("%d pods are counted, want %d", got, len(s.Pods))
		}
	})
}

func randomState(r *rapid.T) *task.State {
	members := cass.CassandraStatusMap{}
	s := &task.State{Datacenter: &cass.CassandraDatacenter{Status: cass.CassandraDatacenterStatus{NodeStatuses: members}}, Task: &api.CassandraTask{}, Jobs: map[string]task.JobSeen{}}
	s.Task.Spec.Datacenter.Name = "dc1"
	s.Task.Spec.Jobs = []api.CassandraJob{{Name: "j", Command: rapid.SampledFrom(jobCommands).Draw(r, "command")}}
	s.Task.Spec.MaxConcurrentPods = new(rapid.IntRange(0, 3).Draw(r, "maxConcurrentPods"))
	s.Task.Spec.Retries = new(rapid.IntRange(0, 2).Draw(r, "retries"))
	for rack := range rapid.IntRange(1, 3).Draw(r, "racks") {
		s.Datacenter.Spec.Racks = append(s.Datacenter.Spec.Racks, cass.Rack{Name: fmt.Sprintf("r%d", rack)})
		s.Racks = append(s.Racks, task.Rack{Name: fmt.Sprintf("r%d", rack)})
		for pod := range rapid.IntRange(1, 4).Draw(r, "pods") {
			s.Pods = append(s.Pods, task.Pod{Name: fmt.Sprintf("r%d-%d", rack, pod), Rack: fmt.Sprintf("r%d", rack)})
			members[fmt.Sprintf("r%d-%d", rack, pod)] = cass.CassandraNodeStatus{HostID: "some", Rack: fmt.Sprintf("r%d", rack)}
		}
	}
	return s
}

func onePass(r *rapid.T, s *task.State) {
	for i := range s.Pods {
		s.Pods[i].Ready = rapid.IntRange(0, 3).Draw(r, "ready") > 0
		s.Jobs[s.Pods[i].Name] = rapid.SampledFrom([]task.JobSeen{
			{Job: mgmtapi.Job{Status: mgmtapi.JobWaiting}},
			{Job: mgmtapi.Job{Status: mgmtapi.JobCompleted}},
			{Job: mgmtapi.Job{Status: mgmtapi.JobError, Error: "no"}},
			{Err: mgmtapi.ErrNotFound},
			{Err: mgmtapi.ErrUnavailable},
		}).Draw(r, "answer")
	}
	next := task.Make(s)
	done := task.Done{JobIDs: map[string]string{}, Errors: map[string]error{}, Silent: map[string]error{}}
	for _, step := range next.Steps {
		checkStep(r, s, next, step)
		switch rapid.IntRange(0, 5).Draw(r, "begins") {
		case 0:
			done.Errors[step.Target] = mgmtapi.ErrNotFound // an agent of an earlier version
		case 1:
			done.Errors[step.Target] = mgmtapi.ErrFailed
		case 2:
			done.Silent[step.Target] = mgmtapi.ErrUnavailable
		default:
			done.JobIDs[step.Target] = "id"
		}
	}
	if rapid.IntRange(0, 4).Draw(r, "ends") == 0 { // the operator, before it has written the status
		return
	}
	s.Task.Status = task.Summarize(s, next, done)
	checkRunning(r, s)
}

func checkStep(r *rapid.T, s *task.State, next task.Plan, step plan.Step) {
	for _, p := range s.Pods {
		if p.Name == step.Target && !p.Ready {
			r.Fatalf("a job on %s, which is not ready", p.Name)
		}
	}
	if got := next.Pods[step.Target].Status; got != api.PodTaskWaiting {
		r.Fatalf("a job on %s, which is %s", step.Target, got)
	}
}

func checkRunning(r *rapid.T, s *task.State) {
	running, size := map[string]int{}, map[string]int{}
	for _, p := range s.Pods {
		size[p.Rack]++
		if s.Task.Status.PodStatuses[p.Name].Status == api.PodTaskRunning {
			running[p.Rack]++
		}
	}
	if len(running) > 1 {
		r.Fatalf("jobs run in several racks: %v", running)
	}
	for rack, n := range running {
		if limit := *s.Task.Spec.MaxConcurrentPods; limit > 0 && n > limit || n > size[rack] {
			r.Fatalf("%d jobs run in rack %s, at most %d are allowed", n, rack, limit)
		}
	}
}
