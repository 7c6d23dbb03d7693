package datacenter

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// EphemeralDataAnnotation "true": the data may go with the pods. Without it a datacenter without volumes isn't begun.
const EphemeralDataAnnotation = "ringspan.io/allow-ephemeral-data"

// ephemeral tells whether the data would go with the pods.
func (s *State) ephemeral() bool {
	set, err := s.StatefulSet(s.DC.Racks()[0], 0)
	if err != nil || s.DC.Spec.StorageConfig.CassandraDataVolumeClaimSpec != nil {
		return false
	}
	return slices.ContainsFunc(set.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == DataVolume && v.EmptyDir != nil })
}

// refusesEphemeral says why a datacenter without volumes isn't begun. One that
// has members is left alone.
func (s *State) refusesEphemeral() string {
	if s.DC.Annotations[EphemeralDataAnnotation] == "true" || !s.ephemeral() {
		return ""
	}
	return fmt.Sprintf("spec.storageConfig.cassandraDataVolumeClaimSpec is not set: each node's data would go with its pod. Set it, or say with the annotation %s=true that the data may go", EphemeralDataAnnotation)
}
