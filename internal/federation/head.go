package federation

import (
	"cmp"
	"maps"
	"slices"
)

// Head is a revision with all that it supersedes, in three forms, because a list of every ancestor would grow for ever:
//
//   - Ancestors are the newest ones, one by one. The first version of the operator knows these only.
//   - Seen has, for each copy in which revisions were made, the highest counter of one that is superseded. What was made in
//     one copy is a chain: each revision supersedes the one before it. So a counter stands for all lower ones.
//   - Older are revisions that no counter can stand for, because it isn't known in which copy they were made: those of the
//     first version. There are no more of them once it is gone.
//
// The bounds of Older and Seen can only make two regions say Diverged, never lose an edit.
type Head struct {
	Revision
	Canonical string // the canonical hash of the spec; "" of the first version's revisions
	Maker     string // the copy that it was made in; "" when that isn't known
	Ancestors []Revision
	Seen      map[string]uint64
	Older     []Revision
	Recorded  bool // in the copy's annotations, with all of this; not so what the first version wrote
}

// The bounds of what a copy carries: less than 5 KiB together.
const (
	maxOlder  = 24
	maxMakers = 64
)

// Supersedes is true when adopting h loses nothing of o: it is the same version, has the same spec, or is an ancestor.
func (h Head) Supersedes(o Head) bool {
	switch {
	case h.sameVersion(o), h.sameSpec(o) && o.Counter <= h.Counter && o.Counter > 1:
		return true
	case o.Counter >= h.Counter:
		return false
	}
	return h.lists(o.Revision) || o.Maker != "" && o.Counter <= h.Seen[o.Maker] && !h.listsAllLike(o)
}

// sameVersion is true when both name one version. Two regions that make the same edit on the same base make the same
// version; two first versions are two rings until one has adopted the other, or a deletion of one would delete the
// other.
func (h Head) sameVersion(o Head) bool {
	return h.Counter == o.Counter && h.sameSpec(o) && (h.Region == o.Region || h.Counter > 1)
}

// sameSpec compares the canonical hashes, or the first version's where only one of them is known.
func (h Head) sameSpec(o Head) bool {
	if h.Canonical != "" && o.Canonical != "" {
		return h.Canonical == o.Canonical
	}
	return h.Hash == o.Hash
}

func (h Head) lists(r Revision) bool {
	return slices.ContainsFunc(h.Ancestors, r.same) || slices.ContainsFunc(h.Older, r.same)
}

// listsAllLike is true when o, as an ancestor, would have to be in the list of ancestors, which is complete down to its last
// one. What isn't there although its counter was seen is another revision of that counter: its region's API server was
// brought back from a backup, and the copy edited then.
func (h Head) listsAllLike(o Head) bool {
	n := len(h.Ancestors)
	return n < MaxAncestors || o.Counter > h.Ancestors[n-1].Counter
}

// over is h in a copy that has held own, which h supersedes: so it supersedes what own does.
func (h Head) over(own Head) Head {
	if own.IsZero() {
		return h
	}
	h.Seen, h.Older = maps.Clone(h.Seen), slices.Clone(h.Older)
	h.add(own)
	return h
}

// add makes a head, and what it supersedes, ancestors of h.
func (h *Head) add(o Head) {
	var listed, alone []Revision
	if !h.same(o.Revision) {
		listed = []Revision{o.Revision}
	}
	if o.Maker == "" && h.Revision != o.Revision {
		alone = []Revision{o.Revision}
	}
	h.Ancestors = union(MaxAncestors, h.Ancestors, o.Ancestors, listed)
	h.Older = union(maxOlder, h.Older, o.Older, alone)
	h.count(o.Seen)
	if o.Maker != "" {
		h.count(map[string]uint64{o.Maker: o.Counter})
	}
}

func (h *Head) count(seen map[string]uint64) {
	if h.Seen == nil {
		h.Seen = map[string]uint64{}
	}
	for maker, n := range seen {
		h.Seen[maker] = max(h.Seen[maker], n)
	}
	for len(h.Seen) > maxMakers {
		lowest := func(a, b string) int { return cmp.Compare(h.Seen[a], h.Seen[b]) }
		delete(h.Seen, slices.MinFunc(slices.Sorted(maps.Keys(h.Seen)), lowest))
	}
}

// succeed makes the next head above all parents, from a copy's spec as it is now.
func (c Copy) succeed(parents ...Head) Head {
	h := Head{Revision: Revision{Counter: 1, Region: c.Region, Hash: c.Hash}, Canonical: c.Canonical, Maker: c.Maker()}
	for _, p := range parents {
		if !p.IsZero() {
			h.add(p)
			h.Counter = max(h.Counter, p.Counter+1)
		}
	}
	return h
}
