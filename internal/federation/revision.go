package federation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxAncestors bounds the ancestors that a copy lists one by one. The first version of the operator listed 24, and took what
// was older than a list of 24 for superseded, whoever had made it: a list of 23 never makes it do so.
const MaxAncestors = 23

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

// FormatAncestors is the annotation's form of ancestors: revisions with a space between them.
func FormatAncestors(list []Revision) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = r.String()
	}
	return strings.Join(texts, " ")
}

// parseAncestors leaves out what can't be read: that can only make two regions say Diverged, never lose an edit.
func parseAncestors(texts []string) (list []Revision) {
	for _, text := range texts {
		if r, err := ParseRevision(text); err == nil && !r.IsZero() {
			list = append(list, r)
		}
	}
	return list
}

// union is both lists as one, newest first, at most bound.
func union(bound int, lists ...[]Revision) []Revision {
	all := slices.Concat(lists...)
	slices.SortFunc(all, compareRevisions)
	all = slices.Compact(all)
	return all[:min(len(all), bound)]
}
