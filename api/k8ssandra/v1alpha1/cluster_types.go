package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassv1beta1 "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// K8ssandraCluster is one Cassandra ring over one or more regions. It may be applied to, and edited in, any of its regions;
// the others take it over.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.spec.cassandra) || !has(self.spec.cassandra.datacenters) || [size((has(self.spec.cassandra.clusterName) && self.spec.cassandra.clusterName != "" ? self.spec.cassandra.clusterName : self.metadata.name).findAll('[a-zA-Z0-9_-]'))].all(c, [has(self.spec.cassandra.racks) && size(self.spec.cassandra.racks) > 0 ? self.spec.cassandra.racks.map(r, size(r.name)).max() : 7].all(k, self.spec.cassandra.datacenters.all(d, c + size(has(d.datacenterName) && d.datacenterName != "" ? d.datacenterName : d.metadata.name) + 6 + (has(d.racks) && size(d.racks) > 0 ? d.racks.map(r, size(r.name)).max() : k) <= 60)))`,message="the StatefulSet names <cluster>-<datacenter>-<rack>-sts must have at most 60 characters: shorten the cluster's, a datacenter's or a rack's name"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=k8ssandraclusters,scope=Namespaced,shortName=k8c;k8cs;ring;rings
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Error",type=string,JSONPath=`.status.error`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type K8ssandraCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   K8ssandraClusterSpec   `json:"spec,omitempty"`
	Status K8ssandraClusterStatus `json:"status,omitempty"`
}

// K8ssandraClusterList is a list of K8ssandraCluster.
//
// +kubebuilder:object:root=true
type K8ssandraClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []K8ssandraCluster `json:"items"`
}

// K8ssandraClusterSpec is what the user asks for.
type K8ssandraClusterSpec struct {
	// Auth turns on authentication and authorization.
	// +kubebuilder:default=true
	Auth *bool `json:"auth,omitempty"`

	// Cassandra describes the ring.
	Cassandra *CassandraClusterTemplate `json:"cassandra,omitempty"`

	// Stargate gateways. Deprecated; accepted, not acted on.
	Stargate *StargateClusterTemplate `json:"stargate,omitempty"`

	// Reaper repairs. Accepted, not acted on yet.
	Reaper *ReaperClusterTemplate `json:"reaper,omitempty"`

	// Medusa backups. Accepted, not acted on yet.
	Medusa *MedusaClusterTemplate `json:"medusa,omitempty"`

	// SecretsProvider external means that no Secret is made or replicated.
	// +kubebuilder:validation:Enum=internal;external
	// +kubebuilder:default=internal
	SecretsProvider string `json:"secretsProvider,omitempty"`

	// ExternalDatacenters are datacenters of the ring that are managed elsewhere; replication settings keep them.
	ExternalDatacenters []string `json:"externalDatacenters,omitempty"`
}

