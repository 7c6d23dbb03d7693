package datacenter_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Since when a datacenter may have the only copy of what was written, after a look, by what was known before it.
func TestSinceWhenADatacenterWasApart(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ago := func(minutes int) *metav1.Time {
		at := metav1.NewTime(now.Add(-time.Duration(minutes) * time.Minute))
		return &at
	}
	known := func(looked int, since, until *metav1.Time) *api.TogetherStatus {
		return &api.TogetherStatus{Looked: *ago(looked), ApartSince: since, ApartUntil: until}
	}
	for _, test := range []struct {
		why          string
		before       *api.TogetherStatus
		alive        bool
		config       string
		since, until *metav1.Time
		looked       *metav1.Time
	}{
		{"always together", known(4, nil, nil), true, "", nil, nil, ago(4)},
		{"a look is noted every five minutes", known(5, nil, nil), true, "", nil, nil, ago(0)},
		{"a node goes down", known(4, nil, nil), false, "", ago(0), nil, ago(4)},
		{"it is still down", known(4, ago(3), nil), false, "", ago(3), nil, ago(4)},
		{"it is back", known(4, ago(3), nil), true, "", ago(3), ago(0), ago(4)},
		{"hints have had as long as the cut took", known(4, ago(13), ago(6)), true, "", ago(13), ago(6), ago(4)},
		{"and have had a while more", known(4, ago(13), ago(8)), true, "", nil, nil, ago(4)},
		{"it goes down again before that", known(4, ago(13), ago(8)), false, "", ago(13), nil, ago(4)},
		{"longer than hints are surely kept", known(4, ago(900), ago(800)), true, "", ago(900), ago(800), ago(4)},
		{"nodes that keep no hints", known(4, ago(13), ago(8)), true, `{"cassandra-yaml": {"hinted_handoff_enabled": false}}`, ago(13), ago(8), ago(4)},
		{"nobody has looked for an hour", known(60, nil, nil), true, "", ago(60), ago(0), ago(0)},
		{"nor while it was apart", known(60, ago(80), ago(70)), true, "", ago(80), ago(0), ago(0)},
		{"a version that kept no record", nil, true, "", ago(24 * 60), ago(0), ago(0)},
	} {
		dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
		dc.Spec.Config = []byte(test.config)
		dc.Status.Conditions, dc.Status.Together = []api.DatacenterCondition{{Type: api.DatacenterInitialized, Status: "True"}}, test.before
		s := &datacenter.State{Now: now, DC: dc, Ringview: []mgmtapi.Endpoint{{Datacenter: "dc1", HostID: "a", Alive: true}, {Datacenter: "dc2", HostID: "b", Alive: test.alive}}}
		got := datacenter.Summarize(s, datacenter.Plan{}, nil).Together
		if !got.ApartSince.Equal(test.since) || !got.ApartUntil.Equal(test.until) || !got.Looked.Equal(test.looked) {
			t.Errorf("%s: looked %s, apart since %v until %v", test.why, got.Looked, got.ApartSince, got.ApartUntil)
		}
	}
}
