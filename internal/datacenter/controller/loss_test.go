package controller_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/claim"
	"github.com/ringspan/ringspan/internal/deletion"
)

// claims are those that are there. Their own loop looks at each first.
func (s *stage) claims() []corev1.PersistentVolumeClaim {
	s.t.Helper()
	loop := &claim.Reconciler{Client: s.as, Live: s.as, Now: s.loop.Now}
	var list corev1.PersistentVolumeClaimList
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
	for _, c := range list.Items {
		_, err := loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&c)})
		s.must(err)
	}
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
	return list.Items
}

// kept counts the claims that have our finalizer.
func kept(claims []corev1.PersistentVolumeClaim) (n int) {
	for _, c := range claims {
		if slices.Contains(c.Finalizers, claim.Finalizer) {
			n++
		}
	}
	return n
}

// pvcProtection plays the controller that removes the finalizer of claims which no pod uses.
func (s *stage) pvcProtection() {
	s.t.Helper()
	var list corev1.PersistentVolumeClaimList
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
	for i := range list.Items {
		c := &list.Items[i]
		c.Finalizers = slices.DeleteFunc(c.Finalizers, func(f string) bool { return f == "kubernetes.io/pvc-protection" })
		s.must(client.IgnoreNotFound(s.admin.Update(s.t.Context(), c)))
	}
}

func (s *stage) gone() bool {
	err := s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "dc1"}, &api.CassandraDatacenter{})
	return apierrors.IsNotFound(err)
}

// deleteNamespace is `kubectl delete namespace`, and what Kubernetes does then.
func (s *stage) deleteNamespace() {
	s.t.Helper()
	ns := &corev1.Namespace{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Name: s.ns}, ns))
	s.must(s.admin.Delete(s.t.Context(), ns))
	inNamespace := client.InNamespace(s.ns)
	s.must(s.admin.DeleteAllOf(s.t.Context(), &api.CassandraDatacenter{}, inNamespace))
	s.must(s.admin.DeleteAllOf(s.t.Context(), &corev1.PersistentVolumeClaim{}, inNamespace))
	s.must(s.admin.DeleteAllOf(s.t.Context(), &corev1.Pod{}, inNamespace, client.GracePeriodSeconds(0)))
	s.pvcProtection()
}

// passes are the operator's alone: in a namespace that is being deleted no pod is made again.
func (s *stage) passes(n int) {
	s.t.Helper()
	for range n {
		s.newOperator()
		s.pass()
		s.claims()
		s.pvcProtection()
	}
}

func (s *stage) annotateNamespace(key, value string) {
	s.t.Helper()
	ns := &corev1.Namespace{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Name: s.ns}, ns))
	ns.Annotations = map[string]string{key: value}
	s.must(s.admin.Update(s.t.Context(), ns))
}

// A namespace that is deleted doesn't take the volumes: they are held until a person says that they may go.
func TestVolumesOutlastTheirNamespace(t *testing.T) {
	for _, who := range []string{"one that stands alone", "one of a ring"} {
		t.Run(who, func(t *testing.T) {
			s := newStage(t)
			s.create(func(dc *api.CassandraDatacenter) {
				if who == "one of a ring" {
					dc.Labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: s.ns}
				}
			})
			s.settle()
			if n := kept(s.claims()); n != 3 {
				t.Fatalf("%d of 3 claims are kept", n)
			}
			s.deleteNamespace()
			s.passes(5)
			if n := kept(s.claims()); n != 3 {
				t.Fatalf("%d of 3 claims are left", n)
			}
			for kind, status := range map[api.DatacenterConditionType]corev1.ConditionStatus{api.DatacenterDeleting: corev1.ConditionTrue, api.DatacenterReady: corev1.ConditionFalse} {
				if c := s.dc().Status.Condition(kind); c == nil || c.Status != status || !strings.Contains(c.Message, "namespace "+s.ns+" is being deleted") || !strings.Contains(c.Message, deletion.LetGo) {
					t.Errorf("%s says %+v", kind, c)
				}
			}
			s.annotateNamespace(deletion.LetGo, "true")
			s.passes(6)
			if left := s.claims(); len(left) > 0 || !s.gone() {
				t.Errorf("after the permission %d claims are left, the datacenter is gone: %t", len(left), s.gone())
			}
		})
	}
}

