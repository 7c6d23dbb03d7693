package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProgressState is the value of status.cassandraOperatorProgress.
type ProgressState string

// Values of status.cassandraOperatorProgress.
const (
	// ProgressPending: nothing was done yet.
	ProgressPending ProgressState = "Pending"
	// ProgressUpdating: the operator is at work or waits for something.
	ProgressUpdating ProgressState = "Updating"
	// ProgressReady: spec and cluster agree.
	ProgressReady ProgressState = "Ready"
)

// CassandraDatacenterStatus is what was last seen. It is recomputed each pass.
type CassandraDatacenterStatus struct {
	// Conditions say for people how the datacenter does.
	// +listType=map
	// +listMapKey=type
	Conditions []DatacenterCondition `json:"conditions,omitempty"`

	// SuperUserUpserted is the deprecated form of usersUpserted.
	SuperUserUpserted metav1.Time `json:"superUserUpserted,omitempty,omitzero"`

	// UsersUpserted is when roles were last written.
	UsersUpserted metav1.Time `json:"usersUpserted,omitempty,omitzero"`

	// LastServerNodeStarted is when a node was last started.
	LastServerNodeStarted metav1.Time `json:"lastServerNodeStarted,omitempty,omitzero"`

	// CassandraOperatorProgress is Updating or Ready.
	CassandraOperatorProgress ProgressState `json:"cassandraOperatorProgress,omitempty"`

	// LastRollingRestart is when a rolling restart was last asked for.
	LastRollingRestart metav1.Time `json:"lastRollingRestart,omitempty,omitzero"`

	// NodeStatuses by pod name.
	NodeStatuses CassandraStatusMap `json:"nodeStatuses,omitempty"`

	// NodeReplacements are the pods being replaced.
	NodeReplacements []string `json:"nodeReplacements,omitempty"`

	// RefusedReplacements are requests for another node in place of one that aren't followed, of spec.replaceNodes and of tasks. Ours.
	RefusedReplacements []RefusedReplacement `json:"refusedReplacements,omitempty"`

	// QuietPeriod is until when nothing is to be changed.
	QuietPeriod metav1.Time `json:"quietPeriod,omitempty,omitzero"`

	// ObservedGeneration is the last generation of the spec that everything was done for.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// SeenGeneration is the generation of the spec that the status speaks of, whether or not everything is done. Ours.
	SeenGeneration int64 `json:"seenGeneration,omitempty"`

	// Roll is how far a change of the nodes, or a rolling restart, has come; not set while there is none. Ours.
	Roll *RollStatus `json:"roll,omitempty"`

	// TrackedTasks are CassandraTasks that the operator made and waits for.
	TrackedTasks []corev1.ObjectReference `json:"trackedTasks,omitempty"`

	// FailedStarts are pods whose last start failed.
	FailedStarts []string `json:"failedStarts,omitempty"`

	// DatacenterName is Cassandra's name of the datacenter.
	DatacenterName *string `json:"datacenterName,omitempty"`

	// MetadataVersion is the version of labels and object names.
	MetadataVersion int64 `json:"metadataVersion,omitempty"`

	// Seeds are addresses that nodes of other datacenters may use as seeds. Set as soon as the seed pods have addresses.
	Seeds []string `json:"seeds,omitempty"`

	// SchemaVersions is how many different schema versions the reachable nodes of the ring have; 1 is agreement.
	SchemaVersions int32 `json:"schemaVersions,omitempty"`

	// Ownership is the share of the data that each pod's node owns effectively, a percentage with one decimal ("100.0%").
	Ownership map[string]string `json:"ownership,omitempty"`

	// Keyspaces are the users' keyspaces, by name, as this datacenter holds them.
	Keyspaces map[string]KeyspaceStatus `json:"keyspaces,omitempty"`

	// KeyspacesSeen says that a keyspace that isn't among them is new since the last look.
	KeyspacesSeen bool `json:"keyspacesSeen,omitempty"`

	// OnlyAt says, by datacenter of the ring of which no node is up, which keyspaces have no copy anywhere else, with commas
	// between: what is lost with that datacenter's volumes. Ours.
	OnlyAt map[string]string `json:"onlyAt,omitempty"`

	// Together says how this datacenter's nodes last saw the ring's others. Ours.
	Together *TogetherStatus `json:"together,omitempty"`
}

// RollStatus is how many nodes are as the spec asks.
type RollStatus struct {
	// Done is how many of them serve with what the spec asks for.
	Done int32 `json:"done"`
	// Of is how many nodes there are to be.
	Of int32 `json:"of"`
}

