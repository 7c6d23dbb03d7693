package v1beta1

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CassandraDatacenter is one Cassandra datacenter in one namespace.
//
// +kubebuilder:validation:XValidation:rule=`size(self.spec.clusterName.findAll('[a-zA-Z0-9_-]')) + size((has(self.spec.datacenterName) && self.spec.datacenterName != "" ? self.spec.datacenterName : self.metadata.name).findAll('[a-zA-Z0-9_-]')) + 6 + (has(self.spec.racks) && size(self.spec.racks) > 0 ? self.spec.racks.map(r, size(r.name)).max() : 7) <= 60`,message="the StatefulSet name <clusterName>-<datacenterName>-<rack>-sts must have at most 60 characters: shorten clusterName, datacenterName or the rack's name"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=cassandradatacenters,scope=Namespaced,shortName=cassdc;cassdcs
// +kubebuilder:printcolumn:name="Cluster",type=string,JSONPath=`.spec.clusterName`
// +kubebuilder:printcolumn:name="Size",type=integer,JSONPath=`.spec.size`
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.cassandraOperatorProgress`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type CassandraDatacenter struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:Required
	Spec   CassandraDatacenterSpec   `json:"spec"`
	Status CassandraDatacenterStatus `json:"status,omitempty"`
}

// CassandraDatacenterList is a list of CassandraDatacenter.
//
// +kubebuilder:object:root=true
type CassandraDatacenterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CassandraDatacenter `json:"items"`
}

// CassandraDatacenterSpec is what the user asks for.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.racks) || size(self.racks) == 0 || self.size >= size(self.racks)`,message="size must be at least the number of racks",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule=`self.clusterName == oldSelf.clusterName`,message="clusterName is immutable: Cassandra stores it on disk and refuses another",fieldPath=".clusterName"
// +kubebuilder:validation:XValidation:rule=`(has(self.datacenterName) ? self.datacenterName : "") == (has(oldSelf.datacenterName) ? oldSelf.datacenterName : "")`,message="datacenterName is immutable: Cassandra stores it on disk and refuses another"
// +kubebuilder:validation:XValidation:rule=`self.serverType != 'cassandra' || !(self.?dseWorkloads.?analyticsEnabled.orValue(false) || self.?dseWorkloads.?graphEnabled.orValue(false) || self.?dseWorkloads.?searchEnabled.orValue(false))`,message="dseWorkloads cannot be used with serverType cassandra",fieldPath=".dseWorkloads"
// +kubebuilder:validation:XValidation:rule=`!has(self.allowMultipleNodesPerWorker) || !self.allowMultipleNodesPerWorker || (has(self.resources) && has(self.resources.requests) && has(self.resources.limits) && ['cpu', 'memory'].all(r, r in self.resources.requests && r in self.resources.limits))`,message="resources must have requests and limits for cpu and memory when allowMultipleNodesPerWorker is set",fieldPath=".resources"
// +kubebuilder:validation:XValidation:rule=`[has(self.racks) && size(self.racks) > 0 ? self.racks.map(r, r.name) : ['default']].all(now, [has(oldSelf.racks) && size(oldSelf.racks) > 0 ? oldSelf.racks.map(r, r.name) : ['default']].all(was, was.all(n, n in now) || now.all(n, n in was)))`,message="racks cannot be renamed or exchanged: add some in one edit, and take others out in a later one; without a list there is one, called default",fieldPath=".racks"
type CassandraDatacenterSpec struct {
	// Size is the number of Cassandra nodes; never less than the number of racks.
	// +kubebuilder:validation:Minimum=1
	Size int32 `json:"size"`

	// ServerVersion is the Cassandra version, for instance 5.0.9. It chooses image and configuration layout.
	// +kubebuilder:validation:Pattern=`(\d+\.\d+\.\d+)`
	ServerVersion string `json:"serverVersion"`

	// ServerImage replaces the whole image reference of the cassandra container.
	ServerImage string `json:"serverImage,omitempty"`

	// ServerType is the distribution.
	// +kubebuilder:validation:Enum=cassandra;dse;hcd
	ServerType string `json:"serverType"`

	// DockerImageRunsAsCassandra is accepted and has no effect.
	DockerImageRunsAsCassandra *bool `json:"dockerImageRunsAsCassandra,omitempty"`

	// Config is the server's configuration by file: cassandra-yaml, jvm-server-options, jvm17-server-options and so on.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Config json.RawMessage `json:"config,omitempty"`

	// ConfigSecret names a Secret of the datacenter's namespace whose key "config" has the configuration, as JSON like that of the
	// field config, which has no effect then.
	ConfigSecret string `json:"configSecret,omitempty"`

	// ManagementApiAuth says how the operator talks to the management API of the nodes.
	ManagementApiAuth ManagementApiAuthConfig `json:"managementApiAuth,omitempty"`

	// NodeAffinityLabels are Kubernetes node labels that all pods require.
	NodeAffinityLabels map[string]string `json:"nodeAffinityLabels,omitempty"`

	// Resources of the cassandra container.
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`

	// SystemLoggerResources are the resources of the logger container.
	SystemLoggerResources corev1.ResourceRequirements `json:"systemLoggerResources,omitempty"`

	// ConfigBuilderResources are the resources of the init container server-config-init.
	ConfigBuilderResources corev1.ResourceRequirements `json:"configBuilderResources,omitempty"`

	// Racks; none means one rack called "default". Racks can be added at the end; nodes of one that is taken out, and named in the annotation ringspan.io/remove-racks, leave the ring first. They are never renamed or reordered.
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, b.name == a.name))`,message="rack names must differ"
	Racks []Rack `json:"racks,omitempty"`

	// StorageConfig describes the volumes of a node.
	// +kubebuilder:validation:XValidation:rule=`!has(oldSelf.cassandraDataVolumeClaimSpec) || has(self.cassandraDataVolumeClaimSpec)`,message="cassandraDataVolumeClaimSpec cannot be removed"
	StorageConfig StorageConfig `json:"storageConfig"`

	// ReplaceNodes are pods, or host ids of members, whose nodes are replaced by ones with empty volumes, one after another; each is
	// removed from the list when that is done. Deprecated by cass-operator: a CassandraTask with command replacenode is the current way.
	ReplaceNodes []string `json:"replaceNodes,omitempty"`

	// ClusterName is Cassandra's cluster_name, the same in every datacenter of a ring. Immutable.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=253
	ClusterName string `json:"clusterName"`

	// Stopped drains all nodes and scales them to zero; volumes stay.
	Stopped bool `json:"stopped,omitempty"`

	// ConfigBuilderImage is cass-operator's image for older versions of Cassandra; accepted and not acted on.
	ConfigBuilderImage string `json:"configBuilderImage,omitempty"`

	// CanaryUpgrade limits changes of the pod template to the first rack until it is false again.
	CanaryUpgrade bool `json:"canaryUpgrade,omitempty"`

	// CanaryUpgradeCount limits a canary upgrade to that many pods of the first rack, the last ones; 0, or more than there are, means
	// the whole rack.
	CanaryUpgradeCount int32 `json:"canaryUpgradeCount,omitempty"`

	// AllowMultipleNodesPerWorker lets several Cassandra pods run on one Kubernetes node. Immutable.
	AllowMultipleNodesPerWorker bool `json:"allowMultipleNodesPerWorker,omitempty"`

	// SuperuserSecretName names a Secret with username and password of the superuser; generated when empty. Immutable.
	// +kubebuilder:validation:MaxLength=253
	SuperuserSecretName string `json:"superuserSecretName,omitempty"`

	// DeprecatedServiceAccount is the old spelling of serviceAccountName. Immutable.
	// +kubebuilder:validation:MaxLength=253
	DeprecatedServiceAccount string `json:"serviceAccount,omitempty"`

	// ServiceAccountName is the pods' ServiceAccount. It wins over serviceAccount, and a change restarts the nodes one after another.
	// +kubebuilder:validation:MaxLength=253
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// RollingRestartRequested asks for one rolling restart. Deprecated: a CassandraTask with command restart is the current way.
	RollingRestartRequested bool `json:"rollingRestartRequested,omitempty"`

	// NodeSelector of the pods.
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// ForceUpgradeRacks names racks whose pod template is rolled out although nodes are down. The operator empties it.
	ForceUpgradeRacks []string `json:"forceUpgradeRacks,omitempty"`

	// DseWorkloads are only for serverType dse.
	DseWorkloads *DseWorkloads `json:"dseWorkloads,omitempty"`

	// PodTemplateSpec is merged over the generated pod template; its values win, containers merge by name.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	PodTemplateSpec *corev1.PodTemplateSpec `json:"podTemplateSpec,omitempty"`

	// Users are Cassandra roles made from Secrets besides the superuser.
	Users []CassandraUser `json:"users,omitempty"`

	// Networking chooses host network or node ports.
	Networking *NetworkingConfig `json:"networking,omitempty"`

	// AdditionalSeeds are addresses or DNS names of seeds outside of this datacenter.
	AdditionalSeeds []string `json:"additionalSeeds,omitempty"`

	// DisableSystemLoggerSidecar drops the logger container.
	DisableSystemLoggerSidecar bool `json:"disableSystemLoggerSidecar,omitempty"`

	// SystemLoggerImage replaces the image of the logger container.
	SystemLoggerImage string `json:"systemLoggerImage,omitempty"`

	// AdditionalServiceConfig adds labels and annotations to the Services.
	AdditionalServiceConfig ServiceConfig `json:"additionalServiceConfig,omitempty"`

	// Tolerations of the pods.
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// AdditionalLabels are set on every child object.
	AdditionalLabels map[string]string `json:"additionalLabels,omitempty"`

	// AdditionalAnnotations are set on every child object.
	AdditionalAnnotations map[string]string `json:"additionalAnnotations,omitempty"`

	// CDC configures change data capture to Pulsar. Deprecated.
	CDC *CDCConfiguration `json:"cdc,omitempty"`

	// DatacenterName is Cassandra's name of the datacenter when it differs from the object's name. Immutable.
	// +kubebuilder:validation:MaxLength=253
	DatacenterName string `json:"datacenterName,omitempty"`

	// MinReadySeconds is for how many seconds a node that was away is ready before another one is restarted. When unset none waits
	// for that, and the StatefulSets say 5, as cass-operator's do.
	// +kubebuilder:validation:Minimum=0
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`

	// MaxUnavailable is how many pods of a rack, a number or a percentage of them, may be made anew together; one when unset. Those
	// whose nodes hold replicas of one range are not.
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// ReadOnlyRootFilesystem of the containers; true when unset for Cassandra 4.1 and later unless serverImage is set.
	ReadOnlyRootFilesystem *bool `json:"readOnlyRootFilesystem,omitempty"`
}
