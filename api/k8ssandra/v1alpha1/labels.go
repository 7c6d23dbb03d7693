package v1alpha1

// Labels of objects that belong to a ring.
const (
	// ClusterNameLabel has the K8ssandraCluster's name.
	ClusterNameLabel = "k8ssandra.io/cluster-name"
	// ClusterNamespaceLabel has the K8ssandraCluster's namespace.
	ClusterNamespaceLabel = "k8ssandra.io/cluster-namespace"
	// DatacenterLabel has the datacenter's name.
	DatacenterLabel = "k8ssandra.io/datacenter"
	// CleanedUpByLabel marks objects that go with the ring.
	CleanedUpByLabel = "k8ssandra.io/cleaned-up-by"
	// CleanedUpByLabelValue is the value of CleanedUpByLabel.
	CleanedUpByLabelValue = "k8ssandracluster-controller"
	// ReplicatedByLabel marks Secrets that other regions receive a copy of.
	ReplicatedByLabel = "k8ssandra.io/replicated-by"
	// ReplicatedByLabelValue is the value of ReplicatedByLabel.
	ReplicatedByLabelValue = "k8ssandracluster-controller"
	// ReplicatedSecretNameLabel on a copy has namespace.name of its ReplicatedSecret.
	ReplicatedSecretNameLabel = "k8ssandra.io/replicated-secret-name"
	// TaskNameLabel and TaskNamespaceLabel on a CassandraTask name its K8ssandraTask.
	TaskNameLabel      = "k8ssandra.io/task-name"
	TaskNamespaceLabel = "k8ssandra.io/task-namespace"
	// RebuildNodesLabel marks nodes being rebuilt.
	RebuildNodesLabel = "k8ssandra.io/rebuild-nodes"

	NameLabel               = "app.kubernetes.io/name"
	NameLabelValue          = "k8ssandra-operator"
	PartOfLabel             = "app.kubernetes.io/part-of"
	PartOfLabelValue        = "k8ssandra"
	ComponentLabel          = "app.kubernetes.io/component"
	ComponentLabelCassandra = "cassandra"
	ComponentLabelTelemetry = "telemetry"
)

// Annotations of a K8ssandraCluster and its objects.
const (
	// InitialSystemReplicationAnnotation is JSON, datacenter to replicas: the replication of the system keyspaces at first boot.
	InitialSystemReplicationAnnotation = "k8ssandra.io/initial-system-replication"
	// DcReplicationAnnotation is JSON, datacenter to keyspace to replicas: what a datacenter that joins gets.
	DcReplicationAnnotation = "k8ssandra.io/dc-replication"
	// RebuildSourceDcAnnotation names the datacenter to rebuild from. Deprecated: spec.cassandra.rebuild.sourceDc.
	RebuildSourceDcAnnotation = "k8ssandra.io/rebuild-src-dc"
	// RebuildDcAnnotation names the datacenter to rebuild.
	RebuildDcAnnotation = "k8ssandra.io/rebuild-dc"
	// AutomatedUpdateAnnotation lets changes that come from a new operator version through: "once" or "always".
	AutomatedUpdateAnnotation = "k8ssandra.io/autoupdate-spec"
	// ResourceHashAnnotation is the hash of a child object as it was written.
	ResourceHashAnnotation = "k8ssandra.io/resource-hash"
	// PerNodeConfigHashAnnotation is the hash of the per-node configuration.
	PerNodeConfigHashAnnotation = "k8ssandra.io/per-node-config-hash"
	// RefreshAnnotation asks for another look.
	RefreshAnnotation = "k8ssandra.io/refresh"
	// PurposeAnnotation says what a Secret is for.
	PurposeAnnotation = "k8ssandra.io/purpose"
	// SecretInjectionAnnotation lists Secrets to inject into pods.
	SecretInjectionAnnotation = "k8ssandra.io/inject-secret"

	// RevisionAnnotation is "<counter>/<region>/<hash>" of the spec: how regions agree without a leader. Ours.
	RevisionAnnotation = "ringspan.io/revision"
	// RingIDAnnotation is the ring's id, the same in every region: given once, when the ring is first published, and passed on
	// to its CassandraDatacenters. A name can be given twice; two copies of different ids are two rings. Ours.
	RingIDAnnotation = "ringspan.io/ring-id"
	// BaseConfigurationAnnotation is on record since the ring was founded: the file of Cassandra's own defaults that its nodes'
	// cassandra.yaml is merged over. A ring without it is older than the record, and has none. spec.cassandra.baseConfiguration
	// asks for another one. Ours.
	BaseConfigurationAnnotation = "ringspan.io/base-configuration"
	// FoundedReplicationAnnotation is on record since the ring was founded: what InitialSystemReplicationAnnotation said then. Ours.
	FoundedReplicationAnnotation = "ringspan.io/initial-system-replication"
	// ListsAnnotation "merged" has lists of a ring and of its datacenters merged by name also where a datacenter was made when its
	// own replaced the ring's. Ours.
	ListsAnnotation = "ringspan.io/lists"
	// ListsMerged is the annotation's value, also on CassandraDatacenters.
	ListsMerged = "merged"
	// ChooseAnnotation on a copy that has diverged names the region whose spec is to hold, in all regions. It is taken away
	// when that is done. Ours.
	ChooseAnnotation = "ringspan.io/choose"
)

// Finalizer keeps a K8ssandraCluster until its datacenters are gone; also set on its CassandraDatacenters.
const Finalizer = "k8ssandracluster.k8ssandra.io/finalizer"

// Marks of the ControllerRevisions in which a region keeps the specs of a ring that were carried out. Ours.
const (
	// RevisionOfLabel has the name of the K8ssandraCluster.
	RevisionOfLabel = "ringspan.io/revision-of"
	// GoodSinceAnnotation is when the region last began to see the whole ring ready with all of the spec.
	GoodSinceAnnotation = "ringspan.io/good-since"
	// ChangeCauseAnnotation is that of kubectl: why the object was changed, in its user's words.
	ChangeCauseAnnotation = "kubernetes.io/change-cause"
)
