package propagation

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Mark is the value of the annotation that says whose an object is. The id tells a Propagation from an earlier one of its
// name.
func Mark(p *api.Propagation) string {
	return p.Namespace + "/" + p.Name + "/" + p.Annotations[api.PropagationIDAnnotation]
}

func mark(o *unstructured.Unstructured, p *api.Propagation) {
	labels, notes := o.GetLabels(), o.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if notes == nil {
		notes = map[string]string{}
	}
	labels[api.ManagedLabel], notes[api.PropagatedFromAnnotation] = "true", Mark(p)
	o.SetLabels(labels)
	o.SetAnnotations(notes)
}

// unmark takes a label or annotation of ours off.
func unmark(o *unstructured.Unstructured, key string) {
	if strings.HasPrefix(key, "ringspan.io/") {
		unstructured.RemoveNestedField(o.Object, "metadata", "labels", key)
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", key)
	}
}

// IsOurs tells whether an object that exists carries the Propagation's mark.
func IsOurs(o *unstructured.Unstructured, p *api.Propagation) bool {
	return o != nil && o.GetAnnotations()[api.PropagatedFromAnnotation] == Mark(p)
}

// Holds tells whether an object that exists is one that goes with the Propagation.
func Holds(o *unstructured.Unstructured, p *api.Propagation) bool {
	return IsOurs(o, p) && !handsOff(o)
}

// handsOff tells whether a person has set the label that says so.
func handsOff(o *unstructured.Unstructured) bool { return o.GetLabels()[api.ManagedLabel] == "false" }
