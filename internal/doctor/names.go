package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// names finds what isn't resolved as it should: one finding a region, because
// all names of a pod are looked up in the same place.
func (d *diagnosis) names() {
	for _, region := range d.Regions {
		var failed, causes []string
		for _, n := range d.Names[region] {
			if cause := d.name(region, n); cause != "" {
				failed, causes = append(failed, n.Name), append(causes, cause)
			}
		}
		if len(failed) == 0 {
			continue
		}
		d.add(network.Finding{Severity: network.Fault, Check: network.DNS, From: region,
			Cause: fmt.Sprintf("pods look up %s in vain: %s", strings.Join(failed, ", "), causes[0]),
			Fix:   "look at the cluster's DNS (CoreDNS) and at the name server in the pods' /etc/resolv.conf"})
	}
}

// name says why a name is looked up in vain, "" when it isn't.
func (d *diagnosis) name(region string, n Name) (cause string) {
	var bad []*ObservedProbe
	asked := 0
	for i := range d.ObservedProbes {
		s := &d.ObservedProbes[i]
		if s.Region != region {
			continue
		}
		for _, seen := range s.Result.Names {
			if seen.Name != n.Name {
				continue
			}
			asked++
			if wrong := n.wrong(seen); wrong != "" {
				bad, cause = append(bad, s), wrong
			}
		}
	}
	if len(bad) > 0 && len(bad) < asked {
		cause += " (in " + strings.Join(zonesOf(bad), ", ") + " only)"
	}
	return cause
}

func (n Name) wrong(seen probe.NameSeen) string {
	switch {
	case seen.Error != "":
		return seen.Error
	case n.Want.IsValid() && !slices.Contains(seen.Addresses, n.Want):
		return fmt.Sprintf("it leads to %v instead of %s", seen.Addresses, n.Want)
	}
	return ""
}
