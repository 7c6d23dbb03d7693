package task_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/task"
)

// world is a datacenter on which one task is played, pass by pass.
type world struct {
	t      *testing.T
	state  task.State
	serial int
	spec   []cass.Rack // of the datacenter
	away   []task.Rack
}

// TestScripts plays testdata/scripts: each block changes the world or lets one pass run and shows the plan and what became of it.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := newWorld(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			return w.do(d)
		})
	})
}

func newWorld(t *testing.T) *world {
	return &world{t: t, state: task.State{
		Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Datacenter: &cass.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{UID: "one"}}, Jobs: map[string]task.JobSeen{},
		Schema: task.Schema{Answered: true, Keyspace: true, Tables: []string{"orders", "lines"}},
	}}
}

func (w *world) do(d *datadriven.TestData) string {
	switch d.Cmd {
	case "task":
		w.state.Task = w.decode(d.Input)
	case "others":
		w.state.Others = append(w.state.Others, *w.decode(d.Input))
	case "others-end":
		w.state.Others = nil
	case "racks":
		w.racks(d)
	case "no-datacenter":
		w.state.Datacenter = nil
	case "made-anew": // a datacenter of the name
		w.state.Datacenter = &cass.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{UID: "another"}, Spec: cass.CassandraDatacenterSpec{Racks: w.spec}}
	case "edit": // the task, as a person does
		w.state.Task.Spec = w.decode(d.Input).Spec
	case "set-gone", "set-back": // a rack's StatefulSet
		w.set(d)
	case "ready", "unready":
		w.eachPod(d, func(p *task.Pod) { p.Ready = d.Cmd == "ready" })
	case "size":
		_, _ = fmt.Sscan(d.CmdArgs[0].Key, &w.state.Datacenter.Spec.Size)
	case "gone", "back": // a pod; "back POD RACK out" is one whose node is no member
		if d.Cmd == "back" {
			w.state.Pods = append(w.state.Pods, task.Pod{Name: d.CmdArgs[0].Key, Rack: d.CmdArgs[1].Key, Member: len(d.CmdArgs) < 3})
			break
		}
		w.state.Pods = slices.DeleteFunc(w.state.Pods, func(p task.Pod) bool { return p.Name == d.CmdArgs[0].Key })
	case "joined": // members, as the datacenter's status knows them: rack1=(a,b)
		w.state.Datacenter.Status.NodeStatuses = cass.CassandraStatusMap{}
		for _, rack := range d.CmdArgs {
			for _, pod := range rack.Vals {
				w.state.Datacenter.Status.NodeStatuses[pod] = cass.CassandraNodeStatus{Rack: rack.Key, HostID: "id-" + pod}
			}
		}
	case "member":
		w.eachPod(d, func(p *task.Pod) { p.Member = true })
	case "owes":
		w.state.Datacenter.Annotations = map[string]string{cass.RebuildFromAnnotation: d.CmdArgs[0].Key}
	case "leaves": // a pod's node; "nobody" when it is gone
		metav1.SetMetaDataAnnotation(&w.state.Datacenter.ObjectMeta, cass.DecommissionAnnotation, d.CmdArgs[0].Key+" some-id")
		if d.CmdArgs[0].Key == "nobody" {
			delete(w.state.Datacenter.Annotations, cass.DecommissionAnnotation)
		}
	case "replaces": // the datacenter, a pod's node; "nobody" when it is done
		w.state.Datacenter.Status.NodeReplacements = nil
		if pod := d.CmdArgs[0].Key; pod != "nobody" {
			w.state.Datacenter.Status.NodeReplacements = []string{pod}
		}
	case "another": // a pod has another node
		w.serial++
		n := w.state.Datacenter.Status.NodeStatuses[d.CmdArgs[0].Key]
		n.HostID = fmt.Sprintf("id-%d", w.serial)
		w.state.Datacenter.Status.NodeStatuses[d.CmdArgs[0].Key] = n
	case "refuses":
		w.state.Datacenter.Status.RefusedReplacements = []cass.RefusedReplacement{{Pod: d.CmdArgs[0].Key, TaskUID: d.CmdArgs[1].Vals[0], Message: "it is the only node"}}
	case "job":
		w.job(d)
	case "stamp": // the datacenter's operator restarts a rack, as of the task's beginning or of a time
		w.stamp(d)
	case "stopped":
		w.state.Datacenter.Spec.Stopped = true
	case "roll":
		w.roll(d.CmdArgs[0].Key)
	case "new": // pods are made from their rack's revision, and ready
		w.eachPod(d, func(p *task.Pod) { p.Ready, p.Revision = true, w.rack(p.Rack).Revision })
	case "sick":
		w.rack(d.CmdArgs[0].Key).Settled = false
	case "later":
		w.later(d.CmdArgs[0].Key)
	case "schema": // unknown: no node says; none: there is no such keyspace; its tables otherwise
		w.schema(d)
	case "config":
		w.state.Datacenter.Spec.Config = []byte(d.Input)
	case "update": // allowed VALUE, or taken up, or needed, as the datacenter's operator says
		w.update(d)
	case "crash":
		return w.crash()
	case "pass":
		return w.pass()
	default:
		w.t.Fatalf("unknown command %q", d.Cmd)
	}
	return ""
}

