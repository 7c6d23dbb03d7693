package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/plan"
)

func TestText(t *testing.T) {
	var n plan.Notes
	if !n.Quiet() {
		t.Error("no notes, and not quiet")
	}
	n.Wait("pod %s to end", "a")
	n.Wait("pod %s to end", "a")
	n.Warn("node %s: %s", "b", "out of memory")
	got := plan.Text([]plan.Step{{Verb: "start", Target: "c", Why: "it is a member"}}, n)
	want := "start c: it is a member\nwaiting for pod a to end\ntrouble: node b: out of memory\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n.Quiet() {
		t.Error("there are notes, and it is quiet")
	}
}
