package datacenter_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

func controlledBy(set *appsv1.StatefulSet) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
}

// makeClaims is the controller of StatefulSets, and the provisioner that binds what it makes. Claims that are there are kept.
func (r *region) makeClaims(set *appsv1.StatefulSet, pod string) {
	for _, t := range set.Spec.VolumeClaimTemplates {
		name := t.Name + "-" + pod
		if r.storage[name] != nil {
			continue
		}
		c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: *t.Spec.DeepCopy()}
		c.Spec.StorageClassName = new("disks")
		c.UID = types.UID("uid of " + name + " " + strconv.Itoa(r.claims[pod]))
		if name == datacenter.Claim(pod) {
			c.UID = types.UID(r.volumeUID(pod))
		}
		c.Status.Phase, c.Status.Capacity = corev1.ClaimBound, maps.Clone(c.Spec.Resources.Requests)
		r.storage[name] = c
	}
}

func (r *region) readVolumes(s *datacenter.State) {
	s.Claims = map[string]*corev1.PersistentVolumeClaim{}
	for name, c := range r.storage {
		s.Claims[name] = c.DeepCopy()
		for pod, leaves := range r.leaving {
			if leaves && name == datacenter.Claim(pod) {
				s.Claims[name].DeletionTimestamp = &metav1.Time{Time: r.now}
			}
		}
	}
	s.Classes = map[string]datacenter.Class{"disks": {Expands: !r.fixed}}
}

// growClaim is the API server.
func (r *region) growClaim(c *corev1.PersistentVolumeClaim) error {
	there := r.storage[c.Name]
	if there == nil || r.fixed || c.Spec.Resources.Requests.Storage().Cmp(*there.Spec.Resources.Requests.Storage()) < 0 {
		return errors.New("the claim can't be changed so")
	}
	there.Spec.Resources.Requests = maps.Clone(c.Spec.Resources.Requests)
	return nil
}

// resizeVolumes is the provisioner: it makes volumes larger, or is slow, fails, or leaves the file system for later.
func (r *region) resizeVolumes() {
	for _, c := range r.storage {
		c.Status.Conditions = nil
		want := *c.Spec.Resources.Requests.Storage()
		if c.Status.Capacity.Storage().Cmp(want) >= 0 {
			continue
		}
		says := func(kind corev1.PersistentVolumeClaimConditionType, words string) {
			c.Status.Conditions = []corev1.PersistentVolumeClaimCondition{{Type: kind, Status: corev1.ConditionTrue, Message: words}}
		}
		switch r.resizer {
		case "slow":
			says(corev1.PersistentVolumeClaimResizing, "")
		case "fails":
			says(corev1.PersistentVolumeClaimControllerResizeError, "the account's quota of storage is used up")
		case "pending":
			says(corev1.PersistentVolumeClaimFileSystemResizePending, "waiting for a pod to start")
		default:
			c.Status.Capacity = maps.Clone(c.Spec.Resources.Requests)
		}
	}
}

// orphanPods marks a set as deleted; the garbage collector takes the pods from it.
func (r *region) orphanPods(set *appsv1.StatefulSet) error {
	there := r.sets[set.Labels[api.RackLabel]]
	if there == nil || there.UID != set.UID || there.Generation != set.Generation {
		return errors.New("it is another one by now")
	}
	there.DeletionTimestamp = &metav1.Time{Time: r.now}
	return nil
}

// endSets is the garbage collector.
func (r *region) endSets() {
	for rack, set := range r.sets {
		if set.DeletionTimestamp == nil {
			continue
		}
		for _, pod := range r.pods {
			if metav1.IsControlledBy(pod, set) {
				pod.OwnerReferences = nil
			}
		}
		delete(r.sets, rack)
	}
}

func (r *region) positionOf(pod string) topology.Position {
	names := datacenter.NamesOf(r.dc)
	racks := r.dc.RackNames()
	for rack := range r.sets {
		racks = append(racks, rack)
	}
	for _, rack := range racks {
		if i, ok := ordinal(pod, names.StatefulSet(rack)); ok {
			return topology.Position{Rack: rack, Ordinal: i}
		}
	}
	return topology.Position{}
}

