package v1beta1

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What is said of a datacenter that leaves its ring as a whole, on CassandraDatacenters: docs/design/0007-remove-datacenter.md.
const (
	// InSpecAnnotation "true" says that the ring's spec named the datacenter when a version of the operator that lets datacenters leave
	// looked at it. Without it, one that the spec doesn't name was taken out under another version, and is left as it is. Written by the
	// ring controller, or by a person who wants it to leave.
	InSpecAnnotation = "ringspan.io/in-spec"
	// RemovalAnnotation says that the ring's spec doesn't name the datacenter any more: "leave REVISION" lets its nodes leave,
	// "hold REVISION" lets none begin to, and none come. Written by the ring controller of its region.
	RemovalAnnotation = "ringspan.io/removal"
	// ForgottenAnnotation lists, in Cassandra's words and with commas between, the ring's other datacenters, when they all see no
	// member of this one any more. Written beside RemovalAnnotation.
	ForgottenAnnotation = "ringspan.io/forgotten-by"
	// ReplicasSeenAnnotation is JSON: how many replicas of which keyspaces the ring's other datacenters know of themselves. What they
	// lack (LackingAnnotation) is said about these. null stands for a datacenter that leaves too. Written beside RemovalAnnotation.
	ReplicasSeenAnnotation = "ringspan.io/replicas-seen"
	// RemovedDatacentersAnnotation lists, in Cassandra's words and with commas between, the datacenters whose last node has left the
	// ring. It is on the datacenter that manages the ring, which takes them out of the replication of the system keyspaces.
	RemovedDatacentersAnnotation = "ringspan.io/removed-datacenters"
	// WithdrawnAnnotation lists those of them that are in no system keyspace any more. That datacenter's operator records it.
	WithdrawnAnnotation = "ringspan.io/withdrawn-replicas"
)

// Words of RemovalAnnotation, before the revision.
const (
	RemovalLeave = "leave"
	RemovalHold  = "hold"
)

// Removal reads RemovalAnnotation. A word that isn't known holds the datacenter as it is.
func (dc *CassandraDatacenter) Removal() (leaves, held bool) {
	word, _, _ := strings.Cut(strings.TrimSpace(dc.Annotations[RemovalAnnotation]), " ")
	return word == RemovalLeave, word != "" && word != RemovalLeave
}

// HasLeft tells whether all of the datacenter's nodes have left their ring, as its operator says, and nothing of them is there.
func (dc *CassandraDatacenter) HasLeft() bool {
	c := dc.Status.Condition(DatacenterDecommission)
	return c != nil && c.Status == corev1.ConditionTrue && c.Reason == ReasonNodesLeft && len(dc.Status.NodeStatuses) == 0 && dc.Annotations[DecommissionAnnotation] == ""
}

// IsEmptying tells whether none of the datacenter's members stays: the last one is on record as leaving, or all have left. That the
// status knows of no member is no proof.
func (dc *CassandraDatacenter) IsEmptying() bool {
	return dc.HasLeft() || dc.Annotations[DecommissionAnnotation] != "" && dc.Stay() == 0
}

// Stay counts the members of the datacenter that stay beside the one that is on record as leaving.
func (dc *CassandraDatacenter) Stay() (n int) {
	for pod, node := range dc.Status.NodeStatuses {
		if node.HostID != "" && pod != dc.LeavingPod() {
			n++
		}
	}
	return n
}
