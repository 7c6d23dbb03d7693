package federation

import (
	"slices"

	"github.com/ringspan/ringspan/internal/hash"
)

// A ring has an id, which every copy of it carries and which is given once, when the ring is first published. Revisions
// order the versions of one ring; they say nothing about two rings that were given the same name.

// IsAnother tells whether a copy is one of another object of the name. A copy without an id may be anybody's: its revision decides.
func IsAnother(id string, c Copy) bool {
	return id != "" && c.ID != "" && c.ID != id
}

// part parts the copies of one ring from those of others.
func partition(id string, copies []Copy) (ours, foreign []Copy) {
	for _, c := range copies {
		if IsAnother(id, c) {
			foreign = append(foreign, c)
			continue
		}
		ours = append(ours, c)
	}
	return ours, foreign
}

// Identify is the id of a copy that carries none: that of its datacenters in this region, if they have one, else that of a
// peer whose revision is related. "" is for a copy that is not published yet, which gets an id of its own with its first
// revision.
//
// What is left is a ring of the first version, which knew of no ids. Every region may have to name it alone, while it sees
// no other one, so its id follows from what all of its copies share: the name and the region that it was first applied to.
func Identify(own Copy, peers []Copy, datacenters, name, origin string) string {
	if datacenters != "" || own.IsZero() {
		return datacenters
	}
	live, _ := split(peers)
	for _, p := range live {
		if p.ID != "" && (own.Supersedes(p.Head) || p.Supersedes(own.Head)) {
			return p.ID
		}
	}
	return hash.Text("ringspan ring "+name+" "+origin, 8)
}

// OfOneRing are the copies that a region without a copy may take over: those of the ring whose datacenters it has, or of the
// only one that is not being deleted when it has none. Otherwise nobody can say which of two rings.
func OfOneRing(datacenters string, some bool, copies []Copy) []Copy {
	ours, _ := partition(datacenters, copies)
	live, _ := split(ours)
	if some {
		live = ours
	}
	for _, among := range [][]Copy{ours, live} {
		i := slices.IndexFunc(among, func(c Copy) bool { return c.ID != "" })
		if i < 0 {
			continue
		}
		if _, others := partition(among[i].ID, among); len(others) == 0 {
			same, _ := partition(among[i].ID, ours)
			return same
		}
	}
	if !slices.ContainsFunc(ours, func(c Copy) bool { return c.ID != "" }) {
		return ours
	}
	return nil
}
