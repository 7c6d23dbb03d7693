// Package v1beta1 holds the ClientConfig kind: how one region's operator reaches
// the API server of another.
//
// It holds no behaviour. Start reading in clientconfig_types.go.
//
// +kubebuilder:object:generate=true
// +groupName=config.k8ssandra.io
package v1beta1
