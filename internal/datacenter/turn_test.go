package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// ringOf is a ring of some regions that have one disruption budget.
func ringOf(t *rapid.T) *world {
	w := newWorld()
	for i := range rapid.IntRange(2, 3).Draw(t, "regions") {
		w.add(fmt.Sprintf("dc%d", i+1), 3, []string{"r1", "r2", "r3"}[:rapid.IntRange(1, 3).Draw(t, "racks")], false)
	}
	for _, r := range w.regions {
		r.annotate(api.DisruptionScopeAnnotation, api.DisruptionScopeRing)
	}
	if !w.settle(200, nil) {
		t.Fatalf("it does not come up:\n%s", w.story())
	}
	return w
}

// Whatever regions want at once, however old what they know of each other, and whenever they are cut off or their operators die: as long as they
// reach each other, or have for DisruptionExpiry not missed each other, no node is taken down beside one of another region that is down by its
// operator's hand. And nobody is held up for longer than that by a region that is gone.
func TestOneRegionAtATime(t *testing.T) {
	turns, beside := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := ringOf(t)
		for range rapid.IntRange(5, 30).Draw(t, "length") {
			w.takesTurns(t, w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")])
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.mustGoOnAlone(t)
		for _, r := range w.regions {
			r.idle, r.deaf, r.between = false, false, nil
		}
		w.mend()
		if !w.settle(300, nil) {
			if w.hintsArrive(); !w.settle(300, nil) {
				t.Fatalf("it does not end:\n%s", w.story())
			}
		}
		if broken := w.check(); broken != "" {
			t.Fatal(broken)
		}
		turns, beside = turns+w.turns, beside+w.beside
	})
	if turns == 0 || beside == 0 {
		t.Errorf("%d nodes were taken down, %d of them beside one of a region that was gone: the property shows nothing", turns, beside)
	}
}

// takesTurns is something that makes nodes go down, or that happens meanwhile.
func (w *world) takesTurns(t *rapid.T, r *region) {
	pod := rapid.SampledFrom(slices.Sorted(maps.Keys(r.nodes))).Draw(t, "pod")
	other := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "other")]
	switch what := rapid.SampledFrom([]string{"config", "config", "restart task", "replace", "pass", "pass", "pass", "between", "between", "between", "tick", "tick", "round", "round", "round",
		"die", "forget", "later", "much later", "cut", "heal", "deaf", "hears", "operator goes", "operator comes", "crash", "lose", "evict", "evict after", "budgets lag", "budgets follow"}).Draw(t, "what"); what {
	case "config":
		r.config(map[string]any{"concurrent_reads": rapid.IntRange(1, 9).Draw(t, "reads")})
	case "restart task":
		r.restartTask(&datadriven.TestData{Cmd: "restart-task"})
	case "replace":
		r.dc.Spec.ReplaceNodes = []string{pod}
		r.dc.Generation++
	case "pass", "die":
		if !r.idle {
			r.pass(rapid.IntRange(-1, 2).Draw(t, "after"))
		}
	case "between": // another region's operator acts between a look of this one's and what follows from it
		if r.idle || other == r || other.idle {
			return
		}
		r.between = func() {
			r.between = nil
			other.pass(-1)
		}
		r.pass(-1)
	case "tick":
		w.tick()
	case "round":
		w.settle(rapid.IntRange(1, 6).Draw(t, "rounds"), nil)
	case "forget":
		r.forget()
	case "later":
		w.now = w.now.Add(rapid.SampledFrom([]time.Duration{7 * time.Second, 25 * time.Second, 70 * time.Second}).Draw(t, "time"))
	case "much later":
		w.now = w.now.Add(datacenter.DisruptionExpiry + time.Second)
	case "cut", "heal":
		r.wish(t, what)
	case "deaf", "hears":
		r.deaf = what == "deaf"
	case "operator goes", "operator comes":
		if r.idle = what == "operator goes"; r.idle {
			r.forget()
		}
	case "lose":
		r.kill(pod)
	case "crash":
		w.node(r, pod, what)
	default:
		r.drains(what, pod)
	}
}

// mustGoOnAlone lets all regions but one go, whatever they were at, and that one restart its nodes.
func (w *world) mustGoOnAlone(t *rapid.T) {
	for _, r := range w.regions {
		for _, n := range r.nodes {
			n.Unreachable(false)
		}
		r.lagging, r.deaf, r.between, r.dc.Spec.ReplaceNodes = false, false, nil, nil
	}
	r := w.regions[0]
	for _, o := range w.regions[1:] {
		o.idle = true
	}
	r.idle = false
	w.setAway(true)
	w.now = w.now.Add(datacenter.DisruptionExpiry + time.Second)
	r.config(map[string]any{"concurrent_reads": 77})
	w.settle(200, nil)
	for name, pod := range r.pods {
		if got, want := pod.Labels["controller-revision-hash"], r.sets[r.positionOf(name).Rack].Status.UpdateRevision; got != want {
			t.Fatalf("%s is held up by regions that are gone: pod %s has the template %s instead of %s\n%s", r.dc.Name, name, got, want, w.story())
		}
	}
	w.setAway(false)
}
