package datacenter

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// A repair of a user's keyspace that fails is tried again after a pause that doubles.
const (
	shortestPause = time.Minute
	longestPause  = 30 * time.Minute
)

// repairRecord is what the status says of the repair of a user's keyspace, for these
// replicas and members.
func (s *State) repairRecord(keyspace, stamp string) api.KeyspaceRepair {
	if r := s.DC.Status.Keyspaces[keyspace].Repair; r != nil && r.Of == stampHash(stamp) {
		return *r
	}
	return api.KeyspaceRepair{Of: stampHash(stamp)}
}

func stampHash(stamp string) string { return hash.Text(stamp, 8) }

// repairedThrough tells whether a node's part of a repair is done.
func (s *State) repairedThrough(keyspace, stamp string, pod *Pod) bool {
	run := s.repairOf(keyspace, pod, stamp)
	return run != nil && run.Job.Status == mgmtapi.JobCompleted || slices.Contains(s.repairRecord(keyspace, stamp).Through, pod.UID)
}

// backsOff tells whether a repair that failed is left alone for now. One of a user's
// keyspace is asked for by nobody, so it makes the more room the longer it fails.
func (s *State) backsOff(keyspace, stamp string, run *RepairRun) bool {
	failed := run != nil && run.Job.Status == mgmtapi.JobError
	if !IsUsers(keyspace) {
		return failed && s.Now.Sub(run.failed) < repairPause
	}
	record := s.repairProgress(keyspace, stamp)
	return record.FailedAt != nil && s.Now.Sub(record.FailedAt.Time) < pauseAfter(record.Failures)
}

func pauseAfter(failures int32) time.Duration {
	return min(shortestPause<<min(max(failures, 1)-1, 10), longestPause)
}

// repairProgress is the record with what has been heard since.
func (s *State) repairProgress(keyspace, stamp string) api.KeyspaceRepair {
	record := s.repairRecord(keyspace, stamp)
	record.Through = slices.Clone(record.Through)
	for _, run := range s.Repairs {
		failed := run.failed.Truncate(time.Second) // as the API server keeps it
		switch {
		case run.Keyspace != keyspace || run.Stamp != stamp:
		case run.Job.Status == mgmtapi.JobCompleted && !slices.Contains(record.Through, run.UID):
			record.Through, record.Failures, record.FailedAt = append(record.Through, run.UID), 0, nil
		case run.Job.Status == mgmtapi.JobError && (record.FailedAt == nil || failed.After(record.FailedAt.Time)):
			record.Failures, record.FailedAt = record.Failures+1, &metav1.Time{Time: failed}
		}
	}
	return record
}

// recordedRepair is the progress as it is kept; nil where there is none yet.
func (s *State) recordedRepair(keyspace string, replication map[string]string) *api.KeyspaceRepair {
	if len(s.Ringview) == 0 {
		return s.DC.Status.Keyspaces[keyspace].Repair
	}
	factors, _ := topology.MergeReplication(replication, nil)
	record := s.repairProgress(keyspace, s.repairStamp(factors))
	if len(record.Through) == 0 && record.FailedAt == nil {
		return nil
	}
	return &record
}
