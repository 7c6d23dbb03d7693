package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// replaceNode gives pods nodes with empty volumes, which take the place of those that they have. The task does nothing for it itself: it notes
// by host id which nodes it is about, so that none is replaced that comes later, and package datacenter, which sees every reason
// why a node may have to stay, carries it out and says which it refuses.
func replaceNode() command {
	return command{
		name:      api.CommandReplaceNode,
		about:     "replace nodes by ones with empty volumes, which get their data from the others",
		arguments: []string{"pod_name"},
		refuse: func(args api.JobArguments) string {
			if args.PodName == "" && args.RackName == "" {
				return "pod_name: replacenode needs to know which pod's node goes, or which rack's, one after another"
			}
			return ""
		},
		wholeRing: true,
		proceed:   (*Plan).untilReplaced,
	}
}

// untilReplaced notes which nodes the task is about, and follows them.
func (p *Plan) untilReplaced(s *State) {
	if len(p.Pods) == 0 {
		p.noteReplaced(s)
	}
	var waits []string
	for _, name := range slices.Sorted(maps.Keys(p.Pods)) {
		if p.followReplacement(s, name); !ended(p.Pods[name]) {
			waits = append(waits, name)
		}
	}
	if p.Done = len(waits) == 0; p.Done {
		return
	}
	p.Waiting, p.Next = fmt.Sprintf("datacenter %q to replace the nodes of %s", s.Datacenter.Name, strings.Join(waits, ", ")), pollJobs
	if c := s.Datacenter.Status.Condition(cass.DatacenterReplacingNodes); c != nil && c.Message != "" {
		p.Waiting += " (" + c.Message + ")"
	}
}

// noteReplaced writes down the host ids of the nodes that the task is about, once.
func (p *Plan) noteReplaced(s *State) {
	for _, name := range s.members() {
		if args := s.job().Arguments; args.PodName != "" && args.PodName != name {
			continue
		}
		id := s.Datacenter.Status.NodeStatuses[name].HostID
		p.Pods[name] = api.PodTaskStatus{Status: api.PodTaskWaiting, JobID: id}
		if id == "" {
			p.gaveUp(s, name, "it has no node that is a member of the ring")
		}
	}
	if pod := s.job().Arguments.PodName; len(p.Pods) == 0 {
		p.gaveUp(s, pod, "it has no node that is a member of the ring")
	}
}

// followReplacement brings a pod up to what its datacenter says.
func (p *Plan) followReplacement(s *State, name string) {
	status, dc := p.Pods[name], &s.Datacenter.Status
	now, goes := dc.NodeStatuses[name].HostID, slices.Contains(dc.NodeReplacements, name)
	refused := slices.IndexFunc(dc.RefusedReplacements, func(r cass.RefusedReplacement) bool { return r.TaskUID == string(s.Task.UID) && r.Pod == name })
	switch {
	case ended(status):
	case refused >= 0:
		p.gaveUp(s, name, dc.RefusedReplacements[refused].Message)
	case now != "" && now != status.JobID && !goes:
		status.Status, status.CompletionTime = api.PodTaskCompleted, &metav1.Time{Time: s.Now}
		p.Pods[name] = status
	case goes:
		status.Status = api.PodTaskRunning
		p.Pods[name] = status
	}
}
