package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// replaceStory is what happens while a node is replaced on request.
type replaceStory struct {
	name  string
	begin func(r *region)
	then  func(r *region, round int) // before each round
	stays bool                       // the node may stay as well
}

const replacedPod = "multi-region-dc1-r2-sts-0"

func ask(r *region) { r.dc.Spec.ReplaceNodes = []string{replacedPod}; r.dc.Generation++ }

func takeBack(r *region) { r.dc.Spec.ReplaceNodes = nil; r.dc.Generation++ }

func replaceStories() []replaceStory {
	nothing := func(*region, int) {}
	at := func(round int, do func(r *region)) func(*region, int) {
		return func(r *region, now int) {
			if now == round {
				do(r)
			}
		}
	}
	all := []replaceStory{
		{"asked for by the spec", ask, nothing, false},
		{"asked for by a task", func(r *region) { r.replaceTask("replaces", replacedPod) }, nothing, false},
		{"asked for by both, and another node too", func(r *region) {
			ask(r)
			r.replaceTask("replaces", replacedPod, "multi-region-dc1-r1-sts-0")
		}, nothing, false},
		{"its volume is lost", func(r *region) { ask(r); r.loseVolume(replacedPod) }, nothing, false},
	}
	rounds := []int{1, 2, 3, 4, 6}
	if testing.Short() {
		rounds = []int{2, 3}
	}
	for _, round := range rounds {
		all = append(all,
			replaceStory{fmt.Sprintf("taken back in round %d", round), ask, at(round, takeBack), true},
			replaceStory{fmt.Sprintf("taken back and asked for again in round %d", round), ask, at(round, func(r *region) { takeBack(r); r.pass(-1); ask(r) }), true},
			replaceStory{fmt.Sprintf("its JVM is killed in round %d", round), ask, at(round, func(r *region) { r.nodes[replacedPod].Crash("the JVM ended: signal: killed") }), false},
			replaceStory{fmt.Sprintf("its pod is lost in round %d", round), ask, at(round, func(r *region) { r.kill(replacedPod) }), false},
			replaceStory{fmt.Sprintf("its volume is lost in round %d", round), ask, at(round, func(r *region) { r.loseVolume(replacedPod) }), false})
	}
	return all
}

// Whenever the operator dies, before any of its writes and again soon after, the node is replaced once, no claim goes that isn't on record
// (world.check, deleteReplaced), and nothing of it is left.
func TestReplacingSurvivesTheOperatorsDeathAtEachWrite(t *testing.T) {
	for i := range replaceStories() {
		died := true
		for dies := 0; died && !t.Failed(); dies++ {
			story := replaceStories()[i]
			t.Run(fmt.Sprintf("%s, write %d", story.name, dies), func(t *testing.T) { died = story.play(t, dies) })
		}
	}
}

