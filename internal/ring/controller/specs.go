package controller

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// keepSpec keeps the spec of a ring that is good with it. What fails is tried again in the next pass, and holds up nothing: the ring
// is as it should be.
func (r *Reconciler) keepSpec(ctx context.Context, k *api.K8ssandraCluster, status *api.K8ssandraClusterStatus) {
	if !ring.Good(k, status) {
		return
	}
	// Read past the cache, which would hold the ControllerRevisions of all workloads of the cluster.
	var kept appsv1.ControllerRevisionList
	err := r.Live.List(ctx, &kept, client.InNamespace(k.Namespace), client.MatchingLabels{api.RevisionOfLabel: k.Name})
	if err == nil {
		for _, step := range ring.PlanSpecs(k, r.Now(), kept.Items) {
			err = errors.Join(err, r.takeSpec(ctx, step))
		}
	}
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "The ring's spec, with which it is ready, can't be kept")
	}
}

func (r *Reconciler) takeSpec(ctx context.Context, step ring.Step) error {
	switch {
	case step.Verb == ring.ForgetSpec:
		uid, version := step.Object.GetUID(), step.Object.GetResourceVersion() // one that is good once more is another version
		return ignoreConflict(client.IgnoreNotFound(r.Client.Delete(ctx, step.Object, client.Preconditions{UID: &uid, ResourceVersion: &version})))
	case step.Exists:
		return ignoreConflict(r.Client.Update(ctx, step.Object))
	}
	return client.IgnoreAlreadyExists(r.Client.Create(ctx, step.Object))
}
