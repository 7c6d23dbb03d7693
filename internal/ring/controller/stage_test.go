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
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ring/controller"
)

const west, central = "eu-west-1", "eu-central-1"

// stage is two regions, each a real API server in which the loop runs with the shipped permissions and reads the other one
// as a peer with the shipped permissions. A story has a namespace of its own in both. CassandraDatacenters have no
// controller: serve plays it.
type stage struct {
	t        *testing.T
	ns       string
	ringName string
	clock    time.Time
	by       map[string]*region
}

type region struct {
	*stage
	name   string
	admin  client.Client
	as     client.Client // the operator
	peers  *peers.Peers
	loop   *controller.Reconciler
	link   *kubetest.Link // to the other region's API server
	events *events.FakeRecorder
	told   []string
	next   time.Duration
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, ringName: "ring", clock: time.Now().Truncate(time.Second), by: map[string]*region{}}
	clusters := kubetest.Regions(t, west, central)
	s.ns = clusters[west].Namespace(t)
	s.must(clusters[central].Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	for name, other := range map[string]string{west: central, central: west} {
		clusters[name].ClearAfter(t, &api.K8ssandraClusterList{}, &cassandra.CassandraDatacenterList{})
		r := &region{stage: s, name: name, admin: clusters[name].Client, events: events.NewFakeRecorder(1000)}
		r.link = kubetest.NewLink(t, clusters[other])
		r.link.Know(clusters[name], other)
		var err error
		r.as, err = client.New(clusters[name].Operator(), client.Options{Scheme: clusters[name].Scheme})
		s.must(err)
		r.newOperator()
		s.by[name] = r
	}
	return s
}

// newOperator is an operator that remembers nothing.
func (r *region) newOperator() {
	now := func() time.Time { return r.clock }
	r.peers = &peers.Peers{Client: r.as, Events: r.events, Region: r.name, Namespace: install.Namespace, Kinds: controller.Followed(), Now: now, Calls: -1}
	r.loop = &controller.Reconciler{Client: r.as, Live: r.as, Events: r.events, Peers: r.peers, Region: r.name, Now: now}
}

func (s *stage) newOperators() {
	for _, r := range s.all() {
		r.newOperator()
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) all() []*region { return []*region{s.by[west], s.by[central]} }

func (s *stage) key() client.ObjectKey { return client.ObjectKey{Namespace: s.ns, Name: s.ringName} }

// template is a datacenter of three nodes.
func template(name, region string) api.CassandraDatacenterTemplate {
	return api.CassandraDatacenterTemplate{Metadata: api.EmbeddedObjectMeta{Name: name}, K8sContext: region, Size: 3}
}

// apply makes the ring in a region: dc1 in the west, dc2 in the centre, with a Secret that is given there.
func (r *region) apply(change func(*api.K8ssandraCluster)) {
	r.t.Helper()
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: r.ringName}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{template("dc1", west), template("dc2", central)}}
	k.Spec.Cassandra.ServerVersion = "5.0.9"
	k.Spec.Cassandra.SuperuserSecretRef.Name = "admin"
	k.Spec.Cassandra.StorageConfig = &cassandra.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}}
	if change != nil {
		change(k)
	}
	r.must(r.admin.Create(r.t.Context(), k))
}

func (r *region) secret(name string, data map[string]string) {
	r.t.Helper()
	r.must(r.admin.Create(r.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: name}, StringData: data}))
}

// ring is the region's copy, nil when it has none.
func (r *region) ring() *api.K8ssandraCluster {
	r.t.Helper()
	k := &api.K8ssandraCluster{}
	if err := r.admin.Get(r.t.Context(), r.key(), k); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		r.t.Fatal(err)
	}
	return k
}

// edit changes the region's copy as a user does, with a patch of what differs.
func (r *region) edit(f func(*api.K8ssandraCluster)) {
	r.t.Helper()
	k := r.ring()
	before := k.DeepCopy()
	f(k)
	r.must(r.admin.Patch(r.t.Context(), k, client.MergeFrom(before)))
}

// writes sets a key of cassandra.yaml, so that edits differ.
func writes(n int) func(*api.K8ssandraCluster) {
	return func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.CassandraConfig = &api.CassandraConfig{CassandraYaml: api.Document{"concurrent_writes": int64(n)}}
	}
}

func (r *region) delete() {
	r.t.Helper()
	r.must(r.admin.Delete(r.t.Context(), r.ring()))
}

// news is what the region's copy says, for failures.
func (r *region) news() string {
	k := r.ring()
	if k == nil {
		return r.name + ": no ring"
	}
	text := fmt.Sprintf("%s: generation %d of %d, %v, error %s", r.name, k.Status.Seen(), k.Generation, k.Annotations, k.Status.Error)
	var textSb153 strings.Builder
	for _, c := range k.Status.Conditions {
		textSb153.WriteString(fmt.Sprintf("\n  %s=%s %s %s", c.Type, c.Status, c.Reason, c.Message))
	}
	text += textSb153.String()
	return text
}

func (r *region) revision() string { return r.ring().Annotations[api.RevisionAnnotation] }

