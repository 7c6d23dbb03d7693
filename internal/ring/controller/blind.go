package controller

import (
	"context"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// reasonUnknown is that of PeersReachable while nobody knows which peers there are.
const reasonUnknown = "Unknown"

// wait is a pass while the peers are not known yet. It decides nothing; when they can't be known, the ring says why.
func (r *Reconciler) wait(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	why := r.Peers.Unlisted()
	if why == "" {
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	p := &pass{Reconciler: r, k: &api.K8ssandraCluster{}}
	if err := r.Client.Get(ctx, q.NamespacedName, p.k); err != nil {
		return ctrl.Result{RequeueAfter: soon}, client.IgnoreNotFound(err)
	}
	return ctrl.Result{RequeueAfter: soon}, ignoreConflict(p.tellBlind(ctx, "nothing is decided about this ring: "+why))
}

// tellBlind writes the status once: all but what is said here stays as it was last known.
func (p *pass) tellBlind(ctx context.Context, message string) error {
	before := *p.k.Status.DeepCopy()
	next := p.condition(api.ClusterPeersReachable, false, reasonUnknown, message)
	i := slices.IndexFunc(p.k.Status.Conditions, func(c api.K8ssandraClusterCondition) bool { return c.Type == next.Type })
	if i < 0 {
		p.k.Status.Conditions, i = append(p.k.Status.Conditions, next), len(p.k.Status.Conditions)
	}
	p.k.Status.Conditions[i], p.k.Status.Error = next, message
	if reflect.DeepEqual(asStored(before), asStored(p.k.Status)) {
		return nil
	}
	if err := p.Client.Status().Update(ctx, p.k); err != nil {
		return err
	}
	p.Events.Eventf(p.k, nil, corev1.EventTypeWarning, reasonUnknown, "Reconcile", "%s", message)
	return nil
}
