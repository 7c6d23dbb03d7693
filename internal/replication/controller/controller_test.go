package controller_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/replication/controller"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

const west, central = "eu-west-1", "eu-central-1"

// stage is two regions, each with an API server and the loop, with the shipped permissions.
type stage struct {
	t  *testing.T
	ns string
	by map[string]*region
}

type region struct {
	*stage
	name   string
	admin  client.Client
	peers  *peers.Peers
	loop   *controller.Reconciler
	link   *kubetest.Link // to the other region
	events *events.FakeRecorder
	told   []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, by: map[string]*region{}}
	clusters := kubetest.Regions(t, west, central)
	s.ns = clusters[west].Namespace(t)
	for name, other := range map[string]string{west: central, central: west} {
		clusters[name].ClearAfter(t, &api.ReplicatedSecretList{})
		r := &region{stage: s, name: name, admin: clusters[name].Client, events: events.NewFakeRecorder(100), link: kubetest.NewLink(t, clusters[other])}
		r.link.Know(clusters[name], other)
		as, err := client.New(clusters[name].Operator(), client.Options{Scheme: clusters[name].Scheme})
		s.must(err)
		r.peers = &peers.Peers{Client: as, Events: r.events, Region: name, Namespace: install.Namespace, Kinds: controller.Followed(), Now: time.Now, Calls: -1}
		r.loop = &controller.Reconciler{Client: as, Events: r.events, Peers: r.peers, Region: name, Now: time.Now}
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
	for _, name := range []string{west, central} {
		r := s.by[name]
		s.must(r.peers.Survey(s.t.Context()))
		_, err := r.loop.Reconcile(s.t.Context(), ctrl.Request{})
		s.must(err)
	}
}

// until goes on until a condition holds; permissions take an API server a moment.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		s.round()
		if holds() {
			return
		}
	}
	s.t.Fatalf("waiting for %s: %+v", what, s.by[west].status())
}

func (r *region) create(o client.Object) {
	r.t.Helper()
	r.must(r.admin.Create(r.t.Context(), o))
}

func (r *region) secret(name string, labels map[string]string, value string) *corev1.Secret {
	r.t.Helper()
	o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: name, Labels: labels}, StringData: map[string]string{"key": value}}
	r.create(o)
	return o
}

// value is a Secret's, "" when there is none.
func (r *region) value(namespace, name string) string {
	r.t.Helper()
	var o corev1.Secret
	err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &o)
	if err != nil && !apierrors.IsNotFound(err) {
		r.t.Fatal(err)
	}
	return string(o.Data["key"])
}

func (r *region) change(name, value string) {
	r.t.Helper()
	var o corev1.Secret
	r.must(r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: name}, &o))
	o.Data = map[string][]byte{"key": []byte(value)}
	r.must(r.admin.Update(r.t.Context(), &o))
}

var chosen = map[string]string{"copy": "me"}

// replicate makes a ReplicatedSecret in the west that copies to the centre.
func (s *stage) replicate(targets ...api.ReplicationTarget) *api.ReplicatedSecret {
	s.t.Helper()
	rs := &api.ReplicatedSecret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "all"}}
	rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: chosen}
	rs.Spec.ReplicationTargets = append(slices.Clone(targets), api.ReplicationTarget{K8sContextName: central})
	s.by[west].create(rs)
	return rs
}

func (r *region) status() api.ReplicatedSecretStatus {
	r.t.Helper()
	rs := &api.ReplicatedSecret{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: "all"}, rs); client.IgnoreNotFound(err) != nil {
		r.t.Fatal(err)
	}
	return rs.Status
}

// has tells whether the condition of a region says that it has its copies.
func (r *region) has(cluster string) bool {
	return slices.ContainsFunc(r.status().Conditions, func(c api.ReplicationCondition) bool { return c.Cluster == cluster && c.Status == corev1.ConditionTrue })
}

func (r *region) message(cluster string) string {
	for _, c := range r.status().Conditions {
		if c.Cluster == cluster {
			return c.Message
		}
	}
	return ""
}

