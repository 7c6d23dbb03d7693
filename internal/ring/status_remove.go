package ring

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// progress is how far a datacenter is that leaves, in K8ssandra's words.
func progress(dc *cassandra.CassandraDatacenter) api.DecommissionProgress {
	c := dc.Status.Condition(cassandra.DatacenterDecommission)
	keyspaces := c == nil || c.Status != corev1.ConditionTrue || c.Reason == cassandra.ReasonStillReplicated || c.Reason == cassandra.ReasonWithdrawing
	if keyspaces && dc.Annotations[cassandra.DecommissionAnnotation] == "" && dc.DeletionTimestamp.IsZero() {
		return api.DecommUpdatingReplication
	}
	return api.DecommDecommissioning
}

// addLeaving puts the datacenters that leave into the sum, and those of which no more is known at the moment than that they did.
func (s *summary) addLeaving() {
	for _, one := range s.leaving() {
		s.status.Datacenters[one.Name] = api.K8ssandraStatus{ContextName: one.region, DecommissionProgress: progress(one.CassandraDatacenter), Cassandra: one.Status.DeepCopy()}
		if one.region != s.Region {
			s.waits = append(s.waits, fmt.Sprintf("datacenter %s to leave the ring%s", one.Name, leavingNews(one.CassandraDatacenter)))
			s.noteRefused(one.CassandraDatacenter)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Ring.Status.Datacenters)) {
		before := s.Ring.Status.Datacenters[name]
		if _, known := s.status.Datacenters[name]; known || before.DecommissionProgress == api.DecommNone || s.answers(before.ContextName) || s.peer(before.ContextName) == nil {
			continue
		}
		s.status.Datacenters[name] = before
		s.waits = append(s.waits, fmt.Sprintf("datacenter %s to leave the ring, whose region %s doesn't answer", name, before.ContextName))
	}
}

func leavingNews(dc *cassandra.CassandraDatacenter) string {
	if c := dc.Status.Condition(cassandra.DatacenterDecommission); c != nil && c.Message != "" {
		return ": " + c.Message
	}
	return ""
}

// noteRefused makes it this copy's error, too, that a datacenter of another region can't leave: whichever region a person asks, K8ssandra's
// status says it there.
func (s *summary) noteRefused(dc *cassandra.CassandraDatacenter) {
	c := dc.Status.Condition(cassandra.DatacenterDecommission)
	if c != nil && c.Reason == cassandra.ReasonStillReplicated && s.status.Error == api.NoError {
		s.status.Error = c.Message
	}
}
