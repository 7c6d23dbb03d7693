package ring

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	"pgregory.net/rapid"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// history is one that nobody has written down.
type history struct {
	*world
	t   *rapid.T
	log []string
}

var regionNames = []string{"west", "central", "east"}

// events are what happens, the frequent ones more than once. "crash" ends whichever operator makes one of the next writes.
var events = []string{"edit", "edit", "round", "round", "round", "boot", "boot", "boot", "cut", "heal", "heal", "restart", "crash", "lose", "lose-secret", "secret", "namespace-goes", "let-go",
	"namespace-back", "bring-back", "bring-back", "choose", "rebuilt", "rebuilt", "failed", "later", "wait", "unreadable", "readable", "add", "stop", "resume", "down", "older", "newer", "alone", "unread", "unread-secret", "former-copy", "former-copy", "old-secret", "old-secret"}

func (h *history) happens(event string) {
	s := rapid.SampledFrom(h.sites).Draw(h.t, "region")
	h.log = append(h.log, event+" "+s.name)
	switch event {
	case "round":
		h.round()
	case "crash":
		h.crashAt = h.writes + rapid.IntRange(1, 6).Draw(h.t, "writes")
	case "wait":
		h.person(command{name: "wait"})
	case "later":
		h.person(command{name: "later", args: []string{"3m"}})
	case "heal", "restart":
		h.person(command{name: event})
	case "cut", "older", "newer":
		h.person(command{name: event, args: []string{s.name}})
	case "edit", "add", "stop", "resume":
		h.edits(s, event)
	case "delete":
		if s.ring != nil && s.ring.DeletionTimestamp == nil {
			h.in(s, "delete")
		}
	case "lose-secret":
		delete(s.secrets, ringNamespace+"/ring-superuser")
	case "secret":
		if s.secrets[ringNamespace+"/ring-superuser"] != nil {
			h.in(s, "secret", ringNamespace+"/ring-superuser", fmt.Sprint("changed ", len(h.log)))
		}
	case "old-secret": // one that doesn't say whose it is takes the place of the ring's
		if s.secrets[ringNamespace+"/ring-superuser"] != nil {
			delete(s.secrets, ringNamespace+"/ring-superuser")
			h.in(s, "secret", ringNamespace+"/ring-superuser", fmt.Sprint("old ", len(h.log)))
		}
	case "unread-secret":
		h.in(s, "unreadable", "Secret")
	case "former-copy": // by an operator of a former version
		from := rapid.SampledFrom(h.sites).Draw(h.t, "from")
		if from != s && s.secrets[ringNamespace+"/ring-superuser"] != nil && from.secrets[ringNamespace+"/ring-superuser"] != nil {
			h.in(s, event, ringNamespace+"/ring-superuser", from.name)
		}
	case "alone": // a region that nobody answers loses what its operator knew, and its Secret
		h.in(s, "cut")
		delete(s.secrets, ringNamespace+"/ring-superuser")
		h.person(command{name: "restart"})
	case "unread": // one of a region's two datacenters can't be read any more
		h.edits(s, "add")
		h.round()
		h.ofOne(s, "boot")
		h.round()
		h.ofOne(s, "unreadable")
		h.edits(s, "edit")
	case "bring-back":
		if s.ring != nil {
			h.in(s, "annotate", "bring-back="+rapid.SampledFrom(regionNames).Draw(h.t, "back"))
		}
	case "choose":
		if s.ring != nil && s.ring.DeletionTimestamp == nil {
			h.in(s, "annotate", "choose="+rapid.SampledFrom(regionNames).Draw(h.t, "chosen"))
		}
	case "namespace-goes", "let-go", "namespace-back":
		h.namespace(s, event)
	default:
		h.ofOne(s, event)
	}
	h.round()
}

func (h *history) in(s *site, name string, args ...string) {
	h.person(command{name: name, args: append([]string{s.name}, args...)})
}

func (h *history) edits(s *site, event string) {
	switch {
	case s.ring == nil || s.ring.DeletionTimestamp != nil:
	case event == "edit":
		h.in(s, "edit", strconv.Itoa(len(h.log)))
	case event == "add":
		name := "dc-" + s.name
		if !slices.ContainsFunc(s.ring.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name }) {
			h.in(s, "edit", "add="+name+"@"+s.name)
		}
	default:
		h.in(s, "edit", event+"="+rapid.SampledFrom(s.ring.Spec.Cassandra.Datacenters).Draw(h.t, "datacenter").Metadata.Name)
	}
}

// namespace is what a person does with one: it is made again when nothing is left of the one before.
func (h *history) namespace(s *site, event string) {
	switch {
	case event == "namespace-goes" && s.goes == "",
		event == "let-go" && s.goes != "",
		event == "namespace-back" && s.goes != "" && s.ring == nil && len(s.dcs) == 0:
		h.in(s, event)
	}
}

// ofOne is about one of a region's datacenters.
func (h *history) ofOne(s *site, event string) {
	parts := s.parts()
	if len(parts) == 0 {
		return
	}
	dc := parts[rapid.IntRange(0, len(parts)-1).Draw(h.t, "which")]
	switch {
	case event == "boot":
		h.boot(s, dc)
	case (event == "rebuilt" || event == "failed") && s.tasks[dc.Namespace+"/"+RebuildTask(dc.Name)] == nil:
	default:
		h.in(s, event, dc.Name)
	}
}

