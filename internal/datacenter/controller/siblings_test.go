package controller_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// sibling is dc2 of the same cluster name, with one pass of the loop.
func (s *stage) sibling() *api.CassandraDatacenter {
	s.t.Helper()
	key := client.ObjectKey{Namespace: s.ns, Name: "dc2"}
	_, err := s.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: key})
	s.must(err)
	dc := &api.CassandraDatacenter{}
	s.must(s.admin.Get(s.t.Context(), key, dc))
	return dc
}

// Two datacenters of a cluster name in a namespace: one founds the ring, which the Service of seeds decides, and the other puts on
// record that it joins.
func TestTwoDatacentersOfANamespaceAreOneRing(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.rounds(2)
	s.create(func(dc *api.CassandraDatacenter) { dc.Name = "dc2" })
	for range 3 {
		s.sibling()
		s.kubernetes()
	}
	seeds := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-seed-service"}}
	s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(seeds), seeds))
	if owner := metav1.GetControllerOf(seeds); owner == nil || owner.Name != "dc1" {
		t.Errorf("the Service of seeds is of %+v", owner)
	}
	dc := s.sibling()
	if ready := dc.Status.Condition(api.DatacenterReady); ready == nil || !strings.Contains(ready.Message, "dc1") || dc.Annotations[api.JoinedAnnotation] != "" {
		t.Errorf("it doesn't wait for dc1: %+v, %v", ready, dc.Annotations)
	}
	s.settle()
	if dc = s.sibling(); dc.Annotations[api.JoinedAnnotation] != "datacenter dc1" {
		t.Errorf("what it joins isn't on record: %v; %+v", dc.Annotations, dc.Status.Condition(api.DatacenterReady))
	}
	dc = s.sibling()
	for name, node := range s.nodes {
		if strings.Contains(name, "dc2") {
			for _, seed := range node.Options().Seeds {
				if !strings.Contains(strings.Join(s.dc().Status.Seeds, " "), seed) {
					t.Errorf("node %s starts with %s, which isn't one of %v", name, seed, s.dc().Status.Seeds)
				}
			}
		}
	}
	if dc.Status.LastServerNodeStarted.IsZero() {
		t.Errorf("no node was started: %+v", dc.Status.Condition(api.DatacenterReady))
	}
}

// The choice of a founder rests on it: the Service of seeds is one datacenter's, and a write that was decided on before that one had
// it, as both are written by the same program, takes it from nobody.
func TestTheServiceOfSeedsHasOneController(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.rounds(2)
	key := client.ObjectKey{Namespace: s.ns, Name: "ring-seed-service"}
	ours := &corev1.Service{}
	s.must(s.admin.Get(t.Context(), key, ours))
	if !ours.Spec.PublishNotReadyAddresses || len(ours.Spec.Selector) == 0 || ours.Labels[api.ClusterLabel] == "" {
		t.Errorf("it isn't as it should be: %+v", ours)
	}
	theirs := &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: key.Name,
		OwnerReferences: []metav1.OwnerReference{{APIVersion: api.GroupVersion.String(), Kind: "CassandraDatacenter", Name: "dc2", UID: "another", Controller: new(true)}}}}
	theirs.Spec = corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: ours.Spec.Selector, PublishNotReadyAddresses: true}
	err := s.as.Patch(t.Context(), theirs, client.Apply, client.FieldOwner("ringspan"), client.ForceOwnership) //nolint:staticcheck // as the loop does
	if err == nil || !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "Controller") {
		t.Errorf("a second datacenter takes it, or is refused for something else: %v", err)
	}
	s.must(s.admin.Get(t.Context(), key, ours))
	if owner := metav1.GetControllerOf(ours); owner == nil || owner.UID != s.dc().UID {
		t.Errorf("it is of %+v", owner)
	}
}

// A Service of seeds that has no owner, as somebody made it by hand, is taken by one datacenter and not by two.
func TestAServiceOfSeedsWithoutAnOwnerGetsOne(t *testing.T) {
	s := newStage(t)
	s.must(s.admin.Create(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-seed-service"}, Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"by": "hand"}}}))
	s.create(nil)
	s.create(func(dc *api.CassandraDatacenter) { dc.Name = "dc2" })
	for range 3 {
		s.rounds(1)
		s.sibling()
	}
	service := &corev1.Service{}
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-seed-service"}, service))
	if owner := metav1.GetControllerOf(service); owner == nil || owner.UID != s.dc().UID || len(service.OwnerReferences) != 1 {
		t.Errorf("it is of %+v: %+v", service.OwnerReferences, s.dc().Status.Conditions)
	}
	if dc := s.sibling(); dc.Annotations[api.JoinedAnnotation] == "" && !strings.Contains(dc.Status.Condition(api.DatacenterReady).Message, "dc1") {
		t.Errorf("dc2 doesn't wait for dc1: %+v", dc.Status.Condition(api.DatacenterReady))
	}
}

// A datacenter whose plan is older than the Service of seeds of another one doesn't get it.
func TestALateDatacenterDoesNotTakeTheServiceOfSeeds(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.must(s.admin.Create(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-seed-service", // its labels don't show it to the loop, as a cache that is behind
		OwnerReferences: []metav1.OwnerReference{{APIVersion: api.GroupVersion.String(), Kind: "CassandraDatacenter", Name: "dc0", UID: "another", Controller: new(true)}}},
		Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}}))
	s.rounds(3)
	service := &corev1.Service{}
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-seed-service"}, service))
	if owner := metav1.GetControllerOf(service); owner == nil || owner.UID != "another" {
		t.Errorf("it is of %+v", owner)
	}
	if c := s.dc().Status.Condition(api.DatacenterReady); c == nil || !strings.Contains(c.Message, "CassandraDatacenter dc0") {
		t.Errorf("nobody says whose it is: %+v", c)
	}
	for name, node := range s.nodes {
		if len(node.Options().Seeds) > 0 {
			t.Errorf("node %s was started", name)
		}
	}
}
