package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ReplicatedSecret says which Secrets of its namespace other regions receive a copy of.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=replicatedsecrets,scope=Namespaced
type ReplicatedSecret struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ReplicatedSecretSpec   `json:"spec,omitempty"`
	Status ReplicatedSecretStatus `json:"status,omitempty"`
}

// ReplicatedSecretList is a list of ReplicatedSecret.
//
// +kubebuilder:object:root=true
type ReplicatedSecretList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ReplicatedSecret `json:"items"`
}

// ReplicatedSecretSpec is a selection of Secrets and the places that get copies.
type ReplicatedSecretSpec struct {
	// Selector chooses Secrets of this namespace by label.
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// ReplicationTargets are the places that get copies.
	ReplicationTargets []ReplicationTarget `json:"replicationTargets,omitempty"`
}

// ReplicationTarget is one place that gets copies.
type ReplicationTarget struct {
	// Namespace of the copies; the same as here when empty.
	Namespace string `json:"namespace,omitempty"`
	// K8sContextName is the region.
	K8sContextName string `json:"k8sContextName,omitempty"`
	// TargetPrefix is put before the copies' names.
	TargetPrefix string `json:"targetPrefix,omitempty"`
	// DropLabels are not copied.
	DropLabels []string `json:"dropLabels,omitempty"`
	// AddLabels are set on the copies.
	AddLabels map[string]string `json:"addLabels,omitempty"`
}

// ReplicationConditionType is the type of a condition of a ReplicatedSecret.
type ReplicationConditionType string

// SecretReplication says whether one region has its copies.
const SecretReplication ReplicationConditionType = "Replication"

// ReplicatedSecretStatus says which regions have their copies.
type ReplicatedSecretStatus struct {
	Conditions []ReplicationCondition `json:"conditions,omitempty"`
	// Secrets are those that are chosen: what the other regions' operators may read. Ours.
	Secrets []PublishedSecret `json:"secrets,omitempty"`
}

// PublishedSecret is a Secret that other regions may read.
type PublishedSecret struct {
	Name string `json:"name"`
	// Version is the Secret's resourceVersion: another one asks for another look.
	Version string `json:"version"`
}

// ReplicationCondition is the state of one region's copies.
type ReplicationCondition struct {
	// Cluster is the region.
	Cluster            string                   `json:"cluster"`
	Type               ReplicationConditionType `json:"type"`
	Status             corev1.ConditionStatus   `json:"status"`
	LastTransitionTime *metav1.Time             `json:"lastTransitionTime,omitempty"`
	// Message says what is missing. Ours.
	Message string `json:"message,omitempty"`
}

// OrphanAnnotation on a copy keeps it when its ReplicatedSecret is deleted.
const OrphanAnnotation = "replicatedresource.k8ssandra.io/orphan"
