package controller_test

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// restartTask makes a task that has begun now, as the tasks' loop leaves it.
func (s *stage) restartTask(change func(*control.CassandraTask)) *control.CassandraTask {
	s.t.Helper()
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "restart"}}
	task.Spec.Datacenter.Name = "dc1"
	task.Spec.Jobs = []control.CassandraJob{{Name: "restart", Command: control.CommandRestart}}
	if change != nil {
		change(task)
	}
	s.must(s.admin.Create(s.t.Context(), task))
	task.Status.StartTime = &metav1.Time{Time: s.clock}
	s.must(s.admin.Status().Update(s.t.Context(), task))
	return task
}

func (s *stage) template(rack string) map[string]string {
	s.t.Helper()
	set := &appsv1.StatefulSet{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-dc1-" + rack + "-sts"}, set))
	return set.Spec.Template.Annotations
}

// restarts plays until all is calm, and counts how often each pod is made anew.
func (s *stage) restarts() map[string]int {
	s.t.Helper()
	count, before := map[string]int{}, s.uids()
	for range 100 {
		s.pass()
		if away := s.notServing(); away > 1 {
			s.t.Fatalf("%d nodes are away at once", away)
		}
		s.kubernetes()
		for name, uid := range s.uids() {
			if before[name] != uid {
				count[name]++
				before[name] = uid
			}
		}
		if s.calm() {
			return count
		}
	}
	s.t.Fatalf("not settled after 100 rounds: %+v", s.dc().Status)
	return nil
}

// A task that has begun restarts each node once, one at a time, and leaves what else is on the templates to its owners.
func TestATaskRestarts(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	task := s.restartTask(nil)
	for name, n := range s.restarts() {
		if n != 1 {
			t.Errorf("%s was restarted %d times", name, n)
		}
	}
	for _, rack := range []string{"r1", "r2", "r3"} {
		if got, want := s.template(rack)[control.RestartedAtAnnotation], task.Status.StartTime.UTC().Format("2006-01-02T15:04:05Z"); got != want {
			t.Errorf("rack %s was restarted for %q, want %q", rack, got, want)
		}
	}
	if again := s.restarts(); len(again) > 0 {
		t.Errorf("restarted again: %v", again)
	}
}

// The tasks of older versions wrote on the StatefulSets themselves. What one of them has begun goes on from there, and no
// node is restarted twice for it.
func TestARestartThatAnOlderVersionBegan(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	task := s.restartTask(nil)
	patch := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": map[string]any{"namespace": s.ns, "name": "ring-dc1-r1-sts"},
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
			"annotations": map[string]any{control.RestartedAtAnnotation: task.Status.StartTime.UTC().Format("2006-01-02T15:04:05Z")},
		}}},
	}}
	s.must(s.as.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner("ringspan-tasks"), client.ForceOwnership))
	s.kubernetes()
	count := s.restarts()
	for name := range s.nodes {
		if count[name] != 1 {
			t.Errorf("%s was restarted %d times", name, count[name])
		}
	}
	// A later restart takes over what that version's tasks own of the template.
	s.must(s.admin.Delete(t.Context(), task))
	s.clock = s.clock.Add(60e9)
	s.restartTask(func(task *control.CassandraTask) { task.Spec.Jobs[0].Arguments.RackName = "r1" })
	if count := s.restarts(); count["ring-dc1-r1-sts-0"] != 1 || len(count) != 1 {
		t.Errorf("restarted: %v", count)
	}
}

// A restart that has ended as other regions remember isn't carried out again in a region that was restored from a backup.
func TestARestartThatMayNotGoOn(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	why := "its end: region eu-west-1 remembers that datacenter dc1 has ended"
	s.loop.MayGoOn = func(context.Context, *control.CassandraTask) (string, error) { return why, nil }
	s.restartTask(nil)
	if count := s.restarts(); len(count) > 0 {
		t.Errorf("restarted: %v", count)
	}
	why = ""
	if count := s.restarts(); len(count) != 3 {
		t.Errorf("restarted: %v, want all three", count)
	}
}
