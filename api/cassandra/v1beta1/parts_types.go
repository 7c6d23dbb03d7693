package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
)

// Rack is one failure zone of a datacenter and becomes one StatefulSet.
type Rack struct {
	// Name of the rack in Cassandra and in object names.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// DeprecatedZone requires nodes with that value of the label failure-domain.beta.kubernetes.io/zone; use nodeAffinityLabels.
	DeprecatedZone string `json:"zone,omitempty"`

	// NodeAffinityLabels are Kubernetes node labels that pods of this rack require; they win over the datacenter's.
	NodeAffinityLabels map[string]string `json:"nodeAffinityLabels,omitempty"`

	// Affinity is merged into the affinity of the pods of this rack.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Affinity *corev1.Affinity `json:"affinity,omitempty"`
}

// StorageConfig describes the volumes of a node.
type StorageConfig struct {
	// CassandraDataVolumeClaimSpec is the claim of the volume server-data at /var/lib/cassandra. It can't be changed later
	// except for more storage.
	CassandraDataVolumeClaimSpec *corev1.PersistentVolumeClaimSpec `json:"cassandraDataVolumeClaimSpec,omitempty"`

	// AdditionalVolumes are further volumes of the cassandra container.
	AdditionalVolumes AdditionalVolumesSlice `json:"additionalVolumes,omitempty"`
}

// AdditionalVolumesSlice is a list of additional volumes.
//
// +kubebuilder:validation:MaxItems=100
type AdditionalVolumesSlice []AdditionalVolumes

// AdditionalVolumes is one volume more: a claim per node or a pod volume.
//
// +kubebuilder:validation:XValidation:rule=`has(self.pvcSpec) != has(self.volumeSource)`,message="exactly one of pvcSpec and volumeSource must be set"
type AdditionalVolumes struct {
	// MountPath in the cassandra container.
	MountPath string `json:"mountPath"`

	// Name of the volume.
	// +kubebuilder:validation:Pattern=`[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	Name string `json:"name"`

	// PVCSpec makes a claim per node.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	PVCSpec *corev1.PersistentVolumeClaimSpec `json:"pvcSpec,omitempty"`

	// VolumeSource mounts a pod volume (config map, secret, empty directory and so on).
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	VolumeSource *corev1.VolumeSource `json:"volumeSource,omitempty"`
}

// ManagementApiAuthConfig says how the management API is secured: insecure (plain HTTP) or manual (mutual TLS).
type ManagementApiAuthConfig struct {
	// Insecure is plain HTTP.
	Insecure *ManagementApiAuthInsecureConfig `json:"insecure,omitempty"`
	// Manual is mutual TLS with Secrets that the user made.
	Manual *ManagementApiAuthManualConfig `json:"manual,omitempty"`
}

// ManagementApiAuthInsecureConfig has no fields.
type ManagementApiAuthInsecureConfig struct{}

// ManagementApiAuthManualConfig names the Secrets of mutual TLS; each has ca.crt, tls.crt and tls.key.
type ManagementApiAuthManualConfig struct {
	// ClientSecretName is used by the operator.
	ClientSecretName string `json:"clientSecretName"`
	// ServerSecretName is mounted into the pods.
	ServerSecretName string `json:"serverSecretName"`
	// SkipSecretValidation leaves out the check that both Secrets exist and fit.
	SkipSecretValidation bool `json:"skipSecretValidation,omitempty"`
}

// CassandraUser is a role made from a Secret with the keys username and password.
type CassandraUser struct {
	SecretName string `json:"secretName"`
	Superuser  bool   `json:"superuser"`
}

// DseWorkloads are only for serverType dse.
type DseWorkloads struct {
	AnalyticsEnabled bool `json:"analyticsEnabled,omitempty"`
	GraphEnabled     bool `json:"graphEnabled,omitempty"`
	SearchEnabled    bool `json:"searchEnabled,omitempty"`
}

