package propagation

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Each file of testdata plays what happens to a Propagation, and shows every plan that differs from the one before.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := newWorld("central", "west")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return w.command(t, d) })
	})
}

func (w *world) command(t *testing.T, d *datadriven.TestData) string {
	arg := func(name string) (v string) { d.MaybeScanArgs(t, name, &v); return v }
	r := w.region(arg("region"))
	switch d.Cmd {
	case "edit": // the spec, in one region
		r.edit(t, d.Input)
	case "run":
		if arg("dies") != "" { // each operator, in every pass, after so many steps
			w.dying(t, arg("dies"))
		}
		return w.run()
	case "die": // each operator, in one pass, after so many steps; it isn't back yet
		w.diesOnce(t, arg("after"))
	case "cut":
		r.cut = true
	case "heal":
		r.cut = false
	case "label": // a region, or an object
		if o := r.objects[arg("object")]; o != nil {
			o.SetLabels(map[string]string{arg("key"): arg("value")})
			return ""
		}
		r.labels = map[string]string{arg("key"): arg("value")}
	case "object": // somebody makes an object
		r.make(object(t, d.Input))
	case "set": // somebody changes one
		path := strings.Split(arg("path"), ".")
		if err := unstructured.SetNestedField(r.objects[arg("object")].Object, value(d.Input), path...); err != nil {
			t.Fatal(err)
		}
	case "claim": // Kubernetes will delete a volume claim with an object, or no longer
		if r.claims = map[string]types.UID{}; arg("object") != "" {
			r.claims[arg("name")] = r.objects[arg("object")].GetUID()
		}
	case "take": // somebody deletes one, or a field of one
		if arg("path") == "" {
			delete(r.objects, arg("object"))
			return ""
		}
		unstructured.RemoveNestedField(r.objects[arg("object")].Object, strings.Split(arg("path"), ".")...)
	case "forget": // a backup was restored, without statuses
		r.copy.Status = api.PropagationStatus{}
	case "namespace": // somebody deletes the objects' one
		r.objects = map[string]*unstructured.Unstructured{}
	case "own": // an operator takes one over
		kind, name, _ := strings.Cut(arg("by"), "/")
		r.objects[arg("object")].SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: kind, Name: name, UID: "u0"}})
	case "note": // an annotation, on one region's copy
		r.copy.Annotations[arg("key")] = strings.TrimSpace(d.Input)
	case "autoscale":
		r.autoscale(arg("object"), value(d.Input))
	case "delete":
		now := metav1.NewTime(w.now)
		r.copy.DeletionTimestamp = &now
		w.edits++
		r.edited = w.edits
	case "status":
		return r.status()
	case "show":
		return r.show()
	default:
		t.Fatalf("%s: %q is no command", d.Pos, d.Cmd)
	}
	return ""
}

func (w *world) dying(t *testing.T, after string) {
	w.die(t, after, func() { w.run() })
}

func (w *world) diesOnce(t *testing.T, after string) {
	w.die(t, after, func() {
		w.agree()
		for _, r := range w.regions {
			r.pass()
		}
	})
}

func (w *world) die(t *testing.T, after string, during func()) {
	n, err := strconv.Atoi(after)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range w.regions {
		r.dies = n
	}
	during()
	for _, r := range w.regions {
		r.dies, r.printed = -1, ""
	}
}

// autoscale is what Kubernetes' autoscaler does.
func (r *worldRegion) autoscale(object string, replicas any) {
	o := r.objects[object]
	_ = unstructured.SetNestedField(o.Object, replicas, "spec", "replicas")
	o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Operation: "Update", Subresource: "scale",
		FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)}})
}

func value(text string) any {
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return n
	}
	return strings.TrimSpace(text)
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatal(err)
	}
	o.Object = integers(o.Object).(map[string]any)
	return o
}

// propagation is one with a spec.
func propagation(t *testing.T, spec string) *api.Propagation {
	t.Helper()
	p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "front", Annotations: map[string]string{api.PropagationIDAnnotation: "id1"}}}
	if err := yaml.UnmarshalStrict([]byte(spec), &p.Spec); err != nil {
		t.Fatal(err)
	}
	return p
}
