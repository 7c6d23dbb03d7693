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
	gen      generation
	exists   bool
	deleting bool
	asked    bool // the copy says that a person asked for its deletion
	made     int  // how many copies there were
	notes    map[string]string
	version  version
	agreed   bool // all regions agreed to the deletion in the last pass
	ripe     bool // and have for a while
	begun    bool // datacenters are being taken down
	dcs      bool
	ring     string // the id that they carry
	diverged bool
	doomed   bool // its namespace is being deleted
	lost     bool // it had a copy, and nobody has said that it may have one again
	told     []string
	seen     map[string]sight
}

// sight is the last look at a peer.
type sight struct {
	reachable, exists, dcs, deleting, asked bool
	notes                                   map[string]string
	uid                                     string
	version                                 version
}

// world is three regions whose links can be cut.
type world struct {
	t      *rapid.T
	places []*place
	cut    map[[2]string]bool
	serial int
	asked  map[string]bool            // edits that somebody deleted
	shared map[string]map[string]bool // an edit made in two regions, to those that it was made over in either
	old    bool                       // there were operators of the first version
	newest generation                 // that operators are upgraded to
	log    []string
}

func newWorld(t *rapid.T, generations ...generation) *world {
	w := &world{t: t, cut: map[[2]string]bool{}, asked: map[string]bool{}, shared: map[string]map[string]bool{}, newest: this}
	for _, name := range []string{"a", "b", "c"} {
		w.places = append(w.places, &place{name: name, gen: this, seen: map[string]sight{}})
	}
	for i, g := range generations {
		w.places[i].gen = g
	}
	for _, p := range w.places {
		for _, o := range w.others(p) {
			w.look(p, o)
		}
	}
	return w
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	for _, line := range w.log[max(0, len(w.log)-80):] {
		w.t.Log(line)
	}
	w.t.Fatalf(format, args...)
}

// GoString keeps what rapid prints short.
func (p *place) GoString() string { return p.name }

func (p *place) uid() string { return fmt.Sprint(p.name, p.made) }

// look refreshes what one region knows of another.
func (w *world) look(p, o *place) {
	s := p.seen[o.name]
	if s.reachable = !w.cut[[2]string{p.name, o.name}]; s.reachable {
		s = o.own()
	}
	p.seen[o.name] = s
}

// with is one map over another.
func with[V any](below map[string]V, above map[string]V) map[string]V {
	all := map[string]V{}
	maps.Copy(all, below)
	maps.Copy(all, above)
	return all
}

// begin is a new copy.
func (p *place) begin(notes map[string]string, v version) {
	p.exists, p.made, p.notes, p.version = true, p.made+1, notes, v
	p.deleting, p.asked, p.agreed, p.ripe, p.begun, p.diverged, p.told = false, false, false, false, false, false, nil
}

// apply makes a ring where the region has none and knows of none, which others may all the same.
func (w *world) apply(p *place) {
	known := slices.ContainsFunc(slices.Collect(maps.Values(p.seen)), func(s sight) bool { return s.exists })
	if !p.exists && !p.dcs && !known {
		p.lost = false
		p.begin(nil, version{})
		w.edit(p)
	}
}

// edit is a person's, on a copy that is there.
func (w *world) edit(p *place) {
	if !p.exists || p.deleting {
		return
	}
	w.serial++
	text := fmt.Sprint("spec", w.serial)
	known := with(p.version.known, map[string]bool{text: true})
	for _, r := range p.told { // who edits a diverged copy has been told of the others
		for _, s := range p.seen {
			if s.notes[revisionNote] == r {
				maps.Copy(known, s.version.known)
			}
		}
	}
	p.version = version{text: text, edits: with(p.version.edits, map[string]bool{text: true}), known: known}
	w.note("%s: edited to %s", p.name, text)
}

