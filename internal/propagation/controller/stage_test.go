package controller_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/propagation/controller"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

const west, central = "eu-west-1", "eu-central-1"

// stage is two regions, each a real API server in which the loop runs with the shipped permissions, and reads the other one as
// a peer.
type stage struct {
	t     *testing.T
	ns    string
	clock time.Time
	by    map[string]*region
}

type region struct {
	*stage
	name    string
	cluster *kubetest.Cluster
	admin   client.Client
	peers   *peers.Peers
	loop    *controller.Reconciler
	link    *kubetest.Link // to the other region
	events  *events.FakeRecorder
	last    error
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: time.Now().Truncate(time.Second), by: map[string]*region{}}
	clusters := kubetest.Regions(t, west, central)
	s.ns = clusters[west].Namespace(t)
	for name, other := range map[string]string{west: central, central: west} {
		clusters[name].ClearAfter(t, &api.PropagationList{})
		r := &region{stage: s, name: name, cluster: clusters[name], admin: clusters[name].Client, events: events.NewFakeRecorder(1000), link: kubetest.NewLink(t, clusters[other])}
		r.link.Know(clusters[name], other)
		config := clusters[name].OperatorItself(t)
		as, err := client.New(config, client.Options{Scheme: clusters[name].Scheme})
		s.must(err)
		now := func() time.Time { return s.clock }
		r.peers = &peers.Peers{Client: as, Events: r.events, Region: name, Namespace: install.Namespace, Kinds: controller.Followed(), Now: now, Calls: -1}
		r.loop = &controller.Reconciler{Client: as, Live: as, Events: r.events, Peers: r.peers, Region: name, Now: now, As: controller.Accounts(config, as.RESTMapper())}
		s.by[name] = r
	}
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) round() {
	s.t.Helper()
	s.clock = s.clock.Add(20 * time.Second)
	for _, name := range []string{west, central} {
		r := s.by[name]
		s.must(r.peers.Survey(s.t.Context()))
		_, r.last = r.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: s.key()})
	}
}

// cut cuts the regions off from each other, or heals that.
func (s *stage) cut(off bool) {
	for _, r := range s.by {
		r.link.Cut(off)
	}
}

func (s *stage) key() client.ObjectKey { return client.ObjectKey{Namespace: s.ns, Name: "front"} }

// until goes on until a condition holds; permissions take an API server a moment.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if s.round(); holds() {
			return
		}
	}
	for _, r := range s.by {
		s.t.Logf("%s: %v\n%s", r.name, r.last, r.said())
	}
	s.t.Fatalf("waiting for %s", what)
}

// lets a namespace's service account do everything with ConfigMaps, Services and Deployments, and the operator act as it.
func (r *region) lets(namespace string) {
	r.t.Helper()
	if err := r.admin.Create(r.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil && !apierrors.IsAlreadyExists(err) {
		r.t.Fatal(err)
	}
	r.letsWrite(namespace)
	r.letsAct(namespace)
}

// accepts has a namespace accept the Propagations of the Propagation's own one.
func (r *region) accepts(namespace string) {
	r.t.Helper()
	r.grants(namespace, "propagation:"+r.ns)
}

func (r *region) grants(namespace, entries string) {
	r.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	before := ns.DeepCopy()
	ns.Annotations = map[string]string{grant.Annotation: entries}
	r.must(r.admin.Patch(r.t.Context(), ns, client.MergeFrom(before)))
}

// empties deletes a namespace with all that is in it, as Kubernetes' controller does, which runs in no test.
func (r *region) empties(namespace string) {
	r.t.Helper()
	for _, o := range []client.Object{&corev1.ConfigMap{}, &rbacv1.RoleBinding{}, &rbacv1.Role{}} {
		r.must(r.admin.DeleteAllOf(r.t.Context(), o, client.InNamespace(namespace)))
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	r.must(r.admin.Delete(r.t.Context(), ns))
	r.must(r.admin.Get(r.t.Context(), client.ObjectKeyFromObject(ns), ns))
	ns.Spec.Finalizers = nil
	r.must(r.admin.SubResource("finalize").Update(r.t.Context(), ns))
	r.must(client.IgnoreNotFound(r.admin.Delete(r.t.Context(), ns)))
}

func (r *region) letsWrite(namespace string) {
	r.t.Helper()
	rights := []rbacv1.PolicyRule{{APIGroups: []string{"", "apps"}, Resources: []string{"configmaps", "services", "deployments"}, Verbs: []string{"get", "create", "patch", "delete"}}}
	r.give(namespace, "deployer", rights, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "deployer"})
}

func (r *region) letsAct(namespace string) {
	r.t.Helper()
	act := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, ResourceNames: []string{"deployer"}, Verbs: []string{"impersonate"}}}
	r.give(namespace, "ringspan-as-deployer", act, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: install.Namespace, Name: install.OperatorName})
}

