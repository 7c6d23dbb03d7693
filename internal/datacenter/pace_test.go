package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// However many nodes may be away, whichever of them a change reaches and whatever happens to others meanwhile: no two that hold
// replicas of one range are taken down, none is evicted beside one that is, and in the end all pods are as the spec asks for.
func TestNoRollTakesTwoReplicas(t *testing.T) {
	together, evicted, refused := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := rapid.IntRange(1, 4).Draw(t, "racks")
		for i := range rapid.IntRange(1, 2).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), racks*rapid.IntRange(1, 3).Draw(t, "nodes a rack")+rapid.IntRange(0, 1).Draw(t, "one more"), []string{"r1", "r2", "r3", "r4"}[:racks], true)
		}
		same(w)
		if !w.settle(200, nil) {
			t.Fatalf("it does not come up:\n%s", w.story())
		}
		for range rapid.IntRange(5, 40).Draw(t, "length") {
			w.rolls(t, w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")])
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.mustEndWell(t)
		together, evicted, refused = max(together, w.atOnce), evicted+w.evicted, refused+w.refused
		for _, r := range w.regions {
			for name, pod := range r.pods {
				if got, want := pod.Labels["controller-revision-hash"], r.sets[r.positionOf(name).Rack].Status.UpdateRevision; got != want {
					t.Fatalf("pod %s has the template %s instead of %s", name, got, want)
				}
			}
		}
	})
	if together < 2 {
		t.Error("no two nodes were ever restarted together: the property shows nothing")
	}
	if evicted == 0 || refused == 0 {
		t.Errorf("%d pods were evicted, and %d evictions refused: the property shows nothing of them", evicted, refused)
	}
}

// rolls is something that makes nodes restart, or that happens meanwhile.
func (w *world) rolls(t *rapid.T, r *region) {
	pod := rapid.SampledFrom(slices.Sorted(maps.Keys(r.nodes))).Draw(t, "pod")
	switch what := rapid.SampledFrom([]string{"pace", "pace", "config", "config", "bad config", "good config", "restart task", "restart", "keyspace", "keyspace",
		"pass", "tick", "round", "round", "round", "round", "die", "forget", "crash", "lose", "unreachable", "reachable", "cut", "heal", "grow", "upgrade",
		"evict", "evict after", "evict after", "evict between", "evict between", "budgets lag", "budgets follow"}).Draw(t, "what"); what {
	case "pace":
		r.pace(t)
	case "keyspace":
		name := "shop" + strconv.Itoa(rapid.IntRange(0, 2).Draw(t, "name"))
		factors := map[string]int{}
		for _, one := range w.regions {
			factors[one.dc.Name] = rapid.IntRange(1, 4).Draw(t, "replicas")
		}
		n := r.nodes[pod]
		_ = n.CreateKeyspace(t.Context(), name, factors)
		_ = n.AlterKeyspace(t.Context(), name, factors)
	case "evict", "evict after", "evict between", "budgets lag", "budgets follow":
		r.drains(what, pod)
	case "restart task":
		r.restartTask(&datadriven.TestData{Cmd: "restart-task"})
	case "upgrade":
		r.annotate(api.UpdateAllowedAnnotation, rapid.SampledFrom([]string{api.UpdateAllowedOnce, api.UpdateAllowedAlways}).Draw(t, "allowed"))
	default:
		if !w.goesOn(t, r, pod, what, 12) {
			r.wish(t, what)
		}
	}
}
