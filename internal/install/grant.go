package install

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/grant"
)

// Grant makes a namespace accept a ring. The namespace is made if there is none; other rings that it accepts stay.
func Grant(ctx context.Context, c client.Client, namespace string, a grant.Asker) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	err := c.Get(ctx, client.ObjectKeyFromObject(ns), ns)
	switch {
	case apierrors.IsNotFound(err):
		ns.Annotations = map[string]string{grant.Annotation: grant.With(nil, a)}
		err = c.Create(ctx, ns)
	case err == nil && !grant.Accepts(ns, a):
		before := ns.DeepCopy()
		ns.Annotations = map[string]string{}
		maps.Copy(ns.Annotations, before.Annotations)
		ns.Annotations[grant.Annotation] = grant.With(before, a)
		err = c.Patch(ctx, ns, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	}
	if err != nil {
		return fmt.Errorf("granting namespace %s to %s: %w", namespace, a, err)
	}
	return nil
}