// NetworkingConfig chooses host network or node ports.
type NetworkingConfig struct {
	// NodePort makes a Service of type NodePort; Cassandra then announces these ports.
	NodePort *NodePortConfig `json:"nodePort,omitempty"`
	// HostNetwork lets the pods use their node's network.
	HostNetwork bool `json:"hostNetwork,omitempty"`
}

// NodePortConfig gives the node ports; 0 leaves a port out.
type NodePortConfig struct {
	Native       int `json:"native,omitempty"`
	NativeSSL    int `json:"nativeSSL,omitempty"`
	Internode    int `json:"internode,omitempty"`
	InternodeSSL int `json:"internodeSSL,omitempty"`
}

// ServiceConfig adds metadata to each of the Services of a datacenter.
type ServiceConfig struct {
	DatacenterService     ServiceConfigAdditions `json:"dcService,omitempty"`
	SeedService           ServiceConfigAdditions `json:"seedService,omitempty"`
	AllPodsService        ServiceConfigAdditions `json:"allpodsService,omitempty"`
	AdditionalSeedService ServiceConfigAdditions `json:"additionalSeedService,omitempty"`
	NodePortService       ServiceConfigAdditions `json:"nodePortService,omitempty"`
}

// ServiceConfigAdditions is metadata added to one Service. Keys of cassandra.datastax.com are refused.
type ServiceConfigAdditions struct {
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('cassandra.datastax.com'))`,message="additionalLabels cannot contain keys of cassandra.datastax.com"
	// +kubebuilder:validation:MaxProperties=64
	Labels map[string]string `json:"additionalLabels,omitempty"`
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('cassandra.datastax.com'))`,message="additionalAnnotations cannot contain keys of cassandra.datastax.com"
	// +kubebuilder:validation:MaxProperties=64
	Annotations map[string]string `json:"additionalAnnotations,omitempty"`
}

// CDCConfiguration configures change data capture to Pulsar. Accepted; not acted on.
type CDCConfiguration struct {
	// +kubebuilder:validation:MinLength=1
	PulsarServiceUrl                         *string `json:"pulsarServiceUrl"`
	TopicPrefix                              *string `json:"topicPrefix,omitempty"`
	CDCWorkingDir                            *string `json:"cdcWorkingDir,omitempty"`
	CDCPollIntervalM                         *int    `json:"cdcPollIntervalM,omitempty"`
	ErrorCommitLogReprocessEnabled           *bool   `json:"errorCommitLogReprocessEnabled,omitempty"`
	CDCConcurrentProcessors                  *int    `json:"cdcConcurrentProcessors,omitempty"`
	PulsarBatchDelayInMs                     *int    `json:"pulsarBatchDelayInMs,omitempty"`
	PulsarKeyBasedBatcher                    *bool   `json:"pulsarKeyBasedBatcher,omitempty"`
	PulsarMaxPendingMessages                 *int    `json:"pulsarMaxPendingMessages,omitempty"`
	PulsarMaxPendingMessagesAcrossPartitions *int    `json:"pulsarMaxPendingMessagesAcrossPartitions,omitempty"`
	PulsarAuthPluginClassName                *string `json:"pulsarAuthPluginClassName,omitempty"`
	PulsarAuthParams                         *string `json:"pulsarAuthParams,omitempty"`
	SSLProvider                              *string `json:"sslProvider,omitempty"`
	SSLTruststorePath                        *string `json:"sslTruststorePath,omitempty"`
	SSLTruststorePassword                    *string `json:"sslTruststorePassword,omitempty"`
	SSLTruststoreType                        *string `json:"sslTruststoreType,omitempty"`
	SSLKeystorePath                          *string `json:"sslKeystorePath,omitempty"`
	SSLKeystorePassword                      *string `json:"sslKeystorePassword,omitempty"`
	SSLCipherSuites                          *string `json:"sslCipherSuites,omitempty"`
	SSLEnabledProtocols                      *string `json:"sslEnabledProtocols,omitempty"`
	SSLAllowInsecureConnection               *string `json:"sslAllowInsecureConnection,omitempty"`
	SSLHostnameVerificationEnable            *string `json:"sslHostnameVerificationEnable,omitempty"`
}
