package region

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Cluster identifies the cluster that a kubeconfig leads to: by the UID of its namespace
// kube-system, which is made with the cluster and never replaced.
func (r Region) Cluster(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerLimit)
	defer cancel()
	var system corev1.Namespace
	err := r.Client.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &system)
	return string(system.UID), err
}