func (w *world) decode(input string) *api.CassandraTask {
	t := &api.CassandraTask{}
	if err := yaml.UnmarshalStrict([]byte(input), t); err != nil {
		w.t.Fatal(err)
	}
	if t.Spec.Datacenter.Name == "" {
		t.Spec.Datacenter.Name = "dc1"
	}
	return t
}

// racks rack1=(a,b) makes a rack with these pods, ready and of revision 1.
func (w *world) racks(d *datadriven.TestData) {
	for _, rack := range d.CmdArgs {
		w.spec = append(w.spec, cass.Rack{Name: rack.Key})
		w.state.Datacenter.Spec.Racks = w.spec
		w.state.Racks = append(w.state.Racks, task.Rack{Name: rack.Key, StatefulSet: "sts-" + rack.Key, Members: rack.Vals, Revision: "1", Observed: true, Settled: true})
		for _, pod := range rack.Vals {
			w.state.Pods = append(w.state.Pods, task.Pod{Name: pod, Rack: rack.Key, Ready: true, Revision: "1"})
		}
	}
}

// set takes a rack's StatefulSet away, or gives it back as it was.
func (w *world) set(d *datadriven.TestData) {
	name := d.CmdArgs[0].Key
	if d.Cmd == "set-gone" {
		w.away = append(w.away, *w.rack(name))
		w.state.Racks = slices.DeleteFunc(w.state.Racks, func(r task.Rack) bool { return r.Name == name })
		return
	}
	i := slices.IndexFunc(w.away, func(r task.Rack) bool { return r.Name == name })
	w.state.Racks = append(w.state.Racks, w.away[i])
}

func (w *world) eachPod(d *datadriven.TestData, change func(*task.Pod)) {
	for i := range w.state.Pods {
		if slices.ContainsFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == w.state.Pods[i].Name }) {
			change(&w.state.Pods[i])
		}
	}
}

func (w *world) rack(name string) *task.Rack {
	i := slices.IndexFunc(w.state.Racks, func(r task.Rack) bool { return r.Name == name })
	return &w.state.Racks[i]
}

// job POD completed|error|lost|silent is what the node will say from now on.
func (w *world) job(d *datadriven.TestData) {
	pod, what := d.CmdArgs[0].Key, d.CmdArgs[1].Key
	w.state.Jobs[pod] = map[string]task.JobSeen{
		"completed": {Job: mgmtapi.Job{Status: mgmtapi.JobCompleted}},
		"error":     {Job: mgmtapi.Job{Status: mgmtapi.JobError, Error: "stream failed"}},
		"lost":      {Err: fmt.Errorf("job: %w", mgmtapi.ErrNotFound)},
		"silent":    {Err: fmt.Errorf("job: %w", mgmtapi.ErrUnavailable)},
	}[what]
}

// stamp RACK [TIME] plays the datacenter's planner: the rack's template is for a restart of that time, and the pods are still
// the old ones.
func (w *world) stamp(d *datadriven.TestData) {
	rack := w.rack(d.CmdArgs[0].Key)
	rack.RestartedAt, rack.Revision, rack.Settled = w.state.Now, rack.Revision+"'", false
	if start := w.state.Task.Status.StartTime; start != nil {
		rack.RestartedAt = start.Time
	}
	if len(d.CmdArgs) > 1 {
		at, err := time.Parse(time.RFC3339, d.CmdArgs[1].Key)
		if err != nil {
			w.t.Fatal(err)
		}
		rack.RestartedAt = at
	}
}

// roll plays the StatefulSet's controller: all pods of the rack are new and ready.
func (w *world) roll(name string) {
	rack := w.rack(name)
	rack.Settled = true
	for i := range w.state.Pods {
		if w.state.Pods[i].Rack == name {
			w.state.Pods[i].Revision = rack.Revision
		}
	}
}

