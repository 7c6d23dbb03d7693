package datacenter

import (
	"testing"

	"github.com/ringspan/ringspan/internal/plan"
)

func TestWhatPodsHaveInCommonIsSaidOnce(t *testing.T) {
	s := &State{Pods: []Pod{{Name: "dc1-r1-sts-0"}, {Name: "dc1-r1-sts-1"}, {Name: "dc1-r1-sts-10"}, {Name: "dc1-r2-sts-0"}}}
	for _, c := range []struct {
		why  string
		in   []string
		want string
	}{
		{"nothing", nil, ""},
		{"one pod", []string{"pod dc1-r1-sts-0 can't be placed: no node"}, "pod dc1-r1-sts-0 can't be placed: no node"},
		{
			"pods that can't be placed for one reason",
			[]string{"pod dc1-r1-sts-0 can't be placed: no node", "pod dc1-r1-sts-1 can't be placed: no node", "pod dc1-r1-sts-10 can't be placed: no node"},
			"pod dc1-r1-sts-0 can't be placed: no node (the same for 2 more)",
		},
		{
			"two reasons",
			[]string{"pod dc1-r1-sts-0 can't be placed: no node", "node dc1-r1-sts-1: bad yaml", "pod dc1-r2-sts-0 can't be placed: no node"},
			"pod dc1-r1-sts-0 can't be placed: no node (the same for 1 more); node dc1-r1-sts-1: bad yaml",
		},
		{
			"two nodes that have lost different data",
			[]string{"node dc1-r1-sts-0 has lost its data (1): it waits for node dc1-r2-sts-0", "node dc1-r1-sts-1 has lost its data (2): it waits for node dc1-r2-sts-0"},
			"node dc1-r1-sts-0 has lost its data (1): it waits for node dc1-r2-sts-0; node dc1-r1-sts-1 has lost its data (2): it waits for node dc1-r2-sts-0",
		},
		{"what names nobody", []string{"no seed", "no disk"}, "no seed; no disk"},
	} {
		if got := s.troubleMessage(Plan{Notes: plan.Notes{Trouble: c.in}}); got != c.want {
			t.Errorf("%s: %s", c.why, got)
		}
	}
}

// Who holds things up is named each time; who is held up, once.
func TestOnWhomPodsWaitIsSaidOnce(t *testing.T) {
	s := &State{Pods: []Pod{{Name: "dc1-r1-sts-0"}, {Name: "dc1-r1-sts-1"}, {Name: "dc1-r1-sts-10"}, {Name: "dc1-r2-sts-0"}}}
	for _, c := range []struct {
		why  string
		in   []string
		want string
	}{
		{
			"three nodes that wait on one",
			[]string{"node dc1-r1-sts-0 to be up before node dc1-r1-sts-1 starts", "node dc1-r1-sts-0 to be up before node dc1-r1-sts-10 starts", "node dc1-r1-sts-0 to be up before node dc1-r2-sts-0 starts"},
			"node dc1-r1-sts-0 to be up before node dc1-r1-sts-1 starts (the same for 2 more)",
		},
		{
			"two nodes that wait on different ones",
			[]string{"node dc1-r1-sts-1 to be up before node dc1-r2-sts-0 starts", "node dc1-r1-sts-10 to be up before node dc1-r2-sts-0 starts"},
			"node dc1-r1-sts-1 to be up before node dc1-r2-sts-0 starts; node dc1-r1-sts-10 to be up before node dc1-r2-sts-0 starts",
		},
		{"pods that are waited for", []string{"pod dc1-r1-sts-0 to be ready", "pod dc1-r1-sts-1 to be ready"}, "pod dc1-r1-sts-0 to be ready; pod dc1-r1-sts-1 to be ready"},
	} {
		if got := s.waitMessage(Plan{Notes: plan.Notes{Waits: c.in}}); got != c.want {
			t.Errorf("%s: %s", c.why, got)
		}
	}
}
