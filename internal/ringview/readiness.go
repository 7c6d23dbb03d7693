package ringview

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// observed tells whether a copy's operator has seen its newest generation.
func observed(k *k8ssandra.K8ssandraCluster) bool {
	return k.Status.Condition(k8ssandra.ClusterReady) != nil && k.Status.Seen() == k.Generation
}

// ringWaits is what a region's copy of a ring waits for; empty when the region sees the
// ring ready.
func ringWaits(k *k8ssandra.K8ssandraCluster) string {
	if !observed(k) {
		return "its operator looks at the ring"
	}
	c := k.Status.Condition(k8ssandra.ClusterReady)
	if c.Status == corev1.ConditionTrue {
		return ""
	}
	return cmp.Or(c.Message, "not ready")
}

// datacenterWaits is what a datacenter waits for; empty when all of its nodes serve, there are as many as its spec says, and nothing
// else of that is left to be done.
func datacenterWaits(dc *cassandra.CassandraDatacenter) string {
	if dc.Status.IsTrue(cassandra.DatacenterReady) && dc.Status.Seen() == dc.Generation {
		return cmp.Or(surplusWaits(&dc.Status), changeWaits(&dc.Status, dc.Generation))
	}
	return statusWaits(&dc.Status)
}

// surplusWaits is why a datacenter that serves has more nodes than its spec says: they leave one after another, or must not.
func surplusWaits(s *cassandra.CassandraDatacenterStatus) string {
	refused := []string{cassandra.ReasonNotEnoughSpaceToScaleDown, cassandra.ReasonTooManyReplicas}
	if c := s.Condition(cassandra.DatacenterScalingDown); c != nil && c.Status == corev1.ConditionTrue {
		return cmp.Or(c.Message, "nodes leave the ring")
	}
	if c := s.Condition(cassandra.DatacenterValid); c != nil && c.Status == corev1.ConditionFalse && slices.Contains(refused, c.Reason) {
		return c.Message
	}
	return ""
}

// statusWaits is what a datacenter's status says that it waits for.
func statusWaits(s *cassandra.CassandraDatacenterStatus) string {
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterHealthy, cassandra.DatacenterReady} {
		if c := s.Condition(kind); c != nil && c.Message != "" {
			return c.Message
		}
	}
	return "its operator begins"
}
