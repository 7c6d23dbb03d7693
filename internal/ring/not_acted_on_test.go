package ring

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// A user of a ring looks at the ring: what a datacenter doesn't act on is named there too, of other regions as well.
func TestWhatDatacentersDoNotActOnIsNamed(t *testing.T) {
	s := &State{Region: "west", Ring: parse(t, twoDatacenters), Here: make([]Here, 2), Peers: []Peer{{Region: "eu-central-1", Reachable: true, Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{}}}}
	s.Region = "eu-west-1"
	says := func(message string) *cassandra.CassandraDatacenter {
		dc := &cassandra.CassandraDatacenter{}
		dc.Annotations = map[string]string{cassandra.ListsAnnotation: api.ListsMerged}
		dc.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterFieldsNotActedOn, Status: corev1.ConditionTrue, Message: message}}
		return dc
	}
	s.Here[0].Datacenter.Found = says("not acted on: spec.cdc, spec.networking.nodePort.internode (nodes, and so on), spec.maxUnavailable")
	s.Peers[0].Datacenters[types.NamespacedName{Namespace: "other", Name: "dc2"}] = says("not acted on: annotation k8ssandra.io/inject-secret of the pods, spec.dseWorkloads, spec.minReadySeconds")
	want := []string{"datacenter dc1: spec.networking.nodePort.internode (nodes, and so on)", "datacenter dc1: spec.maxUnavailable", "datacenter dc2: spec.minReadySeconds"}
	if d := cmp.Diff(want, s.notActedOn()); d != "" {
		t.Error(d)
	}
	status := Summarize(s, Plan{}, nil)
	if c := status.Condition(api.ClusterFieldsNotActedOn); c == nil || !strings.Contains(c.Message, want[0]) {
		t.Errorf("the condition says %+v", c)
	}
}
