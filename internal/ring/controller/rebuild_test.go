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
func apart(t *testing.T, members string, change func(*api.K8ssandraCluster)) *stage {
	t.Helper()
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(change)
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

// A datacenter that was made with the ring, and whose nodes came when clients had written, is rebuilt.
func TestADatacenterThatComesLate(t *testing.T) {
	for _, test := range []struct {
		how, members string
		named        string
	}{
		{"isn't on record", `{"dc1":["a"]}`, ""},
		{"has other nodes than are on record", `{"dc1":["a"],"dc2":["lost"]}`, ""},
		{"and its source has another name in Cassandra", `{"First":["a"]}`, "First"},
	} {
		t.Run(test.how, func(t *testing.T) {
			s := apart(t, test.members, func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[0].DatacenterName = test.named })
			source := "dc1"
			if test.named != "" {
				source = test.named
			}
			w, c := s.by[west], s.by[central]
			c.joins("dc2", "b")
			s.until("the verdict", func() bool { return c.dc("dc2").Annotations[cassandra.RebuildFromAnnotation] == source })
			if c.task() != nil {
				t.Error("a rebuild was asked for before dc2 has replicas")
			}
			c.serve("dc2", "10.1.0.1")
			s.until("the task", func() bool { return c.task() != nil })
			if got := c.task().Spec.Jobs[0].Arguments.SourceDatacenter; got != source {
				t.Errorf("the source is %q", got)
			}
			s.rounds(3)
			w.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to be rebuilt from "+source)
			c.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc2 to be rebuilt from "+source)
			c.end("")
			s.until("the ring to be ready", s.ready)
			if got := c.dc("dc2").Annotations[cassandra.RebuiltFromAnnotation]; got != source {
				t.Errorf("rebuilt from %q", got)
			}
			s.settle()
		})
	}
}

// Datacenters of one first boot owe each other nothing, whichever is quicker.
func TestDatacentersOfOneFirstBoot(t *testing.T) {
	const members = `{"dc1":["a"],"dc2":["b"]}`
	s := apart(t, members, nil)
	c := s.by[central]
	s.rounds(3)
	if got := c.dc("dc2").Annotations; got[cassandra.FoundingAnnotation] != "" || got[cassandra.RebuildFromAnnotation] != "" {
		t.Errorf("dc2 is judged before its nodes are known: %v", got)
	}
	c.joins("dc2", "b")
	s.until("the verdict", func() bool { return c.dc("dc2").Annotations[cassandra.FoundingAnnotation] == members })
	c.serve("dc2", "10.1.0.1")
	s.until("the ring to be ready", s.ready)
	s.settle()
	if c.task() != nil || c.dc("dc2").Annotations[cassandra.RebuildFromAnnotation] != "" || s.by[west].dc("dc1").Annotations[cassandra.RebuildFromAnnotation] != "" {
		t.Error("a rebuild was asked for")
	}
}

// While a datacenter is stopped with data, the others know: none of them may begin the ring anew.
func TestAStoppedDatacenterIsNamedToTheOthers(t *testing.T) {
	s := apart(t, `{"dc1":["a"],"dc2":["b"]}`, nil)
	w, c := s.by[west], s.by[central]
	c.joins("dc2", "b")
	s.until("the verdict", func() bool { return c.dc("dc2").Annotations[cassandra.FoundingAnnotation] != "" })
	c.serve("dc2", "10.1.0.1")
	s.until("the ring to be ready", s.ready)
	stop := func(yes bool) {
		w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[1].Stopped = yes })
	}
	stop(true)
	s.until("dc1 to know", func() bool { return w.dc("dc1").Annotations[cassandra.StoppedAnnotation] == "dc2" })
	if got := c.dc("dc2").Annotations[cassandra.StoppedAnnotation]; got != "" {
		t.Errorf("dc2 is told that %s is stopped", got)
	}
	stop(false)
	s.until("dc1 to know of the end", func() bool { return w.dc("dc1").Annotations[cassandra.StoppedAnnotation] == "" })
}

// A datacenter is told who has a copy of all that it had, as long as those answer and see that it is down.
func TestADatacenterIsToldWhoHasCopies(t *testing.T) {
	s := apart(t, `{"dc1":["a"],"dc2":["b"]}`, nil)
	w, c := s.by[west], s.by[central]
	c.joins("dc2", "b")
	s.until("the verdict", func() bool { return c.dc("dc2").Annotations[cassandra.FoundingAnnotation] != "" })
	c.serve("dc2", "10.1.0.1")
	s.until("the ring to be ready", s.ready)
	says := func(onlyAt map[string]string) {
		dc := c.dc("dc2")
		dc.Status.OnlyAt, dc.Status.Together = onlyAt, &cassandra.TogetherStatus{Looked: metav1.NewTime(s.clock)}
		c.must(c.admin.Status().Update(t.Context(), dc))
	}
	told, all := func() string { return w.dc("dc1").Annotations[cassandra.CopiedAnnotation] }, "dc2/"+topology.MembersHash([]string{"b"})
	says(nil)
	if s.rounds(3); told() != "" {
		t.Errorf("dc1, which is up, is told %q", told())
	}
	says(map[string]string{"dc1": ""})
	s.until("dc1 to be told", func() bool { return told() == all })
	s.cut()
	s.until("dc1 to be told no more", func() bool { return told() == "" })
	s.heal()
	says(map[string]string{"dc1": ""})
	s.until("dc1 to be told again", func() bool { return told() == all })
	says(map[string]string{"dc1": "once"})
	s.until("dc1 to be told that it had the only copy of something", func() bool { return told() == "" })
}

// A datacenter that joins is told which keyspaces it would own ranges of at once, until it is initialized.
func TestAKeyspaceOfNoDatacenterIsNamedToOneThatJoins(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("dc1", func() bool { return w.dc("dc1") != nil })
	w.serve("dc1", "10.0.0.1")
	s.until("the ring to be ready", s.ready)
	sees := func(keyspaces map[string]cassandra.KeyspaceStatus) {
		dc := w.dc("dc1")
		dc.Status.KeyspacesSeen, dc.Status.Keyspaces = true, keyspaces
		w.must(w.admin.Status().Update(t.Context(), dc))
	}
	w.edit(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, template("dc2", central))
	})
	s.until("dc2", func() bool { return c.dc("dc2") != nil })
	told := func() string { return c.dc("dc2").Annotations[cassandra.SpreadAnnotation] }
	if got := told(); got != "?" {
		t.Errorf("before dc1 has looked dc2 is told %q", got)
	}
	sees(map[string]cassandra.KeyspaceStatus{"shop": {Strategy: "SimpleStrategy"}, "other": {Replicas: 1}})
	s.until("dc2 to be told", func() bool { return told() == "shop" })
	sees(map[string]cassandra.KeyspaceStatus{"shop": {Replicas: 1}, "other": {Replicas: 1}})
	s.until("dc2 to be let in", func() bool { return told() == "" })
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
