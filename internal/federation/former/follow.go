package former

import "slices"

// Verb is what a region does with its copy of a ring.
type Verb string

// The verbs of Follow and Choose.
const (
	Keep     Verb = "keep"     // the copy is the newest known
	Publish  Verb = "publish"  // the copy has no revision, and nobody has one for its spec
	Raise    Verb = "raise"    // the copy was edited here
	Adopt    Verb = "adopt"    // another region's copy supersedes this one
	Delete   Verb = "delete"   // the ring was deleted in another region
	Diverged Verb = "diverged" // neither supersedes the other: a person must choose
)

// Copy is one region's copy of a ring.
type Copy struct {
	Head
	Region   string
	Hash     string // of the spec as it is there now
	Deleting bool
	Stale    bool // a peer's as it was last seen: the region does not answer now
}

// edited is true when the spec is not the one that the revision was made for.
func (c Copy) edited() bool { return c.Hash != c.Head.Hash }

// Decision is what a region does. Head is the copy's new one, with Publish, Raise and Adopt; Other is the peer's copy
// that caused the decision, with all but Keep and Publish.
type Decision struct {
	Verb  Verb
	Head  Head
	Other Copy
}

// Follow decides about the own copy, from it and what is known of the peers'. told are the peers' revisions that the
// copy names as diverged from it, if it does: an edit made since is a person's choice and supersedes them.
func Follow(own Copy, peers []Copy, told []Revision) Decision {
	live, leaving := split(peers)
	switch {
	case own.IsZero() && len(leaving) > 0:
		return Decision{Verb: Await, Other: leaving[0]} // an earlier ring of the name is still on its way out
	case own.IsZero():
		return enter(own, live)
	case own.edited():
		return Decision{Verb: Raise, Head: succeed(own.Region, own.Hash, append(heads(live, told), own.Head)...)}
	}
	for _, p := range leaving {
		if !p.Stale && p.Supersedes(own.Revision) && p.supersedesAll(live) {
			return Decision{Verb: Delete, Other: p}
		}
	}
	for _, p := range live {
		if own.same(p.Revision) && compareRevisions(p.Revision, own.Revision) < 0 && !p.edited() {
			// The same edit was made in both regions: it gets one name, and keeps what either one supersedes.
			return Decision{Verb: Adopt, Other: p, Head: Head{Revision: p.Revision, Ancestors: union(p.Ancestors, own.Ancestors)}}
		}
	}
	for _, p := range live {
		if own.behind(p) && !p.edited() { // an edited one has its revision in a moment
			return Decision{Verb: Adopt, Other: p, Head: p.Head}
		}
	}
	for _, p := range live {
		if !own.Supersedes(p.Revision) && !own.behind(p) {
			return Decision{Verb: Diverged, Other: p}
		}
	}
	return Decision{Verb: Keep, Head: own.Head}
}

// behind is true when the other one's revision supersedes c's, and not the reverse.
func (c Copy) behind(o Copy) bool {
	return !c.Supersedes(o.Revision) && o.Supersedes(c.Revision)
}

// enter decides about a copy that was never published. Beside copies with other specs it gets a revision that nobody's
// supersedes: every region then says Diverged.
func enter(own Copy, live []Copy) Decision {
	for _, p := range live {
		if p.Head.Hash == own.Hash && !p.edited() {
			return Decision{Verb: Adopt, Other: p, Head: p.Head}
		}
	}
	head := succeed(own.Region, own.Hash)
	if len(live) > 0 {
		head.Counter = live[0].Counter + 1
	}
	return Decision{Verb: Publish, Head: head}
}

// Choose makes the revision of a person's choice between diverged copies: the spec of the region named, above the own
// copy and all of the peers' that the person was told of. Keep says that there is nothing to choose: the copies don't
// differ, or the region has no copy.
func Choose(own Copy, peers []Copy, told []Revision, region string) Decision {
	live, _ := split(peers)
	chosen := own
	if region != own.Region {
		i := slices.IndexFunc(live, func(p Copy) bool { return p.Region == region })
		if i < 0 {
			return Decision{Verb: Keep, Head: own.Head}
		}
		chosen = live[i]
	}
	if len(told) == 0 {
		return Decision{Verb: Keep, Head: own.Head}
	}
	return Decision{Verb: Raise, Head: succeed(own.Region, chosen.Hash, append(heads(live, told), own.Head, chosen.Head)...), Other: chosen}
}

// split parts the published copies, newest first, from those that are being deleted.
func split(peers []Copy) (live, leaving []Copy) {
	for _, p := range peers {
		switch {
		case p.Deleting:
			leaving = append(leaving, p)
		case !p.IsZero():
			live = append(live, p)
		}
	}
	newest := func(a, b Copy) int { return compareRevisions(a.Revision, b.Revision) }
	slices.SortFunc(live, newest)
	slices.SortFunc(leaving, newest)
	return live, leaving
}

// heads are those that were told of; one that its region has left behind since comes without ancestors.
func heads(live []Copy, told []Revision) (all []Head) {
	for _, r := range told {
		i := slices.IndexFunc(live, func(p Copy) bool { return p.Revision == r })
		if i < 0 {
			all = append(all, Head{Revision: r})
			continue
		}
		all = append(all, live[i].Head)
	}
	return all
}

// supersedesAll is true when nothing of the others is lost with c.
func (c Copy) supersedesAll(others []Copy) bool {
	return !slices.ContainsFunc(others, func(o Copy) bool { return o.edited() || !c.Supersedes(o.Revision) })
}
