package controller_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
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

// Of the histories of a rebuild that fails, in the script added.txt of package ring, this is what an API server is needed
// for: the loop deletes the task that it has seen, and no other one.
func TestAnAddedDatacenterIsRebuilt(t *testing.T) {
	s := grown(t)
	c := s.by[central]
	failed := c.task()
	if job := failed.Spec.Jobs[0]; job.Command != control.CommandRebuild || job.Arguments.SourceDatacenter != "dc1" || *failed.Spec.MaxConcurrentPods != 2 {
		t.Errorf("the task is %+v", failed.Spec)
	}
	c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to be rebuilt from dc1")
	c.end("ring-dc2-r1-sts-0: Unable to find sufficient sources for streaming range")
	s.rounds(3)
	c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 lacks the data of dc1", "CassandraTask dc2-rebuild", "sufficient sources", "delete the task to try at once")
	if got := c.ring().Status.Error; !strings.Contains(got, "dc2-rebuild") || !c.event("dc2-rebuild") {
		t.Errorf("status.error: %s; an event: %t", got, c.event("dc2-rebuild"))
	}
	if c.task().UID != failed.UID {
		t.Error("it was tried again at once")
	}
	s.clock = s.clock.Add(time.Minute)
	s.rounds(3)
	if again := c.task(); again == nil || again.UID == failed.UID {
		t.Fatal("it was not tried again")
	}
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

// record puts down which nodes the ring began with, as the founder's operator does.
func (r *region) record(dc, members string) {
	r.t.Helper()
	o := r.dc(dc)
	before := o.DeepCopy()
	o.Annotations[cassandra.FoundingAnnotation] = members
	r.must(r.admin.Patch(r.t.Context(), o, client.MergeFrom(before)))
}

// joins lets the nodes of a datacenter be members.
func (r *region) joins(dc string, hosts ...string) {
	r.t.Helper()
	o := r.dc(dc)
	o.Status.NodeStatuses = cassandra.CassandraStatusMap{}
	for _, id := range hosts {
		o.Status.NodeStatuses["pod-"+id] = cassandra.CassandraNodeStatus{HostID: id}
	}
	r.must(r.admin.Status().Update(r.t.Context(), o))
}

// apart is a ring whose datacenters are made at the same time, and whose founder has begun with the members on record.
func apart(t *testing.T, members string) *stage {
	t.Helper()
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(nil)
	s.until("both datacenters", func() bool { return w.dc("dc1") != nil && c.dc("dc2") != nil })
	s.rounds(3)
	for _, name := range []string{cassandra.FoundingAnnotation, cassandra.RebuildFromAnnotation} {
		if got := c.dc("dc2").Annotations[name]; got != "" {
			t.Errorf("dc2 is judged before anybody has begun: %s=%s", name, got)
		}
	}
	w.joins("dc1", "a")
	w.record("dc1", members)
	w.serve("dc1", "10.0.0.1")
	return s
}

// What the loop writes on a datacenter stands beside what that one's own operator has written there, and goes when it holds
// no longer. The histories are the scripts first_boot.txt, late.txt and told.txt of package ring.
func TestADatacenterIsToldOfTheOthers(t *testing.T) {
	const members = `{"dc1":["a"],"dc2":["b"]}`
	s := apart(t, members)
	w, c := s.by[west], s.by[central]
	c.joins("dc2", "b")
	s.until("the verdict", func() bool { return c.dc("dc2").Annotations[cassandra.FoundingAnnotation] == members })
	c.serve("dc2", "10.1.0.1")
	s.until("the ring to be ready", s.ready)
	told := func(name string) string { return w.dc("dc1").Annotations[name] }
	stop := func(yes bool) {
		w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[1].Stopped = yes })
	}
	stop(true)
	s.until("dc1 to know that dc2 is stopped", func() bool { return told(cassandra.StoppedAnnotation) == "dc2" })
	stop(false)
	s.until("dc1 to know of the end", func() bool { return told(cassandra.StoppedAnnotation) == "" })
	dc := c.dc("dc2")
	dc.Status.OnlyAt, dc.Status.Together = map[string]string{"dc1": ""}, &cassandra.TogetherStatus{Looked: metav1.NewTime(s.clock)}
	c.must(c.admin.Status().Update(t.Context(), dc))
	s.until("dc1 to be told who has copies", func() bool { return told(cassandra.CopiedAnnotation) == "dc2/"+topology.MembersHash([]string{"b"}) })
	s.cut()
	s.until("dc1 to be told so no more", func() bool { return told(cassandra.CopiedAnnotation) == "" })
	if got := told(cassandra.FoundingAnnotation); got != members {
		t.Errorf("what dc1's operator has put down is %q", got)
	}
	if c.task() != nil || c.dc("dc2").Annotations[cassandra.RebuildFromAnnotation] != "" || told(cassandra.RebuildFromAnnotation) != "" {
		t.Error("a rebuild was asked for")
	}
}

// A source in the same region, under another name in Cassandra than in Kubernetes.
func TestADatacenterIsAddedInTheSameRegion(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1]
		k.Spec.Cassandra.Datacenters[0].DatacenterName = "First"
	})
	s.until("dc1", func() bool { return w.dc("dc1") != nil })
	w.serve("dc1", "10.0.0.1")
	s.until("the ring to be ready", s.ready)
	w.edit(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, template("dc2", west))
		k.Spec.Cassandra.Rebuild = &api.RebuildSpec{SourceDc: "dc1"}
	})
	s.until("dc2", func() bool { return w.dc("dc2") != nil })
	if got := w.dc("dc2").Annotations[cassandra.RebuildFromAnnotation]; got != "First" {
		t.Errorf("dc2 is rebuilt from %q", got)
	}
	w.serve("dc2", "10.0.0.2")
	s.until("the task", func() bool { return w.task() != nil })
}
