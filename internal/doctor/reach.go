package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// trouble is a set of ports that fail in the same way for the same probes.
type trouble struct {
	ports   []string
	outcome probe.Outcome
	detail  string
	cells   []string // pairs of probes, "from → to"
	from    []*ObservedProbe
	to      []*ObservedProbe
}

// troubles are what fails between two regions, and of how many pairs of probes
// and ports.
func (d *diagnosis) troubles(from, to string) (all []*trouble, cells, ports int) {
	measurements := d.between(from, to)
	byPort := map[string]*trouble{}
	var order []string
	for _, s := range measurements {
		ports = max(ports, len(s.seen.Ports))
		for _, p := range s.seen.Ports {
			if p.Outcome == probe.Open {
				continue
			}
			name := tcp(p.Port)
			if byPort[name] == nil {
				byPort[name] = &trouble{ports: []string{name}, outcome: p.Outcome, detail: p.Detail}
				order = append(order, name)
			}
			t := byPort[name]
			t.cells = append(t.cells, s.from.Name+" → "+s.to)
			t.from, t.to = append(t.from, s.from), append(t.to, d.spots[s.to])
		}
	}
	for _, name := range order {
		t := byPort[name]
		if i := slices.IndexFunc(all, func(o *trouble) bool { return o.outcome == t.outcome && slices.Equal(o.cells, t.cells) }); i >= 0 {
			all[i].ports = append(all[i].ports, name)
			continue
		}
		all = append(all, t)
	}
	return all, len(measurements), ports
}

// reach finds ports of nodes that don't answer. Nothing at all passing between
// two regions, or from one to all others, is one finding.
func (d *diagnosis) reach() {
	silent := map[[2]string]bool{}
	d.pairs(func(from, to string) {
		all, cells, ports := d.troubles(from, to)
		silent[[2]string{from, to}] = cells > 0 && len(all) == 1 && len(all[0].ports) == ports && len(all[0].cells) == cells
	})
	cut := d.cutOff(silent)
	d.pairs(func(from, to string) {
		switch both := silent[[2]string{from, to}] && silent[[2]string{to, from}]; {
		case both && (cut[from] || cut[to]):
			d.reported[[2]string{from, to}] = true
		case both:
			d.apart(from, to)
		default:
			d.partly(from, to)
		}
	})
}

// cutOff finds the regions that have lost all others, where there are several.
func (d *diagnosis) cutOff(silent map[[2]string]bool) map[string]bool {
	cut := map[string]bool{}
	for _, r := range d.Regions {
		var lost []string
		for _, other := range d.Regions {
			if silent[[2]string{r, other}] && silent[[2]string{other, r}] {
				lost = append(lost, other)
			}
		}
		if len(lost) < 2 || len(lost) != len(d.Regions)-1 {
			continue
		}
		cut[r] = true
		d.add(network.Finding{Severity: network.Fault, Check: network.Reach, From: r,
			Cause: fmt.Sprintf("it is cut off: nothing passes between it and any other region (%s)", strings.Join(lost, ", ")),
			Fix:   "look at its network's peerings, routes and firewalls"})
	}
	return cut
}

// apart reports a pair that has lost each other, once.
func (d *diagnosis) apart(from, to string) {
	if d.reported[[2]string{to, from}] {
		d.reported[[2]string{from, to}] = true
		return
	}
	d.reported[[2]string{from, to}] = true
	all, _, _ := d.troubles(from, to)
	d.add(network.Finding{Severity: network.Fault, Check: network.Reach, From: from, To: to, BothWays: true,
		Cause:  "nothing passes, in either direction (" + words(all[0].outcome, all[0].detail) + ")",
		Fix:    "look at the peering of the two networks, at the routes of each to the other, and at their firewalls",
		Breaks: append(flows(from, to, all[0].ports), flows(to, from, all[0].ports)...)})
}

// partly reports ports, one finding for those that fail in the same way.
func (d *diagnosis) partly(from, to string) {
	all, cells, ports := d.troubles(from, to)
	for _, t := range all {
		f := network.Finding{Severity: network.Fault, Check: network.Reach, From: from, To: to, Ports: t.ports, Breaks: flows(from, to, t.ports)}
		f.Cause = words(t.outcome, t.detail) + where(t, cells)
		what := strings.Join(t.ports, ", ")
		if len(t.ports) == ports {
			f.Ports, what = nil, "the ports of the ring's nodes"
		}
		f.Fix = fmt.Sprintf("let pods of %s reach %s in %s: look at security groups, network ACLs and NetworkPolicies", from, what, to)
		d.add(f)
	}
}

