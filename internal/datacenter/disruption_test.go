package datacenter

import (
	"testing"

	policyv1 "k8s.io/api/policy/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// whole is a datacenter of racked with all of its pods.
func whole(factor string) *State {
	s := racked(factor)
	for _, e := range s.Ringview {
		name := s.podOfHost(e.HostID)
		at, _ := s.positionOf(name)
		pod := Pod{Name: name, UID: "uid-" + name, IP: e.Address, Position: at, Ready: true, Agent: true}
		pod.Status.State = mgmtapi.Running
		s.Pods = append(s.Pods, pod)
	}
	s.DC.Status.Conditions = []api.DatacenterCondition{condition(api.DatacenterInitialized, true, "", "")}
	return s
}

func TestWhatANodeThatIsUpWaitsFor(t *testing.T) {
	const one, sharer = "multi-dc1-a-sts-0", "multi-dc1-b-sts-0"
	for _, test := range []struct {
		reason, factor string
		change         func(s *State)
		want           string
	}{
		{"all others are there", "2", func(*State) {}, ""},
		{"another one was just deleted, and what was read of it is older", "2", func(s *State) { s.Taken = map[string]string{sharer: "uid-" + sharer} }, "node " + sharer + " to be ready"},
		{"that was an earlier pod of the name", "2", func(s *State) { s.Taken = map[string]string{sharer: "former"} }, ""},
		{"another one was evicted", "2", func(s *State) { s.pod(at(s, sharer)).Deleting = true }, "node " + sharer + " to be ready"},
		{"another one isn't ready", "2", func(s *State) { s.pod(at(s, sharer)).Ready = false }, "node " + sharer + " to be ready"},
		{"a dead member that no pod is may have the same ranges", "3", func(s *State) { s.Ringview = append(s.Ringview, dead("4")) },
			"the dead member at X that no pod is (host id X) to be removed: nodetool removenode X"},
		{"a dead member that no pod is has no range of it", "1", func(s *State) { s.Ringview = append(s.Ringview, dead("9")) }, ""},
		{"a dead member that no pod is, and the keyspaces aren't read", "1", func(s *State) { s.Ringview, s.Keyspaces = append(s.Ringview, dead("9")), nil },
			"the dead member at X that no pod is (host id X) to be removed: nodetool removenode X"},
	} {
		s := whole(test.factor)
		test.change(s)
		if got := s.rollBlocker(s.pod(at(s, one))); got != test.want {
			t.Errorf("%s: %q, want %q", test.reason, got, test.want)
		}
	}
}

func dead(token string) mgmtapi.Endpoint {
	return mgmtapi.Endpoint{HostID: "X", Address: "X", Datacenter: "dc1", Rack: "a", Status: mgmtapi.ModeNormal, Tokens: []string{token + "0"}}
}

func TestTheBudgetOpensWhenItsControllerKnowsWhoIsAway(t *testing.T) {
	for _, test := range []struct {
		reason string
		change func(s *State)
		opens  bool
	}{
		{"nobody is away", func(*State) {}, true},
		{"a pod is away, and its controller hasn't seen that", func(s *State) { s.Pods[0].Deleting = true }, false},
		{"a pod is away, and its controller has seen that", func(s *State) { s.Pods[0].Deleting, s.Budget.Missing = true, 1 }, true},
		{"a pod is away, and what its controller has seen is another one, which is one too many", func(s *State) {
			s.Pods[0].Deleting, s.Budget.Missing = true, 1
			s.Pods = append(s.Pods, Pod{Name: "multi-dc1-a-sts-9", Position: topology.Position{Rack: "a", Ordinal: 9}})
		}, false},
		{"a node was stopped, and its pod is ready still", func(s *State) { s.Pods[0].Status.State = mgmtapi.Stopped }, false},
		{"a pod was just deleted, and what was read of it is older", func(s *State) { s.Taken = map[string]string{s.Pods[0].Name: s.Pods[0].UID} }, false},
		{"it is open", func(s *State) { s.Budget.Held = false }, false},
	} {
		s := whole("2")
		s.Budget = &Budget{Held: true}
		test.change(s)
		var p Plan
		s.planBudget(&p)
		if got := p.has(Apply); got != test.opens {
			t.Errorf("%s: opens %t", test.reason, got)
		}
	}
}

func TestABudgetThatItsControllerHasYetToSeeTellsNothing(t *testing.T) {
	b := whole("2").HeldBudget()
	b.Generation, b.Status = 2, policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, ExpectedPods: 4, CurrentHealthy: 3}
	if got := *BudgetOf(b); got != (Budget{Held: true}) {
		t.Errorf("%+v", got)
	}
	b.Status.ObservedGeneration = 2
	if got := *BudgetOf(b); got != (Budget{Held: true, Missing: 1}) {
		t.Errorf("%+v", got)
	}
	if got := *BudgetOf(whole("2").DisruptionBudget()); got.Held {
		t.Error("a budget of size-1 counts as held")
	}
}

func at(s *State, pod string) topology.Position {
	p, _ := s.positionOf(pod)
	return p
}
