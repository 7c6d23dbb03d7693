// Package v1alpha1 holds the K8ssandraCluster kind: one Cassandra ring over one or
// more Kubernetes clusters (contexts; we say regions). Field names are those of
// k8ssandra-operator, so that its manifests apply unchanged; the types are
// written for this project.
//
// It holds no behaviour beyond small accessors. Start reading in
// cluster_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=k8ssandra.io
package v1alpha1
