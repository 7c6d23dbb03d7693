package schedule_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/schedule"
)

// history is what happens to a schedule, and which times were given a task.
type history struct {
	*world

	given []time.Time
	since time.Time // its making
	// latest is the time from which a clock was set back. One that is set back by more than an hour may repeat a time.
	latest time.Time
}

// pass is one of the operator, which may end before or after the task is made, or be refused it.
func (h *history) pass(t *rapid.T) {
	p := schedule.Make(&h.state)
	end := rapid.SampledFrom([]string{"well", "well", "well", "before", "after", "refused"}).Draw(t, "end")
	var done schedule.Done
	switch {
	case end == "before":
		return
	case end == "refused" && p.Task != nil:
		done.Err = errors.New("quota exceeded")
	default:
		done = h.carryOut(p)
	}
	if done.Made {
		h.check(t, p)
	}
	if end != "after" {
		h.state.Schedule.Status = schedule.Summarize(&h.state, p, done)
	}
}

func (h *history) check(t *rapid.T, p schedule.Plan) {
	switch {
	case p.Due.After(h.state.Now):
		t.Fatalf("at %s a task is made for %s", h.state.Now, p.Due)
	case slices.ContainsFunc(h.given, p.Due.Equal):
		t.Fatalf("a second task is made for %s", p.Due)
	case !p.Due.After(h.state.Schedule.Status.LastExecution.Time):
		t.Fatalf("a task is made for %s, after the one for %s", p.Due, h.state.Schedule.Status.LastExecution)
	case !p.Due.After(h.since):
		t.Fatalf("a task is made for %s, and the schedule is of %s", p.Due, h.since)
	}
	for i := range h.state.Tasks[:len(h.state.Tasks)-1] {
		if one := &h.state.Tasks[i]; one.Status.CompletionTime == nil && h.state.Schedule.Spec.TaskDetails.ConcurrencyPolicy != "Allow" {
			t.Fatalf("%s is made while %s has not ended", p.Task.Name, one.Name)
		}
	}
	h.given = append(h.given, p.Due)
}

// Whatever happens, a time has at most one task, none comes after one of a later time that was noted, and no task is made for what nobody asked for; when
// nothing happens any more, the next time has its task.
func TestATimeHasAtMostOneTask(test *testing.T) {
	rapid.Check(test, func(t *rapid.T) {
		h := &history{world: &world{t: test, state: schedule.State{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Datacenter: true}}}
		rules := []string{"*/10 * * * *", "0 * * * *", "CRON_TZ=Europe/Berlin 30 2 * * *", "@every 25m"}
		h.edit("schedule: '" + rapid.SampledFrom(rules).Draw(t, "rule") + "'")
		h.state.Schedule.Spec.TaskDetails.ConcurrencyPolicy = rapid.SampledFrom([]batch{"", "Forbid", "Allow"}).Draw(t, "policy")
		h.since = h.state.Now
		t.Repeat(map[string]func(*rapid.T){
			"pass": h.pass,
			"later": func(t *rapid.T) {
				h.state.Now = h.state.Now.Add(time.Duration(rapid.SampledFrom([]int{1, 60, 599, 3600, 90000}).Draw(t, "seconds")) * time.Second)
			},
			"clock back": func(t *rapid.T) {
				h.latest = later(h.latest, h.state.Now)
				h.state.Now = h.latest.Add(-time.Duration(rapid.IntRange(1, 3500).Draw(t, "seconds")) * time.Second)
			},
			"task goes on": func(*rapid.T) {
				now := metav1.NewTime(h.state.Now)
				for i := range h.state.Tasks {
					one := &h.state.Tasks[i].Status
					if one.StartTime == nil {
						one.StartTime = &now
					} else {
						one.CompletionTime = &now
					}
				}
			},
			"tasks expire": func(*rapid.T) { // those that are noted, and over
				h.state.Tasks = slices.DeleteFunc(h.state.Tasks, func(one api.CassandraTask) bool {
					return one.Status.CompletionTime != nil && !schedule.TimeOf(&one).After(h.state.Schedule.Status.LastExecution.Time)
				})
			},
			"datacenter": func(*rapid.T) { h.state.Datacenter = !h.state.Datacenter },
			"":           func(*rapid.T) {},
		})
		h.end(t)
	})
}

type batch = batchv1.ConcurrencyPolicy

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// end lets two days pass in which nothing fails.
func (h *history) end(t *rapid.T) {
	h.state.Datacenter = true
	before := len(h.given)
	for range 2 * 24 * 6 {
		h.state.Now = h.state.Now.Add(10 * time.Minute)
		now := metav1.NewTime(h.state.Now)
		for i := range h.state.Tasks {
			h.state.Tasks[i].Status.StartTime, h.state.Tasks[i].Status.CompletionTime = &now, &now
		}
		p := schedule.Make(&h.state)
		done := h.carryOut(p)
		if done.Made {
			h.check(t, p)
		}
		h.state.Schedule.Status = schedule.Summarize(&h.state, p, done)
	}
	if len(h.given) == before {
		t.Fatal("no task is made any more")
	}
}
