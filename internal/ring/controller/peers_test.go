package controller_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ring/controller"
)

// badKubeconfig is well formed, and no client can be made of it.
const badKubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: us-east-1, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: bm90IGEgY2VydGlmaWNhdGU=}}]
users: [{name: us-east-1, user: {token: hidden-token}}]
contexts: [{name: us-east-1, context: {cluster: us-east-1, user: us-east-1}}]
`

// restarted makes the region's operator anew, whose client may fail.
func (r *region) restarted(fail interceptor.Funcs) {
	r.t.Helper()
	cluster := kubetest.Region(r.t, r.name)
	as, err := client.NewWithWatch(cluster.Operator(), client.Options{Scheme: cluster.Scheme})
	r.must(err)
	failing := interceptor.NewClient(as, fail)
	r.peers = &peers.Peers{Client: failing, Events: r.events, Region: r.name, Namespace: install.Namespace, Kinds: controller.Followed(), Now: r.peers.Now, Calls: -1}
	r.loop = &controller.Reconciler{Client: failing, Live: failing, Events: r.events, Peers: r.peers, Region: r.name, Now: r.peers.Now}
}

// One ClientConfig that no client can be made of, or whose Secret can't be read, harms its own region only, after a restart
// of the operator too.
func TestOneBadClientConfigHarmsItselfOnly(t *testing.T) {
	denied := interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if _, is := o.(*corev1.Secret); is && key.Name == "a-bad" {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, key.Name, errors.New("not yours"))
		}
		return c.Get(ctx, key, o, opts...)
	}}
	for _, c := range []struct {
		why, want string
		fail      interceptor.Funcs
	}{
		{"bad CA data", "Secret a-bad: ", interceptor.Funcs{}},
		{"a Secret that may not be read", "it can't be read", denied},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := running(t)
			w := s.by[west]
			meta := metav1.ObjectMeta{Namespace: install.Namespace, Name: "a-bad"}
			config := &configv1beta1.ClientConfig{ObjectMeta: meta}
			config.Spec.ContextName, config.Spec.KubeConfigSecret.Name = "us-east-1", meta.Name
			for _, o := range []client.Object{&corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{configv1beta1.KubeConfigKey: []byte(badKubeconfig)}}, config} {
				s.must(w.admin.Create(t.Context(), o))
				t.Cleanup(func() { s.must(w.admin.Delete(context.WithoutCancel(t.Context()), o)) })
			}
			w.restarted(c.fail)
			w.edit(writes(9))
			s.settle()
			if w.revision() != s.by[central].revision() {
				t.Errorf("the other region has %s, this one %s", s.by[central].revision(), w.revision())
			}
			w.says(api.ClusterPeersReachable, corev1.ConditionFalse, "region us-east-1", "ClientConfig a-bad", c.want)
			if c := w.condition(api.ClusterPeersReachable); strings.Contains(c.Message, central) || strings.Contains(c.Message, "hidden-token") {
				t.Errorf("it says %q", c.Message)
			}
			if !w.event("ClientConfig a-bad") {
				t.Error("no event tells of it")
			}
		})
	}
}

// An operator that can't even know which peers there are decides nothing, and says so.
func TestPeersThatCantBeListedAreTold(t *testing.T) {
	s := running(t)
	w := s.by[west]
	down := true
	w.restarted(interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		if _, is := list.(*configv1beta1.ClientConfigList); is && down {
			return errors.New("no such kind")
		}
		return c.List(ctx, list, opts...)
	}})
	w.edit(writes(9))
	before := w.revision()
	for range 3 {
		_ = w.peers.Survey(t.Context())
		_, err := w.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: s.key()})
		s.must(err)
	}
	w.says(api.ClusterPeersReachable, corev1.ConditionFalse, "nothing is decided", "can't be listed", "no such kind")
	if !strings.Contains(w.ring().Status.Error, "can't be listed") || !w.event("can't be listed") || w.revision() != before {
		t.Errorf("error %q, revision %s", w.ring().Status.Error, w.revision())
	}
	down = false
	s.settle()
	w.says(api.ClusterPeersReachable, corev1.ConditionTrue)
	if w.revision() == before {
		t.Error("the edit was not carried out afterwards")
	}
}

// A datacenter that can't be read is not a missing one: what was known of it stays, here and for the others of its region, which go on.
func TestADatacenterThatCantBeReadIsNotMissing(t *testing.T) {
	s := newStage(t)
	w, unreadable := s.by[west], false
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[1] = template("dc2", west) })
	s.until("both datacenters", func() bool { return w.dc("dc1") != nil && w.dc("dc2") != nil })
	w.serve("dc1", "10.0.0.1")
	w.serve("dc2", "10.0.0.2")
	s.until("the ring to be ready", s.ready)
	s.settle()
	w.restarted(interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if _, is := o.(*cassandra.CassandraDatacenter); is && unreadable && key.Name == "dc1" {
			return errors.New("no answer")
		}
		return c.Get(ctx, key, o, opts...)
	}})
	before := w.dc("dc1").ResourceVersion
	unreadable = true
	w.edit(writes(9))
	s.rounds(3)
	w.says(api.ClusterReady, corev1.ConditionFalse, "datacenter dc1: no answer")
	if w.ring().Status.Datacenters["dc1"].Cassandra == nil || w.dc("dc1").ResourceVersion != before {
		t.Error("what was known of dc1 is forgotten, or it was written unseen")
	}
	if got := string(w.dc("dc2").Spec.Config); !strings.Contains(got, `"concurrent_writes":9`) {
		t.Errorf("dc2 waits for dc1: %s", got)
	}
	var slice discoveryv1.EndpointSlice
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-ring-dc2-additional-seed-service-ipv4"}, &slice))
	if len(slice.Endpoints) != 1 || slice.Endpoints[0].Addresses[0] != "10.0.0.1" {
		t.Errorf("seeds of dc1 at dc2: %+v", slice.Endpoints)
	}
	unreadable = false
	s.until("the edit to be acted on", func() bool {
		return s.ready() && strings.Contains(string(w.dc("dc1").Spec.Config), `"concurrent_writes":9`)
	})
}
