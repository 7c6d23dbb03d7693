package cloud

import (
	"context"
	"errors"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/aws/access"
	"github.com/ringspan/ringspan/local/aws/plane"
)

// setAccess binds principals to the groups of their policies. Bindings that are not needed any
// more stay: their group has no members.
func (h *hosted) setAccess(ctx context.Context, grants []plane.Grant) error {
	bindings, err := access.Bindings(grants)
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range bindings {
		if err := h.bind(ctx, b); err != nil && !apierrors.IsAlreadyExists(err) {
			errs = append(errs, fmt.Errorf("access of %s: %w", b.Group, err))
		}
	}
	h.reviewer.SetGrants(grants)
	return errors.Join(errs...)
}

func (h *hosted) bind(ctx context.Context, b access.Binding) error {
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: b.Role}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: b.Group}}
	meta := metav1.ObjectMeta{Name: b.Group, Namespace: b.Namespace}
	if b.Role == access.AdminViewRole {
		if err := h.makeAdminView(ctx); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	if b.Namespace != "" {
		_, err := h.client.RbacV1().RoleBindings(b.Namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}, metav1.CreateOptions{})
		return err
	}
	_, err := h.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: subjects}, metav1.CreateOptions{})
	return err
}

func (h *hosted) makeAdminView(ctx context.Context) error {
	_, err := h.client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: access.AdminViewRole},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"get", "list", "watch"}},
			{NonResourceURLs: []string{"*"}, Verbs: []string{"get"}},
		},
	}, metav1.CreateOptions{})
	return err
}
