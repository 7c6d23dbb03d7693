package federation

// The verbs of Retire; Await is Follow's too.
const (
	Await  Verb = "await"  // a region has yet to answer or to act; nothing is taken down
	Remove Verb = "remove" // every region agrees: this one's datacenters may go, and then the copy
	Yield  Verb = "yield"  // the deletion is overruled: the copy goes, the datacenters stay
)

// Peer is a region as a deletion sees it.
type Peer struct {
	Copy
	Reachable bool
	Absent    bool              // it has no copy, as of the last look
	Parts     bool              // of the object are there
	Cluster   string            // the UID of its namespace kube-system, "" when that can't be read
	Elsewhere bool              // it may be another region than the one that is meant: see elsewhere
	Lacks     bool              // it answers, but lets nobody read the kind: a former version runs there
	Seen      map[string]string // RegionsAnnotation
	Clusters  map[string]string // ClustersAnnotation
	BringBack string            // BringBackAnnotation
}

// unknown is true of a copy that its region loses, with an edit that c, which is being deleted, does not know of.
func (c Copy) unknown(p Peer) bool {
	return p.Reachable && p.Deleting && !p.Asked && !p.IsZero() && !c.Supersedes(p.Head)
}

// live is true of a copy that others would take over again.
func (p Peer) live() bool { return !p.Absent && !p.Deleting && !p.IsZero() }

// Retire decides about the own copy, which is being deleted. Other is the copy that is waited for or that overrules.
//
// An edit overrules a deletion only until all regions have agreed: see Remove.
func Retire(own Copy, peers []Peer) Decision {
	for _, p := range peers {
		if p.Reachable && p.live() && !p.edited() && !own.Supersedes(p.Head) {
			return Decision{Verb: Yield, Other: p.Copy}
		}
	}
	for _, p := range peers {
		orphaned := (p.Absent || p.IsZero() && !p.Deleting) && p.Parts // its region takes the copy over first
		if !p.Reachable || p.Elsewhere || p.live() || orphaned || own.unknown(p) {
			return Decision{Verb: Await, Other: p.Copy}
		}
	}
	return Decision{Verb: Remove}
}

// Take chooses the copy that a region without one takes over. leftovers says that the region has datacenters of the
// ring: it then also takes part in a deletion that was asked for. A region that does not answer is not taken from.
func Take(peers []Copy, leftovers bool) (Copy, bool) {
	live, leaving := split(peers)
	best := Copy{}
	for _, p := range live {
		switch {
		case p.Stale, p.Refused != "":
		case p.edited():
			return Copy{}, false // it has its revision in a moment
		case best.IsZero() || p.Supersedes(best.Head):
			best = p
		}
	}
	for _, p := range leaving {
		if !p.Asked {
			continue // its region's loss
		}
		doomed := best.IsZero() || p.Supersedes(best.Head)
		if doomed && !p.Stale && leftovers && !p.IsZero() {
			return p, true
		}
		if doomed {
			return Copy{}, false
		}
	}
	return best, !best.IsZero()
}
