package datacenter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// volumeUID is that of the claim of a pod's data.
func (r *region) volumeUID(pod string) string { return fmt.Sprintf("%s-volume-%d", pod, r.claims[pod]) }

// replacements are what tasks ask for that go on.
func (r *region) replacements() (all []datacenter.ReplaceRequest) {
	for _, t := range r.replaces {
		all = append(all, datacenter.ReplaceRequestsOf(t, r.dc.Name)...)
	}
	return all
}

// replaceTask is a CassandraTask that has begun and has noted which nodes it is about.
func (r *region) replaceTask(name string, pods ...string) {
	t := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid of " + name)}}
	t.Spec.Datacenter.Name = r.dc.Name
	t.Spec.Jobs = []control.CassandraJob{{Name: "j", Command: control.CommandReplaceNode}}
	t.Status.StartTime = &metav1.Time{Time: r.now}
	t.Status.PodStatuses = map[string]control.PodTaskStatus{}
	for _, pod := range pods {
		t.Status.PodStatuses[pod] = control.PodTaskStatus{Status: control.PodTaskWaiting, JobID: r.dc.Status.NodeStatuses[pod].HostID}
	}
	r.replaces = append(r.replaces, t)
}

// replaceHappens are requests for other nodes.
func (r *region) replaceHappens(t *testing.T, d *datadriven.TestData, pod string) {
	var name string
	d.MaybeScanArgs(t, "name", &name)
	switch d.Cmd {
	case "replace-nodes": // of the spec
		r.dc.Spec.ReplaceNodes = nil
		for _, a := range d.CmdArgs {
			if a.Key == "pods" {
				for _, one := range a.Vals {
					r.dc.Spec.ReplaceNodes = append(r.dc.Spec.ReplaceNodes, "multi-region-"+strings.TrimPrefix(one, "multi-region-"))
				}
			}
		}
		r.dc.Generation++
	case "replace-task":
		r.replaceTask(name, pod)
	case "replace-task-ends":
		r.replaces = slices.DeleteFunc(r.replaces, func(t *control.CassandraTask) bool { return t.Name == name })
	case "replace-host": // of the spec, by the host ids that the pods' nodes have
		r.dc.Spec.ReplaceNodes = nil
		for _, a := range d.CmdArgs {
			for _, one := range a.Vals {
				r.dc.Spec.ReplaceNodes = append(r.dc.Spec.ReplaceNodes, r.dc.Status.NodeStatuses["multi-region-"+strings.TrimPrefix(one, "multi-region-")].HostID)
			}
		}
		r.dc.Generation++
	}
}

// judgeViews asks each other node that runs.
func (r *region) judgeViews(step datacenter.Step, down bool) error {
	asked := 0
	for name, n := range r.nodes {
		status, err := n.Status(context.Background())
		if name == step.Target || err != nil || status.State != mgmtapi.Running || r.pods[name] == nil {
			continue
		}
		view, err := n.Endpoints(context.Background())
		if err == nil {
			err = datacenter.JudgeView(view, step, down)
		}
		if err != nil {
			return err
		}
		asked++
	}
	if asked == 0 {
		return errors.New("no other node runs")
	}
	return nil
}

// deleteReplaced is the API server: claims go with their pods, and no others than those that are meant.
func (r *region) deleteReplaced(s *datacenter.State, step datacenter.Step) error {
	n := r.nodes[step.Target]
	if step.HostID != "" {
		if err := r.judgeViews(step, true); err != nil {
			return err
		}
		if status, err := n.Status(context.Background()); err == nil && status.State != mgmtapi.Stopped {
			return fmt.Errorf("%s is %s", step.Target, status.State)
		}
	}
	for _, v := range s.ReplacedClaims() {
		there := r.storage[v.Name]
		if there == nil || string(there.UID) != v.UID {
			continue
		}
		if v.Name != datacenter.Claim(step.Target) {
			delete(r.storage, v.Name)
			continue
		}
		if !slices.Contains(strings.Split(strings.Fields(step.OnRecord)[2], ","), r.volumeUID(step.Target)) {
			r.world.broken = append(r.world.broken, "claim "+v.UID+" is deleted, and isn't on record: "+step.OnRecord)
		}
		if n.Up() {
			r.world.broken = append(r.world.broken, "the volume of "+step.Target+" goes, whose node is up")
		}
		if id := n.HostID(); !strings.Contains(step.OnRecord, " "+id+" ") {
			r.world.broken = append(r.world.broken, "the volume of "+step.Target+" goes, which is that of host id "+id+", and on record is "+step.OnRecord)
		}
		r.world.broken = append(r.world.broken, r.bereft(step.Target, "loses its volume")...)
		r.leaving[step.Target] = true
		if r.pods[step.Target] == nil {
			r.endClaims(step.Target)
		}
	}
	return nil
}