func (r *region) event(words string) bool {
	for len(r.events.Events) > 0 {
		r.told = append(r.told, <-r.events.Events)
	}
	return slices.ContainsFunc(r.told, func(e string) bool { return strings.Contains(e, words) })
}

// versions are the Secrets and the ReplicatedSecret as they were last written.
func (s *stage) versions() (all []string) {
	s.t.Helper()
	for _, r := range s.by {
		var secrets corev1.SecretList
		s.must(r.admin.List(s.t.Context(), &secrets, client.InNamespace(s.ns)))
		for _, o := range secrets.Items {
			all = append(all, r.name+" "+o.Name+" "+o.ResourceVersion)
		}
		var list api.ReplicatedSecretList
		s.must(r.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
		for _, o := range list.Items {
			all = append(all, r.name+" "+o.Name+" "+o.ResourceVersion)
		}
	}
	slices.Sort(all)
	return all
}

func TestSecretsAreCopiedAndFollowed(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	w.secret("other", nil, "never")
	w.accepts(s.ns+"-x", s.ns+"/all")
	s.replicate(api.ReplicationTarget{Namespace: s.ns + "-x", TargetPrefix: "x-"})
	s.until("the copies", func() bool { return w.has(central) && w.has(west) })
	if got := c.value(s.ns, "a") + w.value(s.ns+"-x", "x-a"); got != "11" {
		t.Errorf("copies: %q", got)
	}
	if c.value(s.ns, "other") != "" {
		t.Error("a Secret was copied that is not chosen")
	}
	before := s.versions()
	for range 3 {
		s.round()
	}
	if after := s.versions(); !slices.Equal(before, after) {
		t.Errorf("written while all is well: %q, before %q", after, before)
	}
	w.change("a", "2")
	w.secret("b", chosen, "3")
	s.until("the changes", func() bool { return c.value(s.ns, "a") == "2" && c.value(s.ns, "b") == "3" && w.has(central) })
	for _, r := range s.by {
		if r.event("NotReplicated") {
			t.Errorf("events: %q", r.told)
		}
	}
}

// accepts makes a namespace with a grant, or gives one that is there another.
func (r *region) accepts(name, from string) {
	r.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := r.admin.Create(r.t.Context(), ns.DeepCopy()); err != nil && !apierrors.IsAlreadyExists(err) {
		r.t.Fatal(err)
	}
	before := ns.DeepCopy()
	ns.Annotations = map[string]string{grant.Annotation: from}
	r.must(r.admin.Patch(r.t.Context(), ns, client.MergeFrom(before)))
}

// A namespace of another name gets no copy before it accepts them, in no region, nor is it made. The condition has the
// command that allows it. Copies that are there are kept like their originals, whatever becomes of the grant.
func TestANamespaceHasToAcceptCopies(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	here, there := s.ns+"-here", s.ns+"-there"
	s.must(w.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: here}}))
	s.replicate(api.ReplicationTarget{Namespace: here}, api.ReplicationTarget{K8sContextName: central, Namespace: there})
	s.until("both to be said", func() bool {
		return strings.Contains(w.message(west), "kubectl --context "+west+" annotate --overwrite namespace "+here+" "+grant.Annotation+"="+s.ns+"/all") &&
			strings.Contains(w.message(central), "kubectl --context "+central+" create namespace "+there+" && ")
	})
	if got := w.value(here, "a") + c.value(there, "a"); got != "" {
		t.Errorf("copies without a grant: %q", got)
	}
	if err := c.admin.Get(t.Context(), client.ObjectKey{Name: there}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
		t.Errorf("a namespace was made: %v", err)
	}
	w.accepts(here, "other, "+s.ns)
	c.accepts(there, s.ns+"/all")
	s.until("the copies", func() bool { return w.has(west) && w.has(central) && w.value(here, "a")+c.value(there, "a") == "11" })
	w.accepts(here, "other")
	c.accepts(there, "other")
	w.change("a", "2")
	s.until("the change", func() bool { return w.value(here, "a")+c.value(there, "a") == "22" })
	s.must(w.admin.Delete(t.Context(), &api.ReplicatedSecret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "all"}}))
	s.until("the copies to go", func() bool { return w.value(here, "a")+c.value(there, "a") == "" })
}

