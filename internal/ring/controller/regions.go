package controller

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
)

// regionsAnnotation lists the other regions' copies that this one has seen, as region=uid. So a region that has lost its
// copy, and with it all that it knew, is told by the others that it had one. Each copy has its own.
const regionsAnnotation = "ringspan.io/regions"

func parseRegions(text string) map[string]string {
	out := map[string]string{}
	for one := range strings.FieldsSeq(text) {
		if region, uid, ok := strings.Cut(one, "="); ok {
			out[region] = uid
		}
	}
	return out
}

func formatRegions(seen map[string]string) string {
	var all []string
	for _, region := range slices.Sorted(maps.Keys(seen)) {
		all = append(all, region+"="+seen[region])
	}
	return strings.Join(all, " ")
}

// remember notes which regions have copies, and tells whether that is news. A region whose copy goes because somebody asked
// for that, or is another ring's, is forgotten: it may take the ring over. Once a region is back, the word that brought it is spent.
func (p *pass) remember() (news bool) {
	seen := parseRegions(p.k.Annotations[regionsAnnotation])
	before := maps.Clone(seen)
	for i := range p.peers {
		s := &p.peers[i]
		k := s.Ring(p.key())
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
	p.k.Annotations[regionsAnnotation] = formatRegions(seen)
	return true
}

// lostHere tells whether another region knows that this one had a copy of a ring, which it has lost, and no person has said
// yet that it may be made again. A word holds for the loss that its region knew of.
func (p *pass) lostHere(name types.NamespacedName, id string) bool {
	var lost, said []string
	for i := range p.peers {
		k := p.peers[i].Ring(name)
		if k == nil || federation.Stranger(id, copyOf(p.peers[i].Region, k)) {
			continue
		}
		uid := parseRegions(k.Annotations[regionsAnnotation])[p.Region]
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
