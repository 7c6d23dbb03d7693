package ringtask

import (
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// Whatever is cut, lost and seen late: one after another means that no datacenter begins before the one before it has ended
// well, none is begun again once it has ended, and when all regions see each other the task ends in all of them alike.
func TestOneAfterAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]string{"dc1", "dc2", "dc3"}).Draw(t, "order")
		w := &world{cut: map[string]bool{}, lacks: map[string]bool{}, late: map[string]bool{}, stays: map[string]bool{}, now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		for _, region := range []string{"a", "b", "c"} {
			w.places = append(w.places, &place{name: region, parts: map[string]*api.CassandraTask{}, seen: map[string]*Peer{}, ring: ringOf([]string{"dc1@a", "dc2@b", "dc3@c"}, "ring-1")})
		}
		task := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "restart", Annotations: map[string]string{api.TaskIDAnnotation: "id", federation.RevisionAnnotation: "1/a/h"}}}
		task.Spec.Cluster.Name, task.Spec.Datacenters = "ring", order
		task.Spec.Template.Jobs = []api.CassandraJob{{Name: "r", Command: api.CommandRestart}}
		task.Spec.Template.TTLSecondsAfterFinished = new(int32)
		w.places[0].task = task

		ended := map[string]bool{}
		begun := func(p *place) (all []string) {
			for dc := range p.parts {
				all = append(all, dc)
			}
			return all
		}
		pass := func(p *place) {
			before := begun(p)
			w.pass(p)
			for _, dc := range begun(p) {
				if slices.Contains(before, dc) {
					continue
				}
				if ended[dc] {
					t.Fatalf("%s begins again", dc)
				}
				if i := slices.Index(order, dc); i > 0 && !ended[order[i-1]] {
					t.Fatalf("%s begins before %s has ended", dc, order[i-1])
				}
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			p := w.place(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "region"))
			switch rapid.SampledFrom([]string{"pass", "pass", "pass", "end", "cut", "heal", "lose the part", "lose the status"}).Draw(t, "action") {
			case "pass":
				pass(p)
			case "end":
				for dc, part := range p.parts {
					w.play(part, "done")
					ended[dc] = true
				}
				pass(p) // its own status is what tells of it
			case "cut":
				w.cut[p.name] = true
			case "heal":
				delete(w.cut, p.name)
			case "lose the part": // of which the status tells
				for dc := range p.parts {
					if p.task.Status.Datacenters[dc].CompletionTime != nil {
						delete(p.parts, dc)
					}
				}
			case "lose the status": // a copy that is taken over anew, beside its parts
				if p.task != nil && len(p.parts) > 0 {
					p.task.Status = api.K8ssandraTaskStatus{}
				}
			}
		}
		w.cut = map[string]bool{}
		for range 20 {
			for _, p := range w.places {
				pass(p)
				for dc, part := range p.parts {
					w.play(part, "done")
					ended[dc] = true
				}
			}
		}
		for _, p := range w.places {
			if p.task == nil || p.task.Status.CompletionTime == nil || p.task.Status.Succeeded != 9 {
				t.Fatalf("%s: %+v", p.name, p.task)
			}
		}
	})
}

// leftOut tells whether some copy leaves a datacenter out: the others don't wait for it, be it at work or about to begin.
func (w *world) leftOut(dc string) bool {
	return slices.ContainsFunc(w.places, func(o *place) bool { return o.task != nil && slices.Contains(o.task.Spec.SkipDatacenters, dc) })
}

// Edits may change whose turn it is. While all regions answer, and however late they see each other, no datacenter begins while
// another one works, unless one of them is left out, and the task ends.
func TestOneAtATimeThroughEdits(t *testing.T) {
	all := []string{"dc1", "dc2", "dc3"}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{cut: map[string]bool{}, lacks: map[string]bool{}, late: map[string]bool{}, stays: map[string]bool{}, now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		for _, region := range []string{"a", "b", "c"} {
			w.places = append(w.places, &place{name: region, parts: map[string]*api.CassandraTask{}, seen: map[string]*Peer{}, ring: ringOf([]string{"dc1@a", "dc2@b", "dc3@c"}, "ring-1")})
		}
		task := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "restart", Annotations: map[string]string{api.TaskIDAnnotation: "id", federation.RevisionAnnotation: "1/a/h"}}}
		task.Spec.Cluster.Name, task.Spec.Datacenters = "ring", all
		task.Spec.Template.Jobs = []api.CassandraJob{{Name: "r", Command: api.CommandRestart}}
		task.Spec.Template.TTLSecondsAfterFinished = new(int32)
		w.places[0].task = task
		pass := func(p *place) {
			before := maps.Clone(p.parts)
			w.pass(p)
			for begun := range p.parts {
				if before[begun] != nil {
					continue
				}
				for _, o := range w.places {
					for dc, part := range o.parts {
						if dc != begun && part.Status.CompletionTime == nil && !w.leftOut(dc) && !w.leftOut(begun) {
							t.Fatalf("%s begins while %s works", begun, dc)
						}
					}
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			p := w.place(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "region"))
			switch action := rapid.SampledFrom([]string{"pass", "pass", "pass", "look", "look", "run", "end", "order", "skip"}).Draw(t, "action"); action {
			case "pass":
				pass(p)
			case "look":
				w.late[p.name] = false
				w.look(p)
				w.late[p.name] = true
			case "run", "end":
				for _, part := range p.parts {
					if part.Status.CompletionTime == nil && Hold(part, p.task, nil) == "" {
						w.play(part, map[string]string{"run": "running", "end": "done"}[action])
					}
				}
			case "order", "skip":
				if p.task == nil || p.task.Spec.Cluster.UID == "" || !w.newest(p) {
					continue // two edits of one revision diverge: a person chooses, and nothing begins until then
				}
				some := rapid.Permutation(all).Draw(t, "names")[:rapid.IntRange(0, 3).Draw(t, "number")]
				if action == "skip" {
					p.task.Spec.SkipDatacenters = some
				} else if len(some) > 0 {
					p.task.Spec.Datacenters = some
				}
				w.edited(p)
			}
		}
		w.late = map[string]bool{}
		for range 30 {
			for _, p := range w.places {
				pass(p)
				for _, part := range p.parts {
					w.play(part, "done")
				}
			}
		}
		for _, p := range w.places {
			if p.task == nil || p.task.Status.CompletionTime == nil {
				t.Fatalf("%s: %+v", p.name, p.task)
			}
		}
	})
}

// newest tells whether no other copy has a revision above a region's.
func (w *world) newest(p *place) bool {
	return !slices.ContainsFunc(w.places, func(o *place) bool { return o.task != nil && revision(o.task).Counter > revision(p.task).Counter })
}
