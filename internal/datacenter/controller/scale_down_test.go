package controller

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

// leaving is a datacenter of three nodes, of which the last one leaves, and its ring.
func leaving(t *testing.T) (*Reconciler, *datacenter.State, *fake.Ring) {
	t.Helper()
	ring := fake.NewRing("c")
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1", UID: "u"}}
	dc.Spec.ClusterName, dc.Spec.Racks = "c", []api.Rack{{Name: "r1"}}
	dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec = &corev1.PersistentVolumeClaimSpec{}
	s := &datacenter.State{DC: dc}
	addresses := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}
	for i, address := range addresses {
		n := ring.Add(address, "dc1", "r1")
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: addresses[:1], InitialTokens: []string{address}, AutoBootstrap: new(false)}); err != nil {
			t.Fatal(err)
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "c-dc1-r1-sts-" + string(rune('0'+i))}, Status: corev1.PodStatus{PodIP: address}}
		s.Pods = append(s.Pods, datacenter.Pod{Name: pod.Name, IP: address, Object: pod, Agent: true})
	}
	ring.Advance()
	last := s.Pods[2].Name
	dc.Annotations = map[string]string{api.DecommissionAnnotation: last + " " + ring.Node("10.0.0.3").HostID()}
	r := &Reconciler{Node: func(pod *corev1.Pod) mgmtapi.Node { return ring.Dial(pod.Status.PodIP) }}
	look(t, r, s)
	return r, s, ring
}

func look(t *testing.T, r *Reconciler, s *datacenter.State) {
	t.Helper()
	for i := range s.Pods {
		status, err := r.nodeOf(&s.Pods[i]).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Pods[i].Status = status
	}
}

// That a node has left is recorded only when each member that runs says that it knows it no more.
func TestEachMemberIsAskedWhetherANodeHasLeft(t *testing.T) {
	r, s, ring := leaving(t)
	gone := ring.Node("10.0.0.3")
	for _, keyspace := range []string{"system_auth", "system_distributed", "system_traces"} {
		if err := gone.AlterKeyspace(t.Context(), keyspace, map[string]int{"dc1": 1}); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(what, want string) {
		t.Helper()
		err := r.knownToNobody(t.Context(), s, gone.HostID())
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	knows("a member", "still knows host id")
	if _, err := gone.Decommission(t.Context(), gone.HostID(), false); err != nil {
		t.Fatal(err)
	}
	ring.Advance()
	look(t, r, s)
	r.observeStreams(t.Context(), s)
	if len(s.Streams) != 2 || s.Streams[0].Operation != "Unbootstrap" {
		t.Errorf("streams: %+v", s.Streams)
	}
	knows("one that is leaving", "still knows host id")
	ring.Advance()
	look(t, r, s)
	ring.Node("10.0.0.1").Unreachable(true)
	knows("a member that can't be asked", "10.0.0.1 does not answer")
	ring.Node("10.0.0.1").Unreachable(false)
	knows("one that has left", "")
	for i := range s.Pods {
		s.Pods[i].Status.State = mgmtapi.Stopped
	}
	knows("nobody runs", "no node runs")
}

// A node that was leaving is started again only if everybody has it as a member.
func TestEachMemberIsAskedBeforeANodeOnRecordStarts(t *testing.T) {
	r, s, ring := leaving(t)
	hostID := ring.Node("10.0.0.3").HostID()
	if err := r.knownToAll(t.Context(), s, hostID); err != nil {
		t.Error(err)
	}
	ring.Node("10.0.0.3").Remove()
	if err := r.knownToAll(t.Context(), s, hostID); err == nil || !strings.Contains(err.Error(), "doesn't know host id") {
		t.Errorf("of one that the ring has no more: %v", err)
	}
}

// reader has one datacenter.
type reader struct {
	client.Reader
	now *api.CassandraDatacenter
}

func (r reader) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	r.now.DeepCopyInto(o.(*api.CassandraDatacenter))
	return nil
}

// A step that rests on a record isn't taken when the API server has another one, or another spec, whatever the cache says.
func TestRecordsAreReadAgain(t *testing.T) {
	record := "pod id left"
	seen := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{UID: "u", Generation: 3, Annotations: map[string]string{api.DecommissionAnnotation: record}}}
	for name, change := range map[string]func(*api.CassandraDatacenter){
		"cleared": func(dc *api.CassandraDatacenter) { dc.Annotations = nil },
		"another": func(dc *api.CassandraDatacenter) { dc.Annotations[api.DecommissionAnnotation] = "pod another left" },
		"anew":    func(dc *api.CassandraDatacenter) { dc.UID = "v" },
		"edited":  func(dc *api.CassandraDatacenter) { dc.Generation = 4 },
	} {
		now := seen.DeepCopy()
		change(now)
		r := &Reconciler{Live: reader{now: now}}
		if err := r.stillOnRecord(t.Context(), &datacenter.State{DC: seen}, datacenter.Step{OnRecord: record}); err == nil {
			t.Errorf("%s: the step is taken", name)
		}
	}
	r := &Reconciler{Live: reader{now: seen}}
	if err := r.stillOnRecord(t.Context(), &datacenter.State{DC: seen}, datacenter.Step{OnRecord: record}); err != nil {
		t.Error(err)
	}
}

// The claims of the pod whose node leaves are found, those that are being deleted too, and no other's.
func TestClaimsOfTheNodeThatLeaves(t *testing.T) {
	_, s, _ := leaving(t)
	at := metav1.Now()
	claim := func(name string) corev1.PersistentVolumeClaim {
		return corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid of " + name)}}
	}
	going := claim("server-data-c-dc1-r1-sts-2")
	going.DeletionTimestamp = &at
	sortClaims(s, []corev1.PersistentVolumeClaim{claim("server-data-c-dc1-r1-sts-1"), going, claim("other-c-dc1-r1-sts-2"), claim("server-data-c-dc1-r1-sts-20")})
	if len(s.LeaverClaims) != 1 || s.LeaverClaims[0] != (datacenter.Volume{Name: going.Name, UID: "uid of " + going.Name, Deleting: true}) {
		t.Errorf("%+v", s.LeaverClaims)
	}
}
