package datacenter_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// However datacenters grow, and whenever their operators die: a client that could
// log in at LOCAL_QUORUM still can, whichever replicas answer; and in the end there
// are as many replicas as the rule says, all of them full.
func TestGrowthNeverBreaksLogins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for i := range rapid.IntRange(1, 2).Draw(t, "datacenters") {
			w.add(fmt.Sprintf("dc%d", i+1), rapid.IntRange(1, 2).Draw(t, "size"), []string{"r1"}, true)
		}
		for _, r := range w.regions {
			r.held = rapid.Bool().Draw(t, "late") && r != w.regions[0]
		}
		if rapid.Bool().Draw(t, "in use") {
			w.settle(40, nil)
			w.regions[0].write()
		}
		for range rapid.IntRange(0, 30).Draw(t, "length") {
			w.growing(t)
			w.mustLogIn(t)
		}
		for _, r := range w.regions {
			r.held = false
		}
		if !w.settle(100, func(*region, datacenter.Plan) { w.mustLogIn(t) }) {
			t.Fatalf("it does not end:\n%s", w.story())
		}
		w.mustBeWell(t)
		w.mustBeFull(t)
	})
}

func (w *world) growing(t *rapid.T) {
	r := w.regions[rapid.IntRange(0, len(w.regions)-1).Draw(t, "region")]
	switch what := rapid.SampledFrom([]string{"pass", "pass", "pass", "die", "tick", "tick", "round", "round", "write", "grow", "release"}).Draw(t, "what"); what {
	case "write":
		r.write()
	case "grow":
		r.resize(min(5, int(r.dc.Spec.Size)+rapid.IntRange(1, 3).Draw(t, "nodes")))
	case "release":
		r.held = false
	default:
		w.goesOn(t, r, "", what, 6)
	}
}

// mustLogIn looks at the nodes that serve clients of datacenters that did before.
func (w *world) mustLogIn(t *rapid.T) {
	for _, r := range w.regions {
		for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
			n := r.nodes[name]
			status, err := n.Status(context.Background())
			if err != nil || !status.NativeTransport || !r.dc.Status.IsTrue(api.DatacenterInitialized) {
				continue
			}
			if !n.LoginAtQuorum("admin", "secret") || w.cassie.HasRole(clientsWrote) && !n.LoginAtQuorum(clientsWrote, "p") {
				t.Fatalf("no login at %s any more:\n%s", name, w.story())
			}
		}
	}
}

func (w *world) mustBeFull(t *rapid.T) {
	for _, r := range w.regions {
		for name, n := range r.nodes {
			replication, err := n.Replication(context.Background(), "system_auth")
			if want := strconv.Itoa(min(3, int(r.dc.Spec.Size))); err != nil || replication[r.dc.Name] != want {
				t.Fatalf("%s sees %v, %v; want %s in %s", name, replication, err, want, r.dc.Name)
			}
			if n.Lacks("admin") || w.cassie.HasRole(clientsWrote) && n.Lacks(clientsWrote) {
				t.Fatalf("a replica of %s lacks a role", r.dc.Name)
			}
		}
	}
}

// spreads notes what a step of growth must never be: a factor that is lowered, or
// raised above the number of nodes, or more than one more replica where there were
// some.
func (r *region) spreads(s *datacenter.State, step datacenter.Step) {
	if step.Verb != datacenter.Replicate || !s.DC.Status.IsTrue(api.DatacenterInitialized) {
		return
	}
	living := map[string]int{}
	for _, e := range s.Ringview {
		if e.Alive {
			living[e.Datacenter]++
		}
	}
	raised := 0
	for dc, factor := range step.Factors {
		before, _ := strconv.Atoi(s.Replication[step.Target][dc])
		if current := s.Replication[step.Target]; !topology.ByDatacenter(current) { // as many as before, in each
			replicas, _ := strconv.Atoi(current["replication_factor"])
			before = min(replicas, living[dc])
		}
		if step.Target != "system_auth" && before == 0 { // a user's
			continue
		}
		if factor < before || factor > max(before, living[dc]) || before > 0 && factor > before+1 {
			r.broken = append(r.broken, fmt.Sprintf("%s gets %d replicas in %s, where it had %d and %d nodes live", step.Target, factor, dc, before, living[dc]))
		}
		if factor != before {
			raised++
		}
	}
	if raised > 1 {
		r.broken = append(r.broken, fmt.Sprintf("%s is raised in %d datacenters at once: %v", step.Target, raised, step.Factors))
	}
}

// A founder whose own boot isn't over raises nothing at once in a datacenter that has booted, and lets clients in.
func TestALateFounderKeepsLogins(t *testing.T) {
	w := newWorld()
	w.add("dc1", 1, []string{"r1"}, true)
	w.add("dc2", 1, []string{"r1"}, true)
	founder, r := w.regions[0], w.regions[1]
	w.settle(6, nil)
	alone := func() { // the founder's operator doesn't run
		for range 20 {
			r.pass(-1)
			w.tick()
		}
	}
	alone()
	r.resize(3)
	alone()
	if !r.dc.Status.IsTrue(api.DatacenterInitialized) || founder.dc.Status.IsTrue(api.DatacenterInitialized) {
		t.Fatalf("dc2 hasn't booted before dc1:\n%s", w.story())
	}
	logIn := func() {
		for name, n := range r.nodes {
			if status, err := n.Status(t.Context()); err == nil && status.NativeTransport && !n.LoginAtQuorum("admin", "secret") {
				t.Fatalf("no login at %s any more:\n%s", name, w.story())
			}
		}
	}
	logIn()
	for range 60 {
		founder.pass(-1)
		logIn()
		r.pass(-1)
		logIn()
		w.tick()
	}
	if replication, err := founder.nodes[slices.Sorted(maps.Keys(founder.nodes))[0]].Replication(t.Context(), "system_auth"); err != nil || replication["dc2"] != "3" {
		t.Errorf("dc2 has %v, %v", replication, err)
	}
}
