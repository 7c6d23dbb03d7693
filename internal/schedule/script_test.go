package schedule_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/schedule"
)

// world is a namespace with one schedule.
type world struct {
	t     *testing.T
	state schedule.State
}

// TestScripts plays testdata/scripts: each block changes the world or lets the operator look, and shows what it decides and
// what the status says then. A pass that changes the status is followed by another one, which must change nothing.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := &world{state: schedule.State{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Datacenter: true}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			return w.do(d)
		})
	})
}

func (w *world) do(d *datadriven.TestData) string {
	var words []string
	for _, a := range d.CmdArgs {
		words = append(words, a.Key)
	}
	switch d.Cmd {
	case "schedule": // its spec: a new object, or an edit of the one that is there
		w.edit(d.Input)
	case "named": // the object
		w.state.Schedule.Name = words[0]
	case "anew": // the object was deleted, and is made again
		w.state.Schedule.UID += "'"
		w.state.Schedule.CreationTimestamp, w.state.Schedule.Status = metav1.NewTime(w.state.Now), api.ScheduledTaskStatus{}
	case "status": // as it was stored by somebody
		w.state.Schedule.Status = api.ScheduledTaskStatus{}
		w.decode(d.Input, &w.state.Schedule.Status)
	case "now":
		w.state.Now = w.time(words[0])
	case "later":
		by, err := time.ParseDuration(words[0])
		w.must(err)
		w.state.Now = w.state.Now.Add(by)
	case "datacenter":
		w.state.Datacenter = true
	case "no-datacenter":
		w.state.Datacenter = false
	case "begun", "ended": // a task
		now := metav1.NewTime(w.state.Now)
		t := w.task(words[0])
		if t.Status.StartTime = &now; d.Cmd == "ended" {
			t.Status.CompletionTime = &now
		}
	case "gone": // a task
		w.state.Tasks = slices.DeleteFunc(w.state.Tasks, func(t api.CassandraTask) bool { return t.Name == words[0] })
	case "another": // task of somebody else
		w.state.Tasks = append(w.state.Tasks, api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Name: words[0]}})
	case "crash": // of an operator that has made the task and not written the status
		p := schedule.Make(&w.state)
		w.carryOut(p)
		return p.String()
	case "refused": // by the API server, as the task is made
		p := schedule.Make(&w.state)
		return w.report(p, schedule.Done{Err: errors.New("quota exceeded")})
	case "pass":
		return w.pass()
	case "passes": // every minute, for so long: what is made
		return w.passes(words[0])
	default:
		w.t.Fatalf("unknown command %q", d.Cmd)
	}
	return ""
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) decode(input string, into any) { w.must(yaml.UnmarshalStrict([]byte(input), into)) }

func (w *world) time(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	w.must(err)
	return at.UTC()
}

func (w *world) edit(input string) {
	if w.state.Schedule == nil {
		w.state.Schedule = &api.ScheduledTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "nightly", UID: "uid", CreationTimestamp: metav1.NewTime(w.state.Now)}}
	}
	spec := api.ScheduledTaskSpec{TaskDetails: api.TaskDetails{Name: "clean"}}
	spec.TaskDetails.Datacenter.Name = "dc1"
	spec.TaskDetails.Jobs = []api.CassandraJob{{Name: "clean", Command: api.CommandCleanup}}
	w.decode(input, &spec)
	w.state.Schedule.Spec = spec
	w.state.Schedule.Generation++
}

func (w *world) task(name string) *api.CassandraTask {
	i := slices.IndexFunc(w.state.Tasks, func(t api.CassandraTask) bool { return t.Name == name })
	if i < 0 {
		w.t.Fatalf("there is no task %q", name)
	}
	return &w.state.Tasks[i]
}

func (w *world) carryOut(p schedule.Plan) (done schedule.Done) {
	if len(p.Steps) > 0 {
		w.state.Tasks = append(w.state.Tasks, *p.Task)
		done.Made = true
	}
	return done
}

func (w *world) pass() string {
	p := schedule.Make(&w.state)
	text := w.report(p, w.carryOut(p))
	again := schedule.Make(&w.state)
	if len(again.Steps) > 0 || !equality.Semantic.DeepEqual(w.state.Schedule.Status, schedule.Summarize(&w.state, again, schedule.Done{})) {
		text += "and again: " + again.String()
	}
	return text
}

func (w *world) passes(long string) string {
	span, err := time.ParseDuration(long)
	w.must(err)
	var out strings.Builder
	for end := w.state.Now.Add(span); !w.state.Now.After(end); w.state.Now = w.state.Now.Add(time.Minute) {
		p := schedule.Make(&w.state)
		if p.Task != nil {
			fmt.Fprintf(&out, "%s for %s\n", w.state.Now.Format(time.RFC3339), p.Due.Format(time.RFC3339))
		}
		done := w.carryOut(p)
		w.state.Schedule.Status = schedule.Summarize(&w.state, p, done)
		for i := range w.state.Tasks {
			now := metav1.NewTime(w.state.Now)
			w.state.Tasks[i].Status.StartTime, w.state.Tasks[i].Status.CompletionTime = &now, &now
		}
	}
	return out.String()
}

// report writes the status and prints the plan and what is new in the status.
func (w *world) report(p schedule.Plan, done schedule.Done) string {
	status := schedule.Summarize(&w.state, p, done)
	w.state.Schedule.Status = status
	var out strings.Builder
	out.WriteString(cmp.Or(p.String(), "nothing to do\n"))
	fmt.Fprintf(&out, "last %s, next %s, again in %s\n", stamp(status.LastExecution), stamp(status.NextSchedule), p.Again)
	for _, c := range status.Conditions {
		fmt.Fprintf(&out, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	return out.String()
}

func stamp(t metav1.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}
