package ring

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

func TestPlanRebuild(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	dc := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "dc2", UID: "now"}}
	booted := dc.DeepCopy()
	booted.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterInitialized, Status: corev1.ConditionTrue}}
	owes, alone := Debt{From: "dc1"}, Debt{From: "dc1", Trouble: "nobody has it"}
	// task is one of a try that began its pause so long ago; condition says how it ended.
	task := func(try string, ago time.Duration, condition string) *control.CassandraTask {
		t := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "dc2-rebuild", UID: "task", Annotations: map[string]string{tryCount: try},
			OwnerReferences: []metav1.OwnerReference{{Kind: "CassandraDatacenter", UID: "now"}}}}
		t.Spec.Jobs = []control.CassandraJob{{Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: "dc1"}}}
		if condition != "" {
			end := metav1.NewTime(now.Add(-ago))
			t.Status.StartTime, t.Status.CompletionTime = &end, &end
			t.Status.Conditions = []metav1.Condition{{Type: condition, Status: metav1.ConditionTrue, Message: "too few sources"}}
		}
		return t
	}
	altered, later := booted.DeepCopy(), metav1.NewTime(now.Add(time.Second))
	altered.Status.Keyspaces = map[string]cassandra.KeyspaceStatus{"shop": {Replicas: 1, OwedSince: &later}}
	replaced := booted.DeepCopy()
	replaced.Status.NodeStatuses = cassandra.CassandraStatusMap{"a": {HostID: "1"}, "b": {HostID: "3"}}
	replacing := booted.DeepCopy()
	replacing.Status.Conditions = append(replacing.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterReplacingNodes, Status: corev1.ConditionTrue})
	replacedIn, same := task("1", 0, control.JobComplete), task("1", 0, control.JobComplete)
	replacedIn.Annotations[beganWith], same.Annotations[beganWith] = "1,2", "1,3"
	replacedBy := func(ago time.Duration) *cassandra.CassandraDatacenter {
		dc := booted.DeepCopy()
		dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterReplacingNodes, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(now.Add(-ago))})
		return dc
	}
	formers := task("1", 0, control.JobComplete)
	formers.OwnerReferences[0].UID = "gone"
	oneRack := task("1", 0, control.JobComplete)
	oneRack.Spec.Jobs[0].Arguments.RackName = "r1"
	for _, test := range []struct {
		why  string
		dc   *cassandra.CassandraDatacenter
		debt Debt
		task *control.CassandraTask
		want string
	}{
		{"nothing is owed", booted, Debt{}, nil, ""},
		{"it is paid", booted, Debt{From: "dc1", Paid: true}, nil, ""},
		{"its nodes aren't members yet", dc, owes, nil, ""},
		{"they are", booted, owes, nil, "make try 1; wait datacenter dc2 to be rebuilt from dc1"},
		{"nobody has the data", booted, alone, nil, "trouble nobody has it"},
		{"the task is on", booted, owes, task("1", 0, ""), "wait datacenter dc2 to be rebuilt from dc1"},
		{"it is done", booted, owes, task("1", 0, control.JobComplete), "paid"},
		{"it is done, and somebody gave more replicas while it was on", altered, owes, task("1", 0, control.JobComplete), "drop; make try 1; wait datacenter dc2 to be rebuilt from dc1"},
		{"it is done, and a node has taken another's place while it was on", replaced, owes, replacedIn, "drop; make try 1; wait datacenter dc2 to be rebuilt from dc1"},
		{"it is done, and a node is about to take another's place", replacing, owes, same, "wait datacenter dc2 to be rebuilt from dc1"},
		{"it is done, and the nodes are those that it began with", replaced, owes, same, "paid"},
		{"a person's is done, and a node has taken another's place while it was on", replacedBy(time.Minute), owes, task("1", time.Hour, control.JobComplete), "drop; make try 1; wait datacenter dc2 to be rebuilt from dc1"},
		{"a person's is done, and a node had taken another's place before", replacedBy(time.Hour), owes, task("1", time.Minute, control.JobComplete), "paid"},
		{"it was done for a datacenter that is gone", booted, owes, formers, "drop; wait datacenter dc2 to be rebuilt from dc1"},
		{"somebody's task went over one rack", booted, owes, oneRack, "trouble waiting for datacenter dc2 to be rebuilt from dc1, but CassandraTask dc2-rebuild in namespace ns is no rebuild of all of it: delete that task"},
		{"it failed", booted, owes, task("1", 59*time.Second, control.JobFailed), "trouble datacenter dc2 lacks the data of dc1: CassandraTask dc2-rebuild in namespace ns failed: too few sources. It is tried again at 2026-01-01T00:00:01Z; delete the task to try at once"},
		{"a minute ago", booted, owes, task("1", time.Minute, control.JobFailed), "drop; make try 2; wait datacenter dc2 to be rebuilt from dc1, try 2"},
		{"for the third time", booted, owes, task("3", 4*time.Minute, control.JobFailed), "drop; make try 4; wait datacenter dc2 to be rebuilt from dc1, try 4"},
		{"for the third time, just now", booted, owes, task("3", 3*time.Minute, control.JobFailed), "trouble datacenter dc2 lacks the data of dc1: CassandraTask dc2-rebuild in namespace ns failed: too few sources. It is tried again at 2026-01-01T00:01:00Z; delete the task to try at once"},
		{"and nobody has the data any more", booted, alone, task("1", time.Hour, control.JobFailed), "trouble nobody has it"},
	} {
		got := PlanRebuild(RebuildState{Now: now, Ring: &api.K8ssandraCluster{}, DC: test.dc, Debt: test.debt, Task: test.task}).words()
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.why, diff)
		}
	}
}

func (r Rebuild) words() string {
	var all []string
	say := func(is bool, text string) {
		if is {
			all = append(all, text)
		}
	}
	say(r.Drop, "drop")
	if r.Make != nil {
		say(true, "make try "+r.Make.Annotations[tryCount])
	}
	say(r.Paid, "paid")
	say(r.Wait != "", "wait "+r.Wait)
	say(r.Trouble != "", "trouble "+r.Trouble)
	return strings.Join(all, "; ")
}
