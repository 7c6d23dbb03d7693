package datacenter

import (
	"fmt"
	"slices"
	"strings"
)

// planRoles writes the superuser and the users. They are written again when a
// Secret changes or there are more replicas, because rows written before do not
// reach the new ones.
func (s *State) planRoles(p *Plan) (done bool) {
	switch {
	case s.SecretError != "":
		p.Wait("a Secret that can be used")
		return false
	case s.skipUsers(), s.rolesComeWithData():
		return true
	case s.Superuser == nil:
		p.Wait("the superuser's Secret")
		return false
	case !s.managesRing():
		if !s.initialized() && !slices.Contains(s.Roles, s.Superuser.Username) {
			p.Wait("%s to make the role of Secret %s", s.founder(), s.Superuser.Secret)
			return false
		}
		return true
	}
	if s.ReadsRolesFirst() && s.Roles == nil {
		p.Wait("the roles of the ring that was joined to be read")
		return false
	}
	if s.rolesWritten() {
		return true
	}
	p.add(Roles, s.Superuser.Username, "from Secret "+s.Superuser.Secret, Step{Stamp: s.rolesStamp(), Owned: s.ownedRoles().with(s).encode()})
	return false
}

// rolesWritten tells whether the roles were written as they are now, to the
// replicas that there are now. Where the superuser can't log in with what its Secret has, somebody has changed the role since:
// the Secret holds.
func (s *State) rolesWritten() bool {
	if s.Superuser != nil && s.Roles != nil && len(s.RolesToWrite()) == 0 {
		return true
	}
	return s.Superuser != nil && s.RolesDone == s.rolesStamp() && (s.Roles == nil || slices.Contains(s.Roles, s.Superuser.Username)) && (!s.loginFails() || s.leavesRole(s.Superuser.Username))
}

func (s *State) rolesStamp() string {
	parts := []string{s.Superuser.Secret + "@" + s.Superuser.Version}
	for _, u := range s.Users {
		parts = append(parts, fmt.Sprintf("%s@%s/%t", u.Secret, u.Version, u.Superuser))
	}
	for dc, factor := range s.Replication["system_auth"] {
		parts = append(parts, dc+":"+factor)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
