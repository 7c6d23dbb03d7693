package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/replication"
	"github.com/ringspan/ringspan/internal/ring"
)

// copyOfAnnotation of a superuser's Secret says which ring's it is a copy of, in a namespace that isn't the ring's.
const copyOfAnnotation = "ringspan.io/superuser-of"

// secretFor keeps a copy of the superuser's Secret in the namespace of a datacenter that isn't the ring's, which has to
// accept it. A Secret of that name that is no copy is left as it is; one with other contents is in the way.
func (p *pass) secretFor(ctx context.Context, namespace string) error {
	if !ring.Auth(p.k) || p.asker().Own(namespace) {
		return nil
	}
	from := &corev1.Secret{}
	name := ring.SuperuserSecret(p.k)
	if err := p.Client.Get(ctx, client.ObjectKey{Namespace: p.k.Namespace, Name: name}, from); err != nil {
		return client.IgnoreNotFound(err) // secrets says what it waits for
	}
	if replication.Special(from.Type) {
		return nil // secrets says so
	}
	there := &corev1.Secret{}
	err := p.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, there)
	switch {
	case apierrors.IsNotFound(err):
		if ns, err := p.namespace(ctx, namespace); err != nil || !grant.Accepts(ns, p.asker()) {
			return err
		}
		return client.IgnoreAlreadyExists(p.Client.Create(ctx, p.secretIn(namespace, from)))
	case err != nil || equality.Semantic.DeepEqual(there.Data, from.Data):
		return err
	case there.Annotations[copyOfAnnotation] != p.asker().String():
		p.errs = append(p.errs, fmt.Errorf("Secret %s in namespace %s is no copy of the ring's, and differs from it: it is left as it is", name, namespace))
		return nil
	}
	there.Data = from.Data
	return p.Client.Update(ctx, there)
}

func (p *pass) secretIn(namespace string, from *corev1.Secret) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: from.Name,
		Labels:      map[string]string{api.ReplicatedByLabel: api.ReplicatedByLabelValue, api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace},
		Annotations: map[string]string{copyOfAnnotation: p.asker().String()}}, Type: from.Type, Data: from.Data}
}
