package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/internal/network"
)

// sources finds pods that are seen with another address than their own.
func (d *diagnosis) sources() {
	for _, from := range d.Regions {
		var hit []network.Finding
		peers := 0
		for _, to := range d.Regions {
			measurements := d.between(from, to)
			if len(measurements) > 0 {
				peers++
			}
			if f, found := rewritten(from, to, measurements); found {
				hit = append(hit, f)
			}
		}
		if peers > 1 && len(hit) == peers { // one fault, not one for each peer
			hit[0].To = ""
			hit[0].Cause = "to all other regions, " + hit[0].Cause
			hit[0].Fix = strings.Replace(hit[0].Fix, "the other's range", "the other regions' ranges", 1)
			hit = hit[:1]
		}
		d.found = append(d.found, hit...)
	}
}

func rewritten(from, to string, measurements []measurement) (f network.Finding, found bool) {
	for _, s := range measurements {
		l := s.seen.Link
		if l == nil || !l.Seen.IsValid() || l.Seen == l.Local {
			continue
		}
		who := ""
		if l.Seen == s.from.NodeIP {
			who = ", which is its node's"
		}
		return network.Finding{Severity: network.Fault, Check: network.Source, From: from, To: to,
			Cause: fmt.Sprintf("pods are seen with other addresses: %s arrives as %s%s", l.Local, l.Seen, who),
			Fix:   fmt.Sprintf("exclude the other's range from address translation in %s (AWS: AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni)", from)}, true
	}
	return f, false
}

// width is how large packets may be from one region to another.
type width struct {
	wanted, passed int // bytes
	vanish         bool
}

// sizes finds ways that take smaller packets than pods send.
func (d *diagnosis) sizes() {
	narrow := map[[2]string]width{}
	d.pairs(func(from, to string) {
		if w, found := d.narrowest(from, to); found {
			narrow[[2]string{from, to}] = w
		}
	})
	d.pairs(func(from, to string) {
		w, found := narrow[[2]string{from, to}]
		back, same := narrow[[2]string{to, from}]
		same = same && back == w
		if !found || same && slices.Index(d.Regions, from) > slices.Index(d.Regions, to) {
			return // or reported for the other direction
		}
		f := network.Finding{Severity: network.Warning, Check: network.Size, From: from, To: to, BothWays: same,
			Cause: fmt.Sprintf("packets of up to %d bytes pass, and pods send %d; path-MTU discovery works and costs time", w.passed, w.wanted),
			Fix:   fmt.Sprintf("set the pods' MTU to %d (AWS: POD_MTU of add-on vpc-cni)", w.passed)}
		if w.vanish {
			f.Severity = network.Fault
			f.Cause = fmt.Sprintf("packets of more than %d bytes vanish, pods send %d, and no ICMP \"fragmentation needed\" tells them", w.passed, w.wanted)
			f.Fix = fmt.Sprintf("let ICMP type 3 code 4 through, or set the pods' MTU to %d (AWS: POD_MTU of add-on vpc-cni)", w.passed)
			if w.passed == 0 {
				f.Cause = fmt.Sprintf("large packets vanish: small ones pass, and not even 576 bytes do, of %d that pods send", w.wanted)
				f.Fix = "look at what carries packets between the two networks"
			}
		}
		d.add(f)
	})
}

// narrowest is the worst way between two regions, if one is narrow at all.
func (d *diagnosis) narrowest(from, to string) (worst width, found bool) {
	for _, s := range d.between(from, to) {
		l := s.seen.Link
		if l == nil || l.MTU == 0 || l.Largest == 0 && !l.Vanish {
			continue
		}
		w := width{min(l.MTU, d.interfaceOf(s.to, l.MTU)), l.Largest, l.Vanish}
		if w.passed >= w.wanted {
			continue
		}
		if !found || w.vanish && !worst.vanish || w.vanish == worst.vanish && w.passed < worst.passed {
			worst, found = w, true
		}
	}
	return worst, found
}

