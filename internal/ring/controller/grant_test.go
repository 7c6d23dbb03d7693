package controller_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/kubetest"
)

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

// find reads an object of another namespace; false when there is none.
func (r *region) find(namespace, name string, o client.Object) bool {
	r.t.Helper()
	err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o)
	if client.IgnoreNotFound(err) != nil {
		r.t.Fatal(err)
	}
	return err == nil
}

// elsewhere is a ring whose second datacenter is in a namespace of another name.
func elsewhere(t *testing.T) (s *stage, namespace string) {
	t.Helper()
	s = newStage(t)
	namespace = s.ns + "-data"
	s.by[west].secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.by[west].apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[1].Metadata.Namespace = namespace })
	return s, namespace
}

// A datacenter in a namespace of another name waits until that accepts the ring, and both regions say with which command.
// Nothing is made there before, the namespace neither. Then it gets the superuser's Secret too, which is kept.
func TestANamespaceHasToAcceptARing(t *testing.T) {
	s, ns := elsewhere(t)
	w, c := s.by[west], s.by[central]
	command := "kubectl --context " + central + " create namespace " + ns + " && kubectl --context " + central + " annotate --overwrite namespace " + ns + " " + grant.Annotation + "=" + s.ns + "/ring"
	s.until("both regions to say the command", func() bool {
		return c.ring() != nil && strings.Contains(c.condition(api.ClusterGrantMissing).Message, command) && strings.Contains(w.condition(api.ClusterReady).Message, command)
	})
	c.says(api.ClusterReady, corev1.ConditionFalse, command)
	if c.find("", ns, &corev1.Namespace{}) || !c.event(command) {
		t.Errorf("the namespace was made, or there is no event: %q", c.told)
	}
	if w.dc("dc1") == nil {
		t.Error("the other datacenter waits too")
	}
	for _, wrong := range []string{"", "another", s.ns + "/other", "*"} {
		c.accepts(ns, wrong)
		s.rounds(3)
		if c.find(ns, "dc2", &cassandra.CassandraDatacenter{}) || c.find(ns, "admin", &corev1.Secret{}) {
			t.Fatalf("%q is taken for a grant", wrong)
		}
	}
	c.accepts(ns, "another, "+s.ns+"/ring")
	s.until("the datacenter and its Secret", func() bool {
		return c.find(ns, "dc2", &cassandra.CassandraDatacenter{}) && c.find(ns, "admin", &corev1.Secret{})
	})
	s.rounds(2)
	if got := c.condition(api.ClusterGrantMissing); got.Message != "" {
		t.Errorf("still said to be missing: %s", got.Message)
	}
	var origin, copied corev1.Secret
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "admin"}, &origin))
	origin.Data["password"] = []byte("changed")
	s.must(w.admin.Update(t.Context(), &origin))
	s.until("the copy to follow", func() bool { return c.find(ns, "admin", &copied) && string(copied.Data["password"]) == "changed" })
}

// A Secret of the superuser's name that somebody else made there is left as it is, and said to be in the way.
func TestAForeignSecretIsNotOverwritten(t *testing.T) {
	s, ns := elsewhere(t)
	c := s.by[central]
	c.accepts(ns, s.ns)
	s.must(c.admin.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "admin"}, StringData: map[string]string{"password": "mine"}}))
	s.until("it to be said", func() bool {
		return c.ring() != nil && strings.Contains(c.ring().Status.Error, "is no copy of the ring's")
	})
	var there corev1.Secret
	if c.find(ns, "admin", &there); string(there.Data["password"]) != "mine" {
		t.Error("it was overwritten")
	}
}

