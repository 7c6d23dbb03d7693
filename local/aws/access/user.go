package access

import (
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// User is who somebody is inside a cluster.
type User struct {
	Name   string
	Groups []string
}

// policyGroup marks the holders of an access policy: EKS authorizes them by
// itself, here a binding of that group does.
func policyGroup(policy string) string { return "eks:access-policy:" + policy }

// identify finds the grant of a caller; false when nobody let it in.
func identify(grants []plane.Grant, caller string) (User, bool) {
	principal, session := principalOf(caller)
	for _, g := range grants {
		if g.PrincipalARN != principal {
			continue
		}
		name := g.Username
		switch {
		case name == "" && session != "": // as EKS names them
			name = strings.TrimSuffix(caller, "/"+session) + "/{{SessionName}}"
		case name == "":
			name = caller
		}
		u := User{Name: strings.ReplaceAll(name, "{{SessionName}}", session), Groups: slices.Clone(g.Groups)}
		for _, p := range g.Policies {
			u.Groups = append(u.Groups, policyGroup(p))
		}
		return u, true
	}
	return User{}, false
}

// principalOf is the IAM principal of a caller: of an assumed role the role.
// A role's path is not part of the caller's ARN, nor of access entries'.
func principalOf(caller string) (principal, session string) {
	account, rest, ok := strings.Cut(strings.TrimPrefix(caller, "arn:aws:sts::"), ":assumed-role/")
	if !ok || account == caller {
		return caller, ""
	}
	role, session, _ := strings.Cut(rest, "/")
	return "arn:aws:iam::" + account + ":role/" + role, session
}
