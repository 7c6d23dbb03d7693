package controller_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// A rack is taken out of the spec: its node leaves the ring, then its pod, its volume and its StatefulSet go. The operator may end at any time.
// Nothing is restarted for it, although the spec no longer says in which zone the rack is.
func TestARackIsTakenOut(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.Size, dc.Spec.Racks[2].NodeAffinityLabels = 4, map[string]string{"topology.kubernetes.io/zone": "c"}
	})
	s.settle()
	before := s.uids()
	for _, node := range s.nodes {
		node.Rolled()
	}
	left := s.nodes["ring-dc1-r3-sts-0"]
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Spec.Size, dc.Spec.Racks = 3, dc.Spec.Racks[:2]
		metav1.SetMetaDataAnnotation(&dc.ObjectMeta, api.RemoveRacksAnnotation, "r3")
	})
	for round := range 200 {
		s.rounds(1)
		s.releaseClaims()
		s.noneRestarted(before)
		if dc := s.dc(); s.calm() && dc.Annotations[api.DecommissionAnnotation] == "" && !dc.Status.IsTrue(api.DatacenterScalingDown) && left.Left() {
			break
		}
		if round%3 == 2 {
			s.newOperator()
		}
	}
	s.settle()
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
	if len(sets.Items) != 2 || !left.Left() {
		t.Errorf("%d StatefulSets, and the node has left the ring: %t", len(sets.Items), left.Left())
	}
	var claims corev1.PersistentVolumeClaimList
	s.must(s.admin.List(t.Context(), &claims, client.InNamespace(s.ns)))
	if slices.ContainsFunc(claims.Items, func(c corev1.PersistentVolumeClaim) bool { return strings.Contains(c.Name, "-r3-") }) || len(claims.Items) != 3 {
		t.Errorf("%d claims are left", len(claims.Items))
	}
	if dc := s.dc(); len(dc.Status.NodeStatuses) != 3 || dc.Status.IsTrue(api.DatacenterScalingDown) || !dc.Status.IsTrue(api.DatacenterReady) {
		t.Errorf("not done: %+v", dc.Status)
	}
}

// noneRestarted fails when a pod is another one than before.
func (s *stage) noneRestarted(before map[string]string) {
	s.t.Helper()
	var pods corev1.PodList
	s.must(s.admin.List(s.t.Context(), &pods, client.InNamespace(s.ns)))
	for _, pod := range pods.Items {
		if string(pod.UID) != before[pod.Name] {
			s.t.Errorf("pod %s was made anew", pod.Name)
		}
	}
}

// releaseClaims takes kubernetes.io/pvc-protection off claims that are being deleted: no controller of volumes does.
func (s *stage) releaseClaims() {
	s.t.Helper()
	var claims corev1.PersistentVolumeClaimList
	s.must(s.admin.List(s.t.Context(), &claims, client.InNamespace(s.ns)))
	for i := range claims.Items {
		if c := &claims.Items[i]; !c.DeletionTimestamp.IsZero() {
			c.Finalizers = nil
			s.must(client.IgnoreNotFound(s.admin.Update(s.t.Context(), c)))
		}
	}
}