// CassandraClusterTemplate describes the ring and what its datacenters have in common.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.clusterName) ? self.clusterName : "") == (has(oldSelf.clusterName) ? oldSelf.clusterName : "")`,message="clusterName is immutable: Cassandra stores it on disk and refuses another"
// +kubebuilder:validation:XValidation:rule=`!has(self.datacenters) || self.datacenters.all(d, has(d.storageConfig) || has(self.storageConfig))`,message="storageConfig must be set for the cluster or for each datacenter"
// +kubebuilder:validation:XValidation:rule=`!has(self.datacenters) || self.datacenters.all(d, d.size >= (has(d.racks) ? size(d.racks) : (has(self.racks) ? size(self.racks) : 0)))`,message="size of a datacenter must be at least its number of racks",fieldPath=".datacenters"
// +kubebuilder:validation:XValidation:rule=`!has(self.datacenters) || !has(oldSelf.datacenters) || self.datacenters.all(d, oldSelf.datacenters.all(o, o.metadata.name != d.metadata.name || (has(o.datacenterName) ? o.datacenterName : "") == (has(d.datacenterName) ? d.datacenterName : "")))`,message="datacenterName is immutable: Cassandra stores it on disk and refuses another",fieldPath=".datacenters"
// +kubebuilder:validation:XValidation:rule=`!has(self.datacenters) || !has(oldSelf.datacenters) || self.datacenters.all(d, oldSelf.datacenters.exists(o, o.metadata.name == d.metadata.name)) || oldSelf.datacenters.all(o, self.datacenters.exists(d, o.metadata.name == d.metadata.name))`,message="datacenters cannot be added and removed in one change",fieldPath=".datacenters"
type CassandraClusterTemplate struct {
	DatacenterOptions `json:",inline"`

	// Metadata for the child objects of all datacenters.
	Metadata *CassandraClusterMeta `json:"metadata,omitempty"`

	// ClusterName is Cassandra's cluster_name when it differs from the object's name. Immutable.
	// +kubebuilder:validation:MaxLength=253
	ClusterName string `json:"clusterName,omitempty"`

	// SuperuserSecretRef names the Secret with username and password of the superuser; generated when empty.
	SuperuserSecretRef corev1.LocalObjectReference `json:"superuserSecretRef,omitempty"`

	// Datacenters of the ring; the first one founds it.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, b.metadata.name == a.metadata.name))`,message="datacenter names must differ"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, (has(b.datacenterName) && b.datacenterName != "" ? b.datacenterName : b.metadata.name) == (has(a.datacenterName) && a.datacenterName != "" ? a.datacenterName : a.metadata.name)))`,message="Cassandra's datacenter names (datacenterName, else metadata.name) must differ"
	Datacenters []CassandraDatacenterTemplate `json:"datacenters,omitempty"`

	// AdditionalSeeds are addresses of seeds outside of the ring's own datacenters.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule=`self.all(s, isIP(s))`,message="additionalSeeds must be IP addresses"
	// +kubebuilder:validation:items:MaxLength=64
	AdditionalSeeds []string `json:"additionalSeeds,omitempty"`

	// ServerType is the distribution.
	// +kubebuilder:validation:Enum=cassandra;dse;hcd
	// +kubebuilder:default=cassandra
	ServerType string `json:"serverType,omitempty"`

	// BaseConfiguration is the file of Cassandra's own defaults that cassandraYaml is merged over: cassandra_latest.yaml,
	// cassandra.yaml, or none for the defaults of Cassandra's code. Empty keeps what the ring was founded with. Ours.
	// +kubebuilder:validation:Enum=cassandra_latest.yaml;cassandra.yaml;none
	BaseConfiguration string `json:"baseConfiguration,omitempty"`

	// ServerEncryptionStores are the TLS stores between nodes.
	ServerEncryptionStores *EncryptionStores `json:"serverEncryptionStores,omitempty"`

	// ClientEncryptionStores are the TLS stores towards clients.
	ClientEncryptionStores *EncryptionStores `json:"clientEncryptionStores,omitempty"`
}

// CassandraDatacenterTemplate is one datacenter of the ring. What it sets wins over the ring's common options.
type CassandraDatacenterTemplate struct {
	// Metadata has the datacenter's object name and namespace.
	Metadata EmbeddedObjectMeta `json:"metadata,omitempty"`

	// K8sContext is the region; the region that the ring was applied to when empty.
	// +kubebuilder:validation:MaxLength=253
	K8sContext string `json:"k8sContext,omitempty"`

	// Size is the number of nodes; never less than the number of racks.
	// +kubebuilder:validation:Minimum=1
	Size int32 `json:"size"`

	// Stopped drains all nodes and scales them to zero; volumes stay.
	// +kubebuilder:default=false
	Stopped bool `json:"stopped,omitempty"`

	DatacenterOptions `json:",inline"`

	// Stargate gateways of this datacenter. Deprecated; accepted, not acted on.
	Stargate *StargateDatacenterTemplate `json:"stargate,omitempty"`

	// PerNodeConfigMapRef names a ConfigMap with configuration by pod: its keys are POD_cassandra.yaml. It lies in the datacenter's
	// namespace, in the datacenter's region.
	PerNodeConfigMapRef corev1.LocalObjectReference `json:"perNodeConfigMapRef,omitempty"`
}

