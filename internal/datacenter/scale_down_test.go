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

// leaverHappens are what happens to nodes that leave, and what decides whether they may.
func (r *region) leaverHappens(t *testing.T, d *datadriven.TestData, pod string) {
	bytes := 0
	d.MaybeScanArgs(t, "bytes", &bytes)
	switch n := r.nodes[pod]; d.Cmd {
	case "load":
		n.Load(float64(bytes))
	case "free":
		n.Free(int64(bytes))
	case "stall-streams", "let-streams":
		n.StallStreams(d.Cmd == "stall-streams")
	case "fail-decommission":
		n.FailDecommission(d.Input)
	case "decommission": // a person's
		if _, err := n.Decommission(t.Context(), "", false); err != nil {
			t.Fatal(err)
		}
	case "delete-claim": // a person's, with the pod
		r.kill(pod)
		delete(r.nodes, pod)
		delete(r.storage, datacenter.Claim(pod))
		r.claims[pod]++
	case "leave-unsaid": // its JVM is killed while it announces that
		n.LeaveUnsaid()
	case "leave-unheard": // after it has written that it has left, before anybody has heard it
		n.LeaveUnheard()
	case "note-unheard": // its agent has seen it
		n.NoteUnheard()
	case "assassinate":
		n.Remove()
	case "rolled": // all nodes, since their first boot
		for _, one := range r.nodes {
			one.Rolled()
		}
	case "keep-hints": // for=POD, or for nobody
		var other string
		d.MaybeScanArgs(t, "for", &other)
		if n.KeepHints(); other != "" {
			n.KeepHints(r.nodes[other].HostID())
		}
	case "unplaced", "placed": // no machine has room for it
		r.unplaced[pod] = d.Cmd == "unplaced"
	case "task":
		r.busy = nil
		for _, a := range d.CmdArgs {
			if a.Key != "dc" {
				r.busy = append(r.busy, a.Key)
			}
		}
	}
}

// scaleDown is a story that ends with fewer nodes.
type scaleDown struct {
	name  string
	begin func(w *world)
	then  func(w *world, round int) // what happens meanwhile, before each round
	size  int
	racks []string // of the datacenter before; one called r1 without
}

func scaleDowns() []scaleDown {
	nothing := func(*world, int) {}
	leaving := func(w *world) *region {
		for _, r := range w.regions {
			for _, n := range r.nodes {
				if n.Leaving() {
					return r
				}
			}
		}
		return nil
	}
	back := false
	crashed := map[string]bool{}
	return []scaleDown{
		{"one rack", func(w *world) { w.regions[0].resize(3) }, nothing, 3, nil},
		{"set back while it leaves", func(w *world) { back = false; w.regions[0].resize(3) }, func(w *world, _ int) {
			if r := leaving(w); r != nil && !back {
				back = true
				r.resize(4)
			}
		}, 4, nil},
		{"set back when it has left", func(w *world) { back = false; w.regions[0].resize(3) }, func(w *world, _ int) {
			for _, n := range w.regions[0].nodes {
				if n.Left() && !back {
					back = true
					w.regions[0].resize(4)
				}
			}
		}, 4, nil},
		{"JVM killed while it leaves", func(w *world) { clear(crashed); w.regions[0].resize(3) }, func(w *world, _ int) {
			for name, n := range w.regions[0].nodes {
				if n.Leaving() && !crashed[name] {
					crashed[name] = true
					n.Crash("the JVM ended: signal: killed")
				}
			}
		}, 3, nil},
		{"JVM killed when it has left", func(w *world) { clear(crashed); w.regions[0].resize(3) }, func(w *world, _ int) {
			for name, n := range w.regions[0].nodes {
				if n.Left() && n.Settled() && !crashed[name] {
					crashed[name] = true
					n.Crash("the JVM ended: signal: killed")
				}
			}
		}, 3, nil},
		{"pod lost while it leaves", func(w *world) { clear(crashed); w.regions[0].resize(3) }, func(w *world, _ int) {
			for name, n := range w.regions[0].nodes {
				if n.Leaving() && !crashed[name] {
					crashed[name] = true
					w.regions[0].kill(name)
				}
			}
		}, 3, nil},
		{"a rack taken out with its nodes", func(w *world) { w.regions[0].takeOut(three[:2]); w.regions[0].resize(3) }, nothing, 3, three},
		{"a rack taken out, and the size stays", func(w *world) { w.regions[0].takeOut([]string{"r2", "r3"}) }, nothing, 4, three},
		{"a rack put back while its node leaves", func(w *world) { back = false; w.regions[0].takeOut(three[:2]); w.regions[0].resize(3) }, func(w *world, _ int) {
			if r := leaving(w); r != nil && !back {
				back = true
				r.takeOut(three)
				r.resize(4)
			}
		}, 4, three},
		{"a rack put back when its StatefulSet is empty", func(w *world) { back = false; w.regions[0].takeOut(three[:2]); w.regions[0].resize(3) }, func(w *world, _ int) {
			if set := w.regions[0].sets["r3"]; set != nil && *set.Spec.Replicas == 0 && !back {
				back = true
				w.regions[0].takeOut(three)
				w.regions[0].resize(4)
			}
		}, 4, three},
	}
}

var three = []string{"r1", "r2", "r3"}