// interfaceOf is the size that a probe's own interface takes, as far as it is
// known.
func (d *diagnosis) interfaceOf(name string, otherwise int) int {
	for _, t := range d.spots[name].Result.Targets {
		if t.Link != nil && t.Link.MTU > 0 {
			return t.Link.MTU
		}
	}
	return otherwise
}

// clockFault is how far clocks may be apart. Cassandra takes the later of two
// writes by the clock; those of machines that follow a time source are apart by
// a few milliseconds.
const clockFault = 500 * time.Millisecond

// lead is how far a clock is ahead of most others.
type lead struct {
	spot *ObservedProbe
	by   time.Duration
	off  bool // surely more than is allowed
}

// clocks finds those that are off: of one node, of a region, or of a pair of
// regions when there is no third to decide.
func (d *diagnosis) clocks() {
	byRegion := map[string][]lead{}
	all := true
	for i := range d.ObservedProbes {
		s := &d.ObservedProbes[i]
		if l, measured := leadOf(s, d.spots); measured {
			byRegion[s.Region] = append(byRegion[s.Region], l)
			all = all && l.off
		}
	}
	if all && len(byRegion) == 2 {
		d.clockPair(byRegion)
		return
	}
	for _, r := range d.Regions {
		var off []lead
		for _, l := range byRegion[r] {
			if l.off {
				off = append(off, l)
			}
		}
		if len(off) == 0 {
			continue
		}
		whose := "its clock is"
		if len(off) < len(byRegion[r]) {
			var nodes []string
			for _, l := range off {
				nodes = append(nodes, l.spot.Node)
			}
			whose = "the clock of node " + strings.Join(unique(nodes), ", ") + " is"
		}
		d.add(network.Finding{Severity: network.Fault, Check: network.Clock, From: r,
			Cause: fmt.Sprintf("%s %s", whose, aheadOf(off[0].by, "all others")), Fix: clockFix})
	}
}

const clockFix = "let its nodes follow a time source (AWS: the Amazon Time Sync Service at 169.254.169.123)"

func (d *diagnosis) clockPair(byRegion map[string][]lead) {
	var names []string
	for _, r := range d.Regions {
		if len(byRegion[r]) > 0 {
			names = append(names, r)
		}
	}
	by := byRegion[names[0]][0].by
	d.add(network.Finding{Severity: network.Fault, Check: network.Clock, From: names[0], To: names[1], BothWays: true,
		Cause: fmt.Sprintf("the clocks are apart: that of %s is %s", names[0], aheadOf(by, names[1]+"'s")),
		Fix:   strings.Replace(clockFix, "its", "both regions'", 1)})
}

func aheadOf(by time.Duration, whom string) string {
	word := "ahead of"
	if by < 0 {
		word = "behind"
	}
	return fmt.Sprintf("%.1f s %s %s", by.Abs().Seconds(), word, whom)
}

// leadOf compares a probe's clock with those of other regions: the middle of
// all, so that one wrong clock among them doesn't count, and of two middles the
// smaller.
func leadOf(s *ObservedProbe, spots map[string]*ObservedProbe) (l lead, measured bool) {
	var leads []time.Duration
	var unsure time.Duration
	for _, t := range s.Result.Targets {
		if t.Link != nil && t.Link.Seen.IsValid() && spots[t.Name] != nil && spots[t.Name].Region != s.Region {
			leads = append(leads, -t.Link.Offset)
			unsure = max(unsure, t.Link.RTT/2)
		}
	}
	if len(leads) == 0 {
		return l, false
	}
	slices.Sort(leads)
	by := leads[len(leads)/2]
	if other := leads[(len(leads)-1)/2]; other.Abs() < by.Abs() {
		by = other
	}
	return lead{s, by, by.Abs()-unsure > clockFault}, true
}
