package peers

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// account is the ServiceAccount that other regions' operators come as, in the operator's namespace.
const account = "ringspan-peer"

// group is who they are where they come with an identity of the cloud instead.
const group = "ringspan:peers"

// Allow lets the other regions' operators read some Secrets of a namespace, with a Role and a RoleBinding of that name. It
// writes what differs, and no rule at all without Secrets: one without names would allow all.
func (p *Peers) Allow(ctx context.Context, meta metav1.ObjectMeta, secrets ...string) error {
	role, there := roleFor(meta, secrets), &rbacv1.Role{}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(role), there)
	switch {
	case apierrors.IsNotFound(err):
		err = client.IgnoreAlreadyExists(p.Client.Create(ctx, role))
	case err == nil && !equality.Semantic.DeepEqual(there.Rules, role.Rules):
		there.Rules = role.Rules
		err = p.Client.Update(ctx, there)
	}
	if err != nil {
		return err
	}
	binding := &rbacv1.RoleBinding{ObjectMeta: *meta.DeepCopy(), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: p.Namespace, Name: account}, {Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: group}}}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(binding), &rbacv1.RoleBinding{})
	if apierrors.IsNotFound(err) {
		err = client.IgnoreAlreadyExists(p.Client.Create(ctx, binding))
	}
	return err
}

// Allows tells whether Allow has nothing to write.
func (p *Peers) Allows(ctx context.Context, meta metav1.ObjectMeta, secrets ...string) (bool, error) {
	role, there := roleFor(meta, secrets), &rbacv1.Role{}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(role), there)
	if err != nil || !equality.Semantic.DeepEqual(there.Rules, role.Rules) {
		return false, client.IgnoreNotFound(err)
	}
	err = p.Client.Get(ctx, client.ObjectKeyFromObject(role), &rbacv1.RoleBinding{})
	return err == nil, client.IgnoreNotFound(err)
}

func roleFor(meta metav1.ObjectMeta, secrets []string) *rbacv1.Role {
	role := &rbacv1.Role{ObjectMeta: *meta.DeepCopy()}
	if len(secrets) > 0 {
		role.Rules = []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: secrets, Verbs: []string{"get"}}}
	}
	return role
}