// A deletion that was asked for stays one when the namespace is deleted afterwards, and one of a ring when the ring agrees.
func TestAnAskedDeletionOutlastsTheNamespace(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	s.claims()
	s.must(s.admin.Delete(t.Context(), s.dc()))
	s.pass()
	s.deleteNamespace()
	s.passes(6)
	if left := s.claims(); len(left) > 0 || !s.gone() {
		t.Errorf("%d claims are left, the datacenter is gone: %t", len(left), s.gone())
	}
}

// Volumes that were lost with their namespace stay when it was force-deleted and made again.
func TestVolumesOutlastANamespaceThatIsForcedAway(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	s.claims()
	s.deleteNamespace()
	s.passes(2)
	ns := &corev1.Namespace{}
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Name: s.ns}, ns))
	ns.Spec.Finalizers = nil
	s.must(s.admin.SubResource("finalize").Update(t.Context(), ns))
	s.must(s.admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	s.passes(5)
	if n := kept(s.claims()); n != 3 || s.gone() {
		t.Fatalf("%d of 3 claims are left, the datacenter is gone: %t", n, s.gone())
	}
	if c := s.dc().Status.Condition(api.DatacenterDeleting); c == nil || !strings.Contains(c.Message, "which is there again") || !strings.Contains(c.Message, deletion.LetGo) {
		t.Errorf("got %+v", c)
	}
}

// A datacenter that is to keep its volumes for a time is gone although its namespace goes too; the volumes are held.
func TestKeptVolumesInANamespaceThatGoes(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) { dc.Annotations = map[string]string{deletion.KeepVolumes: "24h"} })
	s.settle()
	s.claims()
	s.must(s.admin.Delete(t.Context(), s.dc()))
	s.pass()
	s.deleteNamespace()
	s.passes(6)
	if n := kept(s.claims()); n != 3 || !s.gone() {
		t.Errorf("%d of 3 claims are left, the datacenter is gone: %t", n, s.gone())
	}
	s.annotateNamespace(deletion.LetGo, "true")
	s.claims()
	if left := s.claims(); len(left) > 0 {
		t.Errorf("after the permission %d are left", len(left))
	}
}

// The volumes of another cluster's datacenter of the same name are none of this one's, and the annotation of an earlier deletion asks for nothing.
func TestADeletedDatacenterTakesItsOwnVolumesOnly(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{deletion.Annotation: deletion.Asked}
	})
	s.settle()
	if said := s.dc().Annotations[deletion.Annotation]; said != "" {
		t.Errorf("its deletion is said to be %s, and it isn't being deleted", said)
	}
	other := s.claims()[0].DeepCopy()
	other.ObjectMeta = metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-earlier", Labels: maps.Clone(other.Labels)}
	other.Labels[api.ClusterLabel] = "earlier"
	s.must(s.admin.Create(t.Context(), other))
	s.must(s.admin.Delete(t.Context(), s.dc()))
	for range 6 {
		s.pass()
		s.endPods(map[string]bool{})
		s.pvcProtection()
	}
	if left := s.claims(); len(left) != 1 || left[0].Name != other.Name || !left[0].DeletionTimestamp.IsZero() {
		t.Errorf("%d claims are left", len(left))
	}
}

// A ring's datacenter that somebody deletes without the ring goes on serving, and says that it was deleted.
func TestADatacenterOfARingIsNotDeletedAlone(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: s.ns}
	})
	s.settle()
	s.must(s.admin.Delete(t.Context(), s.dc()))
	before := s.uids()
	s.settle()
	for name, uid := range s.uids() {
		if before[name] != uid {
			t.Errorf("%s was made anew", name)
		}
	}
	if c := s.dc().Status.Condition(api.DatacenterDeleting); c == nil || c.Status != corev1.ConditionTrue || !strings.Contains(c.Message, "its ring ring isn't") {
		t.Errorf("got %+v", c)
	}
	if s.notServing() > 0 || !s.dc().Status.IsTrue(api.DatacenterReady) {
		t.Errorf("%d nodes are away; %+v", s.notServing(), s.dc().Status.Conditions)
	}
	if !s.event("its ring ring isn't") {
		t.Error("no event tells of it")
	}
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{deletion.Annotation: deletion.Asked}
	}) // the ring's loop
	s.rounds(8)
	if !s.gone() {
		t.Error("it is still there although the ring has agreed")
	}
}

