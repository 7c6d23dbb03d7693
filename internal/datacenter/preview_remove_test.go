package datacenter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/preview"
)

// Of a datacenter that is taken out of the ring it is foretold that keyspaces are taken from it, that its nodes leave one after another, and
// that it is deleted then; and of one whose keyspaces keep it that nothing of that happens.
func TestADatacenterThatLeavesIsForetold(t *testing.T) {
	w := newWorld()
	w.add("dc1", 2, []string{"r1"}, false)
	r := w.add("dc2", 3, []string{"r1", "r2"}, false)
	if !w.settle(400, nil) {
		t.Fatal(w.story())
	}
	if err := anyNode(r).CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 1, "dc2": 1}); err != nil {
		t.Fatal(err)
	}
	w.settle(40, nil)
	w.takeOut(r, api.RemovalLeave)
	for _, one := range w.regions {
		one.removalPass()
	}
	if p := r.foretell(); len(p.Refused) != 1 || len(p.Events) > 0 {
		t.Errorf("a keyspace keeps it: %+v", p)
	}
	r.annotate(datacenter.JoinReplicationAnnotation, `{"dc2": {"shop": 0}}`)
	r.annotate(api.ConsentAnnotation, api.ConsentRequired)
	p := r.foretell()
	var got []string
	for _, e := range p.Events {
		if e.Kind != preview.Repair {
			got = append(got, string(e.Kind)+" "+e.Target)
		}
	}
	want := []string{
		"withdraw shop",
		"restart multi-region-dc2-r1-sts-1", "leave multi-region-dc2-r1-sts-1", "restart multi-region-dc2-r2-sts-0", "leave multi-region-dc2-r2-sts-0", "restart multi-region-dc2-r1-sts-0", "leave multi-region-dc2-r1-sts-0",
		"delete CassandraDatacenter dc2",
	}
	if d := cmp.Diff(want, got); d != "" || p.Unfinished || len(p.Waits) > 0 || len(p.Refused) > 0 || p.Consent == "" {
		t.Errorf("%s\n%+v", d, p)
	}
	blind := r.observe() // no node can be asked
	blind.Ringview, blind.Keyspaces, blind.Replication = nil, nil, nil
	if p := preview.Of(blind); !p.Blind || len(p.Refused) > 0 || len(p.Events) == 0 || p.Events[len(p.Events)-1].Target != "CassandraDatacenter dc2" {
		t.Errorf("%+v", p)
	}
	r.annotate(api.ConsentToAnnotation, p.Consent)
	if !w.settle(400, nil) || !r.dc.HasLeft() {
		t.Error(w.story())
	}
}
