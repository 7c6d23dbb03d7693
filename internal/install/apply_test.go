package install_test

import (
	"os"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// Installing again changes nothing, and installing over a foreign edit takes it back.
func TestApplyMayBeRepeated(t *testing.T) {
	cluster := kubetest.Shared(t) // has installed once
	options := install.Options{Region: "kubetest"}
	before := versions(t, cluster.Client, options)
	var lines []string
	if err := install.Apply(t.Context(), cluster.Client, options, func(l string) { lines = append(lines, l) }); err != nil {
		t.Fatal(err)
	}
	for name, version := range versions(t, cluster.Client, options) {
		if before[name] != version {
			t.Errorf("%s was written though nothing changed", name)
		}
	}
	if len(lines) == 0 {
		t.Error("no progress was reported")
	}
	d := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}
	must(t, cluster.Client.Get(t.Context(), key, d))
	d.Spec.Replicas = ptr.To[int32](2)
	must(t, cluster.Client.Update(t.Context(), d))
	must(t, install.Apply(t.Context(), cluster.Client, options, nil))
	must(t, cluster.Client.Get(t.Context(), key, d))
	if *d.Spec.Replicas != 1 {
		t.Errorf("%d operators after installing again", *d.Spec.Replicas)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// versions are the resource versions of everything that is installed. Definitions and policies change by themselves: the
// API server writes their status.
func versions(t *testing.T, c client.Client, o install.Options) map[string]string {
	t.Helper()
	objects, err := install.Objects(o)
	must(t, err)
	found := map[string]string{}
	for _, obj := range objects {
		gvk := obj.GetObjectKind().GroupVersionKind()
		if (gvk.GroupKind() == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}) {
			continue
		}
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(gvk)
		must(t, c.Get(t.Context(), client.ObjectKeyFromObject(obj), u))
		found[gvk.Kind+"/"+obj.GetName()] = u.GetResourceVersion()
	}
	return found
}
