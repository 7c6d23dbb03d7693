package controller_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter/controller"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

// stage is a namespace of a real API server in which the loop runs with the
// shipped permissions. The controllers that make pods, and the kubelets that run
// them, are played by kubernetes (stage_kube_test.go).
type stage struct {
	t      *testing.T
	admin  client.Client
	as     client.Client
	ns     string
	ring   *fake.Ring
	nodes  map[string]*fake.Node // by pod name: they live as long as the volumes
	clock  time.Time
	serial int
	events *events.FakeRecorder
	told   []string // events so far
	loop   *controller.Reconciler
	next   time.Duration // until the loop looks again
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cluster := kubetest.Shared(t)
	operator, err := client.New(cluster.Operator(), client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, admin: cluster.Client, as: operator, ns: cluster.Namespace(t), ring: fake.NewRing("ring"), nodes: map[string]*fake.Node{},
		clock: time.Now().Truncate(time.Second), events: events.NewFakeRecorder(1000)}
	s.ring.Now = func() time.Time { return s.clock }
	s.newOperator()
	return s
}

// newOperator is an operator that remembers nothing.
func (s *stage) newOperator() {
	s.loop = &controller.Reconciler{Client: s.as, Live: s.as, Events: s.events, Now: func() time.Time { return s.clock },
		Node: func(pod *corev1.Pod) mgmtapi.Node {
			if len(pod.Spec.Containers) == 0 {
				s.t.Errorf("nobody can tell how the agent of %s is to be spoken to", pod.Status.PodIP)
			}
			return s.ring.Dial(pod.Status.PodIP)
		}}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) secret(name string, data map[string]string) {
	s.t.Helper()
	s.must(s.admin.Create(s.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, StringData: data}))
}

// create makes dc1: three racks of one node, with authentication.
func (s *stage) create(change func(*api.CassandraDatacenter)) {
	s.t.Helper()
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1"}}
	dc.Spec = api.CassandraDatacenterSpec{
		ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 3,
		Racks:  []api.Rack{{Name: "r1"}, {Name: "r2"}, {Name: "r3"}},
		Config: []byte(`{"cassandra-yaml":{"num_tokens":4,"authenticator":"PasswordAuthenticator"}}`),
		StorageConfig: api.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		}},
	}
	if change != nil {
		change(dc)
	}
	s.must(s.admin.Create(s.t.Context(), dc))
}

func (s *stage) dc() *api.CassandraDatacenter {
	s.t.Helper()
	dc := &api.CassandraDatacenter{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "dc1"}, dc))
	return dc
}

func (s *stage) change(f func(*api.CassandraDatacenter)) {
	s.t.Helper()
	dc := s.dc()
	f(dc)
	s.must(s.admin.Update(s.t.Context(), dc))
}

func (s *stage) pod(name string) *corev1.Pod {
	s.t.Helper()
	pod := &corev1.Pod{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, pod))
	return pod
}

// pass is one pass of the loop.
func (s *stage) pass() {
	s.t.Helper()
	result, err := s.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: s.ns, Name: "dc1"}})
	s.must(err)
	s.next = result.RequeueAfter
}

// rounds lets loop and Kubernetes take turns.
func (s *stage) rounds(n int) {
	s.t.Helper()
	for range n {
		s.pass()
		s.kubernetes()
	}
}

// settle goes on until all is as asked.
func (s *stage) settle() {
	s.t.Helper()
	for range 100 {
		before := s.versions()
		s.rounds(1)
		if s.calm() && slices.Equal(before, s.versions()) {
			return
		}
	}
	s.t.Fatalf("not settled after 100 rounds: %+v", s.dc().Status)
}

// calm tells whether the last pass found nothing to do.
func (s *stage) calm() bool { return s.next > time.Second }

// versions are all objects as they were last written.
func (s *stage) versions() (all []string) {
	s.t.Helper()
	for _, list := range []client.ObjectList{&api.CassandraDatacenterList{}, &appsv1.StatefulSetList{}, &corev1.ServiceList{}, &corev1.PodList{}, &corev1.SecretList{}, &policyv1.PodDisruptionBudgetList{}} {
		s.must(s.admin.List(context.WithoutCancel(s.t.Context()), list, client.InNamespace(s.ns)))
		for _, o := range items(s.t, list) {
			all = append(all, fmt.Sprintf("%T %s %s", o, o.GetName(), o.GetResourceVersion()))
		}
	}
	return all
}

func (s *stage) uids() map[string]string {
	out := map[string]string{}
	for name := range s.nodes {
		out[name] = string(s.pod(name).UID)
	}
	return out
}

// notServing counts the nodes that don't serve.
func (s *stage) notServing() (n int) {
	for _, node := range s.nodes {
		status, err := node.Status(s.t.Context())
		if err != nil || status.State != mgmtapi.Running || !status.NativeTransport {
			n++
		}
	}
	return n
}

// event tells whether one with the words was recorded.
func (s *stage) event(words string) bool {
	for len(s.events.Events) > 0 {
		s.told = append(s.told, <-s.events.Events)
	}
	return slices.ContainsFunc(s.told, func(e string) bool { return strings.Contains(e, words) })
}
