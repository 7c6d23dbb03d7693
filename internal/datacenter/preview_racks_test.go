package datacenter_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/preview"
)

// Of a rack that is taken out it is foretold which nodes leave, and that its StatefulSet goes, once; of one that nobody has let go, that
// it is refused.
func TestARackTakenOutIsForetold(t *testing.T) {
	w := newWorld()
	r := w.add("dc1", 6, []string{"r1", "r2", "r3"}, false)
	if !w.settle(400, nil) {
		t.Fatal(w.story())
	}
	r.setRacks([]string{"r1", "r2"})
	r.resize(4)
	if p := r.foretell(); len(p.Refused) != 1 || len(p.Events) > 0 {
		t.Errorf("nobody has let it go: %+v", p)
	}
	r.setRacks([]string{"r1", "r2", "r3"})
	r.takeOut([]string{"r1", "r2"})
	p := r.foretell()
	var got []string
	for _, e := range p.Events {
		got = append(got, string(e.Kind)+" "+e.Target)
	}
	want := []string{ // with the waits of a first boot none leaves
		"restart multi-region-dc1-r3-sts-1", "leave multi-region-dc1-r3-sts-1", "restart multi-region-dc1-r3-sts-0", "leave multi-region-dc1-r3-sts-0", "delete StatefulSet multi-region-dc1-r3-sts",
	}
	if d := cmp.Diff(want, got); d != "" || p.Unfinished || len(p.Waits) > 0 {
		t.Errorf("%s\n%+v", d, p)
	}
	r.mustLeave(t, "r3")
}

// mustLeave fails when nodes of a rack are left in the end.
func (r *region) mustLeave(t *testing.T, rack string) {
	t.Helper()
	if !r.world.settle(400, nil) || r.sets[rack] != nil || slices.ContainsFunc(r.foretell().Events, func(e preview.Event) bool { return e.Kind == preview.Leave }) {
		t.Error(r.story())
	}
}
