package datacenter_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/cockroachdb/datadriven"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// joinHappens are rings that are there before, and datacenters of one namespace.
func (w *world) joinHappens(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "siblings":
		w.ring, w.siblings = topology.Ring{}, true
	case "rings": // that there are of the name, because they were made so
		n, err := strconv.Atoi(d.CmdArgs[0].Key)
		must(t, err)
		w.rings = n
	case "unaware", "aware": // an operator doesn't hear of the others yet
		w.regionNamed(argument(t, d, "dc")).unaware = d.Cmd == "unaware"
	case "seed-service-of": // a datacenter, or nobody's
		if w.service = nil; len(d.CmdArgs) > 0 {
			w.service = w.regionNamed(argument(t, d, "dc"))
		}
	case "foreign-ring":
		w.foreignRing(t, argument(t, d, "datacenter"), argument(t, d, "at"))
	case "foreign-member": // joins a ring that is there
		n := w.cassie.Add(argument(t, d, "at"), argument(t, d, "datacenter"), "r1")
		must(t, n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{argument(t, d, "seed")}, InitialTokens: []string{argument(t, d, "at")[len(argument(t, d, "at"))-1:]}}))
		w.cassie.Advance()
		w.cassie.Advance()
	case "foreign-seed": // goes away, comes back
		w.cassie.Node(argument(t, d, "at")).Hold(false)
		if d.HasArg("down") {
			w.cassie.Node(argument(t, d, "at")).Crash("the JVM ended: signal: killed")
		} else {
			must(t, w.cassie.Node(argument(t, d, "at")).Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{argument(t, d, "at")}}))
			w.cassie.Advance()
		}
	case "foreign-volume": // comes to a pod from a node that somebody else looks after
		r, pod := w.regionNamed(""), argument(t, d, "pod")
		r.nodes[pod].SwapVolumes(w.cassie.Node(argument(t, d, "of")))
		r.claims[pod]++
	case "foreign-keyspace":
		n := w.cassie.Node(argument(t, d, "at"))
		if d.HasArg("simple") {
			n.CreateSpread(argument(t, d, "name"), 1)
			break
		}
		must(t, n.CreateKeyspace(t.Context(), argument(t, d, "name"), map[string]int{argument(t, d, "datacenter"): 1}))
	case "foreign-replication": // of a system keyspace, as those who look after the other ring have it
		must(t, w.cassie.Node(argument(t, d, "at")).AlterKeyspace(t.Context(), argument(t, d, "name"), map[string]int{argument(t, d, "datacenter"): 1}))
	case "foreign-role":
		must(t, w.cassie.Node(argument(t, d, "at")).PutRole(t.Context(), mgmtapi.Role{Name: argument(t, d, "name"), Password: argument(t, d, "password"), Login: true, Superuser: true}))
	case "joins": // the ring is part of one that is there
		w.ring.Joins, w.ring.External = true, nil
		if d.HasArg("external") {
			w.ring.External = []string{argument(t, d, "external")}
		}
		if d.HasArg("not") {
			w.ring.Joins = false
		}
	}
	return ""
}

func must(t *testing.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// foreignRing is one that nobody here looks after, with a role of its own.
func (w *world) foreignRing(t *testing.T, dc, at string) {
	n := w.cassie.Add(at, dc, "r1")
	must(t, n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{at}, InitialTokens: []string{strconv.Itoa(len(at) + int(at[len(at)-1]))}, AutoBootstrap: new(false)}))
	w.cassie.Advance()
	must(t, n.PutRole(t.Context(), mgmtapi.Role{Name: "theirs", Password: "secret", Login: true, Superuser: true}))
}

// outside are the external datacenters of a ring that joins.
func (w *world) outside() (all []ring.Member) {
	names := w.ring.External
	if w.ring.Joins && len(names) == 0 {
		names = []string{api.SourceUnknown}
	}
	for _, name := range names {
		all = append(all, ring.Member{Name: name, Initialized: true})
	}
	return all
}

// readSiblings is what the operator sees of the namespace's other datacenters.
func (r *region) readSiblings(s *datacenter.State) {
	if !r.world.siblings {
		return
	}
	s.MadeSeedService = r.world.service == r
	for _, other := range r.regions {
		if other == r || other.gone || r.unaware {
			continue
		}
		s.Namesakes = append(s.Namesakes, datacenter.Namesake{Name: other.dc.Name, Created: other.dc.CreationTimestamp.Time, Begun: other.dc.Begun(), Joins: len(other.dc.Spec.AdditionalSeeds) > 0,
			MadeSeedService: r.world.service == other, Initialized: other.dc.Status.IsTrue(api.DatacenterInitialized), Deleting: other.dc.DeletionTimestamp != nil,
			JoinedBy: other.dc.Annotations[api.JoinedAnnotation], Seeds: other.dc.Status.Seeds, Ring: datacenter.RingDatacenter(other.dc)})
	}
	s.Foreign = map[string]bool{"Service multi-region-seed-service": r.world.service != nil && r.world.service != r && !r.unaware}
	s.AddSiblings()
}

// takeSeedService is the API server's rule that an object has one controller.
func (r *region) takeSeedService(target string) error {
	if !r.world.siblings || target != "Service multi-region-seed-service" {
		return nil
	}
	if r.world.service != nil && r.world.service != r {
		return errors.New("only one reference can have Controller set to true")
	}
	r.world.service = r
	return nil
}

// goAway is what Kubernetes does when the last finalizer is gone.
func (r *region) goAway() {
	if !r.world.siblings {
		return
	}
	r.gone = true
	for name, n := range r.nodes {
		n.LoseVolume("deleted-" + name)
		r.lost = append(r.lost, n)
	}
	if r.world.service == r {
		r.world.service = nil
		for _, other := range r.regions {
			delete(other.objects, "Service multi-region-seed-service")
		}
	}
}

// oneRing says how many rings of the name there are, when it isn't as many as there have to be: none is founded beside another
// one, and two that are there don't merge.
func (w *world) oneRing() string {
	n := w.cassie.Rings()
	if joins := w.siblings || w.ring.Joins || w.rings > 0; joins && n != max(1, w.rings) && n != 0 {
		return fmt.Sprintf("%d rings of one name, not %d", n, max(1, w.rings))
	}
	return ""
}
