package datacenter

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// A pod that waits for a volume whose claim is gone waits for ever: claims are made with a pod. (Kubernetes 1.36 makes one for a pod
// that has no machine yet, and so do some versions before. For one that has, nobody makes it a volume there.) So the pod is deleted,
// and comes back with a claim. What becomes of its node, whose data is gone with the claim, is decided as ever: see planIdentity.

// waitsForVolumes tells whether a pod can't have begun to use its volumes.
func (p *Pod) waitsForVolumes() bool {
	if p.Object == nil || p.Deleting || p.Object.Status.Phase != corev1.PodPending {
		return false
	}
	begun := func(c corev1.ContainerStatus) bool {
		return c.State.Running != nil || c.State.Terminated != nil || c.LastTerminationState.Terminated != nil
	}
	return !slices.ContainsFunc(p.Object.Status.InitContainerStatuses, begun) && !slices.ContainsFunc(p.Object.Status.ContainerStatuses, begun)
}

// ClaimsAwaited are the names of the claims that a pod waits for, if it can't have begun to use them, and its rack's StatefulSet
// would make them with another pod.
func (s *State) ClaimsAwaited(pod *Pod) (names []string) {
	set := s.StatefulSets[pod.Position.Rack]
	if !pod.waitsForVolumes() || set == nil || !set.DeletionTimestamp.IsZero() {
		return nil
	}
	for _, t := range set.Spec.VolumeClaimTemplates {
		names = append(names, t.Name+"-"+pod.Name)
	}
	return names
}

// planUnclaimed has pods made anew whose claims are gone.
func (s *State) planUnclaimed(p *Plan) {
	was := s.remaking()
	for i := range s.Pods {
		pod := &s.Pods[i]
		switch {
		case pod.Unclaimed == "" || p.takesDown(pod) || s.isLeaver(pod.Name) || s.isSurplus(pod):
		case len(s.ClaimsAwaited(pod)) == 0 || was != nil && was.Rack == pod.Position.Rack:
			p.Wait("StatefulSet %s to be made anew before pod %s is, whose claim %s is gone", s.names().StatefulSet(pod.Position.Rack), pod.Name, pod.Unclaimed)
		default:
			p.add(DeletePod, pod.Name, fmt.Sprintf("its claim %s is gone, and another one is made with a new pod", pod.Unclaimed), Step{Pod: pod})
		}
	}
}
