package datacenter

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// begunState is a datacenter of one rack that has booted, with a StatefulSet of so many nodes.
func begunState(size, replicas int32) (*State, *appsv1.StatefulSet) {
	s := &State{DC: &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1", UID: "uid", Annotations: map[string]string{}}}, StatefulSets: map[string]*appsv1.StatefulSet{}}
	s.DC.Spec.ClusterName, s.DC.Spec.Size, s.DC.Spec.Racks = "ring", size, []api.Rack{{Name: "r1"}}
	s.DC.Status.Conditions = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}
	s.DC.Status.NodeStatuses = api.CassandraStatusMap{}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: s.names().StatefulSet("r1"), UID: "set"}}
	set.Spec.Replicas = new(replicas)
	s.StatefulSets["r1"] = set
	return s, set
}

// A pod that nobody wants any more and that never became a member doesn't count among those that may serve.
func TestAllFailAlsoBesideAPodThatNobodyWants(t *testing.T) {
	s, _ := begunState(1, 3)
	for ordinal := range 3 {
		at := topology.Position{Rack: "r1", Ordinal: ordinal}
		s.Pods = append(s.Pods, Pod{Name: s.names().Pod(at), Position: at})
	}
	for _, i := range []int{0, 2} {
		s.DC.Status.NodeStatuses[s.Pods[i].Name] = api.CassandraNodeStatus{HostID: "id"}
		s.Pods[i].Crashed = "the JVM ended"
	}
	s.Ringview = []mgmtapi.Endpoint{{HostID: "id", Datacenter: "dc1"}}
	if !s.allFail() {
		t.Error("the pod between the two members, which isn't wanted, holds up those that fail")
	}
}

// The restart of an earlier request goes on when it has reached a rack whose StatefulSet is just being made anew, and that isn't whole.
func TestARestartGoesOnWhileAStatefulSetIsMadeAnew(t *testing.T) {
	s, set := begunState(1, 1)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.DC.Status.LastRollingRestart = metav1.NewTime(at)
	set.Spec.Template.Annotations = map[string]string{control.RestartedAtAnnotation: at.Add(-time.Hour).Format(time.RFC3339)}
	if !s.restartGoesOn() {
		t.Fatal("it has yet to reach the rack")
	}
	s.DC.Annotations[RemakingAnnotation] = s.recordOf("r1", set)
	delete(s.StatefulSets, "r1")
	if !s.restartGoesOn() {
		t.Error("it has yet to reach the rack, whose StatefulSet is away")
	}
}

// A StatefulSet that is made anew while the spec can't be acted on has places for nodes that have joined since it was recorded.
func TestAMissingSetHasPlacesForNodesThatJoinedSince(t *testing.T) {
	s, set := begunState(2, 2)
	s.DC.Annotations[RemakingAnnotation] = s.recordOf("r1", set)
	delete(s.StatefulSets, "r1")
	s.DC.Status.NodeStatuses[s.names().Pod(topology.Position{Rack: "r1", Ordinal: 2})] = api.CassandraNodeStatus{HostID: "id"}
	p := Plan{}
	s.planMissing(&p)
	if len(p.Steps) != 1 {
		t.Fatal(p)
	}
	if made, is := p.Steps[0].Object.(*appsv1.StatefulSet); !is || *made.Spec.Replicas != 3 {
		t.Errorf("%v", made.Spec.Replicas)
	}
}
