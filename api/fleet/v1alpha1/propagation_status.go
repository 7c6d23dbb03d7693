package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// PropagationStatus is the same in every region's copy, but for region, managed and source, which are the copy's own.
type PropagationStatus struct {
	// Region is that of this copy.
	Region string `json:"region,omitempty"`
	// Object is what the Propagation is about.
	Object *ObjectReference `json:"object,omitempty"`
	// Conditions: Propagated; Diverged while a person has to choose between two edits; Deleting.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Regions say what each region made of it.
	Regions []RegionPropagation `json:"regions,omitempty"`
	// Managed are the objects of this region that were made, or taken over, for the Propagation and not let go since.
	Managed []ObjectReference `json:"managed,omitempty"`
	// Source is the object of spec.source, as the region that has it publishes it for the others.
	Source *PublishedSource `json:"source,omitempty"`
}

// PublishedSource is an object, as regions get it.
type PublishedSource struct {
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Template k8ssandra.Document `json:"template,omitempty"`
	// Message says why there is none.
	Message string `json:"message,omitempty"`
}

// ObjectReference is one object of a region.
type ObjectReference struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Namespace  string    `json:"namespace,omitempty"`
	Name       string    `json:"name"`
	UID        types.UID `json:"uid,omitempty"`
}

// RegionPropagation is what one region made of a Propagation.
type RegionPropagation struct {
	// Name of the region.
	Name string `json:"name"`
	// Status is True when the region has what it should have, Unknown when it is not known now.
	Status metav1.ConditionStatus `json:"status"`
	// Reason is one word for it.
	Reason string `json:"reason"`
	// Message says it in a sentence.
	Message string `json:"message,omitempty"`
	// Revision of the region's copy.
	Revision string `json:"revision,omitempty"`
	// LastTransitionTime is since when the status is what it is.
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty"`
}

// Types of conditions.
const (
	// Propagated: all regions have what they should.
	Propagated = "Propagated"
	// PropagationDiverged: the Propagation was edited on both sides of a cut, and a person has to choose.
	PropagationDiverged = "Diverged"
	// PropagationDeleting says how a deletion goes.
	PropagationDeleting = "Deleting"
)

// Reasons of the condition Propagated.
const (
	// ReasonPropagated: every region has what it should have.
	ReasonPropagated = "Propagated"
	// ReasonCheckRegions: some region hasn't; its own entry says why.
	ReasonCheckRegions = "CheckRegions"
	// ReasonInvalid: the spec can't be acted on.
	ReasonInvalid = "Invalid"
)

// Reasons of one region.
const (
	// RegionInSync: the object is as it should be.
	RegionInSync = "InSync"
	// RegionNotPlaced: the object is not wanted there, and nothing of it is managed.
	RegionNotPlaced = "NotPlaced"
	// RegionChanging: something was just written.
	RegionChanging = "Changing"
	// RegionNotReady: the region doesn't answer; what was last known of it is in the message.
	RegionNotReady = "RegionNotReady"
	// RegionUnknown: no region of the fleet has the name.
	RegionUnknown = "RegionUnknown"
	// RegionInvalid: the spec can't be acted on.
	RegionInvalid = "Invalid"
	// RegionRefused: objects of this kind, or this object, are not propagated.
	RegionRefused = "Refused"
	// RegionKindUnknown: the region's API server doesn't know the kind.
	RegionKindUnknown = "KindUnknown"
	// RegionNamespaceMissing: the object's namespace doesn't exist.
	RegionNamespaceMissing = "NamespaceMissing"
	// RegionGrantMissing: the object's namespace doesn't accept it.
	RegionGrantMissing = "GrantMissing"
	// RegionNotAllowed: the operator may not act as the service account, or that one may not do what is needed.
	RegionNotAllowed = "NotAllowed"
	// RegionAlreadyExists: an object of the name was there before, and isn't to be adopted.
	RegionAlreadyExists = "AlreadyExists"
	// RegionManagedLabelFalse: the object's label says that it is to be left alone.
	RegionManagedLabelFalse = "ManagedLabelFalse"
	// RegionApplyOverridesFailed: a patch doesn't fit the object.
	RegionApplyOverridesFailed = "ApplyOverridesFailed"
	// RegionSourceMissing: the object of spec.source isn't known.
	RegionSourceMissing = "SourceMissing"
	// RegionCreationFailed, RegionUpdateFailed, RegionDeletionFailed, RegionRetrievalFailed: the API server refused a call.
	RegionCreationFailed  = "CreationFailed"
	RegionUpdateFailed    = "UpdateFailed"
	RegionDeletionFailed  = "DeletionFailed"
	RegionRetrievalFailed = "RetrievalFailed"
	// RegionWaitingForRemoval: the object is being deleted.
	RegionWaitingForRemoval = "WaitingForRemoval"
	// RegionHeld: the region can't follow the other copies, or must not act now.
	RegionHeld = "Held"
	// RegionDiverged: the Propagation was edited on both sides of a cut, and a person has to choose.
	RegionDiverged = "Diverged"
)

// Marks of a propagated object.
const (
	// ManagedLabel is "true" on each propagated object. A person sets it to "false" to have the object left alone.
	ManagedLabel = "ringspan.io/propagated"
	// PropagatedFromAnnotation names the Propagation: namespace/name/id.
	PropagatedFromAnnotation = "ringspan.io/propagated-from"
	// PropagationIDAnnotation is the id of a Propagation, the same in all copies.
	PropagationIDAnnotation = "ringspan.io/propagation-id"
	// PropagationOrphanAnnotation on a copy has this region's objects stay when it is deleted, as nobody's, whatever its spec
	// says. A person sets it to anything; a region that follows the deletion of another one's copy notes that copy's reasons.
	PropagationOrphanAnnotation = "ringspan.io/orphan"
	// PropagationFinalizer keeps a copy until its objects are gone or let go.
	PropagationFinalizer = "fleet.ringspan.io/propagation"
	// PropagationFieldOwner is under which name objects are written.
	PropagationFieldOwner = "ringspan-propagation"
)
