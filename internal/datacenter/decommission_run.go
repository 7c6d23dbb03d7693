package datacenter

import (
	"errors"
	"slices"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// DecommissionRun is a decommission that this process asked a node for. Nothing is lost with the process: what the node does the
// ring tells, and asked again it answers the same job.
type DecommissionRun struct {
	HostID, UID string // of the node and its pod
	Job         mgmtapi.Job
	Failures    int32 // in a row

	failed time.Time
}

// NoteDecommission remembers one that was asked for.
func NoteDecommission(before *DecommissionRun, step Step, job string) *DecommissionRun {
	run := &DecommissionRun{HostID: step.HostID, UID: step.Pod.UID, Job: mgmtapi.Job{ID: job, Status: mgmtapi.JobWaiting}}
	if before != nil && before.HostID == run.HostID {
		run.Failures = before.Failures
	}
	return run
}

// PollDecommission reads the state of the job that runs; one that can't be told of any more is forgotten.
func PollDecommission(run *DecommissionRun, pods []Pod, now time.Time, read func(pod *Pod, id string) (mgmtapi.Job, error)) *DecommissionRun {
	if run == nil || run.Job.Status != mgmtapi.JobWaiting {
		return run
	}
	i := slices.IndexFunc(pods, func(p Pod) bool { return p.UID == run.UID && !p.Deleting })
	if i < 0 {
		return nil
	}
	polled := *run
	switch job, err := read(&pods[i], run.Job.ID); {
	case errors.Is(err, mgmtapi.ErrNotFound):
		return nil
	case err != nil:
		return run
	default:
		polled.Job = job
	}
	if polled.Job.Status == mgmtapi.JobError {
		polled.Failures, polled.failed = run.Failures+1, now
	}
	return &polled
}
