package datacenter

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// RepairRun is a repair that this process asked a node for. Nothing is lost with
// the process: what isn't on record is repaired once more. Of users' keyspaces there
// is a record in the status.
type RepairRun struct {
	Keyspace string
	Pod, UID string
	Stamp    string // of replicas and members that it was asked for
	Job      mgmtapi.Job

	failed time.Time
}

// NoteRepair remembers a repair that was started, instead of the node's last one of the keyspace.
func NoteRepair(runs []RepairRun, step Step, job string) []RepairRun {
	runs = slices.DeleteFunc(runs, func(r RepairRun) bool { return r.Keyspace == step.Target && r.UID == step.Pod.UID })
	return append(runs, RepairRun{Keyspace: step.Target, Pod: step.Pod.Name, UID: step.Pod.UID, Stamp: step.Stamp, Job: mgmtapi.Job{ID: job, Status: mgmtapi.JobWaiting}})
}

// PollRepairs reads the state of the jobs that run. A job that its node doesn't know any
// more, or whose pod is gone, is removed.
func PollRepairs(runs []RepairRun, pods []Pod, now time.Time, read func(pod *Pod, id string) (mgmtapi.Job, error)) (polled []RepairRun) {
	for _, run := range runs {
		i := slices.IndexFunc(pods, func(p Pod) bool { return p.UID == run.UID && !p.Deleting })
		if i < 0 {
			continue
		}
		if run.Job.Status == mgmtapi.JobWaiting {
			job, err := read(&pods[i], run.Job.ID)
			if errors.Is(err, mgmtapi.ErrNotFound) {
				continue
			}
			if err == nil {
				run.update(job, now)
			}
		}
		polled = append(polled, run)
	}
	return polled
}

// CurrentRepairs are those for the present replicas. A repair for other factors is removed,
// even if the same factors come back: those replicas are new and empty. So is a repair of a
// user's keyspace that needs none any more: another keyspace may get its name.
func (s *State) CurrentRepairs(runs []RepairRun) []RepairRun {
	return slices.DeleteFunc(runs, func(r RepairRun) bool {
		if IsUsers(r.Keyspace) {
			return !slices.Contains(s.unverified(), r.Keyspace) && !(s.removes() && (s.Keyspaces == nil || slices.Contains(s.toWithdraw(), r.Keyspace)))
		}
		current, seen := s.Replication[r.Keyspace]
		factors, _ := topology.MergeReplication(current, nil)
		return seen && !strings.HasPrefix(r.Stamp, formatFactors(factors)+" on ")
	})
}

// repairPause is how long a repair that failed is left alone.
const repairPause = 20 * time.Second

// planRepair fills the replicas of a keyspace. Nodes of one datacenter do for the
// whole ring: each range of the ring has a replica in every datacenter that holds
// the keyspace, and a repair of a node's ranges goes over all their replicas, in
// all datacenters. So nobody's agent in another region is needed.
func (s *State) planRepair(p *Plan, keyspace string, factors map[string]int) {
	if s.repairThrough(p, keyspace, factors) {
		s.recordFilled(p, keyspace, factors)
	}
}

// repairThrough repairs a keyspace through one node after another, and tells whether
// that is done.
func (s *State) repairThrough(p *Plan, keyspace string, factors map[string]int) (done bool) {
	stamp := s.repairStamp(factors)
	pods := s.repairers(keyspace, stamp, factors)
	for _, pod := range pods {
		if s.repairedThrough(keyspace, stamp, pod) {
			continue
		}
		run := s.repairOf(keyspace, pod, stamp)
		waits := s.backsOff(keyspace, stamp, run)
		due := !waits && (run == nil || run.Job.Status == mgmtapi.JobError)
		switch {
		case due && (p.has(Repair) || s.repairRunning()):
			p.Wait("the repair that goes on, before that of %s through node %s", keyspace, pod.Name)
			return false
		case due:
			p.add(Repair, keyspace, "its replicas are to be the same at "+formatFactors(factors)+": through node "+pod.Name, Step{Pod: pod, Stamp: stamp})
			return false
		case run == nil:
			p.Wait("another try to repair %s through node %s, after it failed", keyspace, pod.Name)
			return false
		case run.Job.Status == mgmtapi.JobError:
			p.Wait("another try to repair %s through node %s (%s)", keyspace, pod.Name, run.Job.Error)
			return false
		default:
			p.Wait("the repair of %s through node %s", keyspace, pod.Name)
			p.Repairing = true
			return false
		}
	}
	return len(pods) > 0
}

// repairRunning tells whether a repair runs. There is one at a time: Cassandra keeps its
// history of repairs by writes that it waits for in the threads that take the answers
// to writes, of which there is one for each processor. With as many repairs as those
// it waits for itself, and the node answers nobody until the writes have timed out.
func (s *State) repairRunning() bool {
	return slices.ContainsFunc(s.Repairs, func(r RepairRun) bool { return r.Job.Status == mgmtapi.JobWaiting })
}

// repairers are the nodes whose ranges are the whole ring together. Where there are
// as many replicas as nodes, each of them has all.
func (s *State) repairers(keyspace, stamp string, factors map[string]int) (pods []*Pod) {
	nodes := 0
	for _, e := range s.Ringview {
		if e.Datacenter == s.name() {
			nodes++
		}
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.running() && !pod.Deleting {
			pods = append(pods, pod)
		}
	}
	if factors[s.name()] < nodes || len(pods) == 0 {
		return pods
	}
	begun := slices.IndexFunc(pods, func(pod *Pod) bool {
		return s.repairOf(keyspace, pod, stamp) != nil || s.repairedThrough(keyspace, stamp, pod)
	})
	return pods[max(begun, 0):][:1]
}

func (s *State) repairOf(keyspace string, pod *Pod, stamp string) *RepairRun {
	i := slices.IndexFunc(s.Repairs, func(r RepairRun) bool { return r.Keyspace == keyspace && r.UID == pod.UID && r.Stamp == stamp })
	if i < 0 {
		return nil
	}
	return &s.Repairs[i]
}

// repairStamp tells replicas and members: a repair counts only if both are as they
// were when it began, or a node that joined meanwhile may have missed it.
func (s *State) repairStamp(factors map[string]int) string {
	var hosts []string
	for _, e := range s.Ringview {
		hosts = append(hosts, e.HostID)
	}
	slices.Sort(hosts)
	return formatFactors(factors) + " on " + strings.Join(hosts, ",")
}

// update takes news of a repair's job. The time of a failure is this process's: the
// node may have another clock.
func (r *RepairRun) update(job mgmtapi.Job, now time.Time) {
	if job.Status == mgmtapi.JobError && r.Job.Status != mgmtapi.JobError {
		r.failed = now
	}
	r.Job = job
}
