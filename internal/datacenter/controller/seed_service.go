package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// guardSeedService lets the Service of seeds be taken from nobody: of all datacenters of a cluster name in a namespace the one that
// has it founds their ring. All are written under one name of a field owner, so that an apply with the reference of one would take
// that of another one away. What is there is looked at past the cache, and written only as it was read.
func (r *Reconciler) guardSeedService(ctx context.Context, s *datacenter.State, o client.Object) error {
	if _, is := o.(*corev1.Service); !is || o.GetName() != datacenter.NamesOf(s.DC).SeedService() {
		return nil
	}
	there := &corev1.Service{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(o), there); err != nil {
		return client.IgnoreNotFound(err)
	}
	if owner := metav1.GetControllerOf(there); owner != nil && owner.UID != s.DC.UID {
		return fmt.Errorf("it is of %s %s", owner.Kind, owner.Name)
	}
	o.SetResourceVersion(there.ResourceVersion)
	return nil
}
