package doctor

import (
	"fmt"
	"slices"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// Diagnose says what is wrong: one finding for one fault, however many probes
// have met it.
func Diagnose(o Observation) Report {
	d := &diagnosis{Observation: o, spots: map[string]*ObservedProbe{}, others: map[string]*Other{}, reported: map[[2]string]bool{}}
	for i := range o.ObservedProbes {
		d.spots[o.ObservedProbes[i].Name] = &o.ObservedProbes[i]
	}
	for i := range o.Others {
		d.others[o.Others[i].Name] = &o.Others[i]
	}
	d.missing()
	d.reach()
	d.apiServers()
	d.nodes()
	d.sources()
	d.sizes()
	d.clocks()
	d.names()
	network.Sort(d.found)
	return d.report()
}

// diagnosis is one call of Diagnose.
type diagnosis struct {
	Observation

	spots    map[string]*ObservedProbe
	others   map[string]*Other
	reported map[[2]string]bool // ordered pairs whose fault has been reported
	found    []network.Finding
}

func (d *diagnosis) add(f network.Finding) { d.found = append(d.found, f) }

// missing reports regions without probes.
func (d *diagnosis) missing() {
	for _, m := range d.Missing {
		d.add(network.Finding{Severity: network.Fault, Check: network.Probe, From: m.Region,
			Cause: fmt.Sprintf("nothing could be measured %s: %s", m.What, m.Why),
			Fix:   "look at the region's nodes and API server, and run `ringspan doctor` again"})
	}
}

// measurement is what one probe has measured of one target.
type measurement struct {
	from *ObservedProbe
	to   string // name of the target
	seen probe.TargetSeen
}

// measurements are those of a region's probes.
func (d *diagnosis) measurements(from string, is func(target string) bool) (all []measurement) {
	for i := range d.ObservedProbes {
		s := &d.ObservedProbes[i]
		if s.Region != from {
			continue
		}
		for _, t := range s.Result.Targets {
			if is(t.Name) {
				all = append(all, measurement{s, t.Name, t})
			}
		}
	}
	return all
}

// between are the measurements of one region's probes by another's.
func (d *diagnosis) between(from, to string) []measurement {
	return d.measurements(from, func(t string) bool { return d.spots[t] != nil && d.spots[t].Region == to })
}

// pairs goes through all ordered pairs of regions.
func (d *diagnosis) pairs(do func(from, to string)) {
	for _, from := range d.Regions {
		for _, to := range d.Regions {
			if from != to {
				do(from, to)
			}
		}
	}
}

func (d *diagnosis) report() Report {
	r := Report{Findings: d.found, Probes: []Probe{}, Pairs: []Pair{}}
	if r.Findings == nil {
		r.Findings = []network.Finding{}
	}
	r.Healthy = len(r.Faults()) == 0
	for _, s := range d.ObservedProbes {
		r.Probes = append(r.Probes, Probe{s.Region, s.Zone, s.Node, s.Address.String()})
	}
	d.pairs(func(from, to string) {
		if all := d.between(from, to); len(all) > 0 {
			r.Pairs = append(r.Pairs, pairOf(from, to, all))
		}
	})
	return r
}

func pairOf(from, to string, all []measurement) Pair {
	p := Pair{From: from, To: to, Ports: map[string]string{}}
	for _, s := range all {
		for _, port := range s.seen.Ports {
			name := tcp(port.Port)
			if p.Ports[name] == "" || p.Ports[name] == string(probe.Open) {
				p.Ports[name] = string(port.Outcome)
			}
		}
		l := s.seen.Link
		if l == nil || !l.Seen.IsValid() {
			continue
		}
		if rtt := milliseconds(l.RTT); p.RTT == 0 || rtt < p.RTT {
			p.RTT, p.ClockOffset, p.ClockError = rtt, milliseconds(l.Offset), milliseconds(l.RTT/2)
		}
		if l.Largest > 0 && (p.LargestPacket == 0 || l.Largest < p.LargestPacket) {
			p.LargestPacket = l.Largest
		}
		if l.Seen != l.Local {
			p.Source = l.Seen.String()
		} else if p.Source == "" {
			p.Source = "kept"
		}
	}
	return p
}

func tcp(port int) string { return network.Port{Protocol: network.TCP, Number: port}.String() }

// unique keeps the first of each.
func unique(all []string) (out []string) {
	for _, s := range all {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