// takeOut changes the racks of the spec, and lets those go that it has no more.
func (r *region) takeOut(names []string) {
	going := slices.DeleteFunc(append(strings.Split(r.dc.Annotations[api.RemoveRacksAnnotation], ","), r.dc.RackNames()...), func(rack string) bool { return rack == "" || slices.Contains(names, rack) })
	slices.Sort(going)
	delete(r.dc.Annotations, api.RemoveRacksAnnotation)
	if going = slices.Compact(going); len(going) > 0 {
		r.annotate(api.RemoveRacksAnnotation, strings.Join(going, ","))
	}
	r.setRacks(names)
}

// keepARack puts the racks that nodes are in back into a list that has none of them any more, which is refused.
func (r *region) keepARack() {
	var with []string
	for name, n := range r.nodes {
		if n.Member() {
			with = append(with, r.positionOf(name).Rack)
		}
	}
	if names := r.dc.RackNames(); len(with) > 0 && !slices.ContainsFunc(with, func(rack string) bool { return slices.Contains(names, rack) }) {
		slices.Sort(with)
		r.takeOut(slices.Compact(with))
	}
}

// setRacks changes the racks of the spec.
func (r *region) setRacks(names []string) {
	r.dc.Spec.Racks = nil
	for _, name := range names {
		r.dc.Spec.Racks = append(r.dc.Spec.Racks, api.Rack{Name: name})
	}
	for i, d := range r.world.ring.Datacenters {
		if d.Name == r.dc.Name {
			r.world.ring.Datacenters[i].Racks = names
		}
	}
	r.dc.Generation++
}

// setStorage changes how large volumes the spec asks for.
func (r *region) setStorage(size string) {
	claim := r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec
	claim.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
}

// volumesAndPods shows what claims ask for and have, what new pods would get, and which pods there are.
func (r *region) volumesAndPods() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.storage)) {
		c := r.storage[name]
		fmt.Fprintf(&b, "%s asks for %s, has %s\n", name, c.Spec.Resources.Requests.Storage(), c.Status.Capacity.Storage())
	}
	for _, rack := range slices.Sorted(maps.Keys(r.sets)) {
		set := r.sets[rack]
		fmt.Fprintf(&b, "%s %s:", strings.TrimPrefix(set.Name, "multi-region-"), set.Spec.ServiceName)
		for _, t := range set.Spec.VolumeClaimTemplates {
			fmt.Fprintf(&b, " %s %s", t.Name, t.Spec.Resources.Requests.Storage())
		}
		for _, name := range slices.Sorted(maps.Keys(r.pods)) {
			if pod := r.pods[name]; metav1.IsControlledBy(pod, set) {
				fmt.Fprintf(&b, ", pod %s", pod.UID)
			}
		}
		fmt.Fprintln(&b)
	}
	return strings.ReplaceAll(b.String(), "multi-region-", "")
}

// smallerVolumes names what is smaller than the spec asks for, and what was left of making StatefulSets anew.
func (r *region) smallerVolumes() string {
	want := r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec.Resources.Requests.Storage()
	for name, c := range r.storage {
		if r.pods[strings.TrimPrefix(name, datacenter.Claim(""))] == nil { // of one that was never a member, and went
			continue
		}
		if c.Status.Capacity.Storage().Cmp(*want) < 0 {
			return fmt.Sprintf("claim %s has %s instead of %s", name, c.Status.Capacity.Storage(), want)
		}
	}
	for _, set := range r.sets {
		if has := set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage(); has.Cmp(*want) < 0 {
			return fmt.Sprintf("new pods of %s would get %s instead of %s", set.Name, has, want)
		}
	}
	if text := r.dc.Annotations[datacenter.RemakingAnnotation]; text != "" {
		return "it is still on record: " + text
	}
	return ""
}

// loseClaim takes the claim of a pod that waits for it, and the volume with it.
func (r *region) loseClaim(name string) {
	if pod, n := r.pods[name], r.nodes[name]; pod == nil || n == nil || pod.Status.Phase != corev1.PodPending {
		return
	}
	r.nodes[name] = r.nodes[name].LoseVolume("gone-" + name)
	r.claims[name]++
	r.unclaimed[name] = true
	delete(r.storage, datacenter.Claim(name))
}