// DatacenterOptions can be set for the ring and for each datacenter. The datacenter's values win; maps merge deeply.
type DatacenterOptions struct {
	// ServerVersion is the Cassandra version, for instance 5.0.9.
	// +kubebuilder:validation:Pattern=`(\d+\.\d+\.\d+)`
	ServerVersion string `json:"serverVersion,omitempty"`

	// ServerImage replaces the whole image reference of the cassandra container.
	ServerImage string `json:"serverImage,omitempty"`

	// DatacenterName is Cassandra's name of the datacenter when it differs from metadata.name. Immutable.
	// +kubebuilder:validation:MaxLength=253
	DatacenterName string `json:"datacenterName,omitempty"`

	// CassandraConfig is cassandra.yaml, dse.yaml and the JVM's options.
	CassandraConfig *CassandraConfig `json:"config,omitempty"`

	// StorageConfig describes the volumes of a node.
	StorageConfig *cassv1beta1.StorageConfig `json:"storageConfig,omitempty"`

	// Networking chooses host network or node ports.
	Networking *NetworkingConfig `json:"networking,omitempty"`

	// Resources of the cassandra container.
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// Racks; none means one rack called "default".
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, b.name == a.name))`,message="rack names must differ"
	Racks []cassv1beta1.Rack `json:"racks,omitempty"`

	// Tolerations of the pods.
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// MgmtAPIHeap is the heap of the stock management API server; the agent has none.
	MgmtAPIHeap *Quantity `json:"mgmtAPIHeap,omitempty"`

	// Telemetry of the nodes.
	Telemetry *TelemetrySpec `json:"telemetry,omitempty"`

	// CDC to Pulsar. Deprecated; accepted, not acted on.
	CDC *cassv1beta1.CDCConfiguration `json:"cdc,omitempty"`

	// Containers are merged with the generated ones by name; the list's order is the pod's.
	Containers []corev1.Container `json:"containers,omitempty"`

	// InitContainers are merged with the generated ones by name; the list's order is the order in which they run.
	InitContainers []corev1.Container `json:"initContainers,omitempty"`

	// ExtraVolumes are further volumes of the pods.
	ExtraVolumes *K8ssandraVolumes `json:"extraVolumes,omitempty"`

	// DseWorkloads are only for serverType dse.
	DseWorkloads *cassv1beta1.DseWorkloads `json:"dseWorkloads,omitempty"`

	// SoftPodAntiAffinity lets several Cassandra pods run on one Kubernetes node. It needs resources.
	SoftPodAntiAffinity *bool `json:"softPodAntiAffinity,omitempty"`

	// PodSecurityContext of the pods.
	PodSecurityContext *corev1.PodSecurityContext `json:"podSecurityContext,omitempty"`

	// ReadOnlyRootFilesystem of the containers.
	ReadOnlyRootFilesystem *bool `json:"readOnlyRootFilesystem,omitempty"`

	// ManagementApiAuth says how the operator talks to the management API of the nodes.
	ManagementApiAuth *cassv1beta1.ManagementApiAuthConfig `json:"managementApiAuth,omitempty"`

	// ServiceAccount of the pods.
	ServiceAccount string `json:"serviceAccount,omitempty"`

	// PodPriorityClassName of the pods.
	PodPriorityClassName string `json:"podPriorityClassName,omitempty"`

	// Rebuild says how a datacenter that joins a ring with data gets its share.
	Rebuild *RebuildSpec `json:"rebuild,omitempty"`

	// JmxInitContainerImage. Deprecated; accepted, without effect.
	JmxInitContainerImage *ContainerImage `json:"jmxInitContainerImage,omitempty"`

	// PerNodeConfigInitContainerImage. Deprecated; accepted, without effect.
	PerNodeConfigInitContainerImage string `json:"perNodeConfigInitContainerImage,omitempty"`
}

// RebuildSpec says how a datacenter that joins a ring with data gets its share.
type RebuildSpec struct {
	// SourceDc is where the data is streamed from; the first ready datacenter when empty.
	SourceDc string `json:"sourceDc,omitempty"`
	// MaxConcurrentRebuilds is how many nodes stream at once; 0 means all.
	// +kubebuilder:validation:Minimum=0
	MaxConcurrentRebuilds int `json:"maxConcurrentRebuilds,omitempty"`
}

// NetworkingConfig chooses host network or node ports.
type NetworkingConfig struct {
	NodePort *cassv1beta1.NodePortConfig `json:"nodePort,omitempty"`
	// HostNetwork lets the pods use their node's network.
	HostNetwork *bool `json:"hostNetwork,omitempty"`
}

// K8ssandraVolumes are further volumes of the pods.
type K8ssandraVolumes struct {
	// Volumes of the pod, mounted by containers that the user adds.
	Volumes []corev1.Volume `json:"volumes,omitempty"`
	// PVCs are claims per node, mounted in the cassandra container.
	PVCs cassv1beta1.AdditionalVolumesSlice `json:"pvcs,omitempty"`
}

// EncryptionStores are a key store and a trust store with their passwords.
type EncryptionStores struct {
	KeystoreSecretRef           *EncryptionSecret `json:"keystoreSecretRef"`
	TruststoreSecretRef         *EncryptionSecret `json:"truststoreSecretRef"`
	KeystorePasswordSecretRef   *EncryptionSecret `json:"keystorePasswordSecretRef,omitempty"`
	TruststorePasswordSecretRef *EncryptionSecret `json:"truststorePasswordSecretRef,omitempty"`
}

// EncryptionSecret is a key of a Secret.
type EncryptionSecret struct {
	corev1.LocalObjectReference `json:",inline"`
	// Key; keystore, truststore, keystore-password or truststore-password when empty.
	Key string `json:"key,omitempty"`
}

// ContainerImage is an image reference in parts.
type ContainerImage struct {
	Registry   string `json:"registry,omitempty"`
	Repository string `json:"repository,omitempty"`
	Name       string `json:"name,omitempty"`
	// +kubebuilder:default=latest
	Tag string `json:"tag,omitempty"`
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	PullPolicy    corev1.PullPolicy            `json:"pullPolicy,omitempty"`
	PullSecretRef *corev1.LocalObjectReference `json:"pullSecretRef,omitempty"`
}
