package federation

import "slices"

// Verb is what a region does with its copy of a ring.
type Verb string

// The verbs.
const (
	Keep     Verb = "keep"     // the copy is the newest known
	Publish  Verb = "publish"  // the copy has no revision, and nobody has another
	Raise    Verb = "raise"    // the copy was edited here
	Adopt    Verb = "adopt"    // another region's copy supersedes this one
	Diverged Verb = "diverged" // neither supersedes the other: a person must choose
)

// Copy is one region's copy of a ring.
type Copy struct {
	Head
	Region string
	Hash   string // of the document as it is there now
}

// Decision is what Follow decides: with Publish and Raise the copy's new head,
// with Adopt and Diverged the other copy.
type Decision struct {
	Verb  Verb
	Head  Head
	Other Copy
}

// Follow decides about the own copy, from it and what is known of the peers'.
// chosen says that the copy is known to have diverged, so that an edit is a
// person's choice and supersedes all others.
func Follow(own Copy, peers []Copy, chosen bool) Decision {
	peers = slices.DeleteFunc(slices.Clone(peers), func(p Copy) bool { return p.IsZero() })
	slices.SortFunc(peers, func(a, b Copy) int { return compareRevisions(a.Revision, b.Revision) })
	if own.IsZero() {
		for _, p := range peers {
			if p.Head.Hash == own.Hash {
				return Decision{Verb: Adopt, Other: p, Head: p.Head}
			}
		}
		if len(peers) > 0 {
			return Decision{Verb: Diverged, Other: peers[0]}
		}
		return Decision{Verb: Publish, Head: succeed(own.Region, own.Hash)}
	}
	if own.Hash != own.Head.Hash {
		parents := []Head{own.Head}
		if chosen {
			for _, p := range peers {
				parents = append(parents, p.Head)
			}
		}
		return Decision{Verb: Raise, Head: succeed(own.Region, own.Hash, parents...)}
	}
	for _, p := range peers {
		if !own.Head.Supersedes(p.Revision) && p.Head.Supersedes(own.Revision) {
			return Decision{Verb: Adopt, Other: p, Head: p.Head}
		}
	}
	for _, p := range peers {
		if !own.Head.Supersedes(p.Revision) {
			return Decision{Verb: Diverged, Other: p}
		}
	}
	return Decision{Verb: Keep, Head: own.Head}
}
