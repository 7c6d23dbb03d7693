package controller

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
)

// Roles tell where copies are, so that they are found again without listing all of a cluster's Secrets: one that allows
// nothing is made before the first copy of a namespace, and each copy of another region's has one that allows its reading.
const (
	copiesRole = "ringspan-copies"
	copyRole   = "ringspan-peer-copy-"
)

// mark makes the Role that tells of copies in a namespace.
func (p *pass) mark(ctx context.Context, ns string) error {
	return p.Peers.Allow(ctx, metav1.ObjectMeta{Namespace: ns, Name: copiesRole})
}

// mayUse tells whether copies of a ReplicatedSecret may be made in a namespace of this region: that of its own name, which
// is made if need be, or one that accepts them. A copy that is there is kept like its original either way.
func (p *pass) mayUse(ctx context.Context, s replication.Source, name string) (bool, error) {
	own := s.Asker().Own(name)
	if own && (s.Region == p.Region || !grant.Guarded(name, p.Peers.Namespace)) {
		return true, client.IgnoreAlreadyExists(p.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	}
	ns, err := namespace(ctx, p.Client, name)
	if err != nil || grant.Accepts(ns, s.Asker()) {
		return err == nil, err
	}
	log.FromContext(ctx).Info(grant.Missing("ReplicatedSecret "+s.Name+" of region "+s.Region, p.Region, name, ns, s.Asker()))
	return false, nil
}

// refusing says which namespace of a region doesn't accept a ReplicatedSecret's copies; "" when all do, or when the region
// doesn't let this one look.
func (p *pass) refusing(ctx context.Context, kube client.Client, s replication.Source, region, name string) string {
	if s.Asker().Own(name) && !grant.Guarded(name, p.Peers.Namespace) {
		return ""
	}
	ns, err := namespace(ctx, kube, name)
	if err != nil || grant.Accepts(ns, s.Asker()) {
		return ""
	}
	return grant.Missing("ReplicatedSecret "+s.Name, region, name, ns, s.Asker())
}

// namespace reads one, nil when there is none.
func namespace(ctx context.Context, kube client.Client, name string) (*corev1.Namespace, error) {
	ns := &corev1.Namespace{}
	err := kube.Get(ctx, client.ObjectKey{Name: name}, ns)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // absence is an answer
	}
	return ns, err
}

// existing are the copies of this region, looked for in the namespaces that have Roles of copies.
func (p *pass) existing(ctx context.Context) (all []corev1.Secret, err error) {
	var roles rbacv1.RoleList
	if err := p.Client.List(ctx, &roles); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range roles.Items {
		ns := roles.Items[i].Namespace
		if name := roles.Items[i].Name; seen[ns] || name != copiesRole && !strings.HasPrefix(name, copyRole) {
			continue
		}
		seen[ns] = true
		var list corev1.SecretList
		if err := p.Client.List(ctx, &list, client.InNamespace(ns), client.HasLabels{replication.CopyLabel}); err != nil {
			return nil, err
		}
		all = append(all, list.Items...)
	}
	return all, nil
}
