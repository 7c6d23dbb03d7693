package propagation

import (
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Target is what a Propagation is about, in any region: the template's object or the source's.
func Target(p *api.Propagation) api.ObjectReference {
	if s := p.Spec.Source; s != nil {
		return api.ObjectReference{APIVersion: s.APIVersion, Kind: s.Kind, Namespace: orElse(s.Namespace, p.Namespace), Name: s.Name}
	}
	o := unstructured.Unstructured{Object: p.Spec.Template}
	return api.ObjectReference{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: orElse(o.GetNamespace(), p.Namespace), Name: o.GetName()}
}

// Render is the object that a region should have, as it is applied. live is what is there now, or nil: what is retained is
// taken from it. The order is: template, what the API server assigned, overrides, what others hold, marks.
func Render(p *api.Propagation, template map[string]any, region string, target api.ObjectReference, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{Object: clean(template)}
	o.SetNamespace(target.Namespace)
	if live != nil {
		keepAssigned(o, live)
	}
	o, err := override(p, region, o)
	if err != nil {
		return nil, err
	}
	if live != nil {
		keepHeld(o, live, p.Spec.Retain)
	}
	unmarkAll(o) // what is retained may be all annotations
	var found error
	checkKind("template", o.GetAPIVersion(), o.GetKind(), func(_, format string, args ...any) { found = fmt.Errorf(format, args...) })
	checkClaims("", o.Object, func(field, format string, args ...any) {
		found = fmt.Errorf("%s: "+format, append([]any{field}, args...)...)
	})
	if found != nil {
		return nil, found
	}
	mark(o, p)
	return o, nil
}

// override applies the region's patches.
func override(p *api.Propagation, region string, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	data, err := json.Marshal(o.Object)
	if err != nil {
		return nil, err
	}
	for i, one := range p.Spec.Overrides {
		for j, op := range one.Patch {
			if one.Region != region {
				continue
			}
			if data, err = patch(data, op); err != nil {
				return nil, fmt.Errorf("spec.overrides[%d].patch[%d]: %s %s: %w", i, j, op.Op, op.Path, err)
			}
		}
	}
	out := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &out.Object); err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: integers(out.Object).(map[string]any)}, nil
}

func patch(data []byte, op api.PatchOperation) ([]byte, error) {
	raw, err := json.Marshal([]api.PatchOperation{op})
	if err != nil {
		return nil, err
	}
	p, err := jsonpatch.DecodePatch(raw)
	if err != nil {
		return nil, err
	}
	return p.Apply(data)
}

// integers makes whole numbers int64, as Kubernetes' decoder does.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = integers(value)
		}
	case []any:
		for i, value := range v {
			v[i] = integers(value)
		}
	case float64:
		if whole := int64(v); float64(whole) == v {
			return whole
		}
	case int:
		return int64(v)
	}
	return v
}

// clean is a copy of a template without what isn't propagated.
func clean(template map[string]any) map[string]any {
	out := (&unstructured.Unstructured{Object: integers(deepCopy(template)).(map[string]any)}).Object
	metadata, _ := out["metadata"].(map[string]any)
	kept := map[string]any{}
	for _, field := range []string{"name", "namespace", "labels", "annotations"} {
		if value := metadata[field]; value != nil {
			kept[field] = value
		}
	}
	if notes, is := kept["annotations"].(map[string]any); is {
		for _, own := range []string{"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"} {
			delete(notes, own)
		}
	}
	out["metadata"] = kept
	delete(out, "status")
	if out["kind"] == "ServiceAccount" {
		delete(out, "secrets") // names of one cluster's tokens
	}
	return out
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = deepCopy(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = deepCopy(value)
		}
		return out
	}
	return v
}

// Template is what of an object that exists other regions get.
func Template(o *unstructured.Unstructured) map[string]any {
	out := &unstructured.Unstructured{Object: clean(o.Object)}
	unmarkAll(out)
	switch o.GroupVersionKind().GroupKind() {
	case schema.GroupKind{Kind: "Service"}:
		forgetAssigned(out)
	case schema.GroupKind{Group: "batch", Kind: "Job"}:
		unstructured.RemoveNestedField(out.Object, "spec", "selector")
		for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
			unstructured.RemoveNestedField(out.Object, "spec", "template", "metadata", "labels", label)
		}
	}
	return out.Object
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