func (r *region) give(namespace, name string, rules []rbacv1.PolicyRule, to rbacv1.Subject) {
	r.t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	r.must(r.admin.Create(r.t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
	r.must(r.admin.Create(r.t.Context(), &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{to}}))
}

const twoRegions = `
serviceAccountName: deployer
placement: {regions: [eu-west-1, eu-central-1]}
template: {apiVersion: v1, kind: ConfigMap, metadata: {name: front}, data: {colour: blue, size: "1"}}
overrides: [{region: eu-central-1, patch: [{op: replace, path: /data/size, value: "2"}]}]
`

// apply makes or edits the Propagation in a region.
func (r *region) apply(spec string) {
	r.t.Helper()
	want := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: "front"}}
	r.must(yaml.UnmarshalStrict([]byte(spec), &want.Spec))
	there := &api.Propagation{}
	err := r.admin.Get(r.t.Context(), r.key(), there)
	if apierrors.IsNotFound(err) {
		r.must(r.admin.Create(r.t.Context(), want))
		return
	}
	r.must(err)
	there.Spec = want.Spec
	r.must(r.admin.Update(r.t.Context(), there))
}

// copy is a region's; nil when there is none.
func (r *region) copy() *api.Propagation {
	r.t.Helper()
	p := &api.Propagation{}
	if err := r.admin.Get(r.t.Context(), r.key(), p); err != nil {
		r.must(client.IgnoreNotFound(err))
		return nil
	}
	return p
}

// said is what a region's copy says of all regions.
func (r *region) said() string {
	r.t.Helper()
	p := r.copy()
	if p == nil {
		return "no copy"
	}
	var all []string
	for _, e := range p.Status.Regions {
		all = append(all, fmt.Sprintf("%s=%s: %s", e.Name, e.Reason, e.Message))
	}
	for _, c := range p.Status.Conditions {
		all = append(all, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Message))
	}
	return strings.Join(all, "\n")
}

// says tells whether a region's copy gives a region a reason, with some words.
func (r *region) says(of, reason, words string) bool {
	p := r.copy()
	return p != nil && slices.ContainsFunc(p.Status.Regions, func(e api.RegionPropagation) bool {
		return e.Name == of && e.Reason == reason && strings.Contains(e.Message, words)
	})
}

// inSync tells whether both copies say that both regions have the object.
func (s *stage) inSync() bool {
	return s.everySays(west, api.RegionInSync) && s.everySays(central, api.RegionInSync)
}

func (s *stage) everySays(of, reason string) bool {
	return s.by[west].says(of, reason, "") && s.by[central].says(of, reason, "")
}

// data is a ConfigMap's; nil when there is none.
func (r *region) data(namespace, name string) map[string]string {
	r.t.Helper()
	if o := r.object(namespace, name); o != nil {
		return o.Data
	}
	return nil
}

func (r *region) object(namespace, name string) *corev1.ConfigMap {
	r.t.Helper()
	o := &corev1.ConfigMap{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		r.must(client.IgnoreNotFound(err))
		return nil
	}
	return o
}

func (r *region) change(change func(*corev1.ConfigMap)) {
	r.t.Helper()
	o := r.object(r.ns, "front")
	change(o)
	r.must(r.admin.Update(r.t.Context(), o))
}

func (r *region) create(o client.Object) {
	r.t.Helper()
	r.must(r.admin.Create(r.t.Context(), o))
}

// service is a region's Service; nil when there is none.
func (r *region) service(namespace string) *corev1.Service {
	r.t.Helper()
	o := &corev1.Service{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: namespace, Name: "front"}, o); err != nil {
		r.must(client.IgnoreNotFound(err))
		return nil
	}
	return o
}