// RefusedReplacement is why a node isn't replaced.
type RefusedReplacement struct {
	// Pod of the node.
	Pod string `json:"pod"`
	// TaskUID is that of the CassandraTask that asks for it; empty of spec.replaceNodes.
	TaskUID string `json:"taskUID,omitempty"`
	// Message says why.
	Message string `json:"message"`
	// UntilAskedAgain says that the request is followed only when it has been taken back and made again, whatever becomes of the reason:
	// the operator can't see when that is mended.
	UntilAskedAgain bool `json:"untilAskedAgain,omitempty"`
}

// TogetherStatus is how a datacenter's nodes last saw the ring's others.
type TogetherStatus struct {
	// Looked is when that was, or up to five minutes before.
	Looked metav1.Time `json:"looked"`

	// With has for each other datacenter a hash of its members' host ids.
	With map[string]string `json:"with,omitempty"`

	// ApartSince is when a member of another datacenter was first seen as down: what was written since may be here alone.
	// It is gone when hints had the time to bring that to the others.
	ApartSince *metav1.Time `json:"apartSince,omitempty"`

	// ApartUntil is when all were up again.
	ApartUntil *metav1.Time `json:"apartUntil,omitempty"`
}

// KeyspaceStatus is what a datacenter holds of a keyspace.
type KeyspaceStatus struct {
	// Replicas that the datacenter is asked to hold; 0 where the strategy knows no datacenters.
	Replicas int32 `json:"replicas"`

	// Strategy of a keyspace that isn't replicated by datacenter, SimpleStrategy for instance, or wasn't until lately: its data
	// may still be where that put it. It goes when the keyspace has been repaired with replicas in each datacenter.
	Strategy string `json:"strategy,omitempty"`

	// OwedSince is when the datacenter was seen to have got its first replicas, without the data of the other datacenters'.
	// A CassandraTask that began later and rebuilt the whole datacenter ends it.
	OwedSince *metav1.Time `json:"owedSince,omitempty"`

	// OnlyHere says that data is owed and no other datacenter has replicas that it could come from.
	OnlyHere bool `json:"onlyHere,omitempty"`

	// Unverified says that nobody can tell which datacenter has the data: the keyspace was new, or not replicated by
	// datacenter, at the last look, and has replicas here and elsewhere at this one. The operator repairs it.
	Unverified bool `json:"unverified,omitempty"`

	// Repair is how far the repair is that an unverified keyspace waits for.
	Repair *KeyspaceRepair `json:"repair,omitempty"`
}

// KeyspaceRepair is what a new process of the operator goes on from.
type KeyspaceRepair struct {
	// Of is a hash of the replicas and members that it is for: with others it begins anew.
	Of string `json:"of"`

	// Through are the UIDs of the pods whose nodes have repaired their ranges.
	Through []string `json:"through,omitempty"`

	// Failures in a row. Each one doubles the pause before the next try, from one minute to 30.
	Failures int32 `json:"failures,omitempty"`

	// FailedAt is when the last try failed.
	FailedAt *metav1.Time `json:"failedAt,omitempty"`
}

// CassandraStatusMap is the state of each node by pod name.
type CassandraStatusMap map[string]CassandraNodeStatus

// CassandraNodeStatus is the identity of one node.
type CassandraNodeStatus struct {
	// HostID is Cassandra's host id.
	HostID string `json:"hostID,omitempty"`
	// IP is the address that other nodes use.
	IP string `json:"ip,omitempty"`
	// Rack of the node.
	Rack string `json:"rack,omitempty"`
	// ClaimUID is the UID of the volume claim that the node was last seen running with. Ours.
	ClaimUID string `json:"claimUID,omitempty"`
}

// DatacenterCondition is one statement about a datacenter.
type DatacenterCondition struct {
	Type               DatacenterConditionType `json:"type"`
	Status             corev1.ConditionStatus  `json:"status"`
	Reason             string                  `json:"reason"`
	Message            string                  `json:"message"`
	LastTransitionTime metav1.Time             `json:"lastTransitionTime,omitempty,omitzero"`
}

// Seen is the generation of the spec that the status speaks of. Former versions have it in ObservedGeneration.
func (s *CassandraDatacenterStatus) Seen() int64 { return max(s.SeenGeneration, s.ObservedGeneration) }

// Condition returns the condition of that type, or nil.
func (s *CassandraDatacenterStatus) Condition(t DatacenterConditionType) *DatacenterCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == t {
			return &s.Conditions[i]
		}
	}
	return nil
}

// IsTrue says whether the condition of that type is there and true.
func (s *CassandraDatacenterStatus) IsTrue(t DatacenterConditionType) bool {
	c := s.Condition(t)
	return c != nil && c.Status == corev1.ConditionTrue
}
