package controller

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
)

// remember notes which regions have copies, and tells whether that is news. A region whose copy goes because somebody asked
// for that, or is another ring's, is forgotten: it may take the ring over. Once a region is back, the word that brought it is spent.
func (p *pass) remember() (news bool) {
	seen := federation.ParseRegions(p.k.Annotations[federation.RegionsAnnotation])
	before := maps.Clone(seen)
	for i := range p.peers {
		s := &p.peers[i]
		k := copyAt(s, p.key())
		switch {
		case k == nil || !s.Reachable:
		case deletion.IsAsked(k), p.stranger(s.Region):
			delete(seen, s.Region)
		default:
			if old := seen[s.Region]; old != string(k.UID) && p.k.Annotations[deletion.BringBack] == s.Region {
				delete(p.k.Annotations, deletion.BringBack)
				news = true
			}
			seen[s.Region] = string(k.UID)
		}
	}
	if maps.Equal(before, seen) {
		return news
	}
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[federation.RegionsAnnotation] = federation.FormatRegions(seen)
	return true
}

// lostHere tells whether another region knows that this one had a copy of a ring, which it has lost, and no person has said
// yet that it may be made again. A word holds for the loss that its region knew of.
func (p *pass) lostHere(name types.NamespacedName, id string) bool {
	var lost, said []string
	for i := range p.peers {
		k := copyAt(&p.peers[i], name)
		if k == nil || federation.Stranger(id, ring.Kind.Copy(p.peers[i].Region, k)) {
			continue
		}
		uid := federation.ParseRegions(k.Annotations[federation.RegionsAnnotation])[p.Region]
		if uid == "" {
			continue
		}
		lost = append(lost, uid)
		if p.peers[i].Reachable && k.DeletionTimestamp.IsZero() && k.Annotations[deletion.BringBack] == p.Region {
			said = append(said, uid)
		}
	}
	return slices.ContainsFunc(lost, func(uid string) bool { return !slices.Contains(said, uid) })
}