// endClaims takes a claim that is being deleted, when no pod has it any more.
func (r *region) endClaims(pod string) {
	if !r.leaving[pod] || r.nodes[pod] == nil || r.pods[pod] != nil {
		return
	}
	delete(r.leaving, pod)
	delete(r.storage, datacenter.Claim(pod))
	r.nodes[pod] = r.nodes[pod].LoseVolume("gone-" + pod)
	r.claims[pod]++
}

// noteStop notes a node that is stopped beside another one that is missing and shares a range with it.
func (r *region) noteStop(step datacenter.Step) {
	r.world.broken = append(r.world.broken, r.bereft(step.Target, "is stopped")...)
}

// bereft says of which range of a node another replica in the datacenter is missing too: by the tokens of all members and the replication of every
// keyspace, worked out beside the plan.
func (r *region) bereft(pod, what string) (broken []string) {
	ctx := context.Background()
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		n := r.nodes[name]
		view, err := n.Endpoints(ctx)
		if name == pod || err != nil {
			continue
		}
		keyspaces := map[string]map[string]string{}
		names, _ := n.Keyspaces(ctx)
		for _, k := range names {
			keyspaces[k], _ = n.Replication(ctx, k)
		}
		var members []topology.Member
		for _, e := range view {
			members = append(members, topology.Member{HostID: e.HostID, Datacenter: e.Datacenter, Rack: e.Rack, Tokens: e.Tokens})
		}
		placed, err := topology.Place(members, keyspaces)
		if err != nil {
			return []string{fmt.Sprintf("%s %s: %v", pod, what, err)}
		}
		with := placed.SharedWith(r.nodes[pod].HostID())
		for _, e := range view {
			if !e.Alive && e.Datacenter == r.dc.Name && with[e.HostID] != "" {
				broken = append(broken, fmt.Sprintf("%s %s while %s is missing, and both have replicas of %s", pod, what, e.HostID, with[e.HostID]))
			}
		}
		return broken
	}
	return []string{pod + " " + what + " and no other node is up"}
}

// dropRepeats takes names out of the list whose pods have the nodes that came for them: they are refused, as the condition says.
func (r *region) dropRepeats() {
	r.dc.Spec.ReplaceNodes = slices.DeleteFunc(r.dc.Spec.ReplaceNodes, func(entry string) bool {
		return strings.Contains(r.dc.Annotations[api.ReplacedNamesAnnotation]+",", entry+" "+r.dc.Status.NodeStatuses[entry].HostID+",")
	})
	r.dc.Generation++
}

type plan = datacenter.Plan

func (r *region) context() context.Context { return context.Background() }

// allNodes are those of all regions.
func (w *world) allNodes() (names []string) {
	for _, r := range w.regions {
		names = append(names, slices.Collect(maps.Keys(r.nodes))...)
	}
	return names
}

// endReplaceTasks is the tasks' own loop: a task is over when each of its pods has another node, or is refused.
func (r *region) endReplaceTasks() {
	r.replaces = slices.DeleteFunc(r.replaces, func(t *control.CassandraTask) bool {
		for pod, one := range t.Status.PodStatuses {
			refused := slices.ContainsFunc(r.dc.Status.RefusedReplacements, func(q api.RefusedReplacement) bool { return q.TaskUID == string(t.UID) && q.Pod == pod })
			if now := r.dc.Status.NodeStatuses[pod].HostID; !refused && (now == one.JobID || now == "" || slices.Contains(r.dc.Status.NodeReplacements, pod)) {
				return false
			}
		}
		return true
	})
}
