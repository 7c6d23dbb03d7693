package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// ReaperClusterTemplate describes the repair service. Accepted; not acted on yet.
//
// +kubebuilder:validation:XValidation:rule=`!has(oldSelf.keyspace) || self.keyspace == oldSelf.keyspace`,message="keyspace of reaper is immutable",fieldPath=".keyspace"
// +kubebuilder:validation:XValidation:rule=`self.storageType != 'local' || has(self.storageConfig)`,message="reaper's storageConfig must be set when storageType is local"
// +kubebuilder:validation:XValidation:rule=`!(self.storageType == 'local' && self.deploymentMode == 'PER_DC')`,message="reaper's deploymentMode PER_DC cannot be used with storageType local",fieldPath=".deploymentMode"
type ReaperClusterTemplate struct {
	ReaperTemplate `json:",inline"`

	// +kubebuilder:validation:Enum=PER_DC;SINGLE;CONTROL_PLANE
	// +kubebuilder:default=PER_DC
	DeploymentMode string `json:"deploymentMode,omitempty"`
	// ReaperRef names a Reaper that serves several rings.
	ReaperRef corev1.ObjectReference `json:"reaperRef,omitempty"`
}

// ReaperTemplate is what all Reaper deployments have in common.
type ReaperTemplate struct {
	// +kubebuilder:validation:Enum=cassandra;local
	// +kubebuilder:default=cassandra
	StorageType string `json:"storageType,omitempty"`
	// StorageConfig is the volume claim of storageType local.
	StorageConfig *corev1.PersistentVolumeClaimSpec `json:"storageConfig,omitempty"`
	// +kubebuilder:default=reaper_db
	// +kubebuilder:validation:MaxLength=48
	Keyspace               string                      `json:"keyspace,omitempty"`
	CassandraUserSecretRef corev1.LocalObjectReference `json:"cassandraUserSecretRef,omitempty"`
	// JmxUserSecretRef. Deprecated.
	JmxUserSecretRef corev1.LocalObjectReference  `json:"jmxUserSecretRef,omitempty"`
	UiUserSecretRef  *corev1.LocalObjectReference `json:"uiUserSecretRef,omitempty"`
	// +kubebuilder:validation:Enum=internal;external
	// +kubebuilder:default=internal
	SecretsProvider string          `json:"secretsProvider,omitempty"`
	ContainerImage  *ContainerImage `json:"containerImage,omitempty"`
	// InitContainerImage. Deprecated.
	InitContainerImage *ContainerImage `json:"initContainerImage,omitempty"`
	// +kubebuilder:default=default
	ServiceAccountName           string                     `json:"ServiceAccountName,omitempty"`
	AutoScheduling               *ReaperAutoScheduling      `json:"autoScheduling,omitempty"`
	LivenessProbe                *corev1.Probe              `json:"livenessProbe,omitempty"`
	ReadinessProbe               *corev1.Probe              `json:"readinessProbe,omitempty"`
	Affinity                     *corev1.Affinity           `json:"affinity,omitempty"`
	Tolerations                  []corev1.Toleration        `json:"tolerations,omitempty"`
	PodSecurityContext           *corev1.PodSecurityContext `json:"podSecurityContext,omitempty"`
	SecurityContext              *corev1.SecurityContext    `json:"securityContext,omitempty"`
	InitContainerSecurityContext *corev1.SecurityContext    `json:"initContainerSecurityContext,omitempty"`
	// +kubebuilder:default="2Gi"
	HeapSize               *Quantity                    `json:"heapSize,omitempty"`
	Resources              *corev1.ResourceRequirements `json:"resources,omitempty"`
	InitContainerResources *corev1.ResourceRequirements `json:"initContainerResources,omitempty"`
	Telemetry              *TelemetrySpec               `json:"telemetry,omitempty"`
	ResourceMeta           *ResourceMeta                `json:"metadata,omitempty"`
	// +kubebuilder:default={enabled:true}
	HttpManagement *ReaperHttpManagement `json:"httpManagement,omitempty"`
	// +kubebuilder:default=false
	SkipSchemaMigration bool              `json:"skipSchemaMigration,omitempty"`
	AdditionalEnvVars   []corev1.EnvVar   `json:"additionalEnvVars,omitempty"`
	Encryption          *ReaperEncryption `json:"encryption,omitempty"`
}

// ReaperAutoScheduling plans repairs of all keyspaces.
type ReaperAutoScheduling struct {
	// +kubebuilder:default=false
	Enabled bool `json:"enabled,omitempty"`
	// +kubebuilder:validation:Enum=REGULAR;ADAPTIVE;INCREMENTAL;AUTO
	// +kubebuilder:default=AUTO
	RepairType string `json:"repairType,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +kubebuilder:default=10
	PercentUnrepairedThreshold *int `json:"percentUnrepairedThreshold,omitempty"`
	// +kubebuilder:default=PT15S
	InitialDelay ISO8601Duration `json:"initialDelayPeriod,omitempty"`
	// +kubebuilder:default=PT10M
	PeriodBetweenPolls ISO8601Duration `json:"periodBetweenPolls,omitempty"`
	// +kubebuilder:default=PT5M
	TimeBeforeFirstSchedule ISO8601Duration `json:"timeBeforeFirstSchedule,omitempty"`
	// +kubebuilder:default=PT6H
	ScheduleSpreadPeriod ISO8601Duration `json:"scheduleSpreadPeriod,omitempty"`
	ExcludedClusters     []string        `json:"excludedClusters,omitempty"`
	ExcludedKeyspaces    []string        `json:"excludedKeyspaces,omitempty"`
}

// ISO8601Duration is a duration such as PT15S.
//
// +kubebuilder:validation:Pattern=`([-+]?)P(?:([-+]?[0-9]+)D)?(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?`
type ISO8601Duration string

// ReaperHttpManagement uses the management API instead of JMX.
type ReaperHttpManagement struct {
	// +kubebuilder:default=true
	Enabled   bool                         `json:"enabled"`
	Keystores *corev1.LocalObjectReference `json:"keystores,omitempty"`
}

// ReaperEncryption names the certificates of Reaper's own server and client.
type ReaperEncryption struct {
	ServerCertName string `json:"serverCertName,omitempty"`
	ClientCertName string `json:"clientCertName,omitempty"`
}
