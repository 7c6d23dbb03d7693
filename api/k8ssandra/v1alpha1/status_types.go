package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassv1beta1 "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// K8ssandraClusterConditionType is the type of a condition of a K8ssandraCluster.
type K8ssandraClusterConditionType string

// Condition types. The first two are k8ssandra-operator's, the others ours.
const (
	// CassandraInitialized: every datacenter completed its first boot once.
	CassandraInitialized K8ssandraClusterConditionType = "CassandraInitialized"
	// ClusterRequiresUpdate: this version of the operator would make other objects; nothing changes until asked.
	ClusterRequiresUpdate K8ssandraClusterConditionType = "RequiresUpdate"
	// ClusterReady: every datacenter is ready and replicated as asked.
	ClusterReady K8ssandraClusterConditionType = "Ready"
	// ClusterDiverged: two regions hold specs of which neither supersedes the other; a person must choose.
	ClusterDiverged K8ssandraClusterConditionType = "Diverged"
	// ClusterPeersReachable: every other region answers; the message names those that don't, and since when.
	ClusterPeersReachable K8ssandraClusterConditionType = "PeersReachable"
	// ClusterDeleting: the ring is being deleted (True), or was to be and is not, because of an edit (False).
	ClusterDeleting K8ssandraClusterConditionType = "Deleting"
	// ClusterRegionLost: a region has lost its copy of the ring, which nobody asked for; the message says how to bring it back.
	ClusterRegionLost K8ssandraClusterConditionType = "RegionLost"
	// ClusterGrantMissing: the ring is, or is to be, in a namespace that doesn't accept it; the message has the command.
	ClusterGrantMissing K8ssandraClusterConditionType = "GrantMissing"
	// ClusterFieldsNotActedOn: the spec has fields that this version does not act on; the message names them.
	ClusterFieldsNotActedOn K8ssandraClusterConditionType = "FieldsNotActedOn"
)

// NoError is status.error when there is none.
const NoError = "None"

// K8ssandraClusterStatus is what was last seen from the region that holds this copy.
type K8ssandraClusterStatus struct {
	// Conditions say for people how the ring does.
	// +listType=map
	// +listMapKey=type
	Conditions []K8ssandraClusterCondition `json:"conditions,omitempty"`

	// Datacenters by object name, those of other regions included.
	Datacenters map[string]K8ssandraStatus `json:"datacenters,omitempty"`

	// Error is the last error, or "None".
	// +kubebuilder:default=None
	Error string `json:"error,omitempty"`

	// ObservedGeneration is the last generation of the spec that everything was done for, in all regions.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// SeenGeneration is the generation of the spec that the status speaks of, whether or not everything is done. Ours.
	SeenGeneration int64 `json:"seenGeneration,omitempty"`

	// Peers are the other regions of the ring. Ours.
	// +listType=map
	// +listMapKey=region
	Peers []PeerStatus `json:"peers,omitempty"`
}

// K8ssandraClusterCondition is one statement about a ring.
type K8ssandraClusterCondition struct {
	Type               K8ssandraClusterConditionType `json:"type"`
	Status             corev1.ConditionStatus        `json:"status"`
	LastTransitionTime *metav1.Time                  `json:"lastTransitionTime,omitempty"`
	// Reason is one word for programs. Ours.
	Reason string `json:"reason,omitempty"`
	// Message is one sentence for people. Ours.
	Message string `json:"message,omitempty"`
}

// PeerStatus is what is known of another region.
type PeerStatus struct {
	// Region is the peer's name.
	Region string `json:"region"`
	// Reachable says whether the peer's API server answered last time.
	Reachable bool `json:"reachable"`
	// Since is when Reachable last changed.
	Since metav1.Time `json:"since,omitempty,omitzero"`
	// Revision of the ring that the peer holds.
	Revision string `json:"revision,omitempty"`
	// Lost says that the region has lost its copy of the ring, which nobody asked for.
	Lost bool `json:"lost,omitempty"`
	// Message says why it isn't reachable.
	Message string `json:"message,omitempty"`
}

// DecommissionProgress is how far a datacenter that leaves the ring is.
type DecommissionProgress string

// Values of DecommissionProgress.
const (
	DecommNone                DecommissionProgress = ""
	DecommUpdatingReplication DecommissionProgress = "UpdatingReplication"
	DecommDecommissioning     DecommissionProgress = "Decommissioning"
)

// K8ssandraStatus is the state of one datacenter.
type K8ssandraStatus struct {
	// ContextName is the datacenter's region.
	ContextName string `json:"contextName,omitempty"`
	// DecommissionProgress while it leaves the ring.
	DecommissionProgress DecommissionProgress `json:"decommissionProgress,omitempty"`
	// DoneRevision is the last revision of the ring that everything in the datacenter was done for. Ours.
	DoneRevision string `json:"doneRevision,omitempty"`
	// Cassandra is the status of the CassandraDatacenter.
	Cassandra *cassv1beta1.CassandraDatacenterStatus `json:"cassandra,omitempty"`
	// Stargate of the datacenter.
	Stargate *StargateStatus `json:"stargate,omitempty"`
	// Reaper of the datacenter.
	Reaper *ReaperStatus `json:"reaper,omitempty"`
}

// StargateStatus is kept for manifests that have it; never written.
type StargateStatus struct {
	// +kubebuilder:validation:Enum=Pending;Deploying;Running
	Progress       string                `json:"progress,omitempty"`
	Conditions     []SubproductCondition `json:"conditions,omitempty"`
	DeploymentRefs []string              `json:"deploymentRefs,omitempty"`
	ServiceRef     *string               `json:"serviceRef,omitempty"`
	// +kubebuilder:validation:Pattern=`\d+/\d+`
	ReadyReplicasRatio *string `json:"readyReplicasRatio,omitempty"`
	Replicas           int32   `json:"replicas,omitempty"`
	ReadyReplicas      int32   `json:"readyReplicas,omitempty"`
	UpdatedReplicas    int32   `json:"updatedReplicas,omitempty"`
	AvailableReplicas  int32   `json:"availableReplicas,omitempty"`
}

// ReaperStatus is kept for manifests that have it; never written yet.
type ReaperStatus struct {
	// +kubebuilder:validation:Enum=Pending;Deploying;Configuring;Running
	Progress   string                `json:"progress,omitempty"`
	Conditions []SubproductCondition `json:"conditions,omitempty"`
}

// SubproductCondition is one statement about a gateway or Reaper.
type SubproductCondition struct {
	Type               string                 `json:"type"`
	Status             corev1.ConditionStatus `json:"status"`
	LastTransitionTime *metav1.Time           `json:"lastTransitionTime,omitempty"`
}

// Seen is the generation of the spec that the status speaks of. Former versions have it in ObservedGeneration.
func (s *K8ssandraClusterStatus) Seen() int64 { return max(s.SeenGeneration, s.ObservedGeneration) }

// Condition returns the condition of that type, or nil.
func (s *K8ssandraClusterStatus) Condition(t K8ssandraClusterConditionType) *K8ssandraClusterCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// IsTrue says whether the condition of that type is there and true.
func (s *K8ssandraClusterStatus) IsTrue(t K8ssandraClusterConditionType) bool {
	c := s.Condition(t)
	return c != nil && c.Status == corev1.ConditionTrue
}