// Secrets whose type means something to Kubernetes are not copied, and not made in a region that a peer has them in.
func TestSecretsOfSpecialTypesAreNotCopied(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	s.must(w.admin.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "robot"}}))
	token := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "b", Labels: chosen, Annotations: map[string]string{corev1.ServiceAccountNameKey: "robot"}},
		Type: corev1.SecretTypeServiceAccountToken}
	s.must(w.admin.Create(t.Context(), token))
	s.replicate()
	s.until("the other copy", func() bool { return c.value(s.ns, "a") == "1" && w.has(central) })
	var copied corev1.Secret
	if err := c.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "b"}, &copied); !apierrors.IsNotFound(err) {
		t.Errorf("there is %s of type %s: %v", copied.Name, copied.Type, err)
	}
}

// What another region has in a namespace where pods can become anything is not copied there.
func TestGuardedNamespacesNeedAGrant(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	s.ns = "kube-public"
	w.secret("guarded", map[string]string{"guarded": "me"}, "1")
	rs := &api.ReplicatedSecret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "all"}}
	rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"guarded": "me"}}
	rs.Spec.ReplicationTargets = []api.ReplicationTarget{{K8sContextName: central}}
	w.create(rs)
	t.Cleanup(func() { s.must(w.admin.Delete(context.WithoutCancel(t.Context()), rs)) })
	s.until("it to be said", func() bool { return strings.Contains(w.message(central), "does not accept it") })
	var list corev1.SecretList
	s.must(c.admin.List(t.Context(), &list, client.InNamespace(s.ns), client.MatchingLabels{"guarded": "me"}))
	if len(list.Items) > 0 {
		t.Errorf("%d copies", len(list.Items))
	}
}

func TestCopiesGoWithTheirReplicatedSecret(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	w.secret("b", chosen, "2")
	rs := s.replicate()
	s.until("the copies", func() bool { return w.has(central) })
	var kept corev1.Secret
	s.must(c.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "b"}, &kept))
	kept.Annotations[api.OrphanAnnotation] = "true"
	s.must(c.admin.Update(t.Context(), &kept))
	c.link.Cut(true)
	s.must(w.admin.Delete(t.Context(), rs))
	for range 3 {
		s.round()
	}
	if c.value(s.ns, "a") == "" {
		t.Error("a copy went although the original's region does not answer")
	}
	c.link.Cut(false)
	s.until("the copy to go", func() bool { return c.value(s.ns, "a") == "" })
	if c.value(s.ns, "b") == "" || w.value(s.ns, "a") == "" {
		t.Error("the copy that was to stay, or an original, is gone")
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	s.must(c.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	c.secret("a", nil, "mine")
	s.replicate(api.ReplicationTarget{K8sContextName: "us-east-1"})
	s.until("both to be said", func() bool {
		return strings.Contains(w.message(central), s.ns+"/a") && strings.Contains(w.message("us-east-1"), "not a region that this one knows") && c.event("it is left as it is")
	})
	if got := c.value(s.ns, "a"); got != "mine" || w.has(central) {
		t.Errorf("a Secret of somebody else's is now %q; said to be replicated: %t", got, w.has(central))
	}
	w.link.Cut(true)
	s.until("the region that does not answer to be said", func() bool { return strings.Contains(w.message(central), "does not answer") })
}

// The same ReplicatedSecret in both regions does not copy copies back and forth.
func TestBothWays(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.secret("a", chosen, "1")
	s.replicate()
	s.until("the copy", func() bool { return w.has(central) })
	back := &api.ReplicatedSecret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "all"}}
	back.Spec.Selector = &metav1.LabelSelector{MatchLabels: chosen}
	back.Spec.ReplicationTargets = []api.ReplicationTarget{{K8sContextName: west}}
	c.create(back)
	c.secret("b", chosen, "2")
	s.until("the copy of the other way", func() bool { return c.has(west) && w.value(s.ns, "b") == "2" })
	if got := c.status().Secrets; len(got) != 1 || got[0].Name != "b" {
		t.Errorf("a copy is published: %+v", got)
	}
}
