package v1beta1

// Labels on every object of a datacenter; values are the cleaned names.
const (
	// ClusterLabel has the ring's name.
	ClusterLabel = "cassandra.datastax.com/cluster"
	// DatacenterLabel has the datacenter's name.
	DatacenterLabel = "cassandra.datastax.com/datacenter"
	// RackLabel has the rack's name.
	RackLabel = "cassandra.datastax.com/rack"
	// SeedNodeLabel is "true" on pods that are seeds; the seed Service selects it.
	SeedNodeLabel = "cassandra.datastax.com/seed-node"
	// NodeStateLabel has one of the NodeState values, on pods.
	NodeStateLabel = "cassandra.datastax.com/node-state"
	// WatchedLabel is "true" on Secrets whose change triggers a pass.
	WatchedLabel = "cassandra.datastax.com/watched"
	// PromMetricsLabel is "true" on the all-pods Service.
	PromMetricsLabel = "cassandra.datastax.com/prom-metrics"
)

// Recommended Kubernetes labels and the values that clients of cass-operator rely on.
const (
	ManagedByLabel      = "app.kubernetes.io/managed-by"
	ManagedByLabelValue = "cass-operator"
	NameLabel           = "app.kubernetes.io/name"
	NameLabelValue      = "cassandra"
	InstanceLabel       = "app.kubernetes.io/instance"
	VersionLabel        = "app.kubernetes.io/version"
	CreatedByLabel      = "app.kubernetes.io/created-by"
	CreatedByLabelValue = "cass-operator"
)

// Values of NodeStateLabel.
const (
	// NodeStateReadyToStart: the agent is up, Cassandra was not asked to start.
	NodeStateReadyToStart = "Ready-to-Start"
	// NodeStateStarting: Cassandra was asked to start and isn't ready yet.
	NodeStateStarting = "Starting"
	// NodeStateStarted: Cassandra serves.
	NodeStateStarted = "Started"
	// NodeStateStartedNotReady: Cassandra served once and doesn't now.
	NodeStateStartedNotReady = "Started-not-Ready"
	// NodeStateDecommissioning: the node is leaving.
	NodeStateDecommissioning = "Decommissioning"
)

// Finalizer keeps a CassandraDatacenter until its volumes are dealt with.
const Finalizer = "finalizer.cassandra.datastax.com"

// Annotations of a CassandraDatacenter.
const (
	// UpdateAllowedAnnotation lets changes that come from a new operator version through: "once" or "always".
	UpdateAllowedAnnotation = "cassandra.datastax.com/autoupdate-spec"
	// AllowParallelStartsAnnotation is on unless "false".
	AllowParallelStartsAnnotation = "cassandra.datastax.com/allow-parallel-starts"
	// AllowStorageChangesAnnotation "true" lets the requests of the data claim grow, and nothing else of it change.
	AllowStorageChangesAnnotation = "cassandra.datastax.com/allow-storage-changes"
	// SkipUserCreationAnnotation "true" leaves all roles to somebody else.
	SkipUserCreationAnnotation = "cassandra.datastax.com/skip-user-creation"
	// DeletePVCAnnotation "false" keeps the volumes when the datacenter is deleted.
	DeletePVCAnnotation = "cassandra.datastax.com/delete-pvc"
	// UseNewConfigBuilderAnnotation "true"; accepted, without effect.
	UseNewConfigBuilderAnnotation = "cassandra.datastax.com/use-new-config-builder"
	// BypassValidationAnnotation "true" lets updates through that cass-operator's webhook refuses, but for those that would
	// make a datacenter lose its nodes, its volumes or its name.
	BypassValidationAnnotation = "cassandra.datastax.com/bypass-webhook-validations"
	// ConfigHashAnnotation is the hash of the configuration, on pods.
	ConfigHashAnnotation = "cassandra.datastax.com/config-hash"
	// ResourceHashAnnotation is the hash of a child object as it was written.
	ResourceHashAnnotation = "cassandra.datastax.com/resource-hash"
	// WatchedByAnnotation names the datacenters that watch a Secret.
	WatchedByAnnotation = "cassandra.datastax.com/watched-by"
)

