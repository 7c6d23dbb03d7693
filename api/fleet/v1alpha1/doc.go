// Package v1alpha1 holds the kinds of fleets. Fleet: the regions (networks and
// Kubernetes clusters) that rings live in; it is read from a file by "ringspan
// up", and no operator acts on it. Propagation: a Kubernetes object that several
// regions have.
//
// It holds no behaviour. Start reading in fleet_types.go and
// propagation_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=fleet.ringspan.io
package v1alpha1
