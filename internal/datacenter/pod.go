package datacenter

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/topology"
)

// machineGone is the kubelet's reason for a container that it can't find any
// more, after its machine was restarted: nothing that the node did.
const machineGone = "ContainerStatusUnknown"

// FromPod takes from a pod what a plan needs; its agent is asked separately.
func FromPod(pod *corev1.Pod, at topology.Position) Pod {
	p := Pod{
		Name: pod.Name, UID: string(pod.UID), IP: pod.Status.PodIP, Position: at, Labels: pod.Labels, Deleting: pod.DeletionTimestamp != nil,
		Revision: pod.Labels[appsv1.ControllerRevisionHashLabelKey], Scheduled: pod.Spec.NodeName != "",
	}
	p.Ready, p.ReadySince = podReady(pod)
	p.Client, p.Secure = AgentAccess(pod)
	p.Object = pod
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			p.Unschedulable = c.Message
		}
	}
	for _, c := range append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...) {
		if w := c.State.Waiting; w != nil && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
			p.Waiting = strings.TrimSuffix(w.Reason+": "+w.Message, ": ")
		}
		if c.Name != "cassandra" {
			continue
		}
		for _, t := range []*corev1.ContainerStateTerminated{c.LastTerminationState.Terminated, c.State.Terminated} {
			if t != nil && t.ExitCode != 0 && t.Message != "" && t.Reason != machineGone {
				p.Crashed = strings.TrimSpace(t.Message)
			}
		}
	}
	return p
}