func (w *world) schema(d *datadriven.TestData) {
	switch d.CmdArgs[0].Key {
	case "unknown":
		w.state.Schema = task.Schema{}
	case "none":
		w.state.Schema = task.Schema{Answered: true}
	default:
		w.state.Schema = task.Schema{Answered: true, Keyspace: true, Tables: d.CmdArgs[0].Vals}
	}
}

func (w *world) update(d *datadriven.TestData) {
	dc := w.state.Datacenter
	switch d.CmdArgs[0].Key {
	case "allowed":
		metav1.SetMetaDataAnnotation(&dc.ObjectMeta, cass.UpdateAllowedAnnotation, d.CmdArgs[1].Key)
	case "cleared":
		delete(dc.Annotations, cass.UpdateAllowedAnnotation)
	case "needed", "not-needed":
		status := map[string]corev1.ConditionStatus{"needed": corev1.ConditionTrue, "not-needed": corev1.ConditionFalse}[d.CmdArgs[0].Key]
		dc.Status.Conditions = []cass.DatacenterCondition{{Type: cass.DatacenterRequiresUpdate, Status: status, Message: "this version would make other pods"}}
	}
}

func (w *world) later(by string) {
	d, err := time.ParseDuration(by)
	if err != nil {
		w.t.Fatal(err)
	}
	w.state.Now = w.state.Now.Add(d)
}

// act makes a plan and carries it out.
func (w *world) act() (task.Plan, task.Done) {
	w.state.Now = w.state.Now.Add(time.Second)
	next := task.Make(&w.state)
	done := task.Done{JobIDs: map[string]string{}, Errors: map[string]error{}, Silent: map[string]error{}}
	for _, step := range next.Steps {
		w.carryOut(step, &done)
	}
	return next, done
}

// crash is a pass whose operator ends before it has written the status.
func (w *world) crash() string {
	next, _ := w.act()
	return next.String()
}

// pass makes a plan, carries it out, and prints the plan and the status that follows.
func (w *world) pass() string {
	next, done := w.act()
	text := next.String()
	w.state.Task.Status = task.Summarize(&w.state, next, done)
	if next.Begin {
		metav1.SetMetaDataAnnotation(&w.state.Task.ObjectMeta, api.DatacenterUIDAnnotation, string(w.state.Datacenter.UID))
	}
	if text == "" {
		text = "nothing to do\n"
	}
	return text + w.status()
}

func (w *world) carryOut(step plan.Step, done *task.Done) {
	switch {
	case step.Verb == task.AllowUpdate:
		metav1.SetMetaDataAnnotation(&w.state.Datacenter.ObjectMeta, cass.UpdateAllowedAnnotation, cass.UpdateAllowedOnce)
		done.Allowed = true
		return
	case step.Verb != task.StartJob:
		return
	case strings.HasPrefix(step.Target, "refuses"):
		done.Errors[step.Target] = errors.New("it says no")
		return
	case strings.HasPrefix(step.Target, "old"):
		done.Errors[step.Target] = fmt.Errorf("POST /a/call: %w: 404 Not Found", mgmtapi.ErrNotFound)
		return
	case strings.HasPrefix(step.Target, "silent"):
		done.Silent[step.Target] = fmt.Errorf("POST /a/call: %w: no answer", mgmtapi.ErrUnavailable)
		return
	}
	w.serial++
	done.JobIDs[step.Target] = fmt.Sprintf("job-%d", w.serial)
	w.state.Jobs[step.Target] = task.JobSeen{Job: mgmtapi.Job{Status: mgmtapi.JobWaiting}}
}

func (w *world) status() string {
	var b strings.Builder
	status := w.state.Task.Status
	for _, name := range slices.Sorted(maps.Keys(status.PodStatuses)) {
		pod := status.PodStatuses[name]
		fmt.Fprintf(&b, "  %s %s", name, pod.Status)
		if pod.Retries > 0 {
			fmt.Fprintf(&b, " retries=%d", pod.Retries)
		}
		if pod.Error != "" {
			fmt.Fprintf(&b, " (%s)", pod.Error)
		}
		b.WriteString("\n")
	}
	for _, c := range status.Conditions {
		if c.Status == metav1.ConditionTrue {
			fmt.Fprintf(&b, "  %s: %s: %s\n", c.Type, c.Reason, c.Message)
		}
	}
	return b.String()
}
