package datacenter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

func TestWhoseTurnItIs(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	said := func(state string, ticket int, away string) string {
		d := Disruption{State: state, Ticket: ticket, Next: []string{"x"}, Renewed: now.Add(-time.Second)}
		if away != "" {
			d.Away = []string{away}
		}
		return d.String()
	}
	other := func(record string) Other {
		return Other{Name: "dc2", Region: "east", Exists: true, Record: record, Reachable: true}
	}
	for _, test := range []struct {
		reason, own string
		others      []Other
		change      func(*State)
		goes        bool
		want        string // what is put on record, "" if nothing is
		waits       string
	}{
		{"nobody else is at it: it is said first", "", []Other{}, nil, false, "Active 1", "the ring's other datacenters to know"},
		{"it was said, and nobody else is at it", said("Active", 1, ""), []Other{}, nil, true, "", ""},
		{"the others aren't known yet", "", nil, nil, false, "Waiting 1", "the other regions to be looked at"},
		{"another one is at it", "", []Other{other(said("Active", 7, "y"))}, nil, false, "Waiting 8", "node y of datacenter dc2 (region east) to be back"},
		{"another one waits for longer", "", []Other{other(said("Waiting", 7, ""))}, nil, false, "Waiting 8", "node x of datacenter dc2 (region east), whose turn it is,"},
		{"another one waits, for less long", said("Waiting", 3, ""), []Other{other(said("Waiting", 7, ""))}, nil, false, "Active 3", "the ring's other datacenters to know"},
		{"of two that wait with one ticket the datacenter's name decides", said("Waiting", 7, ""), []Other{other(said("Waiting", 7, ""))}, nil, false, "Active 7", "the ring's other datacenters to know"},
		{"both say that they go, and the other one was first", said("Active", 7, ""), []Other{other(said("Active", 3, ""))}, nil, false, "Waiting 7", "node x of datacenter dc2 (region east), which may go first,"},
		{"both say that they go, and this one was first", said("Active", 3, ""), []Other{other(said("Active", 7, ""))}, nil, false, "", "node x of datacenter dc2 (region east), which may go first,"},
		{"another one has said so for long, and is gone", said("Active", 7, ""), []Other{{Name: "dc2", Exists: true, Record: said("Active", 3, "y"), Unchanged: DisruptionExpiry, Reachable: true}}, nil, true, "", ""},
		{"another one has waited for long, and is gone", said("Active", 7, ""), []Other{{Name: "dc2", Exists: true, Record: said("Waiting", 3, ""), Unchanged: DisruptionExpiry, Reachable: true}}, nil, true, "", ""},
		{"a region has just stopped answering", said("Active", 1, ""), []Other{{Name: "dc2", Region: "east", Silent: time.Minute}}, nil, false, "", "region east to answer"},
		{"a region is gone for long", said("Active", 1, ""), []Other{{Name: "dc2", Region: "east", Silent: DisruptionExpiry}}, nil, true, "", ""},
		{"an operator of an earlier version says nothing", said("Active", 1, ""), []Other{other("")}, nil, true, "", ""},
		{"one of a later version says what this one doesn't know", said("Active", 1, ""), []Other{other(said("Draining", 9, ""))}, nil, false, "", "which may go first"},
		{"what it said is too old to count with the others", strings.Replace(said("Active", 1, ""), "11:59:59", "11:59:39", 1), []Other{}, nil, false, "Active 1", "the ring's other datacenters to know"},
		{"its turn is over", said("Active", 3, "z"), []Other{other(said("Waiting", 5, ""))}, nil, false, "Waiting 6", "node x of datacenter dc2"},
		{"a node of it is down already, and nobody else is at it", said("Active", 3, "multi-dc1-b-sts-1"), []Other{}, func(s *State) { s.pod(at(s, "multi-dc1-b-sts-1")).Deleting = true }, true, "", ""},
		{"a person forces its rack", "", []Other{other(said("Active", 7, "y"))}, func(s *State) { s.DC.Spec.ForceUpgradeRacks = []string{"a"} }, true, "Idle 0", ""},
		{"the ring doesn't ask for it", "", []Other{other(said("Active", 7, "y"))}, func(s *State) { delete(s.DC.Annotations, api.DisruptionScopeAnnotation) }, true, "", ""},
	} {
		s := whole("2")
		s.Now, s.Others = now, test.others
		s.Ring = topology.Ring{Datacenters: []topology.Datacenter{{Name: "dc1"}, {Name: "dc2"}}}
		s.DC.Annotations = map[string]string{api.DisruptionScopeAnnotation: api.DisruptionScopeRing}
		if test.own != "" {
			own := parseDisruption(test.own)
			own.Next = []string{"multi-dc1-a-sts-0"}
			s.DC.Annotations[api.DisruptionAnnotation] = own.String()
		}
		if test.change != nil {
			test.change(s)
		}
		var p Plan
		p.add(Restart, "multi-dc1-a-sts-0", "", Step{Pod: s.pod(at(s, "multi-dc1-a-sts-0"))})
		s.planTurn(&p)
		record := ""
		for _, x := range p.Steps {
			if x.Verb == Record {
				d := parseDisruption(x.Stamp)
				record = fmt.Sprint(d.State, " ", d.Ticket)
			}
		}
		if p.has(Restart) != test.goes || record != test.want || !strings.Contains(p.TurnWaits, test.waits) || test.waits == "" && p.TurnWaits != "" {
			t.Errorf("%s: goes %t, says %q, waits for %q", test.reason, p.has(Restart), record, p.TurnWaits)
		}
	}
}

func TestTheBudgetOfADatacenterIsHeldForAnother(t *testing.T) {
	for _, test := range []struct {
		reason string
		change func(*State)
		holds  bool
	}{
		{"a node of another datacenter is down", func(*State) {}, true},
		{"it is held", func(s *State) { s.Budget.Held = true }, false},
		{"a node of its own is down: a machine may have to be emptied", func(s *State) { s.Pods[0].Ready = false }, false},
		{"the other one is gone for long", func(s *State) { s.Others[0].Unchanged = DisruptionExpiry }, false},
		{"the ring doesn't ask for it", func(s *State) { s.DC.Annotations = nil }, false},
	} {
		s := whole("2")
		s.Ring = topology.Ring{Datacenters: []topology.Datacenter{{Name: "dc1"}, {Name: "dc2"}}}
		s.DC.Annotations = map[string]string{api.DisruptionScopeAnnotation: api.DisruptionScopeRing}
		s.Others = []Other{{Name: "dc2", Exists: true, Reachable: true, Record: Disruption{State: disruptionActive, Away: []string{"y"}}.String()}}
		s.Budget = &Budget{}
		test.change(s)
		var p Plan
		s.planBudget(&p)
		if got := p.has(Apply); got != test.holds {
			t.Errorf("%s: %t", test.reason, got)
		}
	}
}
