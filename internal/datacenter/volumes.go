package datacenter

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// Class is what a StorageClass says about the growth of its volumes.
type Class struct {
	Missing bool
	Expands bool
	Error   string // why it can't be read
}

// volume is a bound or unbound claim of a node, with the size that the spec asks for.
type volume struct {
	claim *corev1.PersistentVolumeClaim
	of    string // the name of the claim's template
	want  resource.Quantity
}

// volumesOf are the claims that the nodes of a rack have. One that is being deleted goes with its pod, and those of a node that
// leaves the ring go with it: they are left out.
func (s *State) volumesOf(rack string) (all []volume) {
	for ordinal := range s.target(rack) {
		pod := s.names().Pod(topology.Position{Rack: rack, Ordinal: ordinal})
		if s.isLeaver(pod) {
			continue
		}
		for _, t := range s.claims() {
			if c := s.Claims[t.Name+"-"+pod]; c != nil && c.DeletionTimestamp.IsZero() {
				all = append(all, volume{claim: c, of: t.Name, want: *t.Spec.Resources.Requests.Storage()})
			}
		}
	}
	return all
}

// nodeVolumes are those of all racks.
func (s *State) nodeVolumes() (all []volume) {
	for _, rack := range s.DC.RackNames() {
		all = append(all, s.volumesOf(rack)...)
	}
	return all
}

// bound: Kubernetes lets no other claim be changed.
func (v volume) bound() bool { return v.claim.Status.Phase == corev1.ClaimBound }

// asked tells whether the claim asks for as much as the spec. One that a person made larger asks for more.
func (v volume) asked() bool { return v.claim.Spec.Resources.Requests.Storage().Cmp(v.want) >= 0 }

func (v volume) grown() bool { return v.claim.Status.Capacity.Storage().Cmp(v.want) >= 0 }

// enlarged tells whether the volume has grown, if perhaps not yet the file system on it: that is the kubelet's to do, now or
// when the pod starts again. One that is yet to be made will have what its claim asks for.
func (v volume) enlarged() bool {
	status := v.claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage]
	return v.grown() || v.asked() && (!v.bound() || v.condition(corev1.PersistentVolumeClaimFileSystemResizePending) != nil ||
		status == corev1.PersistentVolumeClaimNodeResizePending || status == corev1.PersistentVolumeClaimNodeResizeInProgress)
}

func (v volume) condition(kinds ...corev1.PersistentVolumeClaimConditionType) *corev1.PersistentVolumeClaimCondition {
	for _, kind := range kinds {
		for i := range v.claim.Status.Conditions {
			if c := &v.claim.Status.Conditions[i]; c.Type == kind && c.Status == corev1.ConditionTrue {
				return c
			}
		}
	}
	return nil
}

// failure is why the volume doesn't grow, in the words of who tries; "" when nothing failed.
func (v volume) failure() string {
	if c := v.condition(corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError); c != nil {
		return inWords(c)
	}
	status := v.claim.Status.AllocatedResourceStatuses[corev1.ResourceStorage]
	if status == corev1.PersistentVolumeClaimControllerResizeInfeasible || status == corev1.PersistentVolumeClaimNodeResizeInfeasible {
		return string(status)
	}
	return ""
}

// growth says of a claim what becomes of it, with its own condition.
func (v volume) growth() string {
	text := fmt.Sprintf("claim %s to grow from %s to %s", v.claim.Name, v.claim.Status.Capacity.Storage(), &v.want)
	why := v.failure()
	if c := v.condition(corev1.PersistentVolumeClaimFileSystemResizePending, corev1.PersistentVolumeClaimResizing); why == "" && c != nil {
		why = inWords(c)
	}
	if why != "" {
		text += " (" + why + ")"
	}
	return text
}

func inWords(c *corev1.PersistentVolumeClaimCondition) string {
	if c.Message == "" {
		return string(c.Type)
	}
	return fmt.Sprintf("%s: %s", c.Type, c.Message)
}

// mayGrow tells whether volumes are made larger when the spec asks for more.
func (s *State) mayGrow() bool { return s.DC.Annotations[api.AllowStorageChangesAnnotation] == "true" }

// GrowingClasses are the StorageClasses of claims that are to grow, which the plan has to know.
func (s *State) GrowingClasses() (names []string) {
	if !s.mayGrow() {
		return nil
	}
	for _, v := range s.nodeVolumes() {
		if name := ptr.Deref(v.claim.Spec.StorageClassName, ""); name != "" && !v.asked() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// resizing says which volumes are being made larger, those that fail first, and whether any fails.
func (s *State) resizing() (words []string, fails bool) {
	refused, _ := s.volumesRefused()
	if unread := s.unreadClasses(); unread != "" {
		words = append(words, unread)
	}
	failed := 0
	for _, v := range s.nodeVolumes() {
		switch {
		case !v.bound() || v.grown() || !v.asked() && (refused != "" || !s.mayGrow()):
		case v.failure() != "":
			words, failed = slices.Insert(words, failed, v.growth()), failed+1
		default:
			words = append(words, v.growth())
		}
	}
	fails = failed > 0
	if len(words) > 0 || refused != "" {
		return words, fails
	}
	for _, rack := range s.DC.RackNames() {
		if set := s.StatefulSets[rack]; set != nil && s.smallerTemplate(set) && !s.DC.Spec.Stopped {
			words = append(words, fmt.Sprintf("StatefulSet %s to be made anew, for new nodes' volumes", set.Name))
		}
	}
	return words, false
}
