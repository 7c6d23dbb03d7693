package datacenter

import (
	"fmt"
	"slices"

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
