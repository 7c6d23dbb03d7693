package datacenter_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/topology"
)

// Datacenters of one name in a namespace never are two rings: whichever of them is created, heard of, deleted or looked at
// first, and whenever an operator dies.
func TestSiblingsAreOneRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for i := range rapid.IntRange(2, 3).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), rapid.IntRange(1, 2).Draw(t, "nodes"), []string{"r1"}, false)
		}
		w.ring, w.siblings = topology.Ring{}, true
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			w.siblingHappens(t)
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
		w.settleSiblings(t)
	})
}

// siblingHappens is a pass of an operator, a second of the world, or an accident.
func (w *world) siblingHappens(t *rapid.T) {
	r := rapid.SampledFrom(w.regions).Draw(t, "datacenter")
	if r.gone {
		w.tick()
		return
	}
	switch what := rapid.SampledFrom([]string{"pass", "pass", "pass", "tick", "tick", "round", "die", "lose", "crash", "hold", "release", "unaware", "unaware", "forget", "delete", "lose volume"}).Draw(t, "what"); what {
	case "lose", "crash":
		// Nodes of one founder's first boot that miss each other may begin apart for a moment: TestAnyStoryEndsWell has that.
		if r.dc.Status.IsTrue(api.DatacenterInitialized) || r.dc.Annotations[api.JoinedAnnotation] != "" {
			r.podHappens(t, what)
		}
	case "hold", "release":
		r.held = what == "hold"
	case "unaware": // for a pass: until a datacenter has begun, the others are read past the cache, and may come just after that
		r.unaware = !r.dc.Begun()
		r.pass(rapid.IntRange(-1, 4).Draw(t, "after"))
		r.unaware = false
	case "delete":
		r.deleteOne()
	case "lose volume": // and a person accepts the loss
		if names := slices.Sorted(maps.Keys(r.pods)); r.dc.Status.IsTrue(api.DatacenterInitialized) && len(names) > 0 {
			name := rapid.SampledFrom(names).Draw(t, "pod")
			r.loseVolume(name)
			r.annotate(datacenter.StartEmptyAnnotation, name)
		}
	default:
		w.goesOn(t, r, "", what, 12)
	}
}

func (r *region) podHappens(t *rapid.T, what string) {
	names := slices.Sorted(maps.Keys(r.pods))
	if len(names) == 0 {
		return
	}
	name := rapid.SampledFrom(names).Draw(t, "pod")
	if n := r.nodes[name]; what == "crash" && n != nil {
		n.Crash("the JVM ended: signal: killed")
	} else if what == "lose" {
		r.kill(name)
	}
}

// deleteOne asks for the deletion of a datacenter, if another one stays.
func (r *region) deleteOne() {
	left := 0
	for _, o := range r.regions {
		if !o.gone && o.dc.DeletionTimestamp == nil {
			left++
		}
	}
	if left > 1 && r.dc.DeletionTimestamp == nil {
		now := metav1.Time{Time: r.now}
		r.dc.DeletionTimestamp, r.dc.Finalizers = &now, []string{api.Finalizer}
	}
}

// settleSiblings mends what is broken: those that are left are Ready then.
func (w *world) settleSiblings(t *rapid.T) {
	for range 2 {
		for _, r := range w.regions {
			r.held, r.unaware = false, false
			for _, n := range r.lost { // nodetool removenode
				n.Remove()
			}
		}
		w.settle(40, nil)
	}
	if broken := w.check(); broken != "" {
		t.Fatal(broken)
	}
}

// Whatever becomes of the seeds in its spec, a datacenter makes one ring of no two, and is in one.
func TestSeedsMergeNoRings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		a, b := w.theirs("old", "10.9.0.1"), w.theirs("other", "10.9.9.9")
		r := w.add("dc1", rapid.IntRange(1, 3).Draw(t, "nodes"), []string{"r1"}, false)
		w.ring = topology.Ring{}
		choices := [][]string{nil, {"10.9.0.1"}, {"10.9.9.9"}, {"unknown.example"}}
		r.dc.Spec.AdditionalSeeds = rapid.SampledFrom(choices).Draw(t, "seeds")
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			switch what := rapid.SampledFrom([]string{"pass", "pass", "tick", "tick", "round", "die", "lose", "crash", "forget", "seeds", "silent", "back", "status"}).Draw(t, "what"); what {
			case "lose", "crash":
				r.podHappens(t, what)
			case "seeds":
				r.dc.Spec.AdditionalSeeds = rapid.SampledFrom(choices).Draw(t, "seeds")
			case "silent":
				rapid.SampledFrom([]*fake.Node{a, b}).Draw(t, "node").Crash("the JVM ended: signal: killed")
			case "back":
				w.wake(a, b)
			case "status": // is lost, before a node was a member
				if len(r.nodes) > 0 && r.noMember() {
					r.dc.Status = api.CassandraDatacenterStatus{}
				}
			default:
				w.goesOn(t, r, "", what, 12)
			}
			w.mustBeApart(t, r, a, b)
		}
	})
}

