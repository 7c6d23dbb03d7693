// Package v1beta1 holds the CassandraDatacenter kind: one Cassandra datacenter in
// one namespace of one Kubernetes cluster. Group, kind, field names, labels,
// annotations and condition types are those of cass-operator, so that its
// manifests apply unchanged; the types are written for this project.
//
// It holds no behaviour beyond small accessors and imports nothing of ours.
// Start reading in datacenter_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=cassandra.datastax.com
package v1beta1
