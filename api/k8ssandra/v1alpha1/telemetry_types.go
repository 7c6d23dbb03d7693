package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TelemetrySpec says what is measured and where it goes.
type TelemetrySpec struct {
	// Prometheus makes ServiceMonitors.
	Prometheus *PrometheusTelemetrySpec `json:"prometheus,omitempty"`
	// Mcac is the old metrics collector. Deprecated; accepted, without effect.
	Mcac *McacTelemetrySpec `json:"mcac,omitempty"`
	// Vector agent. Accepted, not acted on yet.
	Vector *VectorSpec `json:"vector,omitempty"`
	// Cassandra is the metrics endpoint of the nodes. Accepted, not acted on yet.
	Cassandra *CassandraAgentSpec `json:"cassandra,omitempty"`
}

// PrometheusTelemetrySpec makes ServiceMonitors.
type PrometheusTelemetrySpec struct {
	Enabled      *bool             `json:"enabled,omitempty"`
	CommonLabels map[string]string `json:"commonLabels,omitempty"`
}

// McacTelemetrySpec is the old metrics collector.
type McacTelemetrySpec struct {
	Enabled       *bool    `json:"enabled,omitempty"`
	MetricFilters []string `json:"metricFilters,omitempty"`
}

// VectorSpec is a Vector agent beside each node.
type VectorSpec struct {
	Enabled        *bool                        `json:"enabled,omitempty"`
	Image          string                       `json:"image,omitempty"`
	Resources      *corev1.ResourceRequirements `json:"resources,omitempty"`
	ScrapeInterval *metav1.Duration             `json:"scrapeInterval,omitempty"`
	// Config is raw TOML. Deprecated.
	Config     *string               `json:"config,omitempty"`
	Components *VectorComponentsSpec `json:"components,omitempty"`
}

// VectorComponentsSpec adds components to the agent's configuration.
type VectorComponentsSpec struct {
	Sources    []VectorSourceSpec    `json:"sources,omitempty"`
	Sinks      []VectorSinkSpec      `json:"sinks,omitempty"`
	Transforms []VectorTransformSpec `json:"transforms,omitempty"`
}

// VectorSourceSpec is one source.
type VectorSourceSpec struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Config string `json:"config,omitempty"`
}

// VectorSinkSpec is one sink.
type VectorSinkSpec struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Inputs []string `json:"inputs,omitempty"`
	Config string   `json:"config,omitempty"`
}

// VectorTransformSpec is one transform.
type VectorTransformSpec struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Inputs []string `json:"inputs,omitempty"`
	Config string   `json:"config,omitempty"`
}

// CassandraAgentSpec is the metrics endpoint of the nodes.
type CassandraAgentSpec struct {
	Endpoint *MetricsEndpoint `json:"endpoint,omitempty"`
	Relabels []RelabelConfig  `json:"relabels,omitempty"`
}

// MetricsEndpoint is where the metrics are served.
type MetricsEndpoint struct {
	Address string      `json:"address,omitempty"`
	Port    string      `json:"port,omitempty"`
	TLS     *MetricsTLS `json:"tls,omitempty"`
}

// MetricsTLS are paths of the endpoint's certificate files.
type MetricsTLS struct {
	CACert  string `json:"ca.crt,omitempty"`
	TLSCert string `json:"tls.crt,omitempty"`
	TLSKey  string `json:"tls.key,omitempty"`
}

// RelabelConfig is one of Prometheus' relabelling rules.
type RelabelConfig struct {
	SourceLabels []string `json:"sourceLabels,omitempty"`
	Separator    *string  `json:"separator,omitempty"`
	TargetLabel  string   `json:"targetLabel,omitempty"`
	Regex        string   `json:"regex,omitempty"`
	Modulus      uint64   `json:"modulus,omitempty"`
	Replacement  *string  `json:"replacement,omitempty"`
	// +kubebuilder:validation:Enum=replace;Replace;keep;Keep;drop;Drop;hashmod;HashMod;labelmap;LabelMap;labeldrop;LabelDrop;labelkeep;LabelKeep;lowercase;Lowercase;uppercase;Uppercase;keepequal;KeepEqual;dropequal;DropEqual
	// +kubebuilder:default=replace
	Action string `json:"action,omitempty"`
}
