// Package v1alpha1 holds the ReplicatedSecret kind: which Secrets of a namespace
// other regions receive a copy of.
//
// It holds no behaviour. Start reading in replicatedsecret_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=replication.k8ssandra.io
package v1alpha1
