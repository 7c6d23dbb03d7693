package controller

import (
	"testing"
	"time"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/task"
)

// A task that ended while its spec was another one has rebuilt nothing, even when somebody has put the spec right since.
func TestARebuildThatWasEditedHasRebuiltNothing(t *testing.T) {
	for name, edit := range map[string]func(*control.CassandraTask){
		"a second job": func(t *control.CassandraTask) {
			t.Spec.Jobs = append(t.Spec.Jobs, control.CassandraJob{Command: control.CommandCleanup})
		},
		"a command that isn't known": func(t *control.CassandraTask) { t.Spec.Jobs[0].Command = "rebiuld" },
		"another command": func(t *control.CassandraTask) {
			t.Spec.Jobs[0].Command = control.CommandCleanup
			t.Spec.Jobs[0].Arguments = control.JobArguments{Tables: []string{"a"}}
		},
	} {
		one := &control.CassandraTask{}
		one.Generation = 1
		one.Spec.Datacenter.Name = "dc2"
		one.Spec.Jobs = []control.CassandraJob{{Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: "dc1"}}}
		asked := *one.Spec.DeepCopy()
		pass := func() {
			s := &task.State{Now: time.Now(), Task: one, Datacenter: &cass.CassandraDatacenter{}}
			one.Status = task.Summarize(s, task.Make(s), task.Done{})
		}
		pass()
		edit(one)
		one.Generation++
		pass()
		if one.Status.CompletionTime == nil {
			t.Fatalf("%s: it goes on", name)
		}
		one.Spec = asked
		one.Generation++
		pass()
		if at := rebuilt(one, "dc2"); !at.IsZero() {
			t.Errorf("%s: counts as rebuilt: %+v", name, one.Status.Conditions)
		}
	}
}

func TestARebuildThatEndedWell(t *testing.T) {
	one := &control.CassandraTask{}
	one.Generation = 3
	one.Spec.Datacenter.Name = "dc2"
	one.Spec.Jobs = []control.CassandraJob{{Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: "dc1"}}}
	s := &task.State{Now: time.Now(), Task: one, Datacenter: &cass.CassandraDatacenter{}, Racks: []task.Rack{{Name: "default", Members: []string{"a"}}}, Pods: []task.Pod{{Name: "a", Ready: true}}, Jobs: map[string]task.JobSeen{}}
	one.Status = task.Summarize(s, task.Make(s), task.Done{})
	began := one.Status.StartTime
	one.Status.PodStatuses = map[string]control.PodTaskStatus{"a": {Status: control.PodTaskCompleted}}
	one.Status = task.Summarize(s, task.Make(s), task.Done{})
	if at := rebuilt(one, "dc2"); !at.Equal(began.Time) {
		t.Errorf("rebuilt at %s, want %s: %+v", at, began, one.Status.Conditions)
	}
	one.Generation++ // an edit after the end: what it is for now isn't what it did
	if at := rebuilt(one, "dc2"); !at.IsZero() {
		t.Errorf("an edited task counts as rebuilt at %s", at)
	}
}

// A flush that was made a rebuild while it ran has flushed.
func TestATaskThatWasMadeARebuildHasRebuiltNothing(t *testing.T) {
	one := &control.CassandraTask{}
	one.Generation = 1
	one.Spec.Datacenter.Name = "dc2"
	one.Spec.Jobs = []control.CassandraJob{{Command: control.CommandFlush}}
	s := &task.State{Now: time.Now(), Task: one, Datacenter: &cass.CassandraDatacenter{}, Racks: []task.Rack{{Name: "default", Members: []string{"a"}}}, Pods: []task.Pod{{Name: "a", Ready: true}}, Jobs: map[string]task.JobSeen{}}
	one.Status = task.Summarize(s, task.Make(s), task.Done{})
	one.Annotations = map[string]string{control.BegunGenerationAnnotation: "1"} // as the loop writes
	one.Status.PodStatuses = map[string]control.PodTaskStatus{"a": {Status: control.PodTaskCompleted}}
	one.Spec.Jobs = []control.CassandraJob{{Command: control.CommandRebuild, Arguments: control.JobArguments{SourceDatacenter: "dc1"}}}
	one.Generation = 2
	one.Status = task.Summarize(s, task.Make(s), task.Done{})
	if one.Status.CompletionTime == nil {
		t.Fatal("it goes on")
	}
	if at := rebuilt(one, "dc2"); !at.IsZero() {
		t.Errorf("counts as rebuilt: %+v", one.Status.Conditions)
	}
}
