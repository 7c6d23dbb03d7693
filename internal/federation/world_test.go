package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// version is what a copy holds, and the edits behind it. Regions don't know of edits: they are how the test tells whether
// one was lost.
type version struct {
	text  string
	edits map[string]bool // those that the text was made of
	known map[string]bool // these, and those that a person set aside knowingly, by an edit or a choice
}

// place is a region: its copy of the ring, its datacenters, and what it last saw of its peers.
type place struct {
	name     string
	exists   bool
	own      Copy
	version  version
	agreed   bool // all regions agreed to the deletion in the last pass
	ripe     bool // and have for a while
	begun    bool // datacenters are being taken down
	dcs      bool
	diverged bool
	doomed   bool // its namespace is being deleted
	lost     bool // it had a copy, and nobody has said that it may have one again
	told     []Revision
	seen     map[string]sight
}

// sight is the last look at a peer.
type sight struct {
	peer    Peer
	version version
}

// world is three regions whose links can be cut.
type world struct {
	t      *rapid.T
	places []*place
	cut    map[[2]string]bool
	serial int
	asked  map[string]bool // edits that somebody deleted
	log    []string
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, cut: map[[2]string]bool{}, asked: map[string]bool{}}
	for _, name := range []string{"a", "b", "c"} {
		w.places = append(w.places, &place{name: name, seen: map[string]sight{}})
	}
	for _, p := range w.places {
		for _, o := range w.places {
			if o != p {
				w.look(p, o)
			}
		}
	}
	return w
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	for _, line := range w.log {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}

func (p *place) copy() Copy {
	c := p.own
	c.Region, c.Hash = p.name, p.version.text
	return c
}

// look refreshes what one region knows of another.
func (w *world) look(p, o *place) {
	s := p.seen[o.name]
	s.peer.Reachable = !w.cut[[2]string{p.name, o.name}]
	if s.peer.Reachable {
		s.peer.Absent, s.peer.Datacenters = !o.exists, o.dcs
		s.peer.Copy, s.version = Copy{Region: o.name}, version{}
		if o.exists {
			s.peer.Copy, s.version = o.copy(), o.version
		}
	}
	s.peer.Stale = !s.peer.Reachable
	p.seen[o.name] = s
}

func (p *place) peers() (copies []Copy, peers []Peer) {
	for _, name := range slices.Sorted(maps.Keys(p.seen)) {
		s := p.seen[name]
		peers = append(peers, s.peer)
		if !s.peer.Absent {
			copies = append(copies, s.peer.Copy)
		}
	}
	return copies, peers
}

// with is a set of edits and some more.
func with(edits map[string]bool, more ...string) map[string]bool {
	all := map[string]bool{}
	maps.Copy(all, edits)
	for _, e := range more {
		all[e] = true
	}
	return all
}

// edit is a person's: on a copy that is there, or making one where no copy is anywhere.
func (w *world) edit(p *place) {
	if !p.exists {
		if slices.ContainsFunc(w.places, func(o *place) bool { return o.exists || o.dcs }) {
			return
		}
		p.lost = false
		p.exists, p.own, p.version = true, Copy{}, version{}
		p.agreed, p.ripe, p.begun, p.diverged, p.told = false, false, false, false, nil
	}
	if p.own.Deleting {
		return
	}
	w.serial++
	text := fmt.Sprint("spec", w.serial)
	edits, known := with(p.version.edits, text), with(p.version.known, text)
	for _, r := range p.told { // who edits a diverged copy has been told of the others
		for _, s := range p.seen {
			if s.peer.Revision == r {
				maps.Copy(known, s.version.known)
			}
		}
	}
	p.version = version{text: text, edits: edits, known: known}
	w.note("%s: edited to %s", p.name, text)
}

// choose is a person's choice between diverged copies, with the annotation.
func (w *world) choose(p *place, region string) {
	if !p.exists || p.own.Deleting || p.own.IsZero() {
		return
	}
	copies, _ := p.peers()
	d := Choose(p.copy(), copies, p.told, region)
	if d.Verb != Raise {
		return
	}
	chosen := version{p.version.text, p.version.edits, with(p.version.known)}
	for name, s := range p.seen {
		if slices.Contains(p.told, s.peer.Revision) {
			maps.Copy(chosen.known, s.version.known)
		}
		if name == region {
			chosen.text, chosen.edits = s.version.text, s.version.edits
			maps.Copy(chosen.known, s.version.known)
		}
	}
	p.version, p.own.Head, p.diverged, p.told = chosen, d.Head, false, nil
	w.note("%s: chose %s of %s", p.name, chosen.text, region)
}

func (w *world) delete(p *place) {
	if p.exists && !p.own.Deleting {
		p.own.Deleting = true
		maps.Copy(w.asked, p.version.known)
		w.note("%s: deleted at %s", p.name, p.own.Revision)
	}
}

