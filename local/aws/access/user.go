package access

import (
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// User is the identity of a caller inside a cluster.
type User struct {
	Name   string
	Groups []string
}

// machineName is what EKS puts a machine's DNS name for. Machines of this cloud
// have certificates and no need of it; who else has a node's role gets no name.
const machineName = "{{EC2PrivateDNSName}}"

// identify finds the grant of a caller; false when it has none.
func identify(grants []plane.Grant, caller string) (User, bool) {
	principal, session := principalOf(caller)
	for _, g := range grants {
		if withoutPath(g.PrincipalARN) != principal || strings.Contains(g.Username, machineName) {
			continue
		}
		name := g.Username
		switch {
		case name == "" && session != "": // as EKS names them
			name = strings.TrimSuffix(caller, "/"+session) + "/{{SessionName}}"
		case name == "":
			name = caller
		}
		return User{Name: strings.ReplaceAll(name, "{{SessionName}}", session), Groups: slices.Clone(g.Groups)}, true
	}
	return User{}, false
}

// principalOf is the IAM principal of a caller: of an assumed role the role.
// A role's path is not part of the caller's ARN.
func principalOf(caller string) (principal, session string) {
	account, rest, ok := strings.Cut(strings.TrimPrefix(caller, "arn:aws:sts::"), ":assumed-role/")
	if !ok || account == caller {
		return caller, ""
	}
	role, session, _ := strings.Cut(rest, "/")
	return "arn:aws:iam::" + account + ":role/" + role, session
}

// withoutPath is a role's ARN as callers with the role have it; of others the ARN
// itself.
func withoutPath(arn string) string {
	account, path, ok := strings.Cut(arn, ":role/")
	if !ok {
		return arn
	}
	return account + ":role/" + path[strings.LastIndex(path, "/")+1:]
}
