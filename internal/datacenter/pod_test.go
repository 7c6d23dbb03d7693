package datacenter_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

func TestWhyAPodsNodeEnded(t *testing.T) {
	for _, c := range []struct {
		why   string
		ended corev1.ContainerStateTerminated
		want  string
	}{
		{"the agent's last words count", corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: "Invalid yaml\n"}, "Invalid yaml"},
		{"an orderly end is no failure", corev1.ContainerStateTerminated{ExitCode: 0, Reason: "Completed", Message: "drained"}, ""},
		{"a machine that was restarted says nothing of the node", corev1.ContainerStateTerminated{ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was deleted."}, ""},
	} {
		pod := &corev1.Pod{}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "cassandra", LastTerminationState: corev1.ContainerState{Terminated: &c.ended}}}
		if got := datacenter.FromPod(pod, topology.Position{}).Crashed; got != c.want {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}