// lose is the deletion of the region's namespace: Kubernetes deletes the copy, and nobody asked for that.
func (w *world) lose(p *place) {
	if p.exists {
		p.doomed, p.own.Deleting = true, true
		w.note("%s: its namespace is being deleted", p.name)
	}
}

// letGo is a person's word that what was lost may go; bringBack that a region may have a copy again.
func (w *world) letGo(p *place) {
	if p.doomed && !p.own.Asked {
		p.exists, p.doomed, p.dcs, p.lost = false, false, false, true
		w.note("%s: let go", p.name)
	}
}

func (w *world) bringBack(p *place) {
	if p.lost && !p.exists {
		p.lost = false
		w.note("%s: may come back", p.name)
	}
}

// pass is one pass of a region's operator.
func (w *world) pass(p *place) {
	copies, peers := p.peers()
	switch {
	case !p.exists:
		if c, ok := Take(copies, p.dcs); ok && !p.lost {
			p.exists, p.agreed, p.ripe, p.begun, p.diverged, p.told = true, false, false, false, false, nil
			p.own, p.version = Copy{Head: c.Head}, p.seen[c.Region].version
			w.note("%s: took %s from %s", p.name, c.Revision, c.Region)
		}
	case p.own.Deleting && !p.own.Asked && p.doomed:
		if d := Follow(p.copy(), copies, nil); d.Verb == Delete {
			w.lost(p, p.seen[d.Other.Region].version, "follows the deletion of "+d.Other.String())
			p.own.Asked = true
		}
	case p.own.Deleting:
		p.own.Asked = true
		w.retire(p, peers)
	default:
		w.follow(p, copies)
	}
}

func (w *world) follow(p *place, copies []Copy) {
	d := Follow(p.copy(), copies, p.told)
	was := p.own.Revision
	p.diverged, p.told = d.Verb == Diverged, nil
	switch d.Verb {
	case Adopt:
		next := p.seen[d.Other.Region].version
		w.lost(p, next, "adopts "+d.Head.String())
		if next.text == p.version.text {
			next.known = with(next.known, slices.Collect(maps.Keys(p.version.known))...)
		}
		p.version, p.own.Head = next, d.Head
	case Publish, Raise:
		p.own.Head = d.Head
	case Delete:
		w.lost(p, p.seen[d.Other.Region].version, "follows the deletion of "+d.Other.String())
		p.own.Deleting = true
	case Diverged:
		for _, c := range copies {
			if !c.Deleting && !c.IsZero() {
				p.told = append(p.told, c.Revision)
			}
		}
	}
	if d.Verb == Keep {
		p.dcs = true
	}
	w.note("%s: %s %s -> %s", p.name, d.Verb, was, p.own.Revision)
}

// lost fails when a region would drop an edit that what it follows does not know of.
func (w *world) lost(p *place, next version, why string) {
	for e := range p.version.edits {
		if !next.known[e] && next.text != p.version.text {
			w.fail("%s %s and loses %s", p.name, why, e)
		}
	}
}

func (w *world) retire(p *place, peers []Peer) {
	d := Retire(p.copy(), peers)
	switch {
	case p.begun && d.Verb == Remove && !p.dcs:
		p.exists, p.doomed = false, false
	case p.begun:
		p.dcs = false
	case d.Verb == Yield:
		p.exists = false
		if p.doomed { // nothing can be made there any more
			p.doomed, p.dcs, p.lost = false, false, true
		}
	case d.Verb == Remove && p.ripe:
		w.allAgree(p)
		for e := range p.version.edits {
			if !w.asked[e] {
				w.fail("%s takes its datacenters down, and nobody ever deleted %s", p.name, e)
			}
		}
		p.begun = true
	}
	p.agreed = d.Verb == Remove
	p.ripe = p.ripe && p.agreed
	w.note("%s: %s %s (%s)", p.name, d.Verb, p.own.Revision, d.Other.Region)
}

// wait lets the time pass that an agreement must last: everybody looks and acts meanwhile.
func (w *world) wait() {
	agreed := map[*place]bool{}
	for _, p := range w.places {
		agreed[p] = p.exists && p.agreed
	}
	w.round()
	w.round()
	for _, p := range w.places {
		p.ripe = agreed[p] && p.exists && p.agreed
	}
	w.note("time passes")
}

// allAgree fails when a region takes its datacenters down while another one holds an edit that nobody deleted.
func (w *world) allAgree(p *place) {
	deleted := map[string]bool{}
	for _, o := range w.places {
		if o.exists && o.own.Deleting {
			maps.Copy(deleted, o.version.known)
		}
	}
	for _, o := range w.places {
		if !o.exists || o.own.Deleting {
			continue
		}
		for e := range o.version.edits {
			if !deleted[e] {
				w.fail("%s takes its datacenters down, and %s holds %s", p.name, o.name, e)
			}
		}
	}
}

