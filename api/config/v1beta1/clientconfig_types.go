package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ClientConfig says how to reach the API server of another region.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=clientconfigs,scope=Namespaced
// +kubebuilder:printcolumn:name="Context",type=string,JSONPath=`.spec.contextName`
type ClientConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec ClientConfigSpec `json:"spec,omitempty"`
}

// ClientConfigList is a list of ClientConfig.
//
// +kubebuilder:object:root=true
type ClientConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClientConfig `json:"items"`
}

// ClientConfigSpec names a region and the Secret with its kubeconfig.
type ClientConfigSpec struct {
	// ContextName is the region's name and the context in the kubeconfig; the object's name when empty.
	ContextName string `json:"contextName,omitempty"`
	// KubeConfigSecret has the kubeconfig under the key "kubeconfig", in the namespace of the ClientConfig.
	KubeConfigSecret corev1.LocalObjectReference `json:"kubeConfigSecret,omitempty"`
}

// KubeConfigKey is the key of the kubeconfig in the Secret of a ClientConfig.
const KubeConfigKey = "kubeconfig"

// GetContextName returns the region that the object stands for.
func (c *ClientConfig) GetContextName() string {
	if c.Spec.ContextName != "" {
		return c.Spec.ContextName
	}
	return c.Name
}
