package ringtask

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// place is a region: its copy, its parts, and what it last saw of the others.
type place struct {
	name  string
	task  *api.K8ssandraTask // nil before it has a copy, and after its end
	parts map[string]*api.CassandraTask
	seen  map[string]*Peer
	ring  *k8ssandra.K8ssandraCluster // its copy; nil when it has none

	kept      *api.K8ssandraTask // a backup of the region
	keptParts map[string]*api.CassandraTask
}

// world is a ring over some regions in which one task is carried out.
type world struct {
	places []*place
	cut    map[string]bool
	lacks  map[string]bool
	late   map[string]bool // regions that see of the others what they last saw
	stays  map[string]bool // regions whose definition of the kind doesn't let them take an edit over
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
		case w.late[p.name] && p.seen[o.name] != nil:
		case w.cut[p.name] || w.cut[o.name]:
			if p.seen[o.name] == nil {
				p.seen[o.name] = &Peer{Region: o.name, Reachable: true}
			}
			if p.seen[o.name].Reachable {
				p.seen[o.name].Reachable, p.seen[o.name].Since = false, w.now
			}
		default:
			p.seen[o.name] = &Peer{Region: o.name, Reachable: true, Lacks: w.lacks[o.name]}
			if o.ring != nil {
				p.seen[o.name].Ring = o.ring.Annotations[k8ssandra.RingIDAnnotation]
			}
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
	if w.agree(p, peers) {
		return true
	}
	if p.task == nil {
		return false
	}
	s := &State{Now: w.now, Region: p.name, Task: p.task, Ring: p.ring, Parts: p.parts, Peers: peers, Held: w.stays[p.name] && w.behind(p, peers)}
	if s.Held {
		s.Problems = []string{"a definition of K8ssandraTasks that knows all of the edit"}
	}
	plan := Make(s)
	if plan.Record != nil {
		p.task.Spec.Datacenters, p.task.Spec.Cluster.UID = plan.Record.Datacenters, types.UID(plan.Record.Ring)
		w.edited(p)
		return true
	}
	for _, d := range plan.Drop {
		fmt.Fprintf(&w.out, "%s: drop %s: %s\n", p.name, p.parts[d.Datacenter].Name, d.Why)
		delete(p.parts, d.Datacenter)
		changed = true
	}
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

// agree is what federation does with a region's copy, as far as tasks depend on it: it makes one, and adopts a newer
// revision. A copy remembers whose copies it has seen.
func (w *world) agree(p *place, peers []Peer) (changed bool) {
	for _, peer := range peers {
		switch {
		case !peer.Reachable || peer.Task == nil:
			continue
		case p.task == nil && federation.ParseRegions(peer.Task.Annotations[federation.RegionsAnnotation])[p.name] != "":
			continue // lost here, or deleted
		case p.task == nil:
			p.task = peer.Task.DeepCopy()
			delete(p.task.Annotations, federation.RegionsAnnotation)
			p.task.Status = api.K8ssandraTaskStatus{}
			changed = true
		case revision(peer.Task).Counter > revision(p.task).Counter && !w.stays[p.name]:
			p.task.Spec = *peer.Task.Spec.DeepCopy()
			p.task.Generation++
			p.task.Annotations[federation.RevisionAnnotation] = peer.Task.Annotations[federation.RevisionAnnotation]
			changed = true
		}
		seen := federation.ParseRegions(p.task.Annotations[federation.RegionsAnnotation])
		if seen == nil {
			seen = map[string]string{}
		}
		seen[peer.Region] = "uid"
		p.task.Annotations[federation.RegionsAnnotation] = federation.FormatRegions(seen)
	}
	return changed
}

func revision(task *api.K8ssandraTask) federation.Revision {
	r, _ := federation.ParseRevision(task.Annotations[federation.RevisionAnnotation])
	return r
}

// behind tells whether a region has yet to take an edit over.
func (w *world) behind(p *place, peers []Peer) bool {
	return slices.ContainsFunc(peers, func(o Peer) bool { return o.Task != nil && revision(o.Task).Counter > revision(p.task).Counter })
}

// edited makes a new revision of a region's copy.
func (w *world) edited(p *place) {
	r := revision(p.task)
	p.task.Generation++
	p.task.Annotations[federation.RevisionAnnotation] = federation.Revision{Counter: r.Counter + 1, Region: p.name, Hash: "h"}.String()
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
		var peers []Peer
		for _, o := range w.places {
			if o != p && p.seen[o.name] != nil {
				peers = append(peers, *p.seen[o.name])
			}
		}
		for _, dc := range slices.Sorted(maps.Keys(p.parts)) {
			if why := Hold(p.parts[dc], p.task, peers); why != "" && p.parts[dc].Status.CompletionTime == nil {
				fmt.Fprintf(&w.out, "  part %s waits for %s\n", dc, why)
			}
		}
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
	case "ring": // dc@region … in all regions
		for _, p := range w.places {
			p.ring = ringOf(names, "ring-1")
		}
		return ""
	case "ring-at": // region dc@region …
		w.place(names[0]).ring = ringOf(names[1:], "ring-1")
		return ""
	case "another-ring": // of the same name
		for _, p := range w.places {
			p.ring = ringOf(names, "ring-2")
		}
	case "no-ring": // in these regions any more
		for _, name := range names {
			w.place(name).ring = nil
		}
	case "backup":
		p := w.place(names[0])
		p.kept, p.keptParts = p.task.DeepCopy(), map[string]*api.CassandraTask{}
		for dc, part := range p.parts {
			p.keptParts[dc] = part.DeepCopy()
		}
		return ""
	case "restore":
		p := w.place(names[0])
		p.task, p.parts, p.seen = p.kept.DeepCopy(), map[string]*api.CassandraTask{}, map[string]*Peer{}
		for dc, part := range p.keptParts {
			p.parts[dc] = part.DeepCopy()
		}
		return ""
	case "run":
	case "edit": // in a region, the datacenters
		p := w.place(names[0])
		p.task.Spec.Datacenters = names[1:]
		w.edited(p)
	case "spec": // of the copies
		for _, name := range names {
			spec := w.place(name).task.Spec
			fmt.Fprintf(&w.out, "%s: %s of ring %s\n", name, strings.Join(spec.Datacenters, ", "), spec.Cluster.UID)
		}
		return w.out.String()
	case "see": // what a region sees and says at once, before anybody does anything
		w.look(w.place(names[0]))
		return w.show()
	case "task": // in a region
		task := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "restart"}}
		if err := yaml.UnmarshalStrict([]byte(d.Input), &task.Spec); err != nil {
			t.Fatal(err)
		}
		task.Annotations = map[string]string{api.TaskIDAnnotation: "id", federation.RevisionAnnotation: "1/" + names[0] + "/h"}
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
		p := w.place(names[0])
		p.task.Spec.SkipDatacenters = names[1:]
		w.edited(p)
	case "cut":
		w.cut[names[0]] = true
	case "heal":
		if len(names) == 0 {
			w.cut = map[string]bool{}
		}
		for _, name := range names {
			delete(w.cut, name)
		}
	case "late", "in-time":
		for _, name := range names {
			w.late[name] = d.Cmd == "late"
		}
	case "stays", "takes-over":
		for _, name := range names {
			w.stays[name] = d.Cmd == "stays"
		}
	case "policy": // region policy
		p := w.place(names[0])
		p.task.Spec.DcConcurrencyPolicy = batchv1.ConcurrencyPolicy(names[1])
		w.edited(p)
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

// ringOf is a ring's copy.
func ringOf(datacenters []string, id string) *k8ssandra.K8ssandraCluster {
	k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "ring", Annotations: map[string]string{k8ssandra.RingIDAnnotation: id}}}
	k.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{}
	for _, text := range datacenters {
		dc, region, _ := strings.Cut(text, "@")
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, k8ssandra.CassandraDatacenterTemplate{Metadata: k8ssandra.EmbeddedObjectMeta{Name: dc}, K8sContext: region})
	}
	return k
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
		w := &world{cut: map[string]bool{}, lacks: map[string]bool{}, late: map[string]bool{}, stays: map[string]bool{}, now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return w.do(t, d) })
	})
}
