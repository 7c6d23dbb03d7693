package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// StargateTemplate describes gateways. Upstream calls them deprecated; we accept the fields and act on none.
type StargateTemplate struct {
	// +kubebuilder:default={repository:"stargateio",tag:"v1.0.77"}
	ContainerImage *ContainerImage `json:"containerImage,omitempty"`
	// +kubebuilder:default=default
	ServiceAccount *string                      `json:"serviceAccount,omitempty"`
	Resources      *corev1.ResourceRequirements `json:"resources,omitempty"`
	// +kubebuilder:default="256Mi"
	HeapSize       *Quantity           `json:"heapSize,omitempty"`
	LivenessProbe  *corev1.Probe       `json:"livenessProbe,omitempty"`
	ReadinessProbe *corev1.Probe       `json:"readinessProbe,omitempty"`
	NodeSelector   map[string]string   `json:"nodeSelector,omitempty"`
	Tolerations    []corev1.Toleration `json:"tolerations,omitempty"`
	Affinity       *corev1.Affinity    `json:"affinity,omitempty"`
	// +kubebuilder:default=false
	AllowStargateOnDataNodes bool                         `json:"allowStargateOnDataNodes,omitempty"`
	CassandraConfigMapRef    *corev1.LocalObjectReference `json:"cassandraConfigMapRef,omitempty"`
	Telemetry                *TelemetrySpec               `json:"telemetry,omitempty"`
	AuthOptions              *StargateAuthOptions         `json:"authOptions,omitempty"`
	// +kubebuilder:validation:Enum=internal;external
	// +kubebuilder:default=internal
	SecretsProvider string        `json:"secretsProvider,omitempty"`
	ResourceMeta    *ResourceMeta `json:"metadata,omitempty"`
}

// StargateAuthOptions is how a gateway's users log in.
type StargateAuthOptions struct {
	// +kubebuilder:validation:Enum=Table;JWT
	// +kubebuilder:default=Table
	ApiAuthMethod string `json:"apiAuthMethod,omitempty"`
	// +kubebuilder:validation:Minimum=1
	TokenTtlSeconds int    `json:"tokenTtlSeconds,omitempty"`
	ProviderUrl     string `json:"providerUrl,omitempty"`
}

// StargateClusterTemplate describes the gateways of each datacenter.
type StargateClusterTemplate struct {
	StargateTemplate `json:",inline"`
	// Size is the number of gateways in each datacenter.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:default=1
	Size int32 `json:"size,omitempty"`
}

// StargateDatacenterTemplate describes the gateways of one datacenter.
type StargateDatacenterTemplate struct {
	StargateClusterTemplate `json:",inline"`
	Racks                   []StargateRackTemplate `json:"racks,omitempty"`
}

// StargateRackTemplate describes the gateways of one rack.
type StargateRackTemplate struct {
	// +kubebuilder:validation:MinLength=2
	Name             string `json:"name"`
	StargateTemplate `json:",inline"`
}
