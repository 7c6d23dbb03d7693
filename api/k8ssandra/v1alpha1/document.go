package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// Quantity is resource.Quantity under a name that keeps our schemas short.
type Quantity = resource.Quantity

// Document is free YAML: maps, lists and scalars as encoding/json makes them. What the Kubernetes decoder reads has whole
// numbers as int64.
//
// +kubebuilder:object:generate=false
type Document map[string]any

// DeepCopyInto copies the document.
func (d Document) DeepCopyInto(out *Document) { *out = d.DeepCopy() }

// DeepCopy copies the document. Values that are neither maps nor lists are taken over as they are.
func (d Document) DeepCopy() Document {
	if d == nil {
		return nil
	}
	return copyValue(map[string]any(d)).(map[string]any)
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = copyValue(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = copyValue(value)
		}
		return out
	default:
		return v
	}
}