func (r *region) condition(kind api.K8ssandraClusterConditionType) api.K8ssandraClusterCondition {
	r.t.Helper()
	if k := r.ring(); k != nil && k.Status.Condition(kind) != nil {
		return *k.Status.Condition(kind)
	}
	return api.K8ssandraClusterCondition{}
}

// says fails unless a condition has a status and words in its message.
func (r *region) says(kind api.K8ssandraClusterConditionType, status corev1.ConditionStatus, words ...string) {
	r.t.Helper()
	c := r.condition(kind)
	for _, w := range words {
		if !strings.Contains(c.Message, w) {
			r.t.Errorf("%s: %s says %q, which lacks %q", r.name, kind, c.Message, w)
		}
	}
	if c.Status != status {
		r.t.Errorf("%s: %s is %q: %s", r.name, kind, c.Status, c.Message)
	}
}

// dc is a datacenter of the region, nil when there is none.
func (r *region) dc(name string) *cassandra.CassandraDatacenter {
	r.t.Helper()
	dc := &cassandra.CassandraDatacenter{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: name}, dc); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		r.t.Fatal(err)
	}
	return dc
}

// serve lets a datacenter be up.
func (r *region) serve(name string, seeds ...string) {
	r.t.Helper()
	dc := r.dc(name)
	now := metav1.NewTime(r.clock)
	dc.Status.Conditions = nil
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterInitialized, cassandra.DatacenterReady} {
		dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	dc.Status.Seeds, dc.Status.ObservedGeneration = seeds, dc.Generation
	r.must(r.admin.Status().Update(r.t.Context(), dc))
}

// event tells whether one with the words was recorded.
func (r *region) event(words string) bool {
	for len(r.events.Events) > 0 {
		r.told = append(r.told, <-r.events.Events)
	}
	return slices.ContainsFunc(r.told, func(e string) bool { return strings.Contains(e, words) })
}

// pass looks at the peer and runs the loop once.
func (r *region) pass() {
	r.t.Helper()
	r.must(r.peers.Survey(r.t.Context()))
	result, err := r.loop.Reconcile(r.t.Context(), ctrl.Request{NamespacedName: r.key()})
	r.must(err)
	r.next = result.RequeueAfter
}

// rounds lets the regions take turns; a second passes with each.
func (s *stage) rounds(n int) {
	s.t.Helper()
	for range n {
		for _, r := range s.all() {
			r.pass()
		}
		s.clock = s.clock.Add(time.Second)
	}
}

// settle goes on until nothing changes any more.
func (s *stage) settle() {
	s.t.Helper()
	before := s.versions()
	for range 60 {
		s.rounds(2)
		after := s.versions()
		if slices.Equal(before, after) {
			return
		}
		before = after
	}
	s.t.Fatalf("not settled:\n%s\n%s", s.by[west].news(), s.by[central].news())
}

// until goes on until a condition holds, which may be a matter of the API servers: they take a moment to let a peer read
// what it has just been allowed to.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		s.rounds(1)
		if holds() {
			return
		}
	}
	s.t.Fatalf("waiting for %s:\n%s\n%s", what, s.by[west].news(), s.by[central].news())
}

func (s *stage) ready() bool {
	for _, r := range s.all() {
		if k := r.ring(); k == nil || k.Status.Seen() != k.Generation || !k.Status.IsTrue(api.ClusterReady) {
			return false
		}
	}
	return true
}

// cut ends the way between the regions, and waits until both have noticed.
func (s *stage) cut() {
	s.t.Helper()
	for _, r := range s.all() {
		r.link.Cut(true)
	}
	s.rounds(3)
}

func (s *stage) heal() {
	for _, r := range s.all() {
		r.link.Cut(false)
	}
}

// versions are all objects of the story as they were last written.
func (s *stage) versions() (all []string) {
	s.t.Helper()
	for _, r := range s.all() {
		for _, list := range []client.ObjectList{
			&api.K8ssandraClusterList{}, &cassandra.CassandraDatacenterList{}, &control.CassandraTaskList{}, &corev1.SecretList{},
			&discoveryv1.EndpointSliceList{}, &rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &appsv1.ControllerRevisionList{},
		} {
			s.must(r.admin.List(context.WithoutCancel(s.t.Context()), list, client.InNamespace(s.ns)))
			items, err := meta.ExtractList(list)
			s.must(err)
			for _, o := range items {
				all = append(all, fmt.Sprintf("%s %T %s %s", r.name, o, o.(client.Object).GetName(), o.(client.Object).GetResourceVersion()))
			}
		}
	}
	return all
}

// running is a ring of two datacenters that serve.
func running(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.by[west].secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.by[west].apply(nil)
	s.until("both datacenters", func() bool { return s.by[west].dc("dc1") != nil && s.by[central].dc("dc2") != nil })
	s.by[west].serve("dc1", "10.0.0.1", "10.0.0.2")
	s.by[central].serve("dc2", "10.1.0.1")
	s.until("the ring to be ready", s.ready)
	s.settle()
	return s
}
