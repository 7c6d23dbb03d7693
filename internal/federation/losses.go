package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// remember notes which regions have copies. A region whose copy goes because somebody asked for that, or is another
// object's, is forgotten: it may take the object over. Once a region is back, the word that brought it is spent.
func (v *View) remember(p *Plan) {
	seen := maps.Clone(v.Own.Seen)
	if seen == nil {
		seen = map[string]string{}
	}
	for _, peer := range v.Peers {
		switch {
		case peer.Absent || !peer.Reachable:
		case peer.Deleting && peer.Asked, v.HasAnother(peer.Region):
			delete(seen, peer.Region)
		default:
			if v.Own.BringBack == peer.Region && (seen[peer.Region] != peer.UID || v.moved(peer)) {
				p.note(BringBackAnnotation, "")
			}
			seen[peer.Region] = peer.UID
		}
	}
	if !maps.Equal(seen, v.Own.Seen) {
		p.note(RegionsAnnotation, FormatRegions(seen))
	}
	v.rememberClusters(p)
}

// moved tells of a region whose copy is in another cluster than the one that is remembered.
func (v *View) moved(p Peer) bool {
	known := v.Own.Clusters[p.Region]
	return known != "" && p.Cluster != "" && p.Cluster != known
}

// confirmed tells whether another region, to which a person may have said that a region's part is to be made again, remembers
// the region in the cluster that it is in now.
func (v *View) confirmed(p Peer) bool {
	return slices.ContainsFunc(v.Peers, func(o Peer) bool {
		return o.Region != p.Region && o.Reachable && !o.Absent && !o.Deleting && !v.HasAnother(o.Region) && o.Clusters[p.Region] == p.Cluster
	})
}

// rememberClusters notes in which clusters the copies are. One is remembered until a person has the region's part made again, be
// it said here or in another region: a copy in another cluster may be a backup's, and the region's own goes on.
func (v *View) rememberClusters(p *Plan) {
	known := maps.Clone(v.Own.Clusters)
	if known == nil {
		known = map[string]string{}
	}
	for _, peer := range v.Peers {
		if !peer.Reachable || peer.Absent || peer.Cluster == "" || v.HasAnother(peer.Region) || v.twice(peer) {
			continue
		}
		if known[peer.Region] == "" || v.Own.Seen[peer.Region] == "" && !peer.Deleting || v.Own.BringBack == peer.Region || v.confirmed(peer) {
			known[peer.Region] = peer.Cluster
		}
	}
	if !maps.Equal(known, v.Own.Clusters) {
		p.note(ClustersAnnotation, FormatRegions(known))
	}
}

// lostHere tells whether another region knows that this one had a copy, which it has lost, and no person has said yet that
// it may be made again. A word holds for the loss that its region knew of.
func (v *View) lostHere(id string) bool {
	var lost, said []string
	for _, p := range v.Peers {
		uid := p.Seen[v.Region]
		if p.Absent || IsAnother(id, p.Copy) || uid == "" {
			continue
		}
		lost = append(lost, uid)
		if p.Reachable && !p.Deleting && p.BringBack == v.Region {
			said = append(said, uid)
		}
	}
	return slices.ContainsFunc(lost, func(uid string) bool { return !slices.Contains(said, uid) })
}

// LostIn says in words how a region lost its part of the object, "" when it didn't, as far as is known.
func (v *View) LostIn(region string) string {
	p := v.peer(region)
	if p == nil || !p.Reachable || v.Own == nil || v.HasAnother(region) {
		return ""
	}
	switch known := v.Own.Clusters[region]; {
	case p.Absent && v.Own.Seen[region] != "" && known != "" && p.Cluster != "" && p.Cluster != known:
		return fmt.Sprintf("another cluster answers in place of region %s, which had a part of the %s: if that is a mistake, mend its ClientConfig in namespace %s; if the former cluster is gone for good, "+
			"set the annotation %s: %s on this copy to have the part made again, empty", region, v.Noun, v.Configs, BringBackAnnotation, region)
	case p.Absent && v.Own.Seen[region] != "":
		return fmt.Sprintf("region %s has lost its part of the %s, and nobody asked for that: the other regions go on. To have it made again, empty, "+
			"set the annotation %s: %s on this copy", region, v.Noun, BringBackAnnotation, region)
	case p.Absent, p.Deleting && p.Asked:
	case p.Mark == DeletionLost:
		return fmt.Sprintf("region %s loses its part of the %s, and nobody asked for that: the other regions go on. Its own copy says why", region, v.Noun)
	case !p.Deleting:
	case p.Removal != RemovalBegun:
		return fmt.Sprintf("region %s deletes its copy and doesn't say that somebody asked for that (older operators never do): the other regions go on. "+
			"Delete the %s in this region too if it should go everywhere", region, v.Noun)
	}
	return ""
}

// Losses are what the other regions have lost, by region.
func (v *View) Losses() (words []string) {
	for _, p := range v.Peers {
		if why := v.LostIn(p.Region); why != "" {
			words = append(words, why)
		}
	}
	return words
}

// Behind names the regions that answer and hold another revision: they have yet to act on this one. A region that doesn't
// answer is not waited for.
func (v *View) Behind() (waits []string) {
	for _, p := range v.Peers {
		switch {
		case !p.Reachable:
		case v.LostIn(p.Region) != "":
			waits = append(waits, fmt.Sprintf("region %s, which has lost its part of the %s", p.Region, v.Noun))
		case p.Absent || !p.Deleting && p.Written != v.Own.Written:
			waits = append(waits, fmt.Sprintf("region %s to take revision %s over", p.Region, v.Own.Written))
		}
	}
	return waits
}

// Overruled says, about the copy that stays, that a deletion in another region does not hold; "" when there is none.
func (v *View) Overruled() string {
	for _, p := range v.Peers {
		if p.Absent || !p.Deleting || !p.Asked || !p.Reachable || v.Own.IsZero() || v.HasAnother(p.Region) || p.Supersedes(v.Own.Head) {
			continue
		}
		return fmt.Sprintf("region %s deleted the %s at revision %s, which did not know of %s: the %s stays; delete it once more if it should go",
			p.Region, v.Noun, orNone(p.Written), v.Own.Revision, v.Noun)
	}
	return ""
}

// TwoObjects says what a person can do about another object of the same name. The annotation is that of the kind's ids.
func (v *View) TwoObjects(other Copy, annotation string) string {
	return fmt.Sprintf("region %s has another %s of this name: its id is %s, the one here is %s. Nothing is changed in either. "+
		"Delete the %s that should go, in its region: its own %s go with it, the other %s's stay. "+
		"If they are one %s after all, set the annotation %s of one to the other's id, and then choose between them",
		other.Region, v.Noun, other.ID, v.Own.ID, v.Noun, v.PartsNoun, v.Noun, v.Noun, annotation)
}

// unread says why a copy's spec can't be followed.
func (v *View) unread(c Copy) string {
	fields := strings.Join(c.Unknown, ", ")
	switch {
	case c.Refused != "":
		return c.Refused
	case c.Region == v.Region:
		return fmt.Sprintf("this copy sets %s, which version %s of the operator, in this region, does not know: nothing is changed", fields, v.Version)
	}
	return fmt.Sprintf("revision %s of region %s sets %s, which version %s of the operator, in this region, does not know: it is not taken over, and this region stays at its own revision",
		c.Revision, c.Region, fields, v.Version)
}
