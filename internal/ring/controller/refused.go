package controller

import (
	"context"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// isRefusal tells whether an API server doesn't take an object as it is, however often it is asked.
func isRefusal(err error) bool { return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) }

// applyMetadata gives a datacenter whose new spec was refused its new labels and annotations all the same, with the spec that
// it has. They say which other datacenters lack data, and on that its operator decides what is a copy of its data: a spec
// that is refused for hours must not keep that from it.
//
// It is done only to a datacenter that is the ring's already, and only while the spec is as it was read: what its operator has
// cleared in it meanwhile doesn't come back.
func (r *Reconciler) applyMetadata(ctx context.Context, want client.Object) error {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(cassandra.GroupVersion.WithKind("CassandraDatacenter"))
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(want), live); err != nil {
		return client.IgnoreNotFound(err)
	}
	annotations := maps.Clone(want.GetAnnotations())
	annotations[api.ResourceHashAnnotation] = ring.WithoutSpec(annotations[api.ResourceHashAnnotation])
	if !isSameOf(live, want) || live.GetAnnotations()[api.ResourceHashAnnotation] == annotations[api.ResourceHashAnnotation] {
		return nil
	}
	next := &unstructured.Unstructured{Object: map[string]any{"spec": live.Object["spec"]}}
	next.SetGroupVersionKind(live.GroupVersionKind())
	next.SetNamespace(live.GetNamespace())
	next.SetName(live.GetName())
	next.SetUID(live.GetUID())
	next.SetResourceVersion(live.GetResourceVersion())
	next.SetLabels(want.GetLabels())
	next.SetAnnotations(annotations)
	err := r.Client.Patch(ctx, next, client.Apply, fieldOwner, client.ForceOwnership) //nolint:staticcheck // as the datacenter itself
	if isRefusal(err) || apierrors.IsConflict(err) {
		return nil // the first refusal is told, and the next pass tries again
	}
	return err
}

// isSameOf tells whether a datacenter is the one that is to be written, stays, and is of the same ring already.
func isSameOf(live, want client.Object) bool {
	id := live.GetAnnotations()[cassandra.RingIDAnnotation]
	return live.GetUID() == want.GetUID() && live.GetDeletionTimestamp() == nil &&
		live.GetLabels()[api.ClusterNameLabel] == want.GetLabels()[api.ClusterNameLabel] &&
		live.GetLabels()[api.ClusterNamespaceLabel] == want.GetLabels()[api.ClusterNamespaceLabel] &&
		(id == "" || id == want.GetAnnotations()[cassandra.RingIDAnnotation])
}
