package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// mayTakeDown fails unless the other nodes are there still that the plan goes by, and lets no pod be evicted any more. The budget is
// written first: an eviction that the API server has let through before is on record there, or its pod is being deleted, and one that
// comes later is refused. What was observed comes from a cache, which may not have either yet.
func (r *Reconciler) mayTakeDown(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	var evicted map[string]metav1.Time
	if step.Budget != nil {
		budget := step.Budget.DeepCopy()
		if err := r.write(ctx, s, budget); err != nil {
			return fmt.Errorf("PodDisruptionBudget %s, which is to let no pod go meanwhile: %w", budget.Name, err)
		}
		evicted = budget.Status.DisruptedPods
	}
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, client.InNamespace(s.DC.Namespace), client.MatchingLabels(datacenter.Selector(s.DC))); err != nil {
		return fmt.Errorf("whether the other nodes are still there: %w", err)
	}
	if gone := s.GoneSince(pods.Items, evicted, step.Pod.Name); gone != "" {
		return fmt.Errorf("pod %s is not as it was seen any more: it is looked at again", gone)
	}
	return nil
}
