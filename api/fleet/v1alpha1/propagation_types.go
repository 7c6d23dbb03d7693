package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Propagation is one Kubernetes object that several regions have, each with its own changes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=propagations,scope=Namespaced
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.status.object.kind`
// +kubebuilder:printcolumn:name="Object",type=string,JSONPath=`.status.object.name`
// +kubebuilder:printcolumn:name="Propagated",type=string,JSONPath=`.status.conditions[?(@.type=="Propagated")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Propagated")].reason`
type Propagation struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   PropagationSpec   `json:"spec"`
	Status PropagationStatus `json:"status,omitempty"`
}

// PropagationList is a list of Propagation.
//
// +kubebuilder:object:root=true
type PropagationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Propagation `json:"items"`
}

// PropagationSpec says what the object is, where it should be, and as whom it is written.
//
// +kubebuilder:validation:XValidation:rule=`has(self.template) != has(self.source)`,message="either template or source is required, and not both"
type PropagationSpec struct {
	// ServiceAccountName is that of the service account that the operator acts as: one of the object's namespace, or of the Propagation's where the object is in none. It needs the rights to get, create, patch and delete the object, and the operator the right to impersonate it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServiceAccountName string `json:"serviceAccountName"`

	// Template is the object: apiVersion, kind, metadata with name, labels and annotations, and all else but status. It is in the Propagation's namespace unless it names another.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Template k8ssandra.Document `json:"template,omitempty"`

	// Source is an object that a region has already: the others get what it is there, and follow it.
	Source *PropagationSource `json:"source,omitempty"`

	// Placement says which regions have the object.
	Placement Placement `json:"placement"`

	// Overrides change the object for one region. They are applied in their order.
	// +kubebuilder:validation:MaxItems=64
	Overrides []Override `json:"overrides,omitempty"`

	// Adopt lets an object that exists already be taken over. Without it, it is left as it is, and that is said.
	Adopt bool `json:"adopt,omitempty"`

	// Retain are JSON pointers, as /spec/replicas: fields that the object gets when it is made, and that others may change then. What the API server assigns, and replicas that an autoscaler holds, are retained in any case.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:Pattern=`^/`
	Retain []string `json:"retain,omitempty"`

	// DeletionPolicy is what becomes of the regions' objects when the Propagation is deleted: Delete or Orphan.
	// +kubebuilder:validation:Enum=Delete;Orphan
	// +kubebuilder:default=Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// Dependents is what becomes of what the object owns when it is deleted, as kubectl's --cascade: Background, Foreground or Orphan.
	// +kubebuilder:validation:Enum=Background;Foreground;Orphan
	Dependents metav1.DeletionPropagation `json:"dependents,omitempty"`
}

// PropagationSource is an object of one region.
type PropagationSource struct {
	// Region that has the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Region string `json:"region"`
	// APIVersion of the object, as apps/v1.
	// +kubebuilder:validation:MinLength=1
	APIVersion string `json:"apiVersion"`
	// Kind of the object.
	// +kubebuilder:validation:MinLength=1
	Kind string `json:"kind"`
	// Namespace of the object; the Propagation's when empty.
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// Name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Placement chooses regions. Regions come before the selector, also when they are none; with neither, no region is chosen.
type Placement struct {
	// Regions by name; an empty list is no region.
	// +kubebuilder:validation:MaxItems=64
	Regions *[]string `json:"regions,omitempty"`
	// RegionSelector chooses regions by the labels of the namespace that the region's operator is in, and topology.kubernetes.io/region, which is the region's name. {} is all regions.
	RegionSelector *metav1.LabelSelector `json:"regionSelector,omitempty"`
}

// Override changes the object for one region.
type Override struct {
	// Region that has the changed object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Region string `json:"region"`
	// Patch is a JSON patch (RFC 6902). What the object is called is not to be changed.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Patch []PatchOperation `json:"patch"`
}

// PatchOperation is one operation of a JSON patch.
type PatchOperation struct {
	// Op is add, replace, remove or test.
	// +kubebuilder:validation:Enum=add;replace;remove;test
	Op string `json:"op"`
	// Path is a JSON pointer, as /spec/template/spec/containers/0/image.
	// +kubebuilder:validation:Pattern=`^/`
	// +kubebuilder:validation:MaxLength=1024
	Path string `json:"path"`
	// Value for add, replace and test.
	Value *apiextensionsv1.JSON `json:"value,omitempty"`
}

// DeletionPolicy is what becomes of objects when their Propagation is deleted.
type DeletionPolicy string

// Deletion policies.
const (
	// DeletionDelete deletes the objects.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionOrphan leaves them, as nobody's.
	DeletionOrphan DeletionPolicy = "Orphan"
)
