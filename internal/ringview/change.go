package ringview

import (
	"cmp"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// changeWaits is what a datacenter that serves has yet to do for its newest spec; empty when everything is done. Ready says nothing
// of that: it stays true while nodes restart one after another.
func changeWaits(s *cassandra.CassandraDatacenterStatus, generation int64) string {
	if s.SeenGeneration == 0 || s.ObservedGeneration == generation { // an operator of the former version doesn't say
		return ""
	}
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterRequiresConsent, cassandra.DatacenterUpdating, cassandra.DatacenterRollingRestart} {
		if c := s.Condition(kind); s.IsTrue(kind) {
			return rollWaits(s.Roll, c.Message)
		}
	}
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterValid, cassandra.DatacenterHealthy} {
		if c := s.Condition(kind); c != nil && c.Message != "" {
			return c.Message
		}
	}
	return "its operator carries the change out"
}

// rollWaits says how far a change of the nodes has come, and what it waits for.
func rollWaits(r *cassandra.RollStatus, message string) string {
	if r == nil {
		return cmp.Or(message, "its nodes change")
	}
	text := fmt.Sprintf("%d of %d nodes are as the spec asks", r.Done, r.Of)
	if message != "" {
		text += "; " + message
	}
	return text
}

// revisionWaits is what a region has yet to say of one of its datacenters that has everything that its own spec asks for: whether
// that is the ring's newest revision.
func revisionWaits(k *k8ssandra.K8ssandraCluster, name string) string {
	if k == nil || k.Status.SeenGeneration == 0 {
		return ""
	}
	if revision := k.Annotations[k8ssandra.RevisionAnnotation]; k.Status.Datacenters[name].DoneRevision != revision {
		return "its operator carries revision " + revision + " of the ring out"
	}
	return ""
}

// waitsOf is what a datacenter of a ring waits for; empty when everything that the ring asks of it is done, and it serves, or is
// stopped if that is what is asked for.
func (s Snapshot) waitsOf(ring client.ObjectKey, dc *cassandra.CassandraDatacenter, region string) string {
	waits := datacenterWaits(dc)
	if dc.Spec.Stopped {
		waits = stopWaits(dc)
	}
	if waits != "" {
		return waits
	}
	for i := range s.Regions {
		if s.Regions[i].Name == region {
			return revisionWaits(s.Regions[i].copyOf(ring), dc.Name)
		}
	}
	return ""
}

// stopWaits is what a datacenter waits for that is to be stopped.
func stopWaits(dc *cassandra.CassandraDatacenter) string {
	if dc.Status.IsTrue(cassandra.DatacenterStopped) && dc.Status.Seen() == dc.Generation {
		return ""
	}
	return statusWaits(&dc.Status)
}
