package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// founderOwner is who has the owner reference of the Service of seeds, in the API server's record of fields. A write in the name of
// fieldOwner alone would take the reference of one datacenter away as it adds that of another: both are written by this program.
const founderOwner = client.FieldOwner("ringspan-founder")

// claimSeedService makes the Service of seeds the datacenter's, before it is written as it should be, or fails: of all datacenters
// of a cluster name in a namespace the one that has it founds their ring. That is a creation, in which the API server lets one
// succeed, and what exists is taken from nobody.
func (r *Reconciler) claimSeedService(ctx context.Context, s *datacenter.State, o client.Object) error {
	service, is := o.(*corev1.Service)
	if !is || o.GetName() != datacenter.NamesOf(s.DC).SeedService() {
		return nil
	}
	claim := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: o.GetNamespace(), Name: o.GetName()},
		Spec: corev1.ServiceSpec{ClusterIP: service.Spec.ClusterIP, Selector: service.Spec.Selector}} // without a selector it would be given two families of addresses
	if err := controllerutil.SetControllerReference(s.DC, claim, r.Client.Scheme()); err != nil {
		return err
	}
	err := r.Client.Create(ctx, claim, founderOwner)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	there := &corev1.Service{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(o), there); err != nil {
		return err
	}
	if owner := metav1.GetControllerOf(there); owner != nil && owner.UID != s.DC.UID {
		return fmt.Errorf("it is of %s %s", owner.Kind, owner.Name)
	}
	o.SetResourceVersion(there.ResourceVersion) // nobody else's by the time that it is written
	return nil
}
