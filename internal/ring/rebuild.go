package ring

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// A task's annotations: which try it is, and the host ids of the nodes that it began with.
const (
	tryCount  = "ringspan.io/try"
	beganWith = "ringspan.io/members"
)

// A rebuild that failed is tried again after a minute, then two, four and so on, at most half an hour.
const (
	firstPause = time.Minute
	maxPause   = 30 * time.Minute
)

// RebuildState is what a decision about a datacenter's rebuild goes by.
type RebuildState struct {
	Now  time.Time
	Ring *api.K8ssandraCluster
	Spec *api.RebuildSpec
	DC   *cassandra.CassandraDatacenter
	Debt Debt
	Task *control.CassandraTask // DC-rebuild; nil when there is none
}

// Rebuild is what to do about a debt, and what to say.
type Rebuild struct {
	Drop    bool                   // the task that is there has to go
	Make    *control.CassandraTask // to create, after that
	Paid    bool                   // the data has come, to be put on record
	Wait    string                 // what the ring waits for
	Trouble string                 // what a person has to mend
}

// PlanRebuild decides about the task that pays a datacenter's debt. The task is made when the datacenter's nodes are
// members and its replicas are in the keyspaces (it is initialized), and stays when it has ended, to be read.
func PlanRebuild(s RebuildState) Rebuild {
	waiting := rebuildOf(s.DC.Name, s.Debt.From)
	switch {
	case s.Debt.From == "" || s.Debt.Paid:
		return Rebuild{}
	case !s.DC.Status.IsTrue(cassandra.DatacenterInitialized):
		return Rebuild{Trouble: s.Debt.Trouble}
	case s.Task != nil && !s.Task.DeletionTimestamp.IsZero():
		return Rebuild{Wait: waiting}
	case s.Task != nil && s.another():
		return Rebuild{Drop: true, Wait: waiting}
	case s.Task != nil && !s.whole():
		return Rebuild{Trouble: fmt.Sprintf("%s, but CassandraTask %s in namespace %s is no rebuild of all of it: delete that task", "waiting for "+waiting, s.Task.Name, s.Task.Namespace)}
	case s.Task != nil && s.failed() != nil:
		return s.afterFailure(waiting)
	case s.Task != nil && s.Task.Status.CompletionTime != nil && s.overtaken():
		return Rebuild{Drop: true, Make: s.task(1), Wait: waiting}
	case s.Task != nil && s.Task.Status.CompletionTime != nil && s.DC.Status.IsTrue(cassandra.DatacenterReplacingNodes):
		return Rebuild{Wait: waiting} // the node's new self may have streamed from those that had nothing yet: overtaken, once it is a member
	case s.Task != nil && s.Task.Status.CompletionTime != nil:
		return Rebuild{Paid: true}
	case s.Task != nil:
		return Rebuild{Wait: waiting}
	case s.Debt.Trouble != "":
		return Rebuild{Trouble: s.Debt.Trouble}
	}
	return Rebuild{Wait: waiting, Make: s.task(1)}
}

// another tells whether the task was made for a datacenter of the same name that is gone.
func (s RebuildState) another() bool {
	for _, o := range s.Task.OwnerReferences {
		if o.Kind == "CassandraDatacenter" && o.UID != s.DC.UID {
			return true
		}
	}
	return false
}

// overtaken tells whether data may be missing although the task is done: somebody gave the datacenter replicas of a
// keyspace after it began, or a node has taken the place of one that was rebuilt and lost its data.
func (s RebuildState) overtaken() bool {
	if hosts, kept := s.Task.Annotations[beganWith]; kept {
		for _, n := range s.DC.Status.NodeStatuses {
			if n.HostID != "" && !slices.Contains(strings.Split(hosts, ","), n.HostID) {
				return true
			}
		}
	}
	if s.replacedSince() {
		return true
	}
	for _, k := range s.DC.Status.Keyspaces {
		if k.OwedSince != nil && !k.Unverified && s.Task.Status.StartTime != nil && s.Task.Status.StartTime.Before(k.OwedSince) {
			return true
		}
	}
	return false
}

// replacedSince tells whether a node has taken the place of another one since the task began. Tasks that a person made don't
// say which nodes they began with, and a node that starts at the address of its former self keeps its host id.
func (s RebuildState) replacedSince() bool {
	replacing, began := s.DC.Status.Condition(cassandra.DatacenterReplacingNodes), s.Task.Status.StartTime
	return replacing != nil && replacing.Status == corev1.ConditionFalse && began != nil && began.Before(&replacing.LastTransitionTime)
}

// whole tells whether the task rebuilds all nodes from another datacenter.
func (s RebuildState) whole() bool {
	jobs := s.Task.Spec.Jobs
	return len(jobs) == 1 && jobs[0].Command == control.CommandRebuild && jobs[0].Arguments.RackName == "" && jobs[0].Arguments.PodName == ""
}

func (s RebuildState) failed() *metav1.Condition {
	if meta.IsStatusConditionTrue(s.Task.Status.Conditions, control.JobFailed) {
		return meta.FindStatusCondition(s.Task.Status.Conditions, control.JobFailed)
	}
	return nil
}

// afterFailure names what went wrong, and makes another task in place of the failed one when its pause is over.
func (s RebuildState) afterFailure(waiting string) Rebuild {
	try, _ := strconv.Atoi(s.Task.Annotations[tryCount])
	try = max(try, 1)
	at := s.Now
	if end := s.Task.Status.CompletionTime; end != nil {
		at = end.Add(pause(try))
	}
	switch {
	case s.Debt.Trouble != "":
		return Rebuild{Trouble: s.Debt.Trouble}
	case s.Now.Before(at):
		return Rebuild{Trouble: fmt.Sprintf("datacenter %s lacks the data of %s: CassandraTask %s in namespace %s failed: %s. It is tried again at %s; delete the task to try at once",
			s.DC.Name, s.Debt.From, s.Task.Name, s.Task.Namespace, s.failed().Message, at.UTC().Format(time.RFC3339))}
	}
	return Rebuild{Drop: true, Make: s.task(try + 1), Wait: fmt.Sprintf("%s, try %d", waiting, try+1)}
}

// pause is how long a try that failed is left alone.
func pause(try int) time.Duration { return min(firstPause<<min(try-1, 10), maxPause) }

func (s RebuildState) task(try int) *control.CassandraTask {
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.DC.Namespace, Name: RebuildTask(s.DC.Name),
		Labels:      map[string]string{api.ClusterNameLabel: s.Ring.Name, api.ClusterNamespaceLabel: s.Ring.Namespace},
		Annotations: map[string]string{tryCount: strconv.Itoa(try), beganWith: strings.Join(slices.Sorted(slices.Values(MemberOf(s.DC).Hosts)), ",")}}}
	task.Spec.Datacenter = corev1.ObjectReference{Namespace: s.DC.Namespace, Name: s.DC.Name}
	task.Spec.Jobs = []control.CassandraJob{{Name: "rebuild", Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: s.Debt.From}}}
	task.Spec.TTLSecondsAfterFinished = new(int32)
	if s.Spec != nil {
		task.Spec.MaxConcurrentPods = &s.Spec.MaxConcurrentRebuilds
	}
	return task
}

// RebuildTask is the name of the task that rebuilds a datacenter.
func RebuildTask(dc string) string { return dc + "-rebuild" }
