package controller

import (
	"context"
	"encoding/json"
	"reflect"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// report writes a copy's status once, when it says something new, and tells of what has changed.
func (r *Reconciler) report(ctx context.Context, k *api.K8ssandraCluster, status api.K8ssandraClusterStatus) error {
	if reflect.DeepEqual(asStored(status), asStored(k.Status)) {
		return nil
	}
	before := k.Status
	k.Status = status
	if err := r.Client.Status().Update(ctx, k); err != nil {
		return err
	}
	for _, n := range ring.NewsOf(before, status) {
		kind := corev1.EventTypeNormal
		if n.Warning {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(k, nil, kind, n.Reason, "Reconcile", "%s", n.Message)
	}
	return nil
}

// asStored is a value as the API server gives it back.
func asStored(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out any
	_ = json.Unmarshal(data, &out) // it was just made
	return out
}
