package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
)

// Quantity is resource.Quantity under a name that keeps our schemas short.
type Quantity = resource.Quantity

// Document is free YAML: the values are those of encoding/json with whole numbers as int64, as the Kubernetes decoder
// makes them.
//
// +kubebuilder:object:generate=false
type Document map[string]any

// DeepCopyInto copies the document, which must hold nothing but JSON values.
func (d Document) DeepCopyInto(out *Document) {
	*out = runtime.DeepCopyJSON(d)
}

// DeepCopy copies the document.
func (d Document) DeepCopy() Document {
	if d == nil {
		return nil
	}
	return runtime.DeepCopyJSON(d)
}
