package install

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// inventoryAccess lets the operator publish the regions as ClusterProfiles in its own namespace, whether the cluster knows
// that kind or not.
func inventoryAccess(ns string) []client.Object {
	meta := metav1.ObjectMeta{Namespace: ns, Name: OperatorName + "-inventory", Labels: labels(OperatorName)}
	group := []string{"multicluster.x-k8s.io"}
	return []client.Object{
		&rbacv1.Role{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"}, ObjectMeta: meta,
			Rules: []rbacv1.PolicyRule{
				{APIGroups: group, Resources: []string{"clusterprofiles"}, Verbs: []string{"get", "list", "create", "patch", "delete"}},
				{APIGroups: group, Resources: []string{"clusterprofiles/status"}, Verbs: []string{"patch"}},
			},
		},
		&rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: OperatorName}},
		},
	}
}
