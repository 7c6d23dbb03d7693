package controller_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A pod that isn't of the datacenter's StatefulSet gets no request, although it has a free node's name and the labels.
func TestAForeignPodUnderANodesName(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	node := s.pod("ring-dc1-r1-sts-0")
	foreign := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-dc1-r1-sts-1", Labels: node.Labels}}
	foreign.Spec.Containers = []corev1.Container{{Name: "cassandra", Image: "cassandra"}}
	s.must(s.admin.Create(t.Context(), foreign))
	foreign.Status.PodIP, foreign.Status.PodIPs, foreign.Status.ContainerStatuses = "10.9.9.9", []corev1.PodIP{{IP: "10.9.9.9"}}, node.Status.ContainerStatuses
	s.must(s.admin.Status().Update(t.Context(), foreign))
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.Size = 4 })
	dial := s.loop.Node
	s.loop.Node = func(pod *corev1.Pod) mgmtapi.Node {
		if pod.Name == foreign.Name {
			t.Errorf("pod %s is spoken to", pod.Name)
		}
		return dial(pod)
	}
	for range 3 {
		s.pass()
	}
}
