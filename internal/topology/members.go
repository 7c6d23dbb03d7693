package topology

import (
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/hash"
)

// MembersHash stands for a set of members by their host ids, in any order; those that have none yet don't count.
func MembersHash(ids []string) string {
	known := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	slices.Sort(known)
	return hash.Text(strings.Join(known, ","), 4)
}