// A claim without a volume is left to the scheduler, which writes to it: it has no data. As soon as it is bound it is kept,
// before a pod can start on it.
func TestAClaimIsKeptOnceItIsBound(t *testing.T) {
	s := newStage(t)
	s.create(func(*api.CassandraDatacenter) {})
	s.settle()
	bound := s.claims()
	if kept(bound) != len(bound) || len(bound) == 0 {
		t.Fatalf("%d of %d bound claims are kept", kept(bound), len(bound))
	}
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-more", Labels: bound[0].Labels}, Spec: *bound[0].Spec.DeepCopy()}
	c.Spec.VolumeName = ""
	s.must(s.admin.Create(t.Context(), c))
	before := c.ResourceVersion
	for range 2 {
		s.claims()
		s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(c), c))
		if c.ResourceVersion != before {
			t.Fatalf("a claim that isn't bound was changed: finalizers %v", c.Finalizers)
		}
	}
	c.Spec.VolumeName = "pv-of-more"
	s.must(s.admin.Update(t.Context(), c)) // it fails if anything was written since
	if all := s.claims(); kept(all) != len(bound)+1 {
		t.Errorf("%d of %d bound claims are kept", kept(all), len(all))
	}
}

// One claim that somebody deletes, in a namespace that stays, is deleted; a claim whose datacenter was deleted without it is kept.
func TestAClaimThatIsDeletedAsSuchGoes(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{api.DeletePVCAnnotation: "false"}
	})
	s.settle()
	claims := s.claims()
	s.must(s.admin.Delete(t.Context(), &claims[0]))
	s.pvcProtection()
	s.claims()
	if left := s.claims(); len(left) != 2 {
		t.Fatalf("%d claims are left", len(left))
	}
	s.must(s.admin.Delete(t.Context(), s.dc()))
	for range 6 {
		s.pass()
		s.endPods(map[string]bool{})
		s.pvcProtection()
	}
	if !s.gone() || kept(s.claims()) != 2 {
		t.Errorf("the datacenter is gone: %t; %d claims are kept", s.gone(), kept(s.claims()))
	}
	ns := &corev1.Namespace{}
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Name: s.ns}, ns))
	s.must(s.admin.Delete(t.Context(), ns))
	s.must(s.admin.DeleteAllOf(t.Context(), &corev1.PersistentVolumeClaim{}, client.InNamespace(s.ns)))
	s.pvcProtection()
	if kept(s.claims()) != 2 {
		t.Error("they went with their namespace")
	}
	s.annotateNamespace(deletion.LetGo, "true")
	s.claims()
	if left := s.claims(); len(left) > 0 {
		t.Errorf("after the permission %d are left", len(left))
	}
}

// Volumes of a deleted datacenter stay for a time when that is asked for: a ring of another id isn't started on them, one
// of the same id takes them up, and otherwise they go when the time is over and nobody uses them.
func TestKeptVolumes(t *testing.T) {
	s := newStage(t)
	makeRing := func(id string) {
		s.create(func(dc *api.CassandraDatacenter) {
			dc.Annotations = map[string]string{deletion.KeepVolumes: "24h", api.RingIDAnnotation: id}
		})
	}
	end := func() {
		s.must(s.admin.Delete(t.Context(), s.dc()))
		for i := 0; i < 12 && !s.gone(); i++ {
			s.newOperator()
			s.pass()
			s.endPods(map[string]bool{})
			var sets appsv1.StatefulSetList
			s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
			if len(sets.Items) == 0 {
				s.endPods(map[string]bool{})
			}
		}
		if n := kept(s.claims()); !s.gone() || n != 3 {
			t.Fatalf("the datacenter is gone: %t; %d of 3 claims are kept", s.gone(), n)
		}
	}
	makeRing("one")
	s.settle()
	s.claims()
	end()

	s.create(func(dc *api.CassandraDatacenter) { dc.Annotations = map[string]string{api.RingIDAnnotation: "another"} })
	s.rounds(3)
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, "volumes of an earlier ring, ring/one, are kept") {
		t.Errorf("got %+v", c)
	}
	end()

	makeRing("one")
	s.pass()
	for _, c := range s.claims() {
		if c.Annotations[claim.KeptUntil] != "" || c.Annotations[claim.TakenUp] != string(s.dc().UID) || !slices.Contains(c.Finalizers, claim.Finalizer) {
			t.Errorf("%s was not taken up: %v %v", c.Name, c.Annotations, c.Finalizers)
		}
	}
	end()

	s.clock = s.clock.Add(23 * time.Hour)
	if n := kept(s.claims()); n != 3 {
		t.Fatalf("%d of 3 claims are left before their time", n)
	}
	s.clock = s.clock.Add(2 * time.Hour)
	s.claims()
	s.pvcProtection()
	s.claims()
	if left := s.claims(); len(left) > 0 {
		t.Errorf("%d claims are left after their time", len(left))
	}
}
