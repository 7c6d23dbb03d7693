// Package v1alpha1 holds the Fleet kind: the regions (networks and Kubernetes
// clusters) that rings live in. A Fleet is read from a file by "ringspan up";
// no operator acts on it.
//
// It holds no behaviour. Start reading in fleet_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=fleet.ringspan.io
package v1alpha1
