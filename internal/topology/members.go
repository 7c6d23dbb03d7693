package topology

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// MembersHash stands for a set of members by their host ids, in any order; those that have none yet don't count.
func MembersHash(ids []string) string {
	known := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	slices.Sort(known)
	sum := sha256.Sum256([]byte(strings.Join(known, ",")))
	return hex.EncodeToString(sum[:4])
}
