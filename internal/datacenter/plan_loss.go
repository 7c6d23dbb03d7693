package datacenter

import (
	"fmt"
	"slices"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
)

// isDeleting tells whether the datacenter is being deleted. One that was lost, in a namespace that stays, is kept and run as
// before: nobody asked for its deletion.
func (s *State) isDeleting() bool {
	return !s.DC.DeletionTimestamp.IsZero() && (s.Loss == "" || s.NamespaceDeleting)
}

// lossMessage says why the deletion is held, and what a person can do.
func (s *State) lossMessage() string {
	where := "this object"
	if s.NamespaceDeleting {
		where = "its namespace"
	}
	return fmt.Sprintf("%s, and nobody asked for the deletion of the datacenter: its volumes are kept. Set the annotation %s: \"true\" on %s to let them go",
		s.Loss, deletion.LetGo, where)
}

// heldStatus is the status of a datacenter whose deletion is held: the last one with the reason. In a namespace that is being
// deleted the pods end, whatever the last status says.
func (s *State) heldStatus(out api.CassandraDatacenterStatus) api.CassandraDatacenterStatus {
	kinds := []api.DatacenterConditionType{api.DatacenterDeleting}
	if s.NamespaceDeleting {
		kinds = append(kinds, api.DatacenterReady, api.DatacenterHealthy)
	}
	out.Conditions = slices.DeleteFunc(slices.Clone(out.Conditions), func(c api.DatacenterCondition) bool { return slices.Contains(kinds, c.Type) })
	for _, kind := range kinds {
		out.Conditions = append(out.Conditions, s.timed(condition(kind, kind == api.DatacenterDeleting, api.ReasonLost, s.lossMessage())))
	}
	return out
}

// KeepVolumes is how long the volumes stay after an agreed deletion.
func (s *State) KeepVolumes() (time.Duration, error) {
	text := s.DC.Annotations[deletion.KeepVolumes]
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

// RingKey is what tells a ring from others: its name and id.
func RingKey(dc *api.CassandraDatacenter) string {
	return dc.Spec.ClusterName + "/" + dc.Annotations[api.RingIDAnnotation]
}

// keptVolumesMessage says that volumes of another ring would be taken for this one's.
func (s *State) keptVolumesMessage() string {
	return fmt.Sprintf("volumes of an earlier ring, %s, are kept under this datacenter's name, and this ring is %s: nothing is started on them. "+
		"To take them up, make the ring with the annotation %s of the earlier one; to be rid of them, delete the claims", s.KeptRing, RingKey(s.DC), api.RingIDAnnotation)
}