// play tells whether the operator died at all.
func (story replaceStory) play(t *testing.T, dies int) (died bool) {
	w := newWorld()
	w.add("dc1", 3, []string{"r1", "r2", "r3"}, false)
	if !w.settle(100, nil) {
		t.Fatal(w.story())
	}
	r, writes, calm := w.regions[0], 0, 0
	former := r.nodes[replacedPod].HostID()
	story.begin(r)
	for round := 0; round < 300 && calm < 4; round++ {
		story.then(r, round)
		plan := r.pass(dies - writes)
		if left := dies - writes; len(plan.Steps) > left {
			died, writes, dies = true, writes+left, dies+7
		} else {
			writes += len(plan.Steps)
		}
		r.endReplaceTasks()
		calm = w.calmAfterTick(calm, r.done)
		if broken := w.check(); broken != "" {
			t.Fatal(broken)
		}
	}
	if w.forgetFormer() { // as a plan asks a person to: a node that was lost before anybody knew it
		w.settle(60, nil)
	}
	r.dropRepeats()
	w.settle(60, nil)
	r.mustBeReplaced(t)
	node := r.nodes[replacedPod]
	switch times := node.Lives() - 1; {
	case times > 1 && !strings.Contains(story.name, "again") && !strings.Contains(story.name, "lost"):
		t.Fatalf("it was replaced %d times\n%s", times, w.story())
	case !story.stays && node.HostID() == former:
		t.Fatalf("it wasn't replaced\n%s", w.story())
	}
	return died
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// mustBeReplaced looks whether nothing of a replacement is left, and every node serves.
func (r *region) mustBeReplaced(t fataler) {
	t.Helper()
	if len(r.pods) != int(r.dc.Spec.Size) || r.dc.Annotations[api.ReplaceAnnotation] != "" || len(r.dc.Spec.ReplaceNodes) > 0 || len(r.dc.Status.NodeReplacements) > 0 ||
		r.dc.Status.IsTrue(api.DatacenterReplacingNodes) || !r.dc.Status.IsTrue(api.DatacenterReady) {
		t.Fatalf("%s", r.world.story())
	}
	for name, n := range r.nodes {
		if id := r.dc.Status.NodeStatuses[name].HostID; id != n.HostID() || id == "" {
			t.Fatalf("the status says that %s is %q, and it is %q", name, id, n.HostID())
		}
		view, err := n.Endpoints(r.context())
		if err != nil || len(view) != len(r.world.allNodes()) {
			t.Fatalf("%s sees %d members of %d: %v", name, len(view), len(r.world.allNodes()), err)
		}
	}
}

// Requests, accidents and operators that die, at any moment and in any order: no claim goes but that on record (deleteReplaced), no node goes or is
// stopped beside another one that is missing and shares a range with it (bereft), and it ends well.
func TestNodesAreReplacedInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := []string{"r1", "r2", "r3"}
		for i := range rapid.IntRange(1, 2).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), rapid.IntRange(3, 6).Draw(t, "size"), racks, false)
		}
		if !w.settle(200, nil) {
			t.Fatal(w.story())
		}
		for range rapid.IntRange(1, 40).Draw(t, "length") {
			w.replacing(t)
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.mendReplacing()
		for range 6 {
			w.settle(60, func(r *region, _ plan) { r.endReplaceTasks(); r.dropRepeats() })
			w.forgetFormer()
			w.now = w.now.Add(2 * time.Hour)
		}
		if broken := w.check(); broken != "" {
			t.Fatal(broken)
		}
		for _, r := range w.regions {
			r.mustBeReplaced(t)
		}
	})
}

// mendReplacing ends all faults, and gives a person's word for what was lost by accident.
func (w *world) mendReplacing() {
	w.cassie.Heal("dc1", "dc2")
	w.setAway(false)
	for _, r := range w.regions {
		clear(r.unplaced)
		r.lagging, r.dc.Spec.Stopped = false, false
		for _, n := range r.nodes {
			n.Unreachable(false)
			n.Hold(false)
			n.KeepHints()
		}
		r.giveWord()
	}
}

// replacing is a request, a while that passes, or an accident; those fall upon nodes on record more often than not.
func (w *world) replacing(t *rapid.T) {
	r := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")]
	pods := slices.Sorted(maps.Keys(r.pods))
	if len(pods) == 0 {
		w.tick()
		return
	}
	pod := rapid.SampledFrom(pods).Draw(t, "pod")
	asked := pod
	if record := strings.Fields(r.dc.Annotations[api.ReplaceAnnotation]); len(record) > 0 && rapid.Bool().Draw(t, "the one on record") {
		pod = record[0]
	}
	n := r.nodes[pod]
	switch what := rapid.SampledFrom([]string{"ask", "ask", "ask", "ask by task", "take back", "end tasks", "round", "round", "round", "pass", "pass", "pass", "tick", "tick", "die", "die",
		"crash", "lose", "lose volume", "unplaced", "placed", "unreachable", "reachable", "cut", "heal", "stall", "let", "stop", "resume", "later", "config",
		"evict", "evict after", "evict after", "evict between", "evict between", "budgets lag", "budgets follow"}).Draw(t, "what"); what {
	case "ask":
		r.dc.Spec.ReplaceNodes = append(r.dc.Spec.ReplaceNodes, asked)
		r.dc.Generation++
	case "ask by task":
		r.replaceTask(fmt.Sprintf("replaces-%d", w.serial), asked)
		w.serial++
	case "take back":
		takeBack(r)
	case "end tasks":
		r.replaces = nil
	case "round":
		w.settle(rapid.IntRange(1, 6).Draw(t, "rounds"), func(r *region, _ plan) { r.endReplaceTasks() })
	case "later":
		w.now = w.now.Add(time.Hour)
	case "evict", "evict after", "evict between", "budgets lag", "budgets follow":
		r.drains(what, pod)
	case "lose volume":
		if n != nil && n.Up() {
			r.loseVolume(pod)
		}
	case "unplaced":
		r.unplaced[pod] = true
	case "placed":
		clear(r.unplaced)
	case "stall", "let":
		if n != nil {
			n.Hold(what == "stall")
		}
	default:
		if !w.goesOn(t, r, pod, what, 0) {
			r.wish(t, what)
		}
	}
}
