package ringtask

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// place is a region: its copy, its parts, and what it last saw of the others.
type place struct {
	name  string
	task  *api.K8ssandraTask // nil before it has a copy, and after its end
	parts map[string]*api.CassandraTask
	seen  map[string]*Peer
}

// world is a ring over some regions in which one task is carried out.
type world struct {
	ring   *k8ssandra.K8ssandraCluster
	places []*place
	cut    map[string]bool
	lacks  map[string]bool
	now    time.Time
	out    strings.Builder
}

func (w *world) place(name string) *place {
	return w.places[slices.IndexFunc(w.places, func(p *place) bool { return p.name == name })]
}

// look is what a region sees of the others.
func (w *world) look(p *place) (peers []Peer) {
	for _, o := range w.places {
		if o == p {
			continue
		}
		switch {
		case w.cut[p.name] || w.cut[o.name]:
			if p.seen[o.name] == nil {
				p.seen[o.name] = &Peer{Region: o.name, Reachable: true}
			}
			if p.seen[o.name].Reachable {
				p.seen[o.name].Reachable, p.seen[o.name].Since = false, w.now
			}
		default:
			p.seen[o.name] = &Peer{Region: o.name, Reachable: true, Lacks: w.lacks[o.name]}
			if o.task != nil && !w.lacks[o.name] {
				p.seen[o.name].Task = o.task.DeepCopy()
			}
		}
		peers = append(peers, *p.seen[o.name])
	}
	return peers
}

// pass is one of a region's operator, after its copy has agreed with the others'.
func (w *world) pass(p *place) (changed bool) {
	if w.lacks[p.name] {
		return false
	}
	peers := w.look(p)
	if p.task == nil { // as federation does it
		for _, peer := range peers {
			if peer.Reachable && peer.Task != nil {
				p.task = peer.Task.DeepCopy()
				p.task.Status = api.K8ssandraTaskStatus{}
				return true
			}
		}
		return false
	}
	s := &State{Now: w.now, Region: p.name, Task: p.task, Ring: w.ring, Parts: p.parts, Peers: peers}
	plan := Make(s)
	for _, dc := range plan.Begin {
		p.parts[dc] = Part(s, dc)
		fmt.Fprintf(&w.out, "%s: begin %s\n", p.name, p.parts[dc].Name)
		changed = true
	}
	if plan.Delete {
		fmt.Fprintf(&w.out, "%s: delete\n", p.name)
		for _, o := range w.places {
			o.task, o.parts = nil, map[string]*api.CassandraTask{}
		}
		return true
	}
	status := Summarize(s, plan)
	if !equality.Semantic.DeepEqual(status, p.task.Status) {
		p.task.Status, changed = status, true
	}
	return changed
}

func (w *world) run() {
	for range 40 {
		changed := false
		for _, p := range w.places {
			changed = w.pass(p) || changed
		}
		if !changed {
			return
		}
	}
	w.out.WriteString("it never settles\n")
}

func (w *world) show() string {
	for _, p := range w.places {
		if p.task == nil {
			fmt.Fprintf(&w.out, "%s: no copy\n", p.name)
			continue
		}
		st := p.task.Status
		fmt.Fprintf(&w.out, "%s:", p.name)
		for _, dc := range slices.Sorted(maps.Keys(st.Datacenters)) {
			one := st.Datacenters[dc]
			word := "waiting"
			switch {
			case meta.IsStatusConditionTrue(one.Conditions, api.Skipped):
				word = "skipped"
			case one.CompletionTime != nil && failed(&one):
				word = "failed"
			case one.CompletionTime != nil:
				word = "done"
			case one.Active > 0:
				word = "running"
			}
			fmt.Fprintf(&w.out, " %s %s,", dc, word)
		}
		if st.CompletionTime != nil {
			w.out.WriteString(" ended,")
		}
		for _, c := range st.Conditions {
			if c.Status == metav1.ConditionTrue && c.Type != api.RegionsReachable || c.Type == api.JobRunning && st.CompletionTime == nil || c.Type == api.RegionsReachable && c.Status == metav1.ConditionFalse {
				fmt.Fprintf(&w.out, "\n  %s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
			}
		}
		w.out.WriteString("\n")
	}
	return w.out.String()
}

func (w *world) do(t *testing.T, d *datadriven.TestData) string {
	w.out.Reset()
	var names []string
	for _, a := range d.CmdArgs {
		names = append(names, a.Key)
	}
	switch d.Cmd {
	case "regions":
		for _, name := range names {
			w.places = append(w.places, &place{name: name, parts: map[string]*api.CassandraTask{}, seen: map[string]*Peer{}})
		}
		return ""
	case "ring": // dc@region …
		w.ring = &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "ring"}}
		w.ring.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{}
		for _, text := range names {
			dc, region, _ := strings.Cut(text, "@")
			w.ring.Spec.Cassandra.Datacenters = append(w.ring.Spec.Cassandra.Datacenters, k8ssandra.CassandraDatacenterTemplate{Metadata: k8ssandra.EmbeddedObjectMeta{Name: dc}, K8sContext: region})
		}
		return ""
	case "task": // in a region
		task := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "restart"}}
		if err := yaml.UnmarshalStrict([]byte(d.Input), &task.Spec); err != nil {
			t.Fatal(err)
		}
		w.place(names[0]).task = task
	case "running", "done", "failed": // datacenters
		for _, p := range w.places {
			for _, dc := range names {
				if part := p.parts[dc]; part != nil {
					w.play(part, d.Cmd)
				}
			}
		}
	case "lost": // a part that somebody deletes
		for _, p := range w.places {
			delete(p.parts, names[0])
		}
	case "skip":
		task := w.place(names[0]).task
		task.Annotations = map[string]string{api.SkipAnnotation: strings.Join(names[1:], ",")}
	case "cut":
		w.cut[names[0]] = true
	case "heal":
		w.cut = map[string]bool{}
	case "older":
		w.lacks[names[0]] = true
	case "newer":
		w.lacks = map[string]bool{}
	case "later":
		d, err := time.ParseDuration(names[0])
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(d)
	default:
		t.Fatalf("no command %q", d.Cmd)
	}
	w.run()
	return w.show()
}

func (w *world) play(part *api.CassandraTask, what string) {
	now := metav1.NewTime(w.now)
	part.Status.StartTime, part.Status.Active = &now, 1
	if what == "running" {
		return
	}
	part.Status.Active, part.Status.CompletionTime, part.Status.Succeeded = 0, &now, 3
	if what == "failed" {
		part.Status.Succeeded, part.Status.Failed = 2, 1
		meta.SetStatusCondition(&part.Status.Conditions, metav1.Condition{Type: api.JobFailed, Status: metav1.ConditionTrue, Reason: api.ReasonPodsFailed, Message: "pod-1: no room"})
	}
}

// TestScripts plays the histories of testdata. Rewrite the output with -rewrite, and read the difference.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		w := &world{cut: map[string]bool{}, lacks: map[string]bool{}, now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return w.do(t, d) })
	})
}
