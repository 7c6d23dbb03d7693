package controller_test

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// A configuration that comes from a Secret is in Secrets only, reaches the pods, follows a change, and goes with its last pod.
func TestAConfigurationFromASecret(t *testing.T) {
	s := newStage(t)
	const first, second = `{"cassandra-yaml": {"num_tokens": 4, "concurrent_reads": 1111}}`, `{"cassandra-yaml": {"num_tokens": 4, "concurrent_reads": 2222}}`
	s.secret("config", map[string]string{"config": first})
	s.create(func(dc *api.CassandraDatacenter) { dc.Spec.Config, dc.Spec.ConfigSecret = nil, "config" })
	s.settle()
	before := s.onlyCopy("1111")
	s.newOperator()
	s.pass()
	if again := s.onlyCopy("1111"); again.UID != before.UID {
		t.Error("the copy was made anew")
	}

	secret := &corev1.Secret{}
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "config"}, secret))
	secret.Data["config"] = []byte(second)
	s.must(s.admin.Update(t.Context(), secret))
	s.settle()
	if after := s.onlyCopy("2222"); after.Name == before.Name {
		t.Error("the copy has changed under its name")
	}

	s.must(s.admin.Delete(t.Context(), secret))
	s.rounds(3)
	c := s.dc().Status.Condition(api.DatacenterValid)
	if c == nil || c.Reason != api.ReasonSecretMissing || !strings.Contains(c.Message, "Secret config does not exist") || !s.event("Secret config does not exist") {
		t.Errorf("nobody says that the Secret is gone: %+v", c)
	}
	s.onlyCopy("2222")
}

// onlyCopy is the one copy of a configuration that there is. What it says is in no object that isn't a Secret.
func (s *stage) onlyCopy(value string) *corev1.Secret {
	s.t.Helper()
	var copies corev1.SecretList
	s.must(s.admin.List(s.t.Context(), &copies, client.InNamespace(s.ns), client.MatchingLabels{datacenter.ConfigCopyLabel: "true"}))
	if len(copies.Items) != 1 {
		s.t.Fatalf("%d copies", len(copies.Items))
	}
	one := &copies.Items[0]
	if !metav1.IsControlledBy(one, s.dc()) || one.Immutable == nil || !*one.Immutable || !strings.Contains(string(one.Data["config"]), value) {
		s.t.Errorf("not a copy of %s: %+v", value, one.ObjectMeta)
	}
	for _, list := range []client.ObjectList{&appsv1.StatefulSetList{}, &corev1.PodList{}, &api.CassandraDatacenterList{}, &corev1.EventList{}} {
		s.must(s.admin.List(s.t.Context(), list, client.InNamespace(s.ns)))
		data, err := json.Marshal(list)
		s.must(err)
		if strings.Contains(string(data), value) {
			s.t.Errorf("%T has what is in the Secret", list)
		}
		if _, sets := list.(*appsv1.StatefulSetList); sets && strings.Count(string(data), one.Name) < 3 {
			s.t.Error("racks don't refer to the copy")
		}
	}
	return one
}