// twice is one edit that a person makes in two regions.
func (w *world) twice(p, o *place) {
	if p.exists && o.exists && !p.deleting && !o.deleting {
		w.edit(o)
		text := o.version.text
		w.edit(p)
		delete(p.version.edits, p.version.text)
		delete(p.version.known, p.version.text)
		p.version.text, p.version.edits[text], p.version.known[text] = text, true, true
		w.shared[text] = with(o.version.known, p.version.known)
		w.note("%s: edited to %s", p.name, text)
	}
}

// knows tells whether an edit is known to who knows some: it is one of them, or one that a known one was made over elsewhere.
func (w *world) knows(known map[string]bool, edit string) bool {
	return known[edit] || slices.ContainsFunc(slices.Collect(maps.Keys(w.shared)), func(text string) bool { return known[text] && w.shared[text][edit] })
}

// edits are many, each with its revision.
func (w *world) edits(p *place, n int) {
	for range n {
		w.edit(p)
		w.pass(p)
	}
}

// choose is a person's choice between diverged copies, with the annotation.
func (w *world) choose(p *place, region string) {
	if !p.exists || p.deleting || p.notes[revisionNote] == "" {
		return
	}
	notes, ok := p.choose(region)
	if !ok {
		return
	}
	chosen := version{p.version.text, p.version.edits, with(p.version.known, nil)}
	for name, s := range p.seen {
		if slices.Contains(p.told, s.notes[revisionNote]) {
			maps.Copy(chosen.known, s.version.known)
		}
		if name == region {
			chosen.text, chosen.edits = s.version.text, s.version.edits
			maps.Copy(chosen.known, s.version.known)
		}
	}
	p.version, p.notes, p.diverged, p.told = chosen, notes, false, nil
	w.note("%s: chose %s of %s", p.name, chosen.text, region)
}

func (w *world) delete(p *place) {
	if p.exists && !p.deleting {
		p.deleting = true
		maps.Copy(w.asked, p.version.known)
		w.note("%s: deleted at %s", p.name, p.notes[revisionNote])
	}
}

// lose is the deletion of the region's namespace: Kubernetes deletes the copy, and nobody asked for that. The first version
// followed it.
func (w *world) lose(p *place) {
	if p.exists && !w.old {
		p.doomed, p.deleting = true, true
		w.note("%s: its namespace is being deleted", p.name)
	}
}

