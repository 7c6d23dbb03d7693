// Package v1alpha1 holds the kinds that ask for one-off and repeated work on a
// running datacenter: CassandraTask, ScheduledTask and K8ssandraTask.
//
// It holds no behaviour beyond small accessors. Start reading in
// cassandratask_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=control.k8ssandra.io
package v1alpha1
