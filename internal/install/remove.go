package install

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// answerLimit bounds each question to a region, and each deletion.
const answerLimit = 10 * time.Second

// Remove deletes the operator of a region with its identities, permissions and policies. Objects that Apply hasn't written
// stay, whatever their names, and are returned. The namespace and the definitions stay too: the namespace may hold objects of others,
// and deleting a definition would delete every object of its kind.
func Remove(ctx context.Context, c client.Client, o Options) (others []string, err error) {
	if err := within(ctx, func(ctx context.Context) error { return refuseOthersOperator(ctx, c, o.withDefaults()) }); err != nil {
		return nil, err
	}
	objects, err := Objects(o)
	if err != nil {
		return nil, err
	}
	slices.Reverse(objects) // the operator first: nothing may act without its permissions
	for _, obj := range objects {
		switch obj.(type) {
		case *apiextensionsv1.CustomResourceDefinition, *corev1.Namespace:
			continue
		}
		ours, err := removeOne(ctx, c, obj)
		if err != nil {
			return others, fmt.Errorf("removing %s: %w", describe(obj), err)
		}
		if !ours {
			others = append(others, describe(obj))
		}
	}
	return others, nil
}

// within limits a request to a region: without a limit, one that accepts a connection and never
// answers would be waited for without end.
func within(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return ask(ctx)
}

func describe(obj client.Object) string {
	return obj.GetObjectKind().GroupVersionKind().Kind + " " + obj.GetName()
}

// removeOne deletes an object that Apply has written, as it was seen, and no other of its name.
func removeOne(ctx context.Context, c client.Client, obj client.Object) (ours bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	seen := &metav1.PartialObjectMetadata{}
	seen.SetGroupVersionKind(obj.GetObjectKind().GroupVersionKind())
	err = c.Get(ctx, client.ObjectKeyFromObject(obj), seen)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !Wrote(seen) {
		return false, nil
	}
	id := seen.GetUID()
	return true, client.IgnoreNotFound(c.Delete(ctx, seen, client.Preconditions{UID: &id}, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// Wrote tells whether Apply has written an object.
func Wrote(obj client.Object) bool {
	return slices.ContainsFunc(obj.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == FieldOwner && f.Operation == metav1.ManagedFieldsOperationApply
	})
}

// RefuseForeign is an error when a cluster has an operator of rings that isn't the fleet's: another fleet's, or one whose
// definitions of rings and datacenters aren't Apply's. Two operators on one ring would undo each other's work.
func RefuseForeign(ctx context.Context, c client.Client, o Options) error {
	return within(ctx, func(ctx context.Context) error { return refuseForeign(ctx, c, o) })
}

func refuseForeign(ctx context.Context, c client.Client, o Options) error {
	if err := refuseOthersOperator(ctx, c, o.withDefaults()); err != nil {
		return err
	}
	for _, name := range []string{"k8ssandraclusters.k8ssandra.io", "cassandradatacenters.cassandra.datastax.com"} {
		var crd apiextensionsv1.CustomResourceDefinition
		err := c.Get(ctx, client.ObjectKey{Name: name}, &crd)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !Wrote(&crd) {
			return fmt.Errorf("the definition %s is there already, and it isn't Ringspan's: another operator acts on such objects", name)
		}
	}
	return nil
}

func refuseOthersOperator(ctx context.Context, c client.Client, o Options) error {
	var d appsv1.Deployment
	err := c.Get(ctx, client.ObjectKey{Namespace: o.Namespace, Name: OperatorName}, &d)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	switch owner := d.Annotations[FleetAnnotation]; owner {
	case o.Fleet:
		return nil
	case "":
		return fmt.Errorf("an operator is there already (Deployment %s/%s), and it isn't fleet %s's", o.Namespace, OperatorName, o.Fleet)
	default:
		return fmt.Errorf("the operator there (Deployment %s/%s) is that of fleet %s", o.Namespace, OperatorName, owner)
	}
}

// MissingPeers are the regions that an operator has no ClientConfig for.
func MissingPeers(ctx context.Context, c client.Client, ns string, regions []string) (missing []string, err error) {
	if ns == "" {
		ns = Namespace
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	var known configv1beta1.ClientConfigList
	if err := c.List(ctx, &known, client.InNamespace(ns)); err != nil && !meta.IsNoMatchError(err) {
		return nil, err
	}
	for _, region := range regions {
		if !slices.ContainsFunc(known.Items, func(k configv1beta1.ClientConfig) bool { return k.GetContextName() == region }) {
			missing = append(missing, region)
		}
	}
	return missing, nil
}
