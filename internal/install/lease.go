package install

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// leaseAccess lets the operator hold its lease. What is created can't be named in a rule.
func leaseAccess(ns string) []client.Object {
	meta := metav1.ObjectMeta{Namespace: ns, Name: OperatorName + "-lease", Labels: labels(OperatorName)}
	group, resource := []string{"coordination.k8s.io"}, []string{"leases"}
	return []client.Object{
		&rbacv1.Role{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"}, ObjectMeta: meta,
			Rules: []rbacv1.PolicyRule{
				{APIGroups: group, Resources: resource, Verbs: []string{"create"}},
				{APIGroups: group, Resources: resource, ResourceNames: []string{configv1beta1.LeaseName}, Verbs: []string{"get", "update"}},
			},
		},
		&rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: OperatorName}},
		},
	}
}

// podEnvironment says which pod it is, as the holder of the lease.
func podEnvironment() []corev1.EnvVar {
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
	}
	return []corev1.EnvVar{field("POD_NAME", "metadata.name"), field("POD_UID", "metadata.uid")}
}
