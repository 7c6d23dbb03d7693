package network

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// Severities. A fault breaks something that the fleet needs; a warning says
// what works, and would work better otherwise.
const (
	Fault   Severity = "fault"
	Warning Severity = "warning"
)

// Aspect is what of the network a finding is about.
type Aspect string

// Aspects.
const (
	Reach  Aspect = "reach"  // packets arrive
	Source Aspect = "source" // with the sender's address
	Size   Aspect = "size"   // large packets arrive
	DNS    Aspect = "dns"    // names resolve
	Clock  Aspect = "clock"  // clocks agree
	Probe  Aspect = "probe"  // whether it could be measured
)

// Finding is one thing that is wrong, with everything that follows from it.
type Finding struct {
	Severity Severity `json:"severity"`
	Check    Aspect   `json:"check"`
	From     string   `json:"from"`               // region that sends, or that it is about
	To       string   `json:"to,omitempty"`       // region that is sent to
	BothWays bool     `json:"bothWays,omitempty"` // it holds from To to From too
	Ports    []string `json:"ports,omitempty"`    // such as tcp/7000; none means all
	Cause    string   `json:"cause"`
	Fix      string   `json:"fix"`

	Breaks []Flow `json:"-"` // the connections that fail because of it
}

// Flow is a kind of connection: from a region's pods to a port of another.
type Flow struct{ From, To, Port string }

// Subject says who is concerned: "eu-west-1 → eu-central-1 tcp/7000".
func (f Finding) Subject() string {
	words := []string{f.From}
	switch {
	case f.To != "" && f.BothWays:
		words = append(words, "⇄", f.To)
	case f.To != "":
		words = append(words, "→", f.To)
	}
	if len(f.Ports) > 0 {
		words = append(words, strings.Join(f.Ports, ", "))
	} else if f.Check != Reach {
		words = append(words, string(f.Check))
	}
	return strings.Join(words, " ")
}

// String is the whole sentence.
func (f Finding) String() string {
	if f.Fix == "" {
		return f.Subject() + ": " + f.Cause
	}
	return f.Subject() + ": " + f.Cause + "; " + f.Fix
}

// Sort orders findings: faults first, then by region, what is broken, and ports.
func Sort(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
			cmp.Compare(a.Check, b.Check), slices.Compare(a.Ports, b.Ports), cmp.Compare(a.Cause, b.Cause))
	})
}

// Explain joins what the cloud's description shows with what probes have seen:
// a symptom whose cause is known is left out.
func Explain(causes, symptoms []Finding) []Finding {
	known := map[Flow]bool{}
	aspects := map[[3]string]bool{}
	for _, c := range causes {
		for _, f := range c.Breaks {
			known[f] = true
		}
		aspects[[3]string{string(c.Check), c.From, c.To}] = true
	}
	all := slices.Clone(causes)
	for _, s := range symptoms {
		same := s.Check != Reach && aspects[[3]string{string(s.Check), s.From, s.To}]
		if !same && !explained(s.Breaks, known) {
			all = append(all, s)
		}
	}
	Sort(all)
	return all
}

func explained(flows []Flow, known map[Flow]bool) bool {
	for _, f := range flows {
		if !known[f] {
			return false
		}
	}
	return len(flows) > 0
}
