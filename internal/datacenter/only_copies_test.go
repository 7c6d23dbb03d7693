package datacenter_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// What a datacenter says of another one that is down: which keyspaces may have no copy but there.
func TestWhatIsOnlyAtADatacenter(t *testing.T) {
	nts := func(options ...string) map[string]string {
		out := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy"}
		for i := 0; i < len(options); i += 2 {
			out[options[i]] = options[i+1]
		}
		return out
	}
	both := nts("dc1", "1", "dc2", "1")
	since := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		why         string
		replication map[string]string
		before      api.KeyspaceStatus
		lacking     string
		roles       map[string]string // replication of system_auth, if there are logins
		want        string
	}{
		{"there is a copy here", both, api.KeyspaceStatus{Replicas: 1}, "", nil, ""},
		{"there is one at a third datacenter", nts("dc1", "1", "dc3", "1"), api.KeyspaceStatus{}, "", nil, ""},
		{"which lacks its data", nts("dc1", "1", "dc3", "1"), api.KeyspaceStatus{}, "dc3", nil, "shop"},
		{"the one that is down lacks its data, and so do the others", nts("dc1", "1", "dc3", "1"), api.KeyspaceStatus{}, "dc1,dc3", nil, "shop"},
		{"it is there alone", nts("dc1", "1"), api.KeyspaceStatus{}, "", nil, "shop"},
		{"with a transient replica", nts("dc1", "3/1"), api.KeyspaceStatus{}, "", nil, "shop"},
		{"it isn't there", nts("dc1", "0", "dc2", "1"), api.KeyspaceStatus{Replicas: 1}, "", nil, ""},
		{"the data is owed here", both, api.KeyspaceStatus{Replicas: 1, OwedSince: &since}, "", nil, "shop"},
		{"nobody can tell which one has it", both, api.KeyspaceStatus{Replicas: 1, OwedSince: &since, Unverified: true}, "", nil, "shop"},
		{"it was altered just now", both, api.KeyspaceStatus{Strategy: "SimpleStrategy"}, "", nil, "shop"},
		{"it isn't replicated by datacenter", map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "3"}, api.KeyspaceStatus{}, "", nil, "shop"},
		{"the roles have a copy here", both, api.KeyspaceStatus{Replicas: 1}, "", both, ""},
		{"they are there alone", both, api.KeyspaceStatus{Replicas: 1}, "", nts("dc1", "1"), "system_auth"},
		{"nobody knows where they are", both, api.KeyspaceStatus{Replicas: 1}, "", map[string]string{}, "system_auth"},
	} {
		dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc2", Annotations: map[string]string{api.LackingAnnotation: test.lacking}}}
		dc.Status.Conditions = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}
		dc.Status.KeyspacesSeen, dc.Status.Keyspaces = true, map[string]api.KeyspaceStatus{"shop": test.before}
		s := &datacenter.State{Now: since.Time, DC: dc, Keyspaces: map[string]map[string]string{"shop": test.replication}}
		s.Ringview = []mgmtapi.Endpoint{{Datacenter: "dc1", HostID: "a"}, {Datacenter: "dc2", HostID: "b", Alive: true}, {Datacenter: "dc3", HostID: "c", Alive: true}}
		if test.roles != nil {
			dc.Spec.Config = []byte(`{"cassandra-yaml": {"authenticator": "PasswordAuthenticator"}}`)
			s.Replication = map[string]map[string]string{"system_auth": test.roles}
		}
		got := datacenter.Summarize(s, datacenter.Plan{}, nil).OnlyAt
		if only, down := got["dc1"]; !down || only != test.want || len(got) != 1 {
			t.Errorf("%s: %v", test.why, got)
		}
	}
}
