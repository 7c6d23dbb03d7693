package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// planLogins does what is left after the roles were written: each datacenter has to know them, which a cut that was longer than
// hints are kept prevents for good; and the former role of a Secret that names another one now goes. A datacenter that is
// away holds neither up here, and says itself whether logins work there: see loginCondition.
func (s *State) planLogins(p *Plan) {
	if !s.auth() || !s.managesRing() || s.skipUsers() || !s.initialized() || s.SecretError != "" || !s.rolesWritten() {
		return
	}
	if s.RolesEverywhere != s.RolesDone {
		if away := s.awayWithRoles(); len(away) > 0 {
			p.Logins = fmt.Sprintf("datacenter %s, which is away, has yet to be seen to have the roles as they are now", strings.Join(away, ", "))
			return
		}
		p.add(ConfirmRoles, s.Superuser.Username, "each datacenter is to have the roles as they were written", Step{Stamp: s.RolesDone})
		return
	}
	s.planFormerRoles(p)
}

// awayWithRoles are the datacenters with replicas of the roles of which the ring sees too few nodes for a quorum of them.
func (s *State) awayWithRoles() (names []string) {
	present := s.present()
	factors, _ := topology.MergeReplication(s.Replication["system_auth"], nil)
	for _, dc := range slices.Sorted(maps.Keys(factors)) {
		if factors[dc] > 0 && present[dc] < factors[dc]/2+1 {
			names = append(names, dc)
		}
	}
	return names
}

// planFormerRoles drops the roles that were made from a Secret which names another one now: those that didn't exist before, and
// that no other Secret names. The clients of each region get the new name first, and can log in with it.
func (s *State) planFormerRoles(p *Plan) {
	owned, used := s.ownedRoles(), s.usedRoles()
	for _, c := range s.credentials() {
		for _, name := range owned[c.Secret] {
			if used[name] {
				continue
			}
			if blocker := s.keepsFormerRole(c); blocker != "" {
				p.Logins = fmt.Sprintf("the former role %s of Secret %s stays until %s", name, c.Secret, blocker)
				continue
			}
			p.add(DropRole, name, fmt.Sprintf("Secret %s names %s now", c.Secret, c.Username), Step{Owned: owned.without(c.Secret, name).encode()})
			return // each drop rests on the record as it is
		}
	}
}

// keepsFormerRole says what the former role of a Secret is still needed for.
func (s *State) keepsFormerRole(c Credentials) string {
	switch {
	case s.Login == nil || s.Login.Version != s.Superuser.Version || !s.Login.Works:
		return fmt.Sprintf("the superuser %s is seen to get in", s.Superuser.Username)
	case c.Secret != s.Superuser.Secret:
		return ""
	case elsewhere(s.Ring, s.name()) && s.DC.Annotations[api.SecretEverywhereAnnotation] != c.Version:
		return "the other regions are seen to have the Secret as it is now"
	}
	return ""
}

// elsewhere tells whether a ring has datacenters in other regions than one of them.
func elsewhere(ring topology.Ring, name string) bool {
	own, _ := ring.Datacenter(name)
	return slices.ContainsFunc(ring.Datacenters, func(d topology.Datacenter) bool { return d.Region != own.Region })
}

// credentials are the superuser's and the users', as far as their Secrets can be used.
func (s *State) credentials() (all []Credentials) {
	if s.Superuser != nil {
		all = append(all, *s.Superuser)
	}
	return append(all, s.Users...)
}

func (s *State) usedRoles() map[string]bool {
	names := map[string]bool{}
	for _, c := range s.credentials() {
		names[c.Username] = true
	}
	return names
}

// rolesBySecret are the roles that are the operator's own, by the Secret that they were made from. Names of roles are no secrets.
type rolesBySecret map[string][]string

// ownedRoles is what is on record. What can't be read is nobody's: nothing of it is dropped.
func (s *State) ownedRoles() (owned rolesBySecret) {
	if text := s.DC.Annotations[api.WrittenRolesAnnotation]; text == "" || json.Unmarshal([]byte(text), &owned) != nil || owned == nil {
		return rolesBySecret{}
	}
	return owned
}

// with adds the roles that are about to be written and don't exist: on a new ring, all of them. What a datacenter that joins
// a ring in use finds before its data has come says nothing. Secrets that the spec doesn't
// name any more are forgotten: their roles stay.
func (r rolesBySecret) with(s *State) rolesBySecret {
	next := rolesBySecret{}
	for _, c := range s.credentials() {
		names := slices.Clone(r[c.Secret])
		isNew := s.unused() || (s.initialized() || s.joinedBySeeds()) && s.Roles != nil && !slices.Contains(s.Roles, c.Username)
		if isNew && !slices.Contains(names, c.Username) {
			names = append(names, c.Username)
		}
		if len(names) > 0 {
			next[c.Secret] = names
		}
	}
	return next
}