func flows(from, to string, ports []string) (all []network.Flow) {
	for _, p := range ports {
		all = append(all, network.Flow{From: from, To: to, Port: p})
	}
	return all
}

// words explain the outcome of a connection.
func words(o probe.Outcome, detail string) string {
	switch o {
	case probe.Refused:
		return "refused on the way: the other side listens"
	case probe.Unreachable:
		return "a router on the way says that it is not allowed, or that there is no way: " + reason(detail)
	case probe.Silent, probe.Open, probe.Unresolved:
	}
	return "no answer: packets are dropped on the way"
}

// reason is the end of the system's message, without addresses.
func reason(detail string) string {
	if i := strings.LastIndex(detail, ": "); i >= 0 {
		return detail[i+2:]
	}
	return detail
}

// where says between which places, unless it is everywhere.
func where(t *trouble, cells int) string {
	if len(t.cells) == cells {
		return ""
	}
	from, to := zonesOf(t.from), zonesOf(t.to)
	switch {
	case len(from) == 1 && len(to) > 1:
		return " (from " + from[0] + " only)"
	case len(to) == 1 && len(from) > 1:
		return " (to " + to[0] + " only)"
	}
	return fmt.Sprintf(" (from %s to %s only)", strings.Join(from, ", "), strings.Join(to, ", "))
}

// zonesOf are the zones of probes, or the nodes where zones have no names.
func zonesOf(spots []*ObservedProbe) []string {
	var all []string
	for _, s := range spots {
		if s.Zone != "" {
			all = append(all, s.Zone)
		} else {
			all = append(all, s.Node)
		}
	}
	return unique(all)
}

// apiServers finds those that operators of other regions don't reach.
func (d *diagnosis) apiServers() {
	d.pairs(func(from, to string) {
		all := d.measurements(from, func(t string) bool {
			o := d.others[t]
			return o != nil && o.Kind == APIServer && o.Region == to
		})
		var bad []*ObservedProbe
		var worst probe.PortSeen
		for _, s := range all {
			for _, p := range s.seen.Ports {
				if p.Outcome != probe.Open && p.Outcome != probe.Unresolved { // its name is looked up too
					bad, worst = append(bad, s.from), p
				}
			}
		}
		if len(bad) == 0 || d.reported[[2]string{from, to}] {
			return
		}
		f := network.Finding{Severity: network.Fault, Check: network.Reach, From: from, To: to, Ports: []string{tcp(worst.Port)},
			Breaks: flows(from, to, []string{tcp(worst.Port)})}
		f.Cause = "the API server: " + words(worst.Outcome, worst.Detail)
		f.Fix = fmt.Sprintf("let pods of %s reach the API server of %s", from, to)
		if worst.Outcome == probe.Refused {
			f.Cause, f.Fix = "the API server refuses connections", "see whether it runs"
		}
		if len(bad) < len(all) {
			f.Cause += " (from " + strings.Join(zonesOf(bad), ", ") + " only)"
		}
		d.add(f)
	})
}

// nodes finds Cassandra nodes that don't answer although probes beside them do.
// One that refuses is reached: whether it runs is for `ringspan status` to say.
func (d *diagnosis) nodes() {
	d.pairs(func(from, to string) {
		if d.reported[[2]string{from, to}] {
			return
		}
		troubles, _, _ := d.troubles(from, to)
		told := func(port string) bool {
			return slices.ContainsFunc(troubles, func(t *trouble) bool { return slices.Contains(t.ports, port) })
		}
		bad := map[string][]string{} // pods by port
		var ports []string
		for _, s := range d.measurements(from, func(t string) bool {
			o := d.others[t]
			return o != nil && o.Kind == Cassandra && o.Region == to
		}) {
			for _, p := range s.seen.Ports {
				if p.Outcome != probe.Open && p.Outcome != probe.Refused && !told(tcp(p.Port)) {
					bad[tcp(p.Port)] = unique(append(bad[tcp(p.Port)], s.to))
					ports = unique(append(ports, tcp(p.Port)))
				}
			}
		}
		for _, port := range ports {
			d.add(network.Finding{Severity: network.Fault, Check: network.Reach, From: from, To: to, Ports: []string{port},
				Cause:  fmt.Sprintf("no answer from %s, although a probe in the same region answers", strings.Join(bad[port], ", ")),
				Fix:    "look at NetworkPolicies and security groups of these pods and their nodes",
				Breaks: flows(from, to, []string{port})})
		}
	})
}
