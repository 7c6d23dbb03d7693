package ring

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// A datacenter's data is copied when others that serve have all that it is known to hold, and none knows of more.
func TestCopied(t *testing.T) {
	holds := func(names ...string) map[string]cassandra.KeyspaceStatus {
		out := map[string]cassandra.KeyspaceStatus{}
		for _, name := range names {
			out[name] = cassandra.KeyspaceStatus{Replicas: 1}
		}
		return out
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	own := Member{Name: "dc1", Exists: true, Initialized: true, Keyspaces: holds("shop", "app")}
	other := func(name string, change func(*Member)) Member {
		m := Member{Name: name, Exists: true, Initialized: true, Serves: true, At: now.Add(-5 * time.Minute), Hosts: []string{"a", ""}, Keyspaces: holds("shop", "app"), OnlyAt: map[string]string{"dc1": ""}}
		if change != nil {
			change(&m)
		}
		return m
	}
	for _, test := range []struct {
		why    string
		others []Member
		want   string
	}{
		{"another has all", []Member{other("dc2", nil)}, "dc2/ca978112"},
		{"nobody else is there", nil, ""},
		{"it doesn't serve, or doesn't answer", []Member{other("dc2", func(m *Member) { m.Serves = false })}, ""},
		{"its replicas lack their data", []Member{other("dc2", func(m *Member) { m.Lacks = true })}, ""},
		{"it is being rebuilt", []Member{other("dc2", func(m *Member) { m.From = "dc1" })}, ""},
		{"its news are old", []Member{other("dc2", func(m *Member) { m.At = now.Add(-time.Hour) })}, ""},
		{"its clock is an hour ahead", []Member{other("dc2", func(m *Member) { m.At = now.Add(time.Hour) })}, ""},
		{"nobody can tell whether it has the data of one", []Member{other("dc2", func(m *Member) {
			m.Keyspaces["app"] = cassandra.KeyspaceStatus{Replicas: 1, OwedSince: &metav1.Time{Time: now}, Unverified: true}
		})}, ""},
		{"one isn't replicated by datacenter", []Member{other("dc2", func(m *Member) { m.Keyspaces["app"] = cassandra.KeyspaceStatus{Strategy: "SimpleStrategy"} })}, ""},
		{"an older version, which doesn't say", []Member{other("dc2", func(m *Member) { m.OnlyAt = nil })}, ""},
		{"it sees this one up, and may look no more before that is down", []Member{other("dc2", func(m *Member) { m.OnlyAt = map[string]string{} })}, ""},
		{"it knows of one that is here only", []Member{other("dc2", func(m *Member) { m.OnlyAt = map[string]string{"dc1": "once"} })}, ""},
		{"it has no replica of one", []Member{other("dc2", func(m *Member) { m.Keyspaces = holds("shop") })}, ""},
		{"two have all together", []Member{other("dc2", func(m *Member) { m.Keyspaces = holds("shop") }), other("dc3", func(m *Member) { m.Keyspaces = holds("app") })}, "dc2/ca978112,dc3/ca978112"},
		{"the one that has it is away", []Member{other("dc2", func(m *Member) { m.Keyspaces = holds("shop") }), other("dc3", func(m *Member) { m.Serves = false })}, ""},
	} {
		if got := strings.Join(Copied(append([]Member{own}, test.others...), 0, now), ","); got != test.want {
			t.Errorf("%s: %q", test.why, got)
		}
	}
}
