package datacenter

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// setOf is a StatefulSet of the datacenter that was made for a rack.
func setOf(s *State, rack string, replicas int32) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: s.names().StatefulSet(rack), UID: "set", Labels: map[string]string{api.RackLabel: topology.CleanLabel(rack)}}}
	set.Spec.Replicas = new(replicas)
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "cassandra", Env: []corev1.EnvVar{{Name: "RACK_NAME", Value: rack}}}}
	return set
}

// The StatefulSet of a rack that was taken out goes only when neither Kubernetes nor the ring nor any record has a node of it, and only as
// it was observed.
func TestAnEmptyRackGoes(t *testing.T) {
	member := mgmtapi.Endpoint{HostID: "one", Datacenter: "dc1", Status: mgmtapi.ModeNormal, Alive: true, Local: true}
	for _, test := range []struct {
		why    string
		change func(s *State, set *appsv1.StatefulSet)
		goes   bool
	}{
		{"nothing is left of it", func(*State, *appsv1.StatefulSet) {}, true},
		{"it is a rack of the spec", func(s *State, _ *appsv1.StatefulSet) {
			s.DC.Spec.Racks = append(s.DC.Spec.Racks, api.Rack{Name: "r_2"})
		}, false},
		{"it has a place", func(_ *State, set *appsv1.StatefulSet) { set.Spec.Replicas = new(int32(1)) }, false},
		{"its last change has yet to be seen", func(_ *State, set *appsv1.StatefulSet) { set.Generation = 2 }, false},
		{"a pod of it ends", func(s *State, _ *appsv1.StatefulSet) {
			at := topology.Position{Rack: "r_2"}
			s.Pods = append(s.Pods, Pod{Name: s.names().Pod(at), Position: at, Deleting: true})
		}, false},
		{"the status has a member of it", func(s *State, _ *appsv1.StatefulSet) {
			s.DC.Status.NodeStatuses[s.names().Pod(topology.Position{Rack: "r_2"})] = api.CassandraNodeStatus{HostID: "two", Rack: "r_2"}
		}, false},
		{"the ring has a member that nobody knows", func(s *State, _ *appsv1.StatefulSet) {
			s.Ringview = append(s.Ringview, mgmtapi.Endpoint{HostID: "two", Datacenter: "dc1", Status: mgmtapi.ModeNormal})
		}, false},
		{"nobody tells of the ring", func(s *State, _ *appsv1.StatefulSet) { s.Ringview = nil }, false},
		{"its last node is on record", func(s *State, _ *appsv1.StatefulSet) {
			s.DC.Annotations[api.DecommissionAnnotation] = s.names().Pod(topology.Position{Rack: "r_2"}) + " two left claim"
		}, false},
		{"the volume of its last node is kept", func(s *State, _ *appsv1.StatefulSet) {
			s.DC.Annotations[api.DecommissionAnnotation] = s.names().Pod(topology.Position{Rack: "r_2"}) + " two kept"
		}, false},
		{"it is being made anew", func(s *State, set *appsv1.StatefulSet) { s.DC.Annotations[RemakingAnnotation] = s.recordOf("r_2", set) }, false},
		{"the datacenter is stopped", func(s *State, _ *appsv1.StatefulSet) { s.DC.Spec.Stopped = true }, false},
		{"the first boot isn't over", func(s *State, set *appsv1.StatefulSet) {
			s.DC.Status.Conditions, set.Spec.Replicas = nil, new(int32(1))
		}, false},
	} {
		t.Run(test.why, func(t *testing.T) {
			s, _ := begunState(1, 1)
			at := topology.Position{Rack: "r1"}
			s.DC.Status.NodeStatuses[s.names().Pod(at)] = api.CassandraNodeStatus{HostID: "one", Rack: "r1"}
			s.Ringview = []mgmtapi.Endpoint{member}
			set := setOf(s, "r_2", 0)
			s.NoteRemovedSet(set)
			test.change(s, set)
			p := Plan{}
			if goes := s.planRemovedSet(&p, "r_2", set); goes != test.goes {
				t.Errorf("it goes: %t", goes)
			}
			if test.goes && (len(p.Steps) != 1 || p.Steps[0].Verb != Delete || !p.Steps[0].Unchanged || p.Steps[0].Object != set) {
				t.Errorf("%+v", p.Steps)
			}
		})
	}
}

// A StatefulSet is a rack's only when all that it says of its rack agrees. Of another one nobody can tell, and nothing is changed.
func TestTheRackOfAStatefulSet(t *testing.T) {
	for why, change := range map[string]func(*appsv1.StatefulSet){
		"without the variable":  func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Env = nil },
		"of another container":  func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Name = "sidecar" },
		"by another name":       func(set *appsv1.StatefulSet) { set.Name += "x" },
		"labelled for another":  func(set *appsv1.StatefulSet) { set.Labels[api.RackLabel] = "r1" },
		"of a rack that it has": func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Env[0].Value = "r1" },
	} {
		s, _ := begunState(1, 1)
		good, bad := setOf(s, "r_2", 1), setOf(s, "r_2", 1)
		if rack := RackOf(s.DC, good); rack != "r_2" {
			t.Fatalf("%q", rack)
		}
		change(bad)
		s.NoteRemovedSet(bad)
		if refused := s.racksRefused(); !strings.Contains(refused, "doesn't say which rack it was made for") || s.StatefulSets["r_2"] != nil {
			t.Errorf("%s: %q", why, refused)
		}
	}
}
