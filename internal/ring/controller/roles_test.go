package controller_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/kubetest"
)

// A ring's name doesn't make its Role that of a ReplicatedSecret, whose rules are other ones.
func TestARingsRoleIsNobodyElses(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	theirs := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ringspan-peer-secrets-app"}}
	s.must(w.admin.Create(t.Context(), theirs))
	s.ringName = "secrets-app"
	w.apply(nil)
	s.rounds(3)
	s.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs))
	if len(theirs.Rules) > 0 {
		t.Errorf("the Role of ReplicatedSecret app: %+v", theirs.Rules)
	}
	peer, err := client.New(kubetest.Region(t, west).Peer(), client.Options{})
	s.must(err)
	s.until("the ring's Secret to be readable from elsewhere", func() bool {
		return peer.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "admin"}, &corev1.Secret{}) == nil
	})
}
