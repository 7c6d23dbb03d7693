package datacenter

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// Some fields of a StatefulSet can't be changed: the claims of new pods, the name of its Service, how it makes pods. One in
// which these differ from what the spec asks for is made anew without its pods, in four passes: what it was is recorded, it is
// deleted without its pods, it is created with the pods' old template, its record is taken off when it has the pods. The pods
// don't notice. Its selector is never changed: by that it finds them.

// outdated says why a StatefulSet has to be made anew, "" when it hasn't.
func (s *State) outdated(have *appsv1.StatefulSet) string {
	switch service := s.names().AllPodsService(); {
	case s.smallerTemplate(have):
		return "its new nodes get larger volumes"
	case have.Spec.ServiceName != service:
		return fmt.Sprintf("its Service is %s instead of %s", service, have.Spec.ServiceName)
	case have.Spec.PodManagementPolicy != podManagement:
		return fmt.Sprintf("its podManagementPolicy is %s instead of %s", podManagement, have.Spec.PodManagementPolicy)
	}
	return ""
}

// setKey names a set that was read, which doesn't say its kind.
func setKey(set *appsv1.StatefulSet) string { return setType.Kind + " " + set.Name }

// smallerTemplate tells whether new nodes of a StatefulSet would get smaller volumes than the spec asks for.
func (s *State) smallerTemplate(have *appsv1.StatefulSet) bool {
	was := claimsByName(have.Spec.VolumeClaimTemplates)
	for name, want := range claimsByName(s.claims()) {
		if was[name] != nil && was[name].Resources.Requests.Storage().Cmp(*want.Resources.Requests.Storage()) < 0 {
			return true
		}
	}
	return false
}

// keepFixed leaves in a set that is to be written what can't be changed in the one that is there. It is written to that one
// only: one that is gone meanwhile, or another, is not made or changed by mistake.
func keepFixed(want, have *appsv1.StatefulSet) {
	want.UID = have.UID
	want.Spec.VolumeClaimTemplates = have.Spec.VolumeClaimTemplates
	want.Spec.ServiceName, want.Spec.PodManagementPolicy = have.Spec.ServiceName, have.Spec.PodManagementPolicy
}

// makeSet plans a StatefulSet that isn't there. One that is made anew gets the template that its pods were made from, whatever
// the spec asks for by now: that reaches them afterwards, with the care that a change of running nodes needs.
func (s *State) makeSet(p *Plan, rack string, want *appsv1.StatefulSet) {
	was := s.remaking()
	switch {
	case was != nil && was.Rack == rack:
		keepTemplate(want, was.Set)
		if p.Volumes != "" {
			want.Spec.VolumeClaimTemplates = was.Set.Spec.VolumeClaimTemplates
		}
		p.add(Apply, key(want), "it is made anew for its pods", Step{Object: want, OnRecord: s.leftRecord()})
		p.unsettle(rack)
	case p.mounts:
		p.Wait("spec.storageConfig to be mended before rack %s is made", rack)
	case s.configRefused(rack, want) != "":
		p.Refused = s.configRefused(rack, want)
		p.Wait("%s to be mended before rack %s is made", s.configField(), rack)
	case s.lacksCopy():
		p.Wait("the copy of the configuration before rack %s is made", rack)
	default:
		s.markRestart(want, s.restartMark(rack))
		p.add(Apply, key(want), fmt.Sprintf("rack %s of %d", rack, *want.Spec.Replicas), Step{Object: want, OnRecord: s.leftRecord()})
	}
}

// planMissing makes the StatefulSet that is gone to be made anew as it was, when the spec is one that can't be acted on. As long
// as there is none, nobody makes a pod again that goes.
func (s *State) planMissing(p *Plan) {
	was := s.remaking()
	if was == nil {
		return
	}
	name := s.names().StatefulSet(was.Rack)
	named := func(set *appsv1.StatefulSet) bool { return set.Name == name }
	planned := func(x Step) bool { return x.Verb == Apply && x.Target == setType.Kind+" "+name }
	if s.StatefulSets[was.Rack] != nil || slices.ContainsFunc(s.RemovedRackSets, named) || slices.ContainsFunc(p.Steps, planned) {
		return
	}
	set := &appsv1.StatefulSet{TypeMeta: setType, ObjectMeta: s.meta(name), Spec: *was.Set.Spec.DeepCopy()}
	set.Labels[api.RackLabel] = topology.CleanLabel(was.Rack)
	set.Annotations = merged(set.Annotations, was.Set.Annotations)
	if !s.DC.Spec.Stopped && int(*set.Spec.Replicas) < s.reach(was.Rack) { // nodes that have joined since the record was made
		set.Spec.Replicas = new(int32(s.reach(was.Rack)))
	}
	p.add(Apply, key(set), "it is made anew for its pods", Step{Object: set})
}

// unsettle notes the first rack that isn't whole.
func (p *Plan) unsettle(rack string) { p.unsettled = or(p.unsettled, rack) }

