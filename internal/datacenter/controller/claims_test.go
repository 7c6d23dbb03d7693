package controller_test

import (
	"context"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// answering is an agent beside whose next answer something happens.
type answering struct {
	mgmtapi.Node
	meanwhile func()
}

func (a answering) Status(ctx context.Context) (mgmtapi.Status, error) {
	status, err := a.Node.Status(ctx)
	a.meanwhile()
	return status, err
}

// Claim and pod are force-deleted and made again while the agent answers, which can't tell what data it has: the answer of the
// former pod's agent says nothing about the new claim.
func TestALostVolumeInTheMiddleOfAPass(t *testing.T) {
	s := newStage(t)
	s.secret("ring-superuser", map[string]string{"username": "admin", "password": "secret"})
	s.create(nil)
	s.settle()
	for _, node := range s.nodes {
		node.OldAgent(true)
	}
	s.pass()
	const name = "ring-dc1-r2-sts-0"
	before := s.dc().Status.NodeStatuses[name]
	dial, lost := s.loop.Node, false
	s.loop.Node = func(pod *corev1.Pod) mgmtapi.Node {
		return answering{Node: dial(pod), meanwhile: func() {
			if pod.Name == name && !lost {
				lost = true
				s.loseVolume(name)
				s.remakePods()
			}
		}}
	}
	s.settle()
	if after := s.dc().Status.NodeStatuses[name]; after.HostID == before.HostID || after.ClaimUID == before.ClaimUID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if o := s.nodes[name].Options(); o.ReplaceAddress != before.IP || slices.Contains(o.Seeds, s.pod(name).Status.PodIP) {
		t.Errorf("it was started with %+v", o)
	}
}

// remakePods is what the StatefulSets' controller does at once.
func (s *stage) remakePods() {
	s.t.Helper()
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(s.t.Context(), &sets, client.InNamespace(s.ns)))
	for i := range sets.Items {
		s.controlSet(&sets.Items[i], map[string]bool{})
	}
}
