package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// policyGroup begins the names of groups that stand for access policies: EKS
// authorizes their holders by itself; the embedded cloud binds the group to a role.
const policyGroup = "eks-access-policy:"

// AdminViewRole is the cluster role that lets one read everything, secrets too.
const AdminViewRole = "ringspan:admin-view"

// roles are the cluster roles that do what EKS's access policies allow
// ("Review access policy permissions", Amazon EKS User Guide).
var roles = map[string]string{
	"AmazonEKSClusterAdminPolicy": "cluster-admin",
	"AmazonEKSAdminPolicy":        "admin",
	"AmazonEKSAdminViewPolicy":    AdminViewRole,
	"AmazonEKSEditPolicy":         "edit",
	"AmazonEKSViewPolicy":         "view",
}

// Binding gives a group a cluster role: everywhere, or in one namespace.
type Binding struct {
	Group, Role, Namespace string
}

// Bindings are those that grants' access policies need, each once, in order.
func Bindings(grants []plane.Grant) ([]Binding, error) {
	var all []Binding
	for _, g := range grants {
		for _, group := range g.Groups {
			rest, ok := strings.CutPrefix(group, policyGroup)
			if !ok {
				continue
			}
			policy, namespace, _ := strings.Cut(rest, ":")
			role := roles[policy]
			if role == "" {
				return nil, fmt.Errorf("access policy %s of %s: this cloud doesn't know what it allows", policy, g.PrincipalARN)
			}
			if b := (Binding{group, role, namespace}); !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	slices.SortFunc(all, func(a, b Binding) int { return strings.Compare(a.Group, b.Group) })
	return all, nil
}
