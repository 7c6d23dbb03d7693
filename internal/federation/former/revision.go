package former

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxAncestors bounds the ancestors that a copy carries. A revision older than the oldest of a full list counts as
// superseded, because nobody can tell any more.
const MaxAncestors = 24

// ErrMalformed says that a text is no revision.
var ErrMalformed = errors.New("not of the form <counter>/<region>/<hash>")

// Revision names one version of a ring: the counter only ever rises, region is where it was made, hash is that of the
// spec.
type Revision struct {
	Counter uint64
	Region  string
	Hash    string
}

// IsZero is true of a copy that was never published.
func (r Revision) IsZero() bool { return r == Revision{} }

// String is the annotation's form, "" for a copy that was never published.
func (r Revision) String() string {
	if r.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d/%s/%s", r.Counter, r.Region, r.Hash)
}

// ParseRevision reads the annotation's form; "" is the zero revision. Errors wrap ErrMalformed.
func ParseRevision(text string) (Revision, error) {
	if text == "" {
		return Revision{}, nil
	}
	parts := strings.Split(text, "/")
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return Revision{}, fmt.Errorf("revision %q: %w", text, ErrMalformed)
	}
	counter, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil || counter == 0 {
		return Revision{}, fmt.Errorf("revision %q: %w", text, ErrMalformed)
	}
	return Revision{Counter: counter, Region: parts[1], Hash: parts[2]}, nil
}

// same is true when both name one version. Two regions that make the same edit on the same base make the same
// version; two first versions are two rings until one has adopted the other, or a deletion of one would delete the
// other.
func (r Revision) same(o Revision) bool {
	return r.Counter == o.Counter && r.Hash == o.Hash && (r.Region == o.Region || r.Counter > 1)
}

// compareRevisions orders by counter, highest first, then by region and hash, so that every region sorts alike.
func compareRevisions(a, b Revision) int {
	return cmp.Or(cmp.Compare(b.Counter, a.Counter), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Hash, b.Hash))
}

// Head is a revision with those that it supersedes, newest first, at most MaxAncestors.
type Head struct {
	Revision
	Ancestors []Revision
}

// Supersedes is true when adopting h loses nothing of r: it is the same version, has the same spec, or is an
// ancestor.
func (h Head) Supersedes(r Revision) bool {
	if h.same(r) || h.Hash == r.Hash && r.Counter <= h.Counter && r.Counter > 1 {
		return true
	}
	if r.Counter >= h.Counter {
		return false
	}
	if slices.ContainsFunc(h.Ancestors, r.same) {
		return true
	}
	full := len(h.Ancestors) >= MaxAncestors
	return full && r.Counter < h.Ancestors[len(h.Ancestors)-1].Counter
}

// succeed makes the next head above all parents, made in region.
func succeed(region, hash string, parents ...Head) Head {
	var ancestors []Revision
	for _, p := range parents {
		if !p.IsZero() {
			ancestors = append(append(ancestors, p.Revision), p.Ancestors...)
		}
	}
	ancestors = union(ancestors, nil)
	counter := uint64(1)
	if len(ancestors) > 0 {
		counter = ancestors[0].Counter + 1
	}
	return Head{Revision: Revision{Counter: counter, Region: region, Hash: hash}, Ancestors: ancestors}
}

// union is both lists as one, newest first, within the bound.
func union(a, b []Revision) []Revision {
	all := slices.Concat(a, b)
	slices.SortFunc(all, compareRevisions)
	all = slices.Compact(all)
	return all[:min(len(all), MaxAncestors)]
}

// FormatAncestors is the annotation's form of ancestors: revisions with a space between them.
func FormatAncestors(list []Revision) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.String()
	}
	return strings.Join(texts, " ")
}

// ParseHead reads a head from its two annotations. Ancestors that can't be read are left out: they can only make two
// regions say Diverged, never lose an edit.
func ParseHead(revision, ancestors string) (Head, error) {
	r, err := ParseRevision(revision)
	if err != nil {
		return Head{}, err
	}
	h := Head{Revision: r}
	for text := range strings.FieldsSeq(ancestors) {
		if a, err := ParseRevision(text); err == nil {
			h.Ancestors = append(h.Ancestors, a)
		}
	}
	return h, nil
}
