package federation

import (
	"encoding/json"
	"slices"
	"strings"
)

// lineage is the annotation with all of a head that the first version of the operator doesn't know. It names the revision
// that it is about: that version copies annotations which it doesn't know, and changes the revision beside them.
type lineage struct {
	Ring     string            `json:"ring,omitempty"` // namespace/name of the object
	Revision string            `json:"revision"`
	Spec     string            `json:"spec"`
	Maker    string            `json:"maker,omitempty"`
	Seen     map[string]uint64 `json:"seen,omitempty"`
	Older    []string          `json:"older,omitempty"`
}

// FormatLineage is the annotation's form, for the copy of a name.
func FormatLineage(ring string, h Head) string {
	l := lineage{Ring: ring, Revision: h.Revision.String(), Spec: h.Canonical, Maker: h.Maker, Seen: h.Seen}
	for _, r := range h.Older {
		l.Older = append(l.Older, r.String())
	}
	data, _ := json.Marshal(l) // strings and numbers: cannot fail
	return string(data)
}

// Borrowed tells whether a copy's annotations are those of a ring of another name: somebody has made a new ring from an
// existing one's manifest. Nothing that they say is about this one.
func Borrowed(ring, text string) bool {
	var l lineage
	return json.Unmarshal([]byte(text), &l) == nil && l.Ring != "" && l.Ring != ring
}

// ParseHead reads a head from its three annotations. What can't be read of the last two can only make two regions say
// Diverged.
func ParseHead(revision, ancestors, text string) (Head, error) {
	r, err := ParseRevision(revision)
	if err != nil || r.IsZero() {
		return Head{}, err
	}
	h := Head{Revision: r, Ancestors: parseAncestors(strings.Fields(ancestors))}
	var l lineage
	if json.Unmarshal([]byte(text), &l) != nil {
		l = lineage{}
	}
	if l.Revision == revision && l.Spec != "" {
		h.Canonical, h.Maker, h.Seen, h.Older, h.Recorded = l.Spec, l.Maker, l.Seen, parseAncestors(l.Older), true
	} else {
		h.continues(l)
	}
	h.Ancestors = h.Ancestors[:min(len(h.Ancestors), MaxAncestors)]
	return h, nil
}

// continues fills a head in that the first version made: on top of what the lineage is about, if that is an ancestor.
func (h *Head) continues(l lineage) {
	base, err := ParseRevision(l.Revision)
	if err == nil && slices.Contains(h.Ancestors, base) {
		known := Head{Revision: base, Maker: l.Maker, Seen: l.Seen, Older: parseAncestors(l.Older)}
		ancestors := h.Ancestors
		h.add(known)
		h.Ancestors = ancestors // as they were written
	}
	var alone []Revision
	for _, r := range h.Ancestors {
		if !h.counted(r) {
			alone = append(alone, r)
		}
	}
	h.Older = union(maxOlder, h.Older, alone)
}

// counted tells whether a listed ancestor is most likely one that a counter stands for. Where it isn't, two regions may say
// Diverged after many more edits.
func (h Head) counted(r Revision) bool {
	for maker, n := range h.Seen {
		if region, _, _ := strings.Cut(maker, makerSeparator); region == r.Region && n >= r.Counter {
			return true
		}
	}
	return false
}
