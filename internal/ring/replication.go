package ring

import (
	"encoding/json"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/topology"
)

// A user says with k8ssandra-operator's annotation with how many replicas of the system keyspaces a ring begins. It counts for a
// ring that begins with it, and is put on record then: one that is older has the replicas that it has.

// recordFounding puts on a ring that begins what is decided once.
func recordFounding(o federation.Object) {
	recordBase(o)
	k, is := o.(*api.K8ssandraCluster)
	if !is || k.Annotations[api.FoundedReplicationAnnotation] != "" {
		return
	}
	if said := k.Annotations[api.InitialSystemReplicationAnnotation]; factorsOf(said) != nil {
		federation.Note(k, api.FoundedReplicationAnnotation, said)
	}
}

// factorsOf are the replicas that an annotation names by datacenter; nil when it can't be read.
func factorsOf(text string) map[string]int {
	var factors map[string]int
	if text == "" || json.Unmarshal([]byte(text), &factors) != nil {
		return nil
	}
	for _, n := range factors {
		if n < 0 {
			return nil
		}
	}
	return factors
}

// systemReplication is the rule, but for the datacenters of which the ring's user has said something else when it began.
func systemReplication(k *api.K8ssandraCluster, ring topology.Ring) map[string]int {
	factors := ring.SystemReplication()
	for _, name := range ring.External {
		factors[name] = externalReplicas
	}
	for name, n := range factorsOf(k.Annotations[api.FoundedReplicationAnnotation]) {
		if _, known := factors[name]; known && n > 0 {
			factors[name] = n
		}
	}
	return factors
}

// replicationNotActedOn says why the annotation has no effect; "" if it has, or isn't there.
func replicationNotActedOn(k *api.K8ssandraCluster) string {
	said, founded := k.Annotations[api.InitialSystemReplicationAnnotation], k.Annotations[api.FoundedReplicationAnnotation]
	switch {
	case said == "" || said == founded:
		return ""
	case factorsOf(said) == nil:
		return "annotation " + api.InitialSystemReplicationAnnotation + ` (it must be like {"dc1":3})`
	}
	return "annotation " + api.InitialSystemReplicationAnnotation + " (it counts when a ring begins)"
}
