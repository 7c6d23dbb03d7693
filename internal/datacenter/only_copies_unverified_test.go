package datacenter_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A keyspace whose replicas in a third datacenter are unverified may have its rows at the datacenter that is down alone.
func TestUnverifiedReplicasAreNoCopyOfADatacenter(t *testing.T) {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc2", Annotations: map[string]string{
		api.LackingAnnotation: "dc3", api.LackingKeyspacesAnnotation: `{"dc3":[]}`,
	}}}
	dc.Status.Conditions = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}
	s := &datacenter.State{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), DC: dc,
		Keyspaces: map[string]map[string]string{"new": {"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "1", "dc3": "1"}},
		Ringview: []mgmtapi.Endpoint{
			{Datacenter: "dc1", Status: "NORMAL"}, {Datacenter: "dc2", Status: "NORMAL", Alive: true}, {Datacenter: "dc3", Status: "NORMAL", Alive: true},
		}}
	if only := datacenter.Summarize(s, datacenter.Plan{}, nil).OnlyAt["dc1"]; only != "new" {
		t.Errorf("only at dc1: %q", only)
	}
}
