package datacenter_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// A datacenter that leaves, is held and put back at any moment, with operators that die, nodes that are killed, regions that are cut off
// and keyspaces that are altered: no keyspace is ever without its last copy, no volume goes of a member, and in the end the datacenter is
// gone, and named nowhere.
func TestADatacenterLeavesWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		racks := []string{"r1", "r2"}[:rapid.IntRange(1, 2).Draw(t, "racks")]
		for _, name := range []string{"dc1", "dc2"} {
			w.add(name, rapid.IntRange(len(racks), 3).Draw(t, "size"), racks, false)
		}
		if !w.settle(200, nil) {
			t.Fatal(w.story())
		}
		gone := w.regionNamed(rapid.SampledFrom([]string{"dc1", "dc2"}).Draw(t, "leaves"))
		stays := w.regions[0]
		if stays == gone {
			stays = w.regions[1]
		}
		if err := anyNode(gone).CreateKeyspace(t.Context(), "shop", map[string]int{gone.dc.Name: 1}); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 40).Draw(t, "length") {
			w.removing(t, gone, stays)
			w.mustHaveCopies(t, gone, stays)
		}
		w.mustGoWell(t, gone, stays)
	})
}

// removing is a wish, a while that passes, or an accident.
func (w *world) removing(t *rapid.T, gone, stays *region) {
	r := gone
	if rapid.IntRange(0, 2).Draw(t, "region") == 0 {
		r = stays
	}
	pod := rapid.SampledFrom(append(slices.Sorted(maps.Keys(r.pods)), "")).Draw(t, "pod")
	for _, name := range slices.Sorted(maps.Keys(r.pods)) {
		if n := r.nodes[name]; n != nil && (n.Leaving() || n.Left()) && rapid.Bool().Draw(t, "the one that leaves") {
			pod = name
		}
	}
	n := r.nodes[pod]
	what := rapid.SampledFrom([]string{"remove", "remove", "hold", "put back", "round", "round", "round", "round", "pass", "pass", "tick", "die", "die", "crash", "lose",
		"unreachable", "reachable", "cut", "heal", "stall", "let", "later", "give", "take", "allow", "config"}).Draw(t, "what")
	switch what {
	case "remove", "hold", "put back":
		w.wishes(gone, what)
	case "later":
		w.now = w.now.Add(time.Minute)
	case "stall", "let":
		if n != nil {
			n.StallStreams(what == "stall")
		}
	case "give": // the other datacenter gets replicas, which are empty
		w.alterShop(gone, map[string]int{gone.dc.Name: 1, stays.dc.Name: 1})
	case "take": // a person does, who has looked
		if w.cassie.Holds("shop", stays.dc.Name) {
			w.alterShop(stays, map[string]int{stays.dc.Name: 1})
		}
	case "allow":
		gone.annotate(datacenter.JoinReplicationAnnotation, `{"`+gone.dc.Name+`": {"shop": 0}}`)
	default:
		if !w.goesOn(t, r, pod, what, 8) {
			r.wish(t, what)
		}
	}
}

// wishes is what the ring's controller says to a datacenter; one that has no member that stays isn't put back.
func (w *world) wishes(r *region, what string) {
	_, held := r.dc.Removal()
	switch removes := r.dc.Annotations[api.RemovalAnnotation] != ""; {
	case what == "put back" && removes && !r.dc.IsEmptying():
		w.putBack(r)
	case what == "remove", what == "hold" && removes && !held:
		w.takeOut(r, map[string]string{"remove": api.RemovalLeave, "hold": api.RemovalHold}[what])
	}
}

func (w *world) alterShop(r *region, factors map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if r.nodes[name].AlterKeyspace(w.context(), "shop", factors) == nil {
			return
		}
	}
}

// mustHaveCopies: while no other datacenter has the keyspace's data, no node of the one that leaves goes.
func (w *world) mustHaveCopies(t *rapid.T, gone, stays *region) {
	if broken := w.check(); broken != "" {
		t.Fatal(broken)
	}
	if w.cassie.Holds("shop", stays.dc.Name) {
		return
	}
	for name, n := range gone.nodes {
		if n.Leaving() || n.Left() {
			t.Fatalf("%s leaves, and nobody else has the data of shop\n%s", name, w.story())
		}
	}
}

// mustGoWell: everything works again, people do what they are told to, and the datacenter goes.
func (w *world) mustGoWell(t *rapid.T, gone, stays *region) {
	w.mend()
	w.takeOut(gone, api.RemovalLeave)
	gone.annotate(datacenter.JoinReplicationAnnotation, `{"`+gone.dc.Name+`": {"shop": 0}}`)
	left := func() bool {
		return gone.dc.HasLeft() && stays.dc.Annotations[api.WithdrawnAnnotation] == gone.dc.Name
	}
	for range 12 {
		if w.settle(40, nil); !w.cassie.Holds("shop", stays.dc.Name) {
			w.alterShop(gone, map[string]int{gone.dc.Name: 1, stays.dc.Name: 1})
			w.settle(40, nil)
		}
		if w.mustHaveCopies(t, gone, stays); left() {
			break
		}
		w.hintsArrive()
		w.forgetFormer()
		w.deletePods()
	}
	if len(gone.pods) > 0 || !gone.dc.HasLeft() || stays.dc.Annotations[api.WithdrawnAnnotation] != gone.dc.Name {
		t.Fatalf("datacenter %s is still there:\n%s", gone.dc.Name, w.story())
	}
	for _, keyspace := range append([]string{"shop"}, topology.SystemKeyspaces...) {
		if replication, err := anyNode(stays).Replication(t.Context(), keyspace); err != nil || replication[gone.dc.Name] != "" || replication[stays.dc.Name] == "" {
			t.Fatalf("keyspace %s: %v, %v", keyspace, replication, err)
		}
	}
}
