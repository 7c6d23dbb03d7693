package controller_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A pod that waits for its volume is made anew when its claim is gone, and not while a claim has its name, whoever made that.
func TestAPodWhoseClaimIsGone(t *testing.T) {
	s := newStage(t)
	s.secret("ring-superuser", map[string]string{"username": "admin", "password": "secret"})
	s.create(nil)
	s.settle()
	const name = "ring-dc1-r2-sts-0"
	before := s.dc().Status.NodeStatuses[name]
	s.loseVolume(name)
	s.remakePods()
	waiting := s.pod(name)
	s.dropClaim(name)
	s.must(s.admin.Create(t.Context(), &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-" + name}, Spec: s.claimSpec()}))
	s.pass()
	if now := s.pod(name); now.UID != waiting.UID || now.DeletionTimestamp != nil {
		t.Fatal("the pod is deleted, although a person has made its claim")
	}
	s.dropClaim(name)
	s.pass()
	s.settle()
	if now := s.pod(name); now.UID == waiting.UID {
		t.Fatal("the pod still waits for its claim")
	}
	if after := s.dc().Status.NodeStatuses[name]; after.HostID == before.HostID || after.HostID == "" {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if o := s.nodes[name].Options(); o.ReplaceAddress != before.IP {
		t.Errorf("it was started with %+v", o)
	}
}

// dropClaim takes a claim away at once.
func (s *stage) dropClaim(pod string) {
	s.t.Helper()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-" + pod}}
	s.must(s.admin.Delete(s.t.Context(), claim))
	s.must(s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(claim), claim))
	claim.Finalizers = nil // no controller takes kubernetes.io/pvc-protection off
	s.must(client.IgnoreNotFound(s.admin.Update(s.t.Context(), claim)))
}

// claimSpec is as a person makes it.
func (s *stage) claimSpec() corev1.PersistentVolumeClaimSpec {
	return *s.dc().Spec.StorageConfig.CassandraDataVolumeClaimSpec.DeepCopy()
}
