package datacenter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Hashes of the article's dc1. A StatefulSet whose spec hash is another one restarts its nodes, so that one changes only with
// what users ask for, never with the program. Another template hash lets the nodes restart when their spec is next edited.
func TestHashesStayAsTheyAre(t *testing.T) {
	s := state(nil)
	s.Agent = "agent:1"
	set, err := s.StatefulSet(s.DC.Spec.Racks[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	s.sign(set)
	var got strings.Builder
	for _, name := range []string{specHashAnnotation, templateHashAnnotation, api.ResourceHashAnnotation} {
		fmt.Fprintln(&got, name, set.Annotations[name])
	}
	for _, service := range s.Services() {
		stamp(service)
		fmt.Fprintln(&got, service.Name, service.Annotations[api.ResourceHashAnnotation])
	}
	want := `ringspan.io/spec-hash 82c26604616b6a21
ringspan.io/template-hash f0fdda585923ce68
cassandra.datastax.com/resource-hash 426027b2b5df282c
multi-region-seed-service da079643dab01c2a
multi-region-dc1-service 7309f382f24e88dd
multi-region-dc1-all-pods-service ed885e6db9274240
multi-region-dc1-additional-seed-service b4524a719740ce91
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}

// A StatefulSet that another program wrote, cass-operator for one, is as its user wants it: what we would make of the same spec is
// this program's idea, and waits to be allowed.
func TestAStatefulSetOfAnotherProgramIsNoWish(t *testing.T) {
	s := state(nil)
	set, err := s.StatefulSet(s.DC.Spec.Racks[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.wished(set) {
		t.Error("its pods would be restarted unasked")
	}
	s.sign(set)
	if s.wished(set) {
		t.Error("nothing was changed")
	}
	s.DC.Spec.Resources.Requests = map[corev1.ResourceName]resource.Quantity{corev1.ResourceCPU: resource.MustParse("3")}
	if !s.wished(set) {
		t.Error("a change of the spec would be held back")
	}
}

// Labels of the spec are on all objects, claims of new racks too, with values that Kubernetes takes.
func TestAdditionalLabels(t *testing.T) {
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Spec.AdditionalLabels = map[string]string{"team": "Data & Storage", api.RackLabel: "x"}
	})
	set, err := s.StatefulSet(s.DC.Spec.Racks[1], 1)
	if err != nil {
		t.Fatal(err)
	}
	claim := set.Spec.VolumeClaimTemplates[0].Labels
	for what, labels := range map[string]map[string]string{"StatefulSet": set.Labels, "pods": set.Spec.Template.Labels, "claims": claim, "Service": s.Services()[1].Labels} {
		if labels["team"] != "DataStorage" {
			t.Errorf("%s: %q", what, labels["team"])
		}
	}
	if claim[api.RackLabel] != "rack2" || set.Spec.Selector.MatchLabels[api.RackLabel] != "rack2" || claim[api.ManagedByLabel] == "" || claim[api.VersionLabel] != "" {
		t.Errorf("claims: %v", claim)
	}
	before := set.DeepCopy()
	before.Spec.VolumeClaimTemplates[0].Labels = s.selector()
	keepFixed(set, before)
	if set.Spec.VolumeClaimTemplates[0].Labels["team"] != "" {
		t.Error("claims of a StatefulSet that is there can't be changed")
	}
	if got := state(nil).labels()[api.NodeStateLabel]; got != "" {
		t.Errorf("%s is of pods", got)
	}
}

// Who scrapes metrics finds the Service of all pods by its ring.
func TestTheServiceOfAllPodsSaysWhichRingItIsOf(t *testing.T) {
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Labels = map[string]string{k8ssandra.ClusterNameLabel: "demo", k8ssandra.ClusterNamespaceLabel: "ns"}
	})
	for i, service := range s.Services() {
		if got := service.Labels[k8ssandra.ClusterNameLabel] + "/" + service.Labels[k8ssandra.ClusterNamespaceLabel]; (got == "demo/ns") != (i == 2) {
			t.Errorf("Service %s: %s", service.Name, got)
		}
	}
}
