package ringview

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// observed tells whether a copy's operator has seen its newest generation.
func observed(k *k8ssandra.K8ssandraCluster) bool {
	return k.Status.Condition(k8ssandra.ClusterReady) != nil && k.Status.ObservedGeneration == k.Generation
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

// datacenterWaits is what a datacenter waits for; empty when all of its nodes serve.
func datacenterWaits(dc *cassandra.CassandraDatacenter) string {
	if dc.Status.IsTrue(cassandra.DatacenterReady) && dc.Status.ObservedGeneration == dc.Generation {
		return ""
	}
	return statusWaits(&dc.Status)
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
