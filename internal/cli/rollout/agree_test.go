package rollout

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/region"
)

// copies are those of two regions at one revision, which both have looked at. The ring is edited in the west.
func copies() *found {
	r := &found{}
	for _, name := range []string{"central", "west"} {
		k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Generation: 4, Annotations: map[string]string{k8ssandra.RevisionAnnotation: "3/west/c"}}}
		k.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{Datacenters: []k8ssandra.CassandraDatacenterTemplate{{K8sContext: "west"}}}
		k.Status.SeenGeneration = 4
		r.places = append(r.places, place{region.Region{Name: name}, k})
	}
	return r
}

// A ring is edited where its regions are at one revision; what was edited in the region where it is edited is what is gone back from.
func TestRegionsHaveToAgree(t *testing.T) {
	if r := copies(); r.apart() != "" || r.home().Name != "west" || r.refused() != nil {
		t.Errorf("%s, home %s, %v", r.apart(), r.home().Name, r.refused())
	}
	for _, c := range []struct {
		why    string
		change func(central, west *k8ssandra.K8ssandraCluster)
		apart  string
	}{
		{"a revision that has yet to be taken over", func(_, west *k8ssandra.K8ssandraCluster) { west.Annotations[k8ssandra.RevisionAnnotation] = "4/west/d" }, `central has revision "3/west/c"`},
		{"an edit that nobody has looked at, beside", func(central, _ *k8ssandra.K8ssandraCluster) { central.Generation = 5 }, "looked at up to generation 4 of 5"},
		{"an edit that nobody has looked at, here", func(_, west *k8ssandra.K8ssandraCluster) { west.Generation = 5 }, ""},
		{"no revision", func(central, west *k8ssandra.K8ssandraCluster) { central.Annotations, west.Annotations = nil, nil }, `revision ""`},
	} {
		r := copies()
		c.change(r.places[0].copy, r.places[1].copy)
		if got := r.apart(); (got == "") != (c.apart == "") || !strings.Contains(got, c.apart) {
			t.Errorf("%s: %q", c.why, got)
		}
	}
	for _, c := range []struct {
		why    string
		change func(*k8ssandra.K8ssandraCluster)
	}{
		{"it is being deleted", func(k *k8ssandra.K8ssandraCluster) { k.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }},
		{"it has diverged", func(k *k8ssandra.K8ssandraCluster) {
			k.Status.Conditions = []k8ssandra.K8ssandraClusterCondition{{Type: k8ssandra.ClusterDiverged, Status: corev1.ConditionTrue, Message: "choose"}}
		}},
		{"it has no datacenters", func(k *k8ssandra.K8ssandraCluster) { k.Spec.Cassandra = nil }},
	} {
		r := copies()
		c.change(r.places[0].copy)
		if err := r.refused(); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(c.why, "it ")) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// Programs that put an edit back are known by what they leave on an object; a person's kubectl is none.
func TestWhoKeepsARing(t *testing.T) {
	k := &k8ssandra.K8ssandraCluster{}
	k.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit"}, {Manager: "ringspan-cli"}, {Manager: "ringspan-operator"}}
	if got := keepers(k); len(got) > 0 {
		t.Errorf("%v", got)
	}
	k.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "x"}
	k.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "x"}
	got := strings.Join(keepers(k), "\n")
	for _, part := range []string{"Argo CD keeps this ring", "annotation argocd.argoproj.io/tracking-id", "Flux keeps", "may put the edit back at once"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %s", part, got)
		}
	}
	at := func(second int64) *metav1.Time { return &metav1.Time{Time: time.Unix(second, 0)} }
	spec, status := metav1.NewFieldsV1(`{"f:spec":{}}`), metav1.NewFieldsV1(`{"f:metadata":{}}`)
	k.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "a", Time: at(1), FieldsV1: spec}, {Manager: "b", Time: at(2), FieldsV1: spec}, {Manager: "c", Time: at(3), FieldsV1: status}}
	if got := editor(k); got != "by b" {
		t.Errorf("edited %s", got)
	}
}
