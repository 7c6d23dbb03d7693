package task

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/plan"
)

// AllowUpdate is the step of refresh: the datacenter gets the annotation that lets through, once, what a new version of the
// operator would change.
const AllowUpdate plan.Verb = "allow the update of"

// refresh lets the datacenter take up what is held back: changes of its pods that come from a new version of the operator and
// not from the spec. It is not `nodetool refresh`, and whoever means that isn't given a restart of all nodes.
func refresh() command {
	return command{
		name:  api.CommandRefresh,
		about: "let the datacenter take up what a new version of the operator would change",
		refuse: func(args api.JobArguments) string {
			const whole = ": refresh lets the datacenter take up what the operator holds back, as a whole"
			switch {
			case args.PodName != "":
				return "pod_name" + whole
			case args.RackName != "":
				return "rack" + whole
			case args.KeyspaceName != "":
				return "keyspace_name" + whole + "; sstables are loaded with nodetool refresh"
			case len(args.Tables) > 0:
				return "tables" + whole + "; sstables are loaded with nodetool refresh"
			}
			return ""
		},
		proceed: (*Plan).untilRefreshed,
	}
}

// untilRefreshed allows the update, and waits until the datacenter has taken the word back: then nothing is held any more.
func (p *Plan) untilRefreshed(s *State) {
	name := s.Task.Spec.Datacenter.Name
	switch allowed := s.Datacenter.Annotations[cass.UpdateAllowedAnnotation]; {
	case allowed == cass.UpdateAllowedOnce:
		p.Allowed = true
		p.Waiting = fmt.Sprintf("datacenter %q to take up what was held back", name)
	case allowed != cass.UpdateAllowedAlways && !meta.IsStatusConditionTrue(s.Task.Status.Conditions, api.DatacenterUpdated):
		p.Steps = append(p.Steps, plan.Step{Verb: AllowUpdate, Target: name, Why: "refresh"})
		p.Waiting = fmt.Sprintf("datacenter %q to take up what was held back", name)
	case s.Datacenter.Status.IsTrue(cass.DatacenterRequiresUpdate):
		p.Waiting = fmt.Sprintf("datacenter %q, which still holds something back: %s", name, s.Datacenter.Status.Condition(cass.DatacenterRequiresUpdate).Message)
	default:
		p.Done, p.Result = true, "the datacenter holds nothing back"
		return
	}
	p.Next = pollJobs
}