// planRemade takes the record off when the new StatefulSet has all pods, or when nothing is to be made anew any more.
func (s *State) planRemade(p *Plan) {
	if s.DC.Annotations[RemakingAnnotation] == "" {
		return
	}
	was := s.remaking()
	if was == nil {
		p.add(Clear, RemakingAnnotation, "it can't be read, or isn't about this datacenter", Step{})
		return
	}
	set := s.StatefulSets[was.Rack]
	switch {
	case set == nil || !set.DeletionTimestamp.IsZero():
		return
	case set.UID == was.Set.UID:
		switch {
		case s.outdated(set) == "":
			p.add(Clear, RemakingAnnotation, "StatefulSet "+set.Name+" is as it should be", Step{})
		case set.Generation != was.Set.Generation: // whoever deletes the set now would have it back as it was then
			p.add(Clear, RemakingAnnotation, "StatefulSet "+set.Name+" was changed since", Step{})
		case s.isRemoved(was.Rack):
			p.add(Clear, RemakingAnnotation, "spec.racks lacks "+was.Rack, Step{})
		case p.Volumes != "" || s.growing(was.Rack): // it isn't made anew now, and nodes that should leave wait for the record
			p.add(Clear, RemakingAnnotation, "StatefulSet "+set.Name+" can't be made anew now", Step{})
		}
		return
	}
	if waiting := s.unadopted(was, set); waiting != "" {
		p.Wait("StatefulSet %s to take over pod %s", set.Name, waiting)
		return
	}
	p.add(Clear, RemakingAnnotation, "StatefulSet "+set.Name+" has its pods", Step{})
}

// growing tells whether a volume of a rack has yet to grow.
func (s *State) growing(rack string) bool {
	return slices.ContainsFunc(s.volumesOf(rack), func(v volume) bool { return !v.enlarged() })
}

// unadopted names a pod that the new StatefulSet has yet to take over, "" when it has all.
func (s *State) unadopted(was *remaking, set *appsv1.StatefulSet) string {
	for i := range s.Pods {
		if pod := &s.Pods[i]; was.has(pod.Name, types.UID(pod.UID)) && !metav1.IsControlledBy(pod.Object, set) {
			return pod.Name
		}
	}
	return ""
}

// leaverRoom is how many bytes the record of a node that leaves the ring has at most: its pod, its host id and the UIDs of some claims.
const leaverRoom = 1 << 10

// planRemake makes one StatefulSet anew. The next one's turn comes when the record of this one is taken off: there is one record.
func (s *State) planRemake(p *Plan) {
	if slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Verb == Clear && x.Target == RemakingAnnotation }) {
		return
	}
	was := s.remaking()
	for _, rack := range s.DC.RackNames() {
		have := s.StatefulSets[rack]
		if have == nil || !have.DeletionTimestamp.IsZero() || was != nil && was.Rack == rack && was.Set.UID != have.UID {
			return // planRacks and planRemade are at it
		}
	}
	for _, rack := range s.DC.RackNames() {
		have := s.StatefulSets[rack]
		why := s.outdated(have)
		if why == "" || s.growing(rack) || was != nil && was.Rack != rack { // planVolumes waits for what grows
			continue
		}
		if blocker := s.remakeBlocker(p, rack, have); blocker != "" {
			p.Wait("%s before StatefulSet %s is made anew", blocker, have.Name)
			continue
		}
		record := s.recordOf(rack, have)
		room := strings.Repeat(" ", leaverRoom) // for a node that leaves meanwhile
		if err := validation.ValidateAnnotationsSize(merged(s.DC.Annotations, map[string]string{RemakingAnnotation: record + room})); err != nil {
			p.Wait("the datacenter's annotations to leave room for the record of StatefulSet %s, of %d bytes, before it is made anew (%v)", have.Name, len(record), err)
			return
		}
		switch l := s.leaver(); {
		case s.DC.Annotations[RemakingAnnotation] == record:
			p.add(Remake, setKey(have), why+"; its pods stay", Step{Object: have})
		case was != nil && l != nil: // the node waits for the record, which is no longer true
			p.add(Clear, RemakingAnnotation, "its pods have changed, and node "+l.Pod+" leaves the ring first", Step{})
		case l != nil:
			p.Wait("node %s to have left the ring before StatefulSet %s is made anew", l.Pod, have.Name)
		default:
			p.add(Record, RemakingAnnotation, "StatefulSet "+have.Name+" is to be made anew: "+why, Step{Stamp: record})
		}
		return
	}
}

// remakeBlocker says what a StatefulSet waits for before it is made anew: nothing of it or its pods may be about to change.
func (s *State) remakeBlocker(p *Plan, rack string, have *appsv1.StatefulSet) string {
	busy := slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Verb == Apply && x.Target == setKey(have) })
	if !metav1.IsControlledBy(have, s.DC) {
		return "it to be the datacenter's own"
	}
	if leaving := s.leavingNow(); leaving != "" {
		return "node " + leaving + " to have left the ring"
	}
	if busy || have.Status.ObservedGeneration < have.Generation {
		return "its last change to be seen"
	}
	for _, ordinal := range s.ordinals(rack) {
		at := topology.Position{Rack: rack, Ordinal: ordinal}
		switch pod := s.pod(at); {
		case pod == nil:
			return "pod " + s.names().Pod(at) + " to be made"
		case pod.Deleting || p.takesDown(pod) || s.stale(pod):
			return "pod " + pod.Name + " to be made anew"
		}
	}
	return ""
}