// Annotations that act by their presence, whatever the value.
const (
	DecommissionOnDeleteAnnotation      = "cassandra.datastax.com/decommission-on-delete"
	NoFinalizerAnnotation               = "cassandra.datastax.com/no-finalizer"
	NoAutomatedCleanupAnnotation        = "cassandra.datastax.com/no-cleanup"
	TrackCleanupTasksAnnotation         = "cassandra.datastax.com/track-cleanup-tasks"
	EnableParallelCleanupRackAnnotation = "cassandra.datastax.com/enable-parallel-cleanup-within-rack"
	DisablePDBCreationAnnotation        = "cassandra.datastax.com/disable-pdb-creation"
)

// RingAnnotation says which ring a datacenter belongs to, as the JSON of topology.Ring. Written by the ring controller;
// a datacenter without it stands alone.
const RingAnnotation = "ringspan.io/ring"

// PerNodeConfigAnnotation names the ConfigMap, in the datacenter's namespace, with keys of cassandra.yaml for single nodes. The ring
// controller writes it from perNodeConfigMapRef.
const PerNodeConfigAnnotation = "ringspan.io/per-node-config"

// ReplaceAnnotation names the node of a datacenter that is replaced because somebody asked for it: POD HOST-ID CLAIM-UIDS, with commas. Written by the
// operator before the node is stopped, and removed when another one has its place.
const ReplaceAnnotation = "ringspan.io/replace-node"

// ReplacedNamesAnnotation has the pods, each with its node's host id (POD HOST-ID, with commas), whose nodes came in place of ones that spec.replaceNodes
// had by the pod's name. Written by the operator: who applies the same list again and again doesn't have them replaced again and again.
const ReplacedNamesAnnotation = "ringspan.io/replaced-names"

// DecommissionAnnotation names the node of a datacenter that leaves its ring: POD HOST-ID, and "left" behind them once it has.
// Written by the operator before the node is asked to, and removed when nothing of it is there any more.
const DecommissionAnnotation = "ringspan.io/decommission"

// RemoveRacksAnnotation names the racks whose nodes may leave the ring when the spec lacks them, with commas between. A shorter list
// alone doesn't let them: it may be an earlier one, of another version, or one that was refused when it was written.
const RemoveRacksAnnotation = "ringspan.io/remove-racks"

// Annotations about a person's consent to changes that restart or remove nodes. The first two are also a K8ssandraCluster's.
const (
	// ConsentAnnotation "required" lets such a change wait for consent.
	ConsentAnnotation = "ringspan.io/consent"
	// ConsentToAnnotation lists the hashes of what is allowed, with commas between.
	ConsentToAnnotation = "ringspan.io/consent-to"
	// RingConsentToAnnotation is what the ring's ConsentToAnnotation says. Written by the ring controller.
	RingConsentToAnnotation = "ringspan.io/ring-consent-to"
)

// ConsentRequired is the value of ConsentAnnotation that acts.
const ConsentRequired = "required"

// Annotations about how far nodes wait for each other before one is taken down. The first is also a K8ssandraCluster's.
const (
	// DisruptionScopeAnnotation "ring" lets a node wait for those of all datacenters of the ring, and not only for its own's.
	DisruptionScopeAnnotation = "ringspan.io/disruption-scope"
	// DisruptionAnnotation is what a datacenter then says of its nodes to the others, as JSON. Written by its operator.
	DisruptionAnnotation = "ringspan.io/disruption"
)

// DisruptionScopeRing is the value of DisruptionScopeAnnotation that acts.
const DisruptionScopeRing = "ring"

// Values of UpdateAllowedAnnotation.
const (
	UpdateAllowedOnce   = "once"
	UpdateAllowedAlways = "always"
)

// RingIDAnnotation is the id of the ring that a datacenter belongs to, the same in all regions and for as long as the ring
// lives. Written by the ring controller; a datacenter that stands alone has none.
const RingIDAnnotation = "ringspan.io/ring-id"

// ListsAnnotation "merged" says of a datacenter of a ring that its racks, containers and volumes are those of the ring and its own,
// merged by name. Written by the ring controller; without it its own lists have replaced the ring's since it was made.
const ListsAnnotation = "ringspan.io/lists"

// NamesAnnotation says how the names of a datacenter's objects are formed where the two ways differ. Written by the operator before
// it makes anything; without it they are formed as by the first version.
const NamesAnnotation = "ringspan.io/names"

// Values of NamesAnnotation.
const (
	NamesOfCassOperator = "cass-operator"
	NamesFormer         = "former"
)