// A datacenter of another ring is not taken over, wherever it is.
func TestAnothersDatacenterIsLeftAlone(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	theirs := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1", Labels: map[string]string{api.ClusterNameLabel: "theirs", api.ClusterNamespaceLabel: "elsewhere"}}}
	theirs.Spec = cassandra.CassandraDatacenterSpec{ClusterName: "theirs", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
	s.must(w.admin.Create(t.Context(), theirs))
	w.apply(nil)
	s.until("it to be said", func() bool {
		return strings.Contains(w.ring().Status.Error, "is of the ring elsewhere/theirs: it is left as it is")
	})
	if dc := w.dc("dc1"); dc.Labels[api.ClusterNameLabel] != "theirs" || dc.Spec.Size != 1 {
		t.Errorf("%+v", dc)
	}
}

// A ring that another region has in a namespace where pods can become anything is not taken over there.
func TestAGuardedNamespaceTakesNoRingOver(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	s.ns = "kube-public"
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(nil)
	s.rounds(4)
	if c.ring() != nil || w.ring() == nil {
		t.Error("it was taken over")
	}
	if !c.event("ring kube-public/ring of region "+west+" is not taken over") || !c.event("ringspan.io/") {
		t.Errorf("no event says so: %q", c.told)
	}
	if c.next == 0 {
		t.Error("it isn't looked at again when it may be")
	}
	c.accepts(s.ns, s.ns+"/ring")
	s.until("it to be taken over", func() bool { return c.ring() != nil })
	w.delete()
	s.until("its end", func() bool { return w.ring() == nil && c.ring() == nil })
}

// Another region's operator reads the one Secret that a ring shares, and none beside it.
func TestPeersReadOnlyWhatARingShares(t *testing.T) {
	s := running(t)
	w := s.by[west]
	w.secret("other", map[string]string{"password": "secret"})
	peer, err := client.New(kubetest.Region(t, west).Peer(), client.Options{})
	s.must(err)
	s.must(peer.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "admin"}, &corev1.Secret{}))
	if err := peer.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "other"}, &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Errorf("a Secret that isn't shared: %v", err)
	}
	if err := peer.List(t.Context(), &corev1.SecretList{}, client.InNamespace(s.ns)); !apierrors.IsForbidden(err) {
		t.Errorf("a list of Secrets: %v", err)
	}
}

// Who labels a datacenter of a namespace of theirs as one of a ring elsewhere says nothing of that ring.
func TestAForgedDatacenterIsNoNewsOfTheRing(t *testing.T) {
	s := running(t)
	w := s.by[west]
	w.accepts(s.ns+"-theirs", "nobody")
	forged := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns + "-theirs", Name: "dc9", Labels: map[string]string{api.ClusterNameLabel: "ring", api.ClusterNamespaceLabel: s.ns}}}
	forged.Spec = cassandra.CassandraDatacenterSpec{ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
	s.must(w.admin.Create(t.Context(), forged))
	s.rounds(3)
	if k := w.ring(); k.Status.Error != api.NoError || !k.Status.IsTrue(api.ClusterReady) {
		t.Errorf("status.error: %s", k.Status.Error)
	}
	w.accepts(s.ns+"-theirs", s.ns)
	s.until("one that may be the ring's to be told", func() bool { return strings.Contains(w.ring().Status.Error, "dc9") })
	s.must(w.admin.Delete(t.Context(), forged))
}

// A datacenter that somebody has made in the place of this ring's, after that was read, is not written.
func TestADatacenterThatWasMadeAnewIsAnotherOne(t *testing.T) {
	s := running(t)
	w := s.by[west]
	swap := func() {
		dc := w.dc("dc1")
		dc.Finalizers = nil
		s.must(w.admin.Update(t.Context(), dc))
		s.must(client.IgnoreNotFound(w.admin.Delete(t.Context(), dc)))
		theirs := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1", Labels: map[string]string{api.ClusterNameLabel: "theirs", api.ClusterNamespaceLabel: "elsewhere"}}}
		theirs.Spec = cassandra.CassandraDatacenterSpec{ClusterName: "theirs", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
		s.must(w.admin.Create(t.Context(), theirs))
	}
	w.edit(writes(9))
	swaps := &swapping{Client: w.as, swap: swap}
	w.loop.Client = swaps
	for range 3 {
		w.pass()
	}
	if dc := w.dc("dc1"); swaps.swap != nil || dc.Spec.ClusterName != "theirs" || len(dc.Annotations) != 0 {
		t.Errorf("swapped: %t; %+v", swaps.swap == nil, dc)
	}
}

// swapping lets something happen before a datacenter is applied.
type swapping struct {
	client.Client

	swap func()
}

func (c *swapping) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.PatchOption) error {
	if swap := c.swap; swap != nil && o.GetName() == "dc1" {
		c.swap = nil
		swap()
	}
	return c.Client.Patch(ctx, o, patch, options...)
}