// letGo is a person's word that what was lost may go; bringBack that a region may have a copy again.
func (w *world) letGo(p *place) {
	if p.doomed && !p.asked {
		p.exists, p.doomed, p.dcs, p.ring, p.lost = false, false, false, "", true
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
	switch {
	case !p.exists:
		if from, notes, ok := p.take(); ok && !p.lost {
			p.begin(notes, p.seen[from].version)
			w.note("%s: took %s from %s", p.name, notes[revisionNote], from)
		}
	case p.deleting && !p.asked && p.doomed:
		if m := p.follow(); m.verb == Delete {
			w.lost(p, p.seen[m.other].version, "follows the deletion of "+p.seen[m.other].notes[revisionNote])
			p.asked = true
		}
	case p.deleting:
		p.asked = p.gen != first
		w.retire(p)
	default:
		w.follow(p)
	}
}

func (w *world) follow(p *place) {
	m := p.follow()
	was := p.notes[revisionNote]
	p.diverged, p.told = m.verb == Diverged || m.verb == TwoRings, nil
	switch m.verb {
	case Adopt:
		next := p.seen[m.other].version
		w.lost(p, next, "adopts "+m.notes[revisionNote])
		next.known = with(next.known, p.version.known) // what is adopted knows of what was here, and so of what that knew
		p.version = next
	case Delete:
		w.lost(p, p.seen[m.other].version, "follows the deletion of "+p.seen[m.other].notes[revisionNote])
		p.deleting = true
	case Diverged:
		for _, name := range slices.Sorted(maps.Keys(p.seen)) {
			s := p.seen[name]
			another := p.gen != first && IsAnother(p.notes[idNote], p.gen.copyOf(name, s))
			if s.exists && !s.deleting && s.notes[revisionNote] != "" && !another {
				p.told = append(p.told, s.notes[revisionNote])
			}
		}
	case Keep:
		p.dcs, p.ring = true, p.notes[idNote]
	}
	if m.notes != nil {
		p.notes = m.notes
	}
	w.note("%s: %s %s -> %s %s", p.name, m.verb, was, p.notes[revisionNote], p.notes[lineageNote])
}

// lost fails when a region would drop an edit that what it follows does not know of. The first version's operators did, of
// what was made before more than 24 others.
func (w *world) lost(p *place, next version, why string) {
	for e := range p.version.edits {
		if !w.knows(next.known, e) && next.text != p.version.text && (p.gen != first || w.serial <= 20) {
			w.fail("%s %s and loses %s", p.name, why, e)
		}
	}
}

func (w *world) retire(p *place) {
	m := p.retire()
	switch {
	case p.begun && m.verb != Await && !p.dcs:
		p.exists, p.doomed = false, false
	case p.begun:
		p.dcs, p.ring = false, ""
	case m.verb == Yield:
		p.exists = false
		if p.doomed { // nothing can be made there any more
			p.doomed, p.dcs, p.ring, p.lost = false, false, "", true
		}
	case m.verb == Remove && p.ripe:
		w.allAgree(p)
		for e := range p.version.edits {
			if !w.knows(w.asked, e) && (!w.old || w.serial <= 20) {
				w.fail("%s takes its datacenters down, and nobody ever deleted %s", p.name, e)
			}
		}
		p.begun = true
	}
	p.agreed = m.verb == Remove
	p.ripe = p.ripe && p.agreed
	w.note("%s: %s %s (%s)", p.name, m.verb, p.notes[revisionNote], m.other)
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

// allAgree fails when a region takes its datacenters down while another one holds an edit of the ring that nobody deleted. A
// copy without a revision is a new ring, which waits for this one's end.
func (w *world) allAgree(p *place) {
	deleted := map[string]bool{}
	for _, o := range w.places {
		if o.exists && o.deleting {
			maps.Copy(deleted, o.version.known)
		}
	}
	for _, o := range w.places {
		if !o.exists || o.deleting || o.notes[revisionNote] == "" || p.gen != first && IsAnother(p.notes[idNote], p.gen.copyOf(o.name, o.own())) {
			continue
		}
		for e := range o.version.edits {
			if !w.knows(deleted, e) {
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
	var text strings.Builder
	for _, p := range w.places {
		text.WriteString(fmt.Sprintln(p.name, p.gen, p.exists, p.notes, p.deleting, p.asked, p.version.text, p.agreed, p.ripe, p.begun, p.dcs, p.ring, p.diverged, p.doomed, p.lost, p.told))
	}
	return text.String()
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

var actions = []string{"edit", "pass", "pass", "pass", "look", "look", "look", "round", "wait", "delete", "cut", "heal", "isolate", "choose", "apply", "twice", "lose", "let go", "bring back"}

func (w *world) act(more ...string) {
	p := rapid.SampledFrom(w.places).Draw(w.t, "region")
	o := rapid.SampledFrom(w.others(p)).Draw(w.t, "other")
	switch rapid.SampledFrom(append(slices.Clone(actions), more...)).Draw(w.t, "action") {
	case "edit":
		w.edit(p)
	case "twice":
		w.twice(p, o)
	case "edits":
		w.edits(p, rapid.IntRange(20, 40).Draw(w.t, "edits"))
	case "apply":
		w.apply(p)
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
	case "upgrade":
		w.upgrade(p)
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

// upgrade replaces a region's operator by the next version. Two that are not neighbours never meet.
func (w *world) upgrade(p *place) {
	if p.gen == first || p.gen == this && w.newest == next {
		p.gen++
		w.note("%s: upgraded to %d", p.name, p.gen)
	}
}

// Whatever happens in three regions: no edit is dropped by a region that follows something which does not know of it, no
// datacenter is taken down while somebody holds such an edit, and once all regions see each other either everything is
// gone, or all hold one spec and all datacenters are there, or all say that they have diverged. What a region has lost is
// that region's loss: the others go on, and no region takes down what nobody ever deleted.
func TestNothingIsLostAndAllAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.apply(w.places[0])
		for range rapid.IntRange(1, 24).Draw(t, "steps") {
			w.act()
		}
		w.settle()
		w.check()
	})
}

// The same, however many edits are made on either side.
func TestNothingIsLostInHundredsOfEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.apply(w.places[0])
		for range rapid.IntRange(1, 24).Draw(t, "steps") {
			w.act("edits", "edits")
		}
		w.settle()
		w.check()
	})
}

// The same, with operators of two versions that are replaced one after another. While the first version is there, some
// regions may say that they have diverged where others know better; not when it is gone.
func TestNothingIsLostBetweenVersions(t *testing.T) {
	for name, pair := range map[string][]generation{"the first and this": {first, this}, "this and the next": {this, next}} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				one := rapid.SampledFrom(pair)
				w := newWorld(t, one.Draw(t, "a"), one.Draw(t, "b"), one.Draw(t, "c"))
				w.newest, w.old = pair[1], pair[0] == first
				w.apply(w.places[0])
				for range rapid.IntRange(1, 24).Draw(t, "steps") {
					w.act("edits", "upgrade")
				}
				w.settle()
				for _, p := range w.places {
					w.upgrade(p)
				}
				w.settle()
				w.check()
			})
		})
	}
}