func (r *region) noMember() bool {
	for _, n := range r.nodes {
		if n.HostID() != "" {
			return false
		}
	}
	return true
}

// A K8ssandraCluster that joins a ring makes no other one, whatever is lost, and whenever its operators die or the other ring is silent.
func TestRingsJoinAsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		old := w.theirs("old", "10.9.0.1")
		for i := range rapid.IntRange(1, 2).Draw(t, "datacenters") {
			r := w.add(fmt.Sprintf("dc%d", i+1), rapid.IntRange(1, 2).Draw(t, "nodes"), []string{"r1"}, false)
			if i == 0 {
				r.dc.Spec.AdditionalSeeds = []string{"10.9.0.1"}
			}
		}
		w.ring.Joins, w.ring.External = true, []string{"old"}
		for range rapid.IntRange(1, 80).Draw(t, "length") {
			r := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "datacenter")]
			switch what := rapid.SampledFrom([]string{"pass", "pass", "tick", "tick", "round", "die", "lose", "crash", "forget", "silent", "back", "lose volume", "no seeds"}).Draw(t, "what"); what {
			case "lose", "crash":
				r.podHappens(t, what)
			case "silent":
				old.Crash("the JVM ended: signal: killed")
			case "back":
				w.wake(old)
			case "lose volume": // and a person accepts the loss
				if names := slices.Sorted(maps.Keys(r.pods)); r.dc.Status.IsTrue(api.DatacenterInitialized) && len(names) > 0 {
					name := rapid.SampledFrom(names).Draw(t, "pod")
					r.loseVolume(name)
					r.annotate(datacenter.StartEmptyAnnotation, name)
				}
			case "no seeds": // in the spec any more, once one has begun with them
				if first := w.regions[0].dc; first.Annotations[api.JoinedAnnotation] != "" {
					first.Spec.AdditionalSeeds = nil
				}
			default:
				w.goesOn(t, r, "", what, 12)
			}
			if broken := w.check(); broken != "" {
				t.Fatal(broken)
			}
		}
	})
}

// theirs is a ring of one node that somebody else looks after.
func (w *world) theirs(dc, at string) *fake.Node {
	n := w.cassie.Add(at, dc, "r1")
	_ = n.Start(context.Background(), mgmtapi.StartOptions{Seeds: []string{at}, InitialTokens: []string{strconv.Itoa(len(at) + int(at[len(at)-1]))}, AutoBootstrap: new(false)})
	w.cassie.Advance()
	return n
}

// wake lets their nodes that have ended come back.
func (w *world) wake(nodes ...*fake.Node) {
	for _, n := range nodes {
		_ = n.Start(context.Background(), mgmtapi.StartOptions{Seeds: []string{n.Address()}}) // one that runs says so
	}
	w.cassie.Advance()
}

// mustBeApart: the two rings don't know each other, and all members of the datacenter are in one ring.
func (w *world) mustBeApart(t *rapid.T, r *region, a, b *fake.Node) {
	knows := func(n *fake.Node, id string) bool {
		view, err := n.Endpoints(context.Background())
		return err == nil && slices.ContainsFunc(view, func(e mgmtapi.Endpoint) bool { return e.HostID == id })
	}
	if knows(a, b.HostID()) || knows(b, a.HostID()) {
		t.Fatal("two rings have become one")
	}
	for _, n := range r.nodes {
		for _, o := range r.nodes {
			if view, err := n.Endpoints(context.Background()); err == nil && len(view) > 0 && o.HostID() != "" && !knows(n, o.HostID()) {
				t.Fatalf("%s and %s of one datacenter are in two rings", n.Address(), o.Address())
			}
		}
	}
}
