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

const whyReserved = "Ringspan sets what begins with ringspan.io/"

// reserved tells whether a label or annotation is ours to set.
func reserved(key string) bool {
	domain, _, slash := strings.Cut(key, "/")
	return slash && (domain == "ringspan.io" || strings.HasSuffix(domain, ".ringspan.io"))
}

// unmarkAll takes all labels and annotations of ours off.
func unmarkAll(o *unstructured.Unstructured) {
	for _, marks := range []func() map[string]string{o.GetLabels, o.GetAnnotations} {
		for key := range marks() {
			unmark(o, key)
		}
	}
}

// unmark takes a label or annotation of ours off.
func unmark(o *unstructured.Unstructured, key string) {
	if reserved(key) {
		unstructured.RemoveNestedField(o.Object, "metadata", "labels", key)
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", key)
	}
}

// Marks are the labels and annotations that letting go of an object takes off. A person's label that has the object left alone
// stays.
func Marks(o *unstructured.Unstructured) (labels, annotations []string) {
	if !handsOff(o) {
		labels = []string{api.ManagedLabel}
	}
	return labels, []string{api.PropagatedFromAnnotation}
}

// IsOurs tells whether an object that exists carries the Propagation's mark.
func IsOurs(o *unstructured.Unstructured, p *api.Propagation) bool {
	return o != nil && o.GetAnnotations()[api.PropagatedFromAnnotation] == Mark(p)
}

// handsOff tells whether a person has set the label that says so.
func handsOff(o *unstructured.Unstructured) bool { return o.GetLabels()[api.ManagedLabel] == "false" }
