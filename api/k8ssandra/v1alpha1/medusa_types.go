package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// MedusaClusterTemplate describes backups. Accepted; not acted on yet.
type MedusaClusterTemplate struct {
	// MedusaConfigurationRef names storage settings that several rings share.
	MedusaConfigurationRef corev1.ObjectReference       `json:"medusaConfigurationRef,omitempty"`
	ContainerImage         *ContainerImage              `json:"containerImage,omitempty"`
	SecurityContext        *corev1.SecurityContext      `json:"securityContext,omitempty"`
	CassandraUserSecretRef corev1.LocalObjectReference  `json:"cassandraUserSecretRef,omitempty"`
	StorageProperties      MedusaStorage                `json:"storageProperties,omitempty"`
	ServiceProperties      *MedusaService               `json:"serviceProperties,omitempty"`
	CertificatesSecretRef  corev1.LocalObjectReference  `json:"certificatesSecretRef,omitempty"`
	ClientEncryptionStores *EncryptionStores            `json:"clientEncryptionStores,omitempty"`
	InitContainerResources *corev1.ResourceRequirements `json:"initContainerResources,omitempty"`
	ContainerResources     *corev1.ResourceRequirements `json:"containerResources,omitempty"`
	ReadinessProbe         *corev1.Probe                `json:"readinessProbe,omitempty"`
	LivenessProbe          *corev1.Probe                `json:"livenessProbe,omitempty"`
	// +kubebuilder:default=true
	PurgeBackups *bool `json:"purgeBackups,omitempty"`
}

// MedusaService is Medusa's own service.
type MedusaService struct {
	GrpcPort   int               `json:"grpcPort,omitempty"`
	Encryption *MedusaEncryption `json:"encryption,omitempty"`
}

// MedusaEncryption names the Secrets of mutual TLS with Medusa.
type MedusaEncryption struct {
	ClientSecretName string `json:"clientSecretName"`
	ServerSecretName string `json:"serverSecretName"`
}

// MedusaStorage is where backups are kept.
type MedusaStorage struct {
	// +kubebuilder:validation:Enum=google_storage;azure_blobs;s3;s3_compatible;s3_rgw;ibm_storage
	StorageProvider string `json:"storageProvider,omitempty"`
	// +kubebuilder:validation:Enum=role-based;credential-based
	CredentialsType  string                      `json:"credentialsType,omitempty"`
	StorageSecretRef corev1.LocalObjectReference `json:"storageSecretRef,omitempty"`
	BucketName       string                      `json:"bucketName,omitempty"`
	Prefix           string                      `json:"prefix,omitempty"`
	// MaxBackupAge in days; 0 means no limit.
	// +kubebuilder:default=0
	MaxBackupAge int `json:"maxBackupAge,omitempty"`
	// MaxBackupCount; 0 means no limit.
	// +kubebuilder:default=0
	MaxBackupCount int    `json:"maxBackupCount,omitempty"`
	ApiProfile     string `json:"apiProfile,omitempty"`
	// +kubebuilder:default="50MB/s"
	TransferMaxBandwidth string `json:"transferMaxBandwidth,omitempty"`
	// +kubebuilder:default=0
	ConcurrentTransfers int `json:"concurrentTransfers,omitempty"`
	// MultiPartUploadThreshold in bytes.
	// +kubebuilder:default=104857600
	MultiPartUploadThreshold int               `json:"multiPartUploadThreshold,omitempty"`
	Host                     string            `json:"host,omitempty"`
	Region                   string            `json:"region,omitempty"`
	Port                     int               `json:"port,omitempty"`
	Secure                   *bool             `json:"secure,omitempty"`
	SslVerify                bool              `json:"sslVerify,omitempty"`
	BackupGracePeriodInDays  int               `json:"backupGracePeriodInDays,omitempty"`
	PodStorage               *MedusaPodStorage `json:"podStorage,omitempty"`
}

// MedusaPodStorage is a volume for backups.
type MedusaPodStorage struct {
	StorageClassName string `json:"storageClassName,omitempty"`
	// +kubebuilder:default="10Gi"
	Size        *Quantity                           `json:"size,omitempty"`
	AccessModes []corev1.PersistentVolumeAccessMode `json:"accessModes,omitempty"`
}
