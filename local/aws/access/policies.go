package access

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// roles are the cluster roles that do what EKS's access policies allow
// ("Review access policy permissions", Amazon EKS User Guide).
var roles = map[string]string{
	"AmazonEKSClusterAdminPolicy": "cluster-admin",
	"AmazonEKSAdminPolicy":        "admin",
	"AmazonEKSEditPolicy":         "edit",
	"AmazonEKSViewPolicy":         "view",
}

// Policies are the access policies that Bindings knows.
func Policies() []string {
	var all []string
	for name := range roles {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Bindings let the holders of access policies do what these allow.
func Bindings() []rbacv1.ClusterRoleBinding {
	var all []rbacv1.ClusterRoleBinding
	for _, policy := range Policies() {
		all = append(all, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: policyGroup(policy)},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: roles[policy]},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: policyGroup(policy)}},
		})
	}
	return all
}
