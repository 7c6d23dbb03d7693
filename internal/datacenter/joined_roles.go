package datacenter

import (
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// The roles of a ring that a datacenter has joined by itself are somebody else's, with their passwords: clients of the whole ring
// log in with them, and another operator may write them. This one writes what isn't there, and what it has written before.

// joinedBySeeds tells whether the datacenter joined, or joins, a ring by seeds, without a ring's controller, or through another
// one of the namespace that did.
func (s *State) joinedBySeeds() bool {
	seeds := func(by string) bool { return by != "" && !strings.HasPrefix(by, api.JoinedDatacenter) }
	return !s.ofRing() && s.joinedBy() != "" && (seeds(s.joinedBy()) || slices.ContainsFunc(s.Namesakes, func(k Namesake) bool {
		return s.isSibling(&k) && seeds(k.JoinedBy)
	}))
}

// leavesRole tells whether a role is left as it is: it is the ring's that was joined. A person can have it otherwise, with
// skip-user-creation=false.
func (s *State) leavesRole(name string) bool {
	if !s.joinedBySeeds() || s.DC.Annotations[api.SkipUserCreationAnnotation] == "false" || !slices.Contains(s.Roles, name) {
		return false
	}
	for _, names := range s.ownedRoles() {
		if slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// RolesToWrite are the roles that the operator writes.
func (s *State) RolesToWrite() (all []Credentials) {
	for _, c := range s.credentials() {
		if !s.leavesRole(c.Username) {
			all = append(all, c)
		}
	}
	return all
}

// ReadsRolesFirst tells whether it has to be known which roles the ring has, in each datacenter, before any is written.
func (s *State) ReadsRolesFirst() bool {
	return s.joinedBySeeds() && s.DC.Annotations[api.SkipUserCreationAnnotation] != "false"
}

// KnowRoles notes which roles the ring has.
func (s *State) KnowRoles(known []mgmtapi.Role) {
	s.Roles = []string{}
	for _, r := range known {
		s.Roles = append(s.Roles, r.Name)
	}
}
