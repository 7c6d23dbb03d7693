package controller

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/replication"
)

// pull brings the copies of a peer's ReplicatedSecrets up to date, and lets the peer see that they are.
func (p *pass) pull(ctx context.Context, s *peers.Snapshot) error {
	if !s.Reachable {
		return nil
	}
	var errs []error
	for _, one := range peers.All[*api.ReplicatedSecret](s) {
		from := replication.Source{Region: s.Region, ReplicatedSecret: one}
		if from.DeletionTimestamp.IsZero() {
			errs = append(errs, p.copies(ctx, from, func(name string) (*corev1.Secret, error) {
				original := &corev1.Secret{}
				return original, s.Client.Get(ctx, client.ObjectKey{Namespace: from.Namespace, Name: name}, original)
			}))
		}
	}
	return errors.Join(errs...)
}

// copies brings one ReplicatedSecret's copies in this region up to date.
func (p *pass) copies(ctx context.Context, s replication.Source, read func(name string) (*corev1.Secret, error)) error {
	var errs []error
	for _, t := range s.Targets(p.Region) {
		if s.IsSelf(t) {
			continue
		}
		for _, published := range s.Status.Secrets {
			errs = append(errs, p.keep(ctx, s, t, published, read))
		}
	}
	return errors.Join(errs...)
}

// keep brings one copy up to date, if it isn't, and lets the original's region see it. The permission goes with the copy.
func (p *pass) keep(ctx context.Context, s replication.Source, t api.ReplicationTarget, published api.PublishedSecret, read func(string) (*corev1.Secret, error)) error {
	namespace, name := s.Place(t, published.Name)
	there := &corev1.Secret{}
	err := p.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, there)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return err
	case err == nil && !s.Owns(there):
		p.refuse(s, there)
		return nil
	case err != nil || !s.Current(there, t, published):
		return p.copy(ctx, s, t, published, read)
	case s.Region == p.Region: // nobody else has to read it
		return p.mark(ctx, namespace)
	}
	return p.Peers.Allow(ctx, metav1.ObjectMeta{Namespace: namespace, Name: copyRole + name, OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "Secret", Name: name, UID: there.UID}}}, name)
}

// copy makes one copy. An original that can't be read now is read in a later pass: its region has yet to allow it, or it
// has just gone.
func (p *pass) copy(ctx context.Context, s replication.Source, t api.ReplicationTarget, published api.PublishedSecret, read func(string) (*corev1.Secret, error)) error {
	original, err := read(published.Name)
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Secret %s/%s of region %s: %w", s.Namespace, published.Name, s.Region, err)
	}
	return p.write(ctx, s, s.Copy(t, original))
}
