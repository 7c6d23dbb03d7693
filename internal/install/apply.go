package install

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldOwner is under which name Apply writes.
const FieldOwner = "ringspan"

// establishedPoll is how often Apply reads whether definitions are served.
const establishedPoll = 100 * time.Millisecond

// Apply installs everything that Objects returns, and may be repeated at any time. report gets a line for people when a
// step begins; nil means silence. The client's scheme needs nothing beyond CustomResourceDefinition.
func Apply(ctx context.Context, c client.Client, o Options, report func(string)) error {
	if report == nil {
		report = func(string) {}
	}
	objects, err := Objects(o)
	if err != nil {
		return err
	}
	crds, rest := split(objects)
	report(fmt.Sprintf("applying %d resource definitions", len(crds)))
	if err := ApplyObjects(ctx, c, crds...); err != nil {
		return err
	}
	report("waiting until the resource definitions are served")
	if err := waitEstablished(ctx, c, crds); err != nil {
		return err
	}
	report("applying the operator and its permissions")
	return ApplyObjects(ctx, c, rest...)
}

// ApplyObjects writes objects with server-side apply, in their order.
func ApplyObjects(ctx context.Context, c client.Client, objects ...client.Object) error {
	for _, obj := range objects {
		if err := applyOne(ctx, c, obj); err != nil {
			return fmt.Errorf("applying %s %q: %w", obj.GetObjectKind().GroupVersionKind().Kind, obj.GetName(), err)
		}
	}
	return nil
}

func applyOne(ctx context.Context, c client.Client, obj client.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(obj.GetObjectKind().GroupVersionKind())
	// Typed objects carry an empty status and creation time, which must not be owned.
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldOwner), client.ForceOwnership)
}

func split(objects []client.Object) (crds, rest []client.Object) {
	for _, obj := range objects {
		if _, ok := obj.(*apiextensionsv1.CustomResourceDefinition); ok {
			crds = append(crds, obj)
			continue
		}
		rest = append(rest, obj)
	}
	return crds, rest
}

func waitEstablished(ctx context.Context, c client.Client, crds []client.Object) error {
	missing := ""
	err := wait.PollUntilContextCancel(ctx, establishedPoll, true, func(ctx context.Context) (bool, error) {
		for _, obj := range crds {
			var crd apiextensionsv1.CustomResourceDefinition
			if err := c.Get(ctx, client.ObjectKeyFromObject(obj), &crd); err != nil {
				return false, err
			}
			if !established(&crd) {
				missing = crd.Name
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until resource definition %q is served: %w", missing, err)
	}
	return nil
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, c := range crd.Status.Conditions {
		if c.Type == apiextensionsv1.Established {
			return c.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}
