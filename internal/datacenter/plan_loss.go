package datacenter

import (
	"fmt"
	"slices"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
)

// ends tells whether the datacenter is on its way out. One that was lost, in a namespace that stays, is kept as it is and
// goes on: nobody asked for its end.
func (s *State) ends() bool {
	return !s.DC.DeletionTimestamp.IsZero() && (s.Loss == "" || s.Doomed)
}

// lossWords say why the datacenter is held, and what a person can do.
func (s *State) lossWords() string {
	where := "this object"
	if s.Doomed {
		where = "its namespace"
	}
	return fmt.Sprintf("%s, and nobody asked for the deletion of the datacenter: its volumes are kept. Set the annotation %s: \"true\" on %s to let them go",
		s.Loss, deletion.LetGo, where)
}

// heldStatus is the status of a datacenter that is held, from the one that it had. In a namespace that is being deleted its pods
// end, whatever the last status says.
func (s *State) heldStatus(out api.CassandraDatacenterStatus) api.CassandraDatacenterStatus {
	kinds := []api.DatacenterConditionType{api.DatacenterDeleting}
	if s.Doomed {
		kinds = append(kinds, api.DatacenterReady, api.DatacenterHealthy)
	}
	out.Conditions = slices.DeleteFunc(slices.Clone(out.Conditions), func(c api.DatacenterCondition) bool { return slices.Contains(kinds, c.Type) })
	for _, kind := range kinds {
		out.Conditions = append(out.Conditions, s.timed(condition(kind, kind == api.DatacenterDeleting, api.ReasonLost, s.lossWords())))
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

// keptWords say that volumes of another ring would be taken for this one's.
func (s *State) keptWords() string {
	return fmt.Sprintf("volumes of an earlier ring, %s, are kept under this datacenter's name, and this ring is %s: nothing is started on them. "+
		"To take them up, make the ring with the annotation %s of the earlier one; to be rid of them, delete the claims", s.KeptOf, RingKey(s.DC), api.RingIDAnnotation)
}
