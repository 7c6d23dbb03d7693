package federation

import (
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/federation/former"
)

// generation is a version of the operator: the first one, this one, and one to come, in which the API server fills another
// default in, so that the first version's hash of a spec is another one.
type generation int

const (
	first generation = iota
	this
	next
)

// Annotations of a copy.
const (
	revisionNote  = "revision"
	ancestorsNote = "ancestors"
	lineageNote   = "lineage"
	idNote        = "id"
	originNote    = "origin"
)

// hash is the first version's of a spec, as this generation makes it.
func (g generation) hash(text string) string {
	if g == next {
		return text + "!"
	}
	return text
}

// move is what an operator does with its copy: the annotations that it writes, if any, and the peer that caused it.
type move struct {
	verb  Verb
	notes map[string]string
	other string
}

// copyOf is a copy as one generation reads it.
func (g generation) copyOf(region string, s sight) Copy {
	head, _ := ParseHead(s.notes[revisionNote], s.notes[ancestorsNote], s.notes[lineageNote])
	return Copy{Head: head, Region: region, ID: s.notes[idNote], UID: s.uid, Hash: g.hash(s.version.text), Canonical: "v2:" + s.version.text,
		Deleting: s.deleting, Asked: s.asked, Stale: !s.reachable}.Verified()
}

func formerCopy(region string, s sight) former.Copy {
	head, _ := former.ParseHead(s.notes[revisionNote], s.notes[ancestorsNote])
	return former.Copy{Head: head, Region: region, Hash: s.version.text, Deleting: s.deleting, Stale: !s.reachable}
}

func (p *place) copies() (all []Copy) {
	for _, name := range slices.Sorted(maps.Keys(p.seen)) {
		if s := p.seen[name]; s.exists {
			all = append(all, p.gen.copyOf(name, s))
		}
	}
	return all
}

func (p *place) formerCopies() (all []former.Copy) {
	for _, name := range slices.Sorted(maps.Keys(p.seen)) {
		if s := p.seen[name]; s.exists {
			all = append(all, formerCopy(name, s))
		}
	}
	return all
}

// own is the copy as a look at oneself.
func (p *place) own() sight {
	return sight{reachable: true, exists: p.exists, dcs: p.dcs, deleting: p.deleting, asked: p.asked, notes: p.notes, uid: p.uid(), version: p.version}
}

// stamped are the copy's annotations with a head, and the peer's others if its copy is taken over.
func (p *place) stamped(h Head, from map[string]string) map[string]string {
	notes := with(p.notes, from)
	notes[revisionNote], notes[ancestorsNote], notes[lineageNote] = h.String(), FormatAncestors(h.Ancestors), FormatLineage("ns/ring", h)
	if notes[originNote] == "" {
		notes[originNote] = p.name
	}
	if notes[idNote] == "" && from == nil {
		notes[idNote] = "id of " + p.uid()
	}
	return notes
}

func (p *place) formerStamped(h former.Head, from map[string]string) map[string]string {
	notes := with(p.notes, from)
	notes[revisionNote], notes[ancestorsNote] = h.String(), former.FormatAncestors(h.Ancestors)
	if notes[originNote] == "" {
		notes[originNote] = p.name
	}
	return notes
}

// follow is what a region's operator does with a copy that is there.
func (p *place) follow() move {
	if p.gen == first {
		d := former.Follow(formerCopy(p.name, p.own()), p.formerCopies(), revisionsOf[former.Revision](p.told, former.ParseRevision))
		m := move{verb: Verb(d.Verb), other: d.Other.Region}
		switch d.Verb {
		case former.Adopt:
			m.notes = p.formerStamped(d.Head, p.seen[d.Other.Region].notes)
		case former.Publish, former.Raise:
			m.notes = p.formerStamped(d.Head, nil)
		}
		return m
	}
	copies := p.copies()
	p.identify(copies)
	own := p.gen.copyOf(p.name, p.own())
	d := Follow(own, copies, revisionsOf[Revision](p.told, ParseRevision))
	m := move{verb: d.Verb, other: d.Other.Region}
	switch {
	case d.Verb == Adopt:
		m.notes = p.stamped(d.Head, p.seen[d.Other.Region].notes)
	case d.Verb == Publish, d.Verb == Raise, d.Verb == Keep && !own.Recorded:
		m.notes = p.stamped(d.Head, nil)
	}
	return m
}

func (p *place) identify(copies []Copy) {
	if p.notes[idNote] != "" {
		return
	}
	if id := Identify(p.gen.copyOf(p.name, p.own()), copies, p.ring, "ring", p.notes[originNote]); id != "" {
		p.notes = with(p.notes, map[string]string{idNote: id})
	}
}

func (p *place) choose(region string) (notes map[string]string, ok bool) {
	if p.gen == first {
		d := former.Choose(formerCopy(p.name, p.own()), p.formerCopies(), revisionsOf[former.Revision](p.told, former.ParseRevision), region)
		return p.formerStamped(d.Head, nil), d.Verb == former.Raise
	}
	d := Choose(p.gen.copyOf(p.name, p.own()), p.copies(), revisionsOf[Revision](p.told, ParseRevision), region)
	return p.stamped(d.Head, nil), d.Verb == Raise
}

// take is the region whose copy one without a copy takes over, with the annotations that it then has.
func (p *place) take() (from string, notes map[string]string, ok bool) {
	if p.gen == first {
		c, ok := former.Take(p.formerCopies(), p.dcs)
		return c.Region, p.formerStamped(c.Head, p.seen[c.Region].notes), ok
	}
	c, ok := Take(OfOneRing(p.ring, p.dcs, p.copies()), p.dcs)
	return c.Region, p.stamped(c.Head, p.seen[c.Region].notes), ok
}

func (p *place) retire() move {
	if p.gen == first {
		var all []former.Peer
		for _, name := range slices.Sorted(maps.Keys(p.seen)) {
			s := p.seen[name]
			one := former.Peer{Copy: former.Copy{Region: name}, Reachable: s.reachable, Absent: !s.exists, Datacenters: s.dcs}
			if s.exists {
				one.Copy = formerCopy(name, s)
			}
			all = append(all, one)
		}
		d := former.Retire(formerCopy(p.name, p.own()), all)
		return move{verb: Verb(d.Verb), other: d.Other.Region}
	}
	p.identify(p.copies())
	var all []Peer
	for _, name := range slices.Sorted(maps.Keys(p.seen)) {
		s := p.seen[name]
		one := Peer{Copy: Copy{Region: name}, Reachable: s.reachable, Absent: !s.exists, Parts: s.dcs}
		c := p.gen.copyOf(name, s)
		switch {
		case !s.exists:
		case IsAnother(p.notes[idNote], c):
			one.Absent, one.Parts = true, false
		default:
			one.Copy = c
		}
		all = append(all, one)
	}
	d := Retire(p.gen.copyOf(p.name, p.own()), all)
	return move{verb: d.Verb, other: d.Other.Region}
}

func revisionsOf[R any](texts []string, parse func(string) (R, error)) (all []R) {
	for _, text := range texts {
		if r, err := parse(text); err == nil {
			all = append(all, r)
		}
	}
	return all
}