func (w *world) others(p *place) (all []*place) {
	return slices.DeleteFunc(slices.Clone(w.places), func(o *place) bool { return o == p })
}

func (w *world) round() {
	for _, p := range w.places {
		for _, o := range w.others(p) {
			w.look(p, o)
		}
		w.pass(p)
	}
}

// calm is what the world looks like, to see whether it changes.
func (w *world) calm() string {
	text := ""
	var textSb291 strings.Builder
	for _, p := range w.places {
		textSb291.WriteString(fmt.Sprintln(p.exists, p.own.Head, p.own.Deleting, p.version.text, p.agreed, p.ripe, p.begun, p.dcs, p.diverged, p.doomed, p.lost, p.told))
	}
	text += textSb291.String()
	return text
}

// settle heals all links and goes on until nothing changes.
func (w *world) settle() {
	w.cut = map[[2]string]bool{}
	for range 40 {
		before := w.calm()
		w.wait()
		if w.calm() == before {
			return
		}
	}
	w.fail("it never settles:\n%s", w.calm())
}

func (w *world) act() {
	p := rapid.SampledFrom(w.places).Draw(w.t, "region")
	o := rapid.SampledFrom(w.others(p)).Draw(w.t, "other")
	switch rapid.SampledFrom([]string{"edit", "pass", "pass", "pass", "look", "look", "look", "round", "wait", "delete", "cut", "heal", "isolate", "choose", "lose", "let go", "bring back"}).Draw(w.t, "action") {
	case "edit":
		w.edit(p)
	case "pass":
		w.pass(p)
	case "look":
		w.look(p, o)
	case "round":
		w.round()
	case "wait":
		w.wait()
	case "choose":
		w.choose(p, rapid.SampledFrom(w.places).Draw(w.t, "chosen").name)
	case "delete":
		w.delete(p)
	case "lose":
		w.lose(p)
	case "let go":
		w.letGo(p)
	case "bring back":
		w.bringBack(p)
	case "cut": // one direction at a time: links do fail so
		w.cut[[2]string{p.name, o.name}] = true
	case "isolate":
		for _, o := range w.others(p) {
			w.cut[[2]string{p.name, o.name}], w.cut[[2]string{o.name, p.name}] = true, true
		}
	case "heal":
		delete(w.cut, [2]string{p.name, o.name})
	}
}

// Whatever happens in three regions: no edit is dropped by a region that follows something which does not know of it, no
// datacenter is taken down while somebody holds such an edit, and once all regions see each other either everything is
// gone, or all hold one spec and all datacenters are there, or all say that they have diverged. What a region has lost is
// that region's loss: the others go on, and no region takes down what nobody ever deleted.
func TestNothingIsLostAndAllAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.edit(w.places[0])
		for range rapid.IntRange(1, 22).Draw(t, "steps") { // an edit is an ancestor for MaxAncestors edits: fewer are made
			w.act()
		}
		w.settle()
		w.check()
	})
}

// waitsForWord is true of a copy whose deletion doesn't know of an edit that another region is losing: somebody has to say
// that it may go.
func (w *world) waitsForWord(p *place) bool {
	return slices.ContainsFunc(w.others(p), func(o *place) bool {
		return o.exists && o.own.Deleting && !o.own.Asked && !p.own.Supersedes(o.own.Revision)
	})
}

func (w *world) check() {
	texts, diverged, there, leaving, missing := map[string]bool{}, 0, 0, 0, 0
	for _, p := range w.places {
		if !p.exists {
			if p.dcs {
				w.fail("%s has datacenters and no ring:\n%s", p.name, w.calm())
			}
			if p.lost {
				missing++
			}
			continue
		}
		if p.own.Deleting && !p.own.Asked { // held
			missing++
			continue
		}
		there++
		texts[p.version.text] = true
		if p.diverged {
			diverged++
		}
		if p.own.Deleting && w.waitsForWord(p) {
			return // not over
		}
		if p.own.Deleting {
			leaving++
		}
	}
	switch {
	case there == 0:
	case leaving > 0:
		w.fail("the deletion never ends:\n%s", w.calm())
	case there+missing < len(w.places):
		w.fail("the ring is gone in a part of the regions:\n%s", w.calm())
	case diverged == 0 && len(texts) > 1, diverged > 0 && diverged < there:
		w.fail("%d specs, and %d of %d regions say that they have diverged:\n%s", len(texts), diverged, there, w.calm())
	case diverged == 0 && slices.ContainsFunc(w.places, func(p *place) bool { return p.exists && !p.own.Deleting && !p.dcs }):
		w.fail("datacenters are gone from a ring that is there:\n%s", w.calm())
	}
}
