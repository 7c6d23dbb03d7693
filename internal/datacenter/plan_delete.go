package datacenter

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/words"
)

// RingFinalizer is what k8ssandra-operator keeps a ring's datacenters with. One that was taken over from it still has it,
// and k8ssandra-operator isn't there to remove it.
const RingFinalizer = k8ssandra.Finalizer

// allSets are the datacenter's StatefulSets, those of racks that the spec lacks last.
func (s *State) allSets() (all []*appsv1.StatefulSet) {
	for _, rack := range s.RackNames() {
		if set := s.StatefulSets[rack]; set != nil {
			all = append(all, set)
		}
	}
	return append(all, s.RemovedRackSets...)
}

// SummarizeDeletion is the status of a datacenter that is being deleted: what it was, and what is waited for.
func SummarizeDeletion(s *State, p Plan, err error) api.CassandraDatacenterStatus {
	if s.leavesFirst() {
		out := Summarize(s, p, err)
		_, doing := s.headline(p, err)
		next := condition(api.DatacenterDeleting, true, api.ReasonDecommission, doing)
		if p.TooSmall != nil {
			next.Reason, next.Message = p.TooSmall.Reason, p.TooSmall.Message
		}
		out.Conditions = append(out.Conditions, s.timed(next))
		return out
	}
	out := *s.DC.Status.DeepCopy()
	if s.Loss != "" {
		return s.heldStatus(out)
	}
	out.CassandraOperatorProgress = api.ProgressUpdating
	message := strings.Join(clipped(p.Waits, 3), "; ")
	switch {
	case err != nil:
		message = err.Error()
	case message != "":
		message = "waiting for " + message
	case len(p.Steps) > 0:
		message = fmt.Sprint(p.Steps[0])
	}
	reason := api.ReasonWaiting
	if s.wrongWay() {
		reason = api.ReasonDecommission
	}
	out.Conditions = slices.DeleteFunc(out.Conditions, func(c api.DatacenterCondition) bool { return c.Type == api.DatacenterDeleting })
	out.Conditions = append(out.Conditions, s.timed(condition(api.DatacenterDeleting, true, reason, message)))
	return out
}

// planDeletion ends the nodes, then deletes their volumes, then removes the finalizer. All
// other objects have the datacenter as their owner, and Kubernetes deletes them with it.
func (s *State) planDeletion(p *Plan) {
	if !slices.Contains(s.DC.Finalizers, api.Finalizer) {
		if slices.Contains(s.DC.Finalizers, RingFinalizer) {
			p.add(RemoveFinalizer, s.DC.Name, "nothing of it is kept", Step{})
		}
		return
	}
	if s.Loss != "" {
		return // held
	}
	if s.wrongWay() {
		p.Wait("the annotation %s to be taken away: the nodes of a datacenter of a K8ssandraCluster leave their ring when it is taken out of spec.cassandra.datacenters, before it is deleted. Without the annotation pods and volumes are deleted as they are",
			api.DecommissionOnDeleteAnnotation)
		return
	}
	if !deletion.IsAsked(s.DC) {
		p.add(RecordDeletion, s.DC.Name, "somebody asked for its deletion", Step{})
		return
	}
	for _, set := range s.allSets() {
		if set.DeletionTimestamp.IsZero() {
			p.add(Delete, "StatefulSet "+set.Name, "the datacenter is being deleted", Step{Object: set})
		}
	}
	s.planOrphans(p)
	if len(s.Pods) > 0 {
		p.Wait("%s to end", words.Count(len(s.Pods), "pod"))
		return
	}
	if len(p.Steps) > 0 {
		return
	}
	if len(s.Volumes) > 0 && s.DC.Annotations[api.DeletePVCAnnotation] != "false" {
		switch keep, err := s.KeepVolumes(); {
		case err != nil:
			p.Wait("the annotation %s to be a duration, as 168h: volumes are kept until it can be read", deletion.KeepVolumes)
			return
		case keep > 0:
			p.add(KeepVolumes, s.DC.Name, "its volumes stay for "+keep.String(), Step{})
			return
		}
		p.add(DeleteVolumes, s.DC.Name, "the datacenter is being deleted", Step{})
		return // the finalizer goes when they are deleted
	}
	p.add(RemoveFinalizer, s.DC.Name, "nothing of it is left", Step{})
}

// planOrphans deletes the pods of a StatefulSet that is gone without them: it was to be made anew.
func (s *State) planOrphans(p *Plan) {
	was := s.remaking()
	for i := range s.Pods {
		pod := &s.Pods[i]
		if was.has(pod.Name, types.UID(pod.UID)) && s.setMissing(pod.Position.Rack) && !pod.Deleting {
			p.add(Delete, "pod "+pod.Name, "the datacenter is being deleted", Step{Object: pod.Object})
		} else if s.StatefulSets[pod.Position.Rack] == nil && !pod.Deleting && metav1.GetControllerOf(pod.Object) == nil {
			p.Wait("pod %s to be deleted by somebody: no StatefulSet has it, and none of the datacenter is known to have had it", pod.Name)
		}
	}
}
