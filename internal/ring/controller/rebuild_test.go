package controller_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// grown is a ring of dc1 with data to which dc2 was added, whose nodes are members by now.
func grown(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("dc1", func() bool { return w.dc("dc1") != nil })
	w.serve("dc1", "10.0.0.1")
	s.until("the ring to be ready", s.ready)
	w.edit(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, template("dc2", central))
		k.Spec.Cassandra.Rebuild = &api.RebuildSpec{MaxConcurrentRebuilds: 2}
	})
	s.until("dc2", func() bool { return c.dc("dc2") != nil })
	if got := c.dc("dc2").Annotations["ringspan.io/rebuild-from"]; got != "dc1" {
		t.Errorf("dc2 is rebuilt from %q", got)
	}
	if c.task() != nil {
		t.Error("a rebuild was asked for before dc2's nodes are members")
	}
	c.serve("dc2", "10.1.0.1")
	s.until("the task", func() bool { return c.task() != nil })
	return s
}

func (r *region) task() *control.CassandraTask {
	r.t.Helper()
	task := &control.CassandraTask{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: "dc2-rebuild"}, task); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		r.t.Fatal(err)
	}
	return task
}

// end lets the task end, with words of failure or none.
func (r *region) end(failure string) {
	r.t.Helper()
	task := r.task()
	now := metav1.NewTime(r.clock)
	task.Status.StartTime, task.Status.CompletionTime = &now, &now
	c := metav1.Condition{Type: control.JobComplete, Status: metav1.ConditionTrue, Reason: control.ReasonCompleted, LastTransitionTime: now}
	if failure != "" {
		c.Type, c.Reason, c.Message = control.JobFailed, control.ReasonPodsFailed, failure
	}
	task.Status.Conditions = []metav1.Condition{c}
	r.must(r.admin.Status().Update(r.t.Context(), task))
}

func TestAnAddedDatacenterIsRebuilt(t *testing.T) {
	s := grown(t)
	c := s.by[central]
	task := c.task()
	if job := task.Spec.Jobs[0]; job.Command != control.CommandRebuild || job.Arguments.SourceDatacenter != "dc1" || *task.Spec.MaxConcurrentPods != 2 {
		t.Errorf("the task is %+v", task.Spec)
	}
	s.rounds(3)
	c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to be rebuilt from dc1")
	c.end("")
	s.until("the ring to be ready", s.ready)
	s.settle()
	s.must(c.admin.Delete(t.Context(), c.task()))
	s.rounds(3)
	if c.task() != nil {
		t.Error("deleting the task that was done asked for another rebuild")
	}
	c.says(api.ClusterReady, corev1.ConditionTrue)
}

// A datacenter that could not be rebuilt has no data: the ring isn't ready, and says what to do.
func TestAFailedRebuild(t *testing.T) {
	for _, how := range []string{"is tried again after a while", "is tried again when its task is deleted"} {
		t.Run(how, func(t *testing.T) {
			s := grown(t)
			c := s.by[central]
			c.end("ring-dc2-r1-sts-0: Unable to find sufficient sources for streaming range")
			failed := c.task()
			s.rounds(3)
			c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 lacks the data of dc1", "CassandraTask dc2-rebuild", "sufficient sources", "delete the task to try at once")
			if got := c.ring().Status.Error; !strings.Contains(got, "dc2-rebuild") || !c.event("dc2-rebuild") {
				t.Errorf("status.error: %s; an event: %t", got, c.event("dc2-rebuild"))
			}
			if c.task().UID != failed.UID {
				t.Error("it was tried again at once")
			}
			if how == "is tried again after a while" {
				s.clock = s.clock.Add(time.Minute)
			} else {
				s.must(c.admin.Delete(t.Context(), failed))
			}
			s.rounds(3)
			if again := c.task(); again == nil || again.UID == failed.UID {
				t.Fatal("it was not tried again")
			}
			c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to be rebuilt from dc1")
			c.end("")
			s.until("the ring to be ready", s.ready)
		})
	}
}

// Each pause is twice the one before.
func TestARebuildThatFailsAgainWaitsLonger(t *testing.T) {
	s := grown(t)
	c := s.by[central]
	c.end("once")
	s.clock = s.clock.Add(time.Minute)
	s.rounds(2)
	c.end("twice")
	failed := c.task()
	s.clock = s.clock.Add(time.Minute)
	s.rounds(2)
	if c.task().UID != failed.UID {
		t.Error("the second pause was as short as the first")
	}
	s.clock = s.clock.Add(time.Minute)
	s.rounds(2)
	if c.task().UID == failed.UID {
		t.Error("it was not tried a third time")
	}
}