// waitsForWord is true of a copy whose deletion doesn't know of an edit that another region is losing: somebody has to say
// that it may go.
func (w *world) waitsForWord(p *place) bool {
	own := p.gen.copyOf(p.name, p.own())
	return slices.ContainsFunc(w.others(p), func(o *place) bool {
		return o.exists && o.deleting && !o.asked && !own.Supersedes(p.gen.copyOf(o.name, o.own()).Head)
	})
}

func (w *world) check() {
	texts, ids, diverged, there, leaving, missing := map[string]bool{}, map[string]bool{}, 0, 0, 0, 0
	for _, p := range w.places {
		if !p.exists && p.lost || p.exists && p.deleting && !p.asked {
			missing++
		}
	}
	for _, p := range w.places {
		if !p.exists {
			continue
		}
		if p.deleting && !p.asked { // held
			continue
		}
		there++
		texts[p.version.text], ids[p.notes[idNote]] = true, true
		if p.diverged {
			diverged++
		}
		if p.deleting && w.waitsForWord(p) || p.notes[revisionNote] == "" && missing > 0 {
			return // not over
		}
		if p.deleting {
			leaving++
		}
	}
	homeless := slices.ContainsFunc(w.places, func(p *place) bool { return !p.exists && p.dcs })
	switch {
	case len(ids) > 1 && leaving == 0 && diverged == there: // two rings, and all say so
	case w.old && homeless: // two rings, while not all had an id: nobody knows which one the datacenters are of, and they stay
	case len(ids) > 1:
		w.fail("%d rings, and %d of %d regions say so, %d are deleted:\n%s", len(ids), diverged, there, leaving, w.calm())
	case homeless && missing > 0: // what a region would take over is held for a person's word
	case homeless:
		w.fail("datacenters and no ring:\n%s", w.calm())
	case there == 0:
	case leaving > 0:
		w.fail("the deletion never ends:\n%s", w.calm())
	case there+missing < len(w.places):
		w.fail("the ring is gone in a part of the regions:\n%s", w.calm())
	case diverged == 0 && len(texts) > 1, diverged > 0 && diverged < there:
		w.fail("%d specs, and %d of %d regions say that they have diverged:\n%s", len(texts), diverged, there, w.calm())
	case diverged == 0 && slices.ContainsFunc(w.places, func(p *place) bool { return p.exists && !p.deleting && !p.dcs }):
		w.fail("datacenters are gone from a ring that is there:\n%s", w.calm())
	}
}