// Whenever the operator dies: before any of its writes, and again soon after, as often as there are writes, no member is removed and none
// that has left stays. A new process tells nodes their seeds again, so that one needs more than that many writes to get anywhere.
func TestScaleDownSurvivesTheOperatorsDeathAtEachWrite(t *testing.T) {
	for i := range scaleDowns() {
		died := true
		for dies := 0; died && !t.Failed(); dies++ {
			story := scaleDowns()[i]
			t.Run(fmt.Sprintf("%s, write %d", story.name, dies), func(t *testing.T) { died = story.play(t, dies) })
		}
	}
}

// play tells whether the operator died at all.
func (story scaleDown) play(t *testing.T, dies int) (died bool) {
	w := newWorld()
	racks := story.racks
	if racks == nil {
		racks = []string{"r1"}
	}
	w.add("dc1", 4, racks, false)
	if !w.settle(100, nil) {
		t.Fatal(w.story())
	}
	story.begin(w)
	r, writes, calm := w.regions[0], 0, 0
	for round := 0; round < 600 && calm < 4; round++ {
		story.then(w, round)
		plan := r.pass(dies - writes)
		if left := dies - writes; len(plan.Steps) > left {
			died, writes, dies = true, writes+left, dies+7
		} else {
			writes += len(plan.Steps)
		}
		calm = w.calmAfterTick(calm, r.done)
		if broken := w.check(); broken != "" {
			t.Fatal(broken)
		}
	}
	if len(r.pods) != story.size || int(r.dc.Spec.Size) != story.size || r.dc.Annotations[api.DecommissionAnnotation] != "" || r.dc.Status.IsTrue(api.DatacenterScalingDown) || !r.dc.Status.IsTrue(api.DatacenterReady) {
		t.Fatalf("%d pods\n%s", len(r.pods), w.story())
	}
	if len(r.sets) != len(r.dc.Spec.Racks) {
		t.Fatalf("%d StatefulSets\n%s", len(r.sets), w.story())
	}
	for name, n := range r.nodes {
		if n.Left() || r.dc.Status.NodeStatuses[name].HostID != n.HostID() {
			t.Fatalf("%s has left and is still there\n%s", name, w.story())
		}
	}
	return died
}

// Sizes that go up and down, with operators that die, nodes that are killed and regions that are cut off at any moment: no member is
// removed before it has left (world.check), none that has left stays or comes back, and the sizes end as asked.
func TestSizesEndAsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := three[:rapid.IntRange(1, 3).Draw(t, "racks")]
		for i := range rapid.IntRange(1, 2).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), rapid.IntRange(3, 5).Draw(t, "size"), racks, false)
		}
		if !w.settle(200, nil) {
			t.Fatal(w.story())
		}
		for range rapid.IntRange(1, 40).Draw(t, "length") {
			w.scaling(t)
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.mustEndWell(t)
	})
}

// scaling is a wish for another size, a while that passes, or an accident; those fall upon nodes that leave more often than not.
func (w *world) scaling(t *rapid.T) {
	r := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")]
	pod := rapid.SampledFrom(append(slices.Sorted(maps.Keys(r.pods)), "")).Draw(t, "pod")
	for _, name := range slices.Sorted(maps.Keys(r.pods)) {
		if n := r.nodes[name]; n != nil && (n.Leaving() || n.Left()) && rapid.Bool().Draw(t, "the one that leaves") {
			pod = name
		}
	}
	n := r.nodes[pod]
	what := rapid.SampledFrom([]string{"size", "size", "round", "round", "round", "round", "pass", "pass", "tick", "die", "die", "crash", "lose", "lose volume",
		"unplaced", "unplaced", "placed", "racks", "racks", "unreachable", "reachable", "cut", "heal", "stall", "let", "fail", "succeed", "stop", "resume", "later", "config"}).Draw(t, "what")
	switch what {
	case "size":
		r.resize(rapid.IntRange(max(3, len(r.dc.Spec.Racks)), 6).Draw(t, "size"))
	case "racks":
		r.rackWish(t)
	case "later":
		w.now = w.now.Add(time.Minute)
	case "lose volume":
		if n != nil && n.Up() {
			r.loseVolume(pod)
		}
	case "unplaced": // the pods that a larger size makes
		r.unplaced[fmt.Sprintf("multi-region-%s-r1-sts-%d", r.dc.Name, rapid.IntRange(1, 5).Draw(t, "ordinal"))] = true
	case "placed":
		clear(r.unplaced)
	case "stall", "let":
		if n != nil {
			n.StallStreams(what == "stall")
		}
	case "fail":
		if n != nil {
			n.FailDecommission("Stream failed")
		}
	case "succeed":
		if n != nil {
			n.FailDecommission("")
		}
	default:
		if !w.goesOn(t, r, pod, what, 8) {
			r.wish(t, what)
		}
	}
}

// rackWish takes racks out of the spec, or puts some in, as the API server lets a person do it: not both at once.
func (r *region) rackWish(t *rapid.T) {
	have := r.dc.RackNames()
	in := rapid.Bool().Draw(t, "racks are added")
	var names []string
	for _, rack := range three {
		if has := slices.Contains(have, rack); has != rapid.Bool().Draw(t, "changed") || has && in {
			names = append(names, rack)
		}
	}
	if !in {
		names = slices.DeleteFunc(names, func(rack string) bool { return !slices.Contains(have, rack) })
	}
	if len(names) > 0 && len(names) <= int(r.dc.Spec.Size) {
		r.takeOut(names)
	}
}
