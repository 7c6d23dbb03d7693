package federation

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
	Unread   Verb = "unread"   // the spec that supersedes, or the own one, has fields that this version doesn't know
	TwoRings Verb = "tworings" // a peer has another ring of the same name: a person must take one away
)

// Copy is one region's copy of a ring.
type Copy struct {
	Head
	Region    string
	ID        string   // of the ring; "" when the copy has none yet
	UID       string   // of this very object: another one once it was deleted and made again
	Hash      string   // of the spec as it is there now, by the first version's rules
	Canonical string   // and by today's
	Unknown   []string // fields of the spec that this version doesn't know, which the hashes leave out
	Refused   string   // why it must not be taken over, "" when it may
	Written   string   // the revision's text as it stands there, readable or not
	Mark      string   // DeletionAnnotation
	Removal   string   // RemovalAnnotation
	Deleting  bool
	Asked     bool // its region says that a person asked for the deletion; without that it may go with its namespace
	Stale     bool // a peer's as it was last seen: the region does not answer now
}

const makerSeparator = "~"

// Maker names the copy as one in which revisions are made. The region alone would not do: what is made in a copy that was
// deleted and taken over anew does not go on from what was made in the earlier one.
func (c Copy) Maker() string { return c.Region + makerSeparator + c.UID }

// Verified is a copy with the canonical hash in its head too, where the first version made that and it is not edited.
func (c Copy) Verified() Copy {
	if c.Head.Canonical == "" && !c.IsZero() && c.Hash == c.Head.Hash {
		c.Head.Canonical = c.Canonical
	}
	return c
}

// Edited is edited for those who have to look closer then.
func (c Copy) Edited() bool { return c.edited() }

// edited is true when the spec is not the one that the revision was made for, or can't be understood to be.
func (c Copy) edited() bool {
	if c.Head.Canonical != "" {
		return c.Canonical != c.Head.Canonical
	}
	return c.Hash != c.Head.Hash
}

// unread is true when the spec must not be taken over, or has fields that this version doesn't know and that the revision was
// made with.
func (c Copy) unread() bool { return c.Refused != "" || len(c.Unknown) > 0 && c.edited() }

// Decision is what a region does. Head is the copy's new one, with Publish, Raise and Adopt; Other is the peer's copy
// that caused the decision, with all but Keep and Publish.
type Decision struct {
	Verb  Verb
	Head  Head
	Other Copy
}

// Follow decides about the own copy, from it and what is known of the peers'. told are the peers' revisions that the
// copy names as diverged from it, if it does: an edit made since is a person's choice and supersedes them. A copy that is
// being deleted is followed only when its region says that a person asked for that: one that goes with its namespace is
// that region's loss.
func Follow(own Copy, peers []Copy, told []Revision) Decision {
	ours, foreign := partition(own.ID, peers)
	decision := follow(own, ours, told)
	if live, _ := split(foreign); len(live) > 0 && (decision.Verb == Keep || decision.Verb == Diverged) {
		return Decision{Verb: TwoRings, Other: live[0]}
	}
	return decision
}

// follow decides among copies of one ring.
func follow(own Copy, peers []Copy, told []Revision) Decision {
	live, leaving := split(peers)
	switch {
	case own.IsZero() && len(leaving) > 0:
		return Decision{Verb: Await, Other: leaving[0]} // an earlier ring of the name is still on its way out
	case own.IsZero():
		return enter(own, live)
	case own.unread():
		return Decision{Verb: Unread, Other: own} // raised, it would be a version without those fields
	case own.edited():
		return Decision{Verb: Raise, Head: own.succeed(append(heads(live, told), own.Head)...)}
	}
	if d, is := own.lastSpec(live, leaving); is {
		return d
	}
	for _, p := range leaving {
		if p.Asked && !p.Stale && p.Supersedes(own.Head) && p.supersedesAll(live) {
			return Decision{Verb: Delete, Other: p}
		}
	}
	for _, p := range live {
		if own.sameVersion(p.Head) && compareRevisions(p.Revision, own.Revision) < 0 && !p.edited() {
			// The same edit was made in both regions: it gets one name, and keeps what either one supersedes.
			return own.adopt(p)
		}
	}
	for _, p := range live {
		if own.behind(p) && !p.edited() { // an edited one has its revision in a moment
			return own.adopt(p)
		}
	}
	for _, p := range live {
		switch {
		case own.behind(p) && p.unread():
			return Decision{Verb: Unread, Other: p}
		case !own.Supersedes(p.Head) && !own.behind(p):
			return Decision{Verb: Diverged, Other: p}
		}
	}
	return Decision{Verb: Keep, Head: own.Head}
}

// lastSpec takes over the spec of a copy that is being deleted, because somebody asked for that, and has an edit that the own
// region hasn't seen: it says how what there is goes. An edit of a copy that is being deleted already is none of the object's.
func (c Copy) lastSpec(live, leaving []Copy) (Decision, bool) {
	if c.IsZero() || c.edited() || c.unread() {
		return Decision{}, false
	}
	for _, p := range leaving {
		if p.Asked && !p.Stale && c.behind(p) && p.supersedesAll(live) && !p.edited() && p.Refused == "" {
			return c.adopt(p), true
		}
	}
	return Decision{}, false
}

// adopt takes a peer's version over, unless that must not be.
func (c Copy) adopt(p Copy) Decision {
	if p.Refused != "" {
		return Decision{Verb: Unread, Other: p}
	}
	return Decision{Verb: Adopt, Other: p, Head: p.Head.over(c.Head)}
}

// behind is true when the other one's revision supersedes c's, and not the reverse.
func (c Copy) behind(o Copy) bool {
	return !c.Supersedes(o.Head) && o.Supersedes(c.Head)
}

// enter decides about a copy that was never published. Beside copies with other specs it gets a revision that nobody's
// supersedes: every region then says Diverged.
func enter(own Copy, live []Copy) Decision {
	now := Head{Revision: Revision{Hash: own.Hash}, Canonical: own.Canonical}
	for _, p := range live {
		if p.sameSpec(now) && !p.edited() && p.Refused == "" {
			return Decision{Verb: Adopt, Other: p, Head: p.Head}
		}
	}
	head := own.succeed()
	if len(live) > 0 {
		head.Counter = live[0].Counter + 1
	}
	return Decision{Verb: Publish, Head: head}
}

// Choose makes the revision of a person's choice between diverged copies: the spec of the region named, above the own
// copy and all of the peers' that the person was told of. Keep says that there is nothing to choose: the copies don't
// differ, or the region has no copy.
func Choose(own Copy, peers []Copy, told []Revision, region string) Decision {
	ours, _ := partition(own.ID, peers)
	live, _ := split(ours)
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
	if chosen.unread() {
		return Decision{Verb: Unread, Other: chosen}
	}
	next := own
	next.Hash, next.Canonical = chosen.Hash, chosen.Canonical
	return Decision{Verb: Raise, Head: next.succeed(append(heads(live, told), own.Head, chosen.Head)...), Other: chosen}
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
	return !slices.ContainsFunc(others, func(o Copy) bool { return o.edited() || !c.Supersedes(o.Head) })
}
