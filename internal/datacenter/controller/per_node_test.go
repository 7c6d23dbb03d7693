package controller_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// What is one node's alone is read from its ConfigMap, and only that node restarts when it changes.
func TestTheConfigurationOfSingleNodes(t *testing.T) {
	s := newStage(t)
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "tuned"}, Data: map[string]string{"ring-dc1-r2-sts-0_cassandra.yaml": "concurrent_reads: 7"}}
	s.must(s.admin.Create(t.Context(), config))
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{api.PerNodeConfigAnnotation: "tuned"}
	})
	s.settle()
	if got := s.nodes["ring-dc1-r2-sts-0"].NodeYAML() + s.nodes["ring-dc1-r1-sts-0"].NodeYAML(); got != `{"concurrent_reads":7}` {
		t.Errorf("the nodes have %s", got)
	}
	before := s.uids()
	config.Data["ring-dc1-r2-sts-0_cassandra.yaml"] = "concurrent_reads: 8"
	s.must(s.admin.Update(t.Context(), config))
	s.settle()
	for name, uid := range s.uids() {
		if restarted := before[name] != uid; restarted != strings.HasPrefix(name, "ring-dc1-r2-") {
			t.Errorf("pod %s was made anew: %t", name, restarted)
		}
	}
	s.must(s.admin.Delete(t.Context(), config))
	s.rounds(3)
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || !strings.Contains(c.Message, "ConfigMap tuned does not exist") || s.notServing() > 0 {
		t.Errorf("%d nodes are away; %+v", s.notServing(), c)
	}
}