// boot is a datacenter's first boot, as its own loop does it: the founder puts down which members the ring begins with, all
// others need seeds.
func (h *history) boot(s *site, dc *cassandra.CassandraDatacenter) {
	if s.ring == nil || dc.DeletionTimestamp != nil {
		return
	}
	id, late := string(dc.UID), dc.Annotations[cassandra.RebuildFromAnnotation] != ""
	first := s.ring.Spec.Cassandra.Datacenters[0].Metadata.Name == dc.Name
	slice := s.slices[dc.Namespace+"/"+SeedSlice(s.ring, api.CassandraDatacenterTemplate{Metadata: api.EmbeddedObjectMeta{Name: dc.Name}}, discoveryv1.AddressTypeIPv4)]
	switch {
	case dc.Status.IsTrue(cassandra.DatacenterInitialized):
	case first && !late:
		if dc.Annotations[cassandra.FoundingAnnotation] == "" {
			dc.Annotations[cassandra.FoundingAnnotation] = Founding{dc.Name: {id}}.String()
		}
	case slice == nil || len(slice.Endpoints) == 0:
		return
	}
	h.in(s, "joins", dc.Name, id)
	h.in(s, "serve", dc.Name, fmt.Sprintf("10.%d.%d.1", slices.Index(h.sites, s), h.serial%250))
}

// settles heals all and goes on until nothing changes.
func (h *history) settles() {
	h.crashAt = 0
	h.person(command{name: "heal"})
	for _, s := range h.sites {
		h.older[s.name], s.unreadable = false, map[string]bool{}
	}
	for range 6 {
		before := h.writes
		h.person(command{name: "wait"})
		if h.writes == before {
			h.calm()
			return
		}
	}
	h.fail("it never settles:\n%s", h.show())
}

// calm: a plan of what has been applied is empty, and a region that says that the ring is ready owes nobody anything.
func (h *history) calm() {
	for _, s := range h.sites {
		if s.ring == nil || s.ring.DeletionTimestamp != nil {
			continue
		}
		h.look(s)
		view := h.view(s)
		agreed := federation.Decide(view)
		if plan := Make(h.observe(s, view, agreed)); len(plan.Steps) > 0 {
			h.fail("%s still has something to do:\n%s", s.name, plan)
		}
		h.oneOriginal(s)
		if !s.ring.Status.IsTrue(api.ClusterReady) {
			continue
		}
		for _, t := range s.ring.Spec.Cassandra.Datacenters {
			dc := h.site(RegionOf(s.ring, t)).dcs[ringNamespace+"/"+t.Metadata.Name]
			if dc == nil || dc.Owes() != "" || !t.Stopped && !dc.Status.IsTrue(cassandra.DatacenterReady) {
				h.fail("%s says that the ring is ready, and %s isn't:\n%s", s.name, t.Metadata.Name, h.show())
			}
		}
	}
}

// oneOriginal: a region's copy of the superuser's Secret is one of an original, and originals that differ are named.
func (h *history) oneOriginal(s *site) {
	const key = ringNamespace + "/ring-superuser"
	own := s.secrets[key]
	acts := func(s *site) bool {
		return s.ring != nil && s.ring.DeletionTimestamp == nil && s.shared && !s.ring.Status.IsTrue(api.ClusterDiverged)
	}
	if own == nil || !acts(s) {
		return
	}
	for _, o := range h.sites {
		theirs := o.secrets[key]
		if o == s || theirs == nil || !acts(o) {
			continue
		}
		switch origin := originOf(s.name, own); {
		case h.inCircle(s, key): // nobody knows which one is right: the regions say so
			if s.ring.Status.IsTrue(api.ClusterReady) {
				h.fail("%s says that the ring is ready, and its Secret is of a circle that differs:\n%s", s.name, h.show())
			}
		case origin == o.name && originOf(o.name, theirs) != o.name:
			h.fail("%s has a copy of the copy of %s:\n%s", s.name, o.name, h.show())
		case originOf(o.name, theirs) == o.name && !alike(own.Data, theirs.Data) && (origin == o.name || origin == s.name && s.ring.Status.IsTrue(api.ClusterReady)):
			h.fail("%s has another Secret than %s:\n%s", s.name, o.name, h.show())
		}
	}
}

// inCircle tells whether a region's Secret is a copy of one that, in the end, is a copy of itself and differs from one on the way.
func (h *history) inCircle(s *site, key string) bool {
	var line []*site
	for at := s; at.secrets[key] != nil; at = h.site(originOf(at.name, at.secrets[key])) {
		i := slices.Index(line, at)
		if i < 0 {
			line = append(line, at)
			continue
		}
		return slices.ContainsFunc(line[i:], func(o *site) bool { return !alike(o.secrets[key].Data, at.secrets[key].Data) })
	}
	return false
}

func check(t *testing.T, more ...string) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		h := &history{world: newWorld(regionNames...), t: t}
		h.broken = func(format string, args ...any) {
			t.Logf("%q", h.log)
			t.Log(h.out.String())
			t.Fatalf(format, args...)
		}
		h.person(command{name: "apply", args: []string{"west", "dc1@west", "dc2@central", "dc3@east"}})
		all := append(slices.Clone(events), more...)
		for range rapid.IntRange(1, 30).Draw(t, "events") {
			h.happens(rapid.SampledFrom(all).Draw(t, "event"))
		}
		h.settles()
	})
}

// In every history that nobody ends the ring in: no datacenter is taken down but on a person's word, none that was lost is
// made again unasked, no superuser's Secret is made anew that another region has, no datacenter's seeds vanish while others
// have some, nobody else's Secret or datacenter is written, and what is on record is kept. And in the end nothing is left to do.
func TestNoHistoryBreaksARing(t *testing.T) { check(t) }

// The same where the ring is deleted, in whichever region.
func TestNoHistoryEndsARingHalf(t *testing.T) { check(t, "delete", "delete") }
