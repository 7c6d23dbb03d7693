package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// observeConfig reads the Secret that spec.configSecret names, and the copies that the datacenter has of it. Where no copy is
// needed they are listed once, to find those that are left.
func (r *Reconciler) observeConfig(ctx context.Context, s *datacenter.State, m *memory) error {
	if name := s.DC.Spec.ConfigSecret; name != "" {
		secret, err := r.secretIn(ctx, s, name)
		if err != nil {
			return err
		}
		s.ConfigSecret = datacenter.ReadConfigSecret(s.DC, secret)
	}
	if err := r.observePerNode(ctx, s); err != nil {
		return err
	}
	if !s.NeedsCopies() && m.noCopies {
		return nil
	}
	var list corev1.SecretList
	own := client.MatchingLabels{api.DatacenterLabel: topology.CleanLabel(s.DC.Name), datacenter.ConfigCopyLabel: "true"}
	if err := r.Client.List(ctx, &list, client.InNamespace(s.DC.Namespace), own); err != nil {
		return err
	}
	s.ConfigSecret.Copies = map[string]datacenter.ConfigCopy{}
	for i := range list.Items {
		if one := &list.Items[i]; metav1.IsControlledBy(one, s.DC) && one.DeletionTimestamp.IsZero() {
			s.ConfigSecret.Copies[one.Name] = datacenter.CopyOf(one)
		}
	}
	m.noCopies = len(s.ConfigSecret.Copies) == 0
	return nil
}

// observePerNode reads the ConfigMap with the configuration of single nodes.
func (r *Reconciler) observePerNode(ctx context.Context, s *datacenter.State) error {
	name := datacenter.PerNodeConfig(s.DC)
	if name == "" {
		return nil
	}
	config := &corev1.ConfigMap{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: name}, config)
	if apierrors.IsNotFound(err) {
		s.PerNode = datacenter.ReadPerNode(s.DC, nil)
		return nil
	}
	if err == nil {
		s.PerNode = datacenter.ReadPerNode(s.DC, config)
	}
	return err
}

// copyConfig makes the copy of a configuration. One of its name that is there is somebody else's, or was made in a pass that is
// over, and is seen in the next.
func (r *Reconciler) copyConfig(ctx context.Context, s *datacenter.State, o client.Object) error {
	if err := controllerutil.SetControllerReference(s.DC, o, r.Client.Scheme()); err != nil {
		return err
	}
	return r.Client.Create(ctx, o)
}
