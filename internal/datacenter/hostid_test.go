package datacenter_test

import (
	"testing"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A pod may get the address that a dead member had, and be seen as that by a node
// whose gossip is behind. Who it is it says itself.
func TestHostIDOfAReusedAddress(t *testing.T) {
	for _, test := range []struct {
		identity *mgmtapi.Identity
		want     string
	}{
		{&mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: "own"}, "own"},
		{nil, "dead"}, // an agent that can't tell
	} {
		s := &datacenter.State{Now: time.Unix(0, 0), DC: &api.CassandraDatacenter{}, Ringview: []mgmtapi.Endpoint{{Address: "10.0.0.1", HostID: "dead"}}}
		s.Pods = []datacenter.Pod{{Name: "a", IP: "10.0.0.1", Agent: true, Status: mgmtapi.Status{State: mgmtapi.Running, Identity: test.identity}}}
		if got := datacenter.Summarize(s, datacenter.Plan{}, nil).NodeStatuses["a"].HostID; got != test.want {
			t.Errorf("identity %+v: host id %s, want %s", test.identity, got, test.want)
		}
	}
}