// OwnedRoles is what the record is to be when the roles are written and these are known in every datacenter.
func (s *State) OwnedRoles(known []mgmtapi.Role) string {
	seen := *s
	seen.KnowRoles(known)
	return s.ownedRoles().with(&seen).encode()
}

func (r rolesBySecret) without(secret, name string) rolesBySecret {
	next := maps.Clone(r)
	if next[secret] = slices.DeleteFunc(slices.Clone(r[secret]), func(n string) bool { return n == name }); len(next[secret]) == 0 {
		delete(next, secret)
	}
	return next
}

func (r rolesBySecret) encode() string {
	if len(r) == 0 {
		return ""
	}
	text, _ := json.Marshal(r) // of strings
	return string(text)
}

// OriginOf says which version a copy of a Secret is of, as its original's region counts them; "" of an original.
func OriginOf(secret *corev1.Secret) string {
	version := secret.Annotations[api.OriginVersionAnnotation]
	for _, name := range []string{api.SecretOriginAnnotation, api.SuperuserFromAnnotation} {
		if region := secret.Annotations[name]; region != "" && version != "" {
			return fmt.Sprintf("version %s of region %s", version, region)
		}
	}
	return ""
}

// ObservesLogin tells whether a node can be asked whether the superuser gets in.
func (s *State) ObservesLogin() bool {
	return s.auth() && s.Superuser != nil && s.initialized() && s.owes() == "" && !s.DC.Spec.Stopped && len(s.Ringview) > 0
}

// loginFails tells whether the superuser was seen, since the roles were written, not to get in with what its Secret has now.
func (s *State) loginFails() bool {
	return s.Login != nil && s.Superuser != nil && s.Login.Version == s.Superuser.Version && !s.Login.Works && s.Login.At.After(s.RolesAt)
}

// loginCondition says whether clients of this datacenter get in with what the superuser's Secret here has. Each region says it
// of its own copy and its own replicas: while regions are cut off from each other both may be older than elsewhere. What can't
// be seen just now stays as it was seen last.
func (s *State) loginCondition(p Plan) *api.DatacenterCondition {
	if !s.auth() || s.Superuser == nil || s.Login == nil || s.Login.Version != s.Superuser.Version {
		return s.DC.Status.Condition(api.DatacenterSuperuserLogin)
	}
	which := fmt.Sprintf("Secret %s, version %s", s.Superuser.Secret, s.Superuser.Version)
	if s.Superuser.Origin != "" {
		which = fmt.Sprintf("Secret %s, a copy of %s", s.Superuser.Secret, s.Superuser.Origin)
	}
	var c api.DatacenterCondition
	switch {
	case s.Login.Works && p.Logins != "":
		c = condition(api.DatacenterSuperuserLogin, true, api.ReasonLoginElsewhere, which+"; "+p.Logins)
	case s.Login.Works:
		c = condition(api.DatacenterSuperuserLogin, true, api.ReasonReconciled, which)
	case s.leavesRole(s.Superuser.Username):
		c = condition(api.DatacenterSuperuserLogin, false, api.ReasonLoginDiffers, fmt.Sprintf("%s: role %s is of the ring that this datacenter joined, has another password, and isn't written. Put its password into the Secret; or annotate the CassandraDatacenter with %s=false, and the role gets the Secret's password in the whole ring",
			which, s.Superuser.Username, api.SkipUserCreationAnnotation))
	case s.managesRing() && !s.skipUsers():
		c = condition(api.DatacenterSuperuserLogin, false, api.ReasonLoginDiffers, fmt.Sprintf("%s: role %s isn't known with its password here; it is written again", which, s.Superuser.Username))
	default:
		c = condition(api.DatacenterSuperuserLogin, false, api.ReasonLoginDiffers, fmt.Sprintf("%s: role %s isn't known with its password here: the Secret here or the role is older than the other. The roles are written by %s",
			which, s.Superuser.Username, s.rolesWriter()))
	}
	return &c
}

// rolesWriter is who writes the roles of the ring.
func (s *State) rolesWriter() string {
	if s.managesRing() { // and is told to leave that to a person
		return "whoever keeps its roles"
	}
	return s.founder()
}
