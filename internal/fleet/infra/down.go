package infra

import (
	"cmp"
	"slices"
)

// rank is the order of deletion within what nothing else orders (facts: AWS's
// DependencyViolation). A lower one goes first.
var rank = map[Kind]int{
	AccessEntry: 1, WorkloadIdentity: 1, Addon: 1,
	NodePool:      2,
	FirewallRules: 3, Cluster: 4,
	Machine: 5,
	Route:   6, Volume: 6, LinkAcceptance: 7, Link: 7,
	NAT: 8, Address: 9, Interface: 10, Firewall: 11,
	Association: 12, Subnet: 13, RouteTable: 14, Gateway: 15,
	MachineProfile: 16, Role: 17, Network: 18,
}

// implied kinds are deleted with the resource that they are part of.
var implied = map[Kind]string{Route: "table", Association: "subnet", FirewallRules: "cluster", LinkAcceptance: "peering"}

// Down says what to delete and in which order, from what was found: no file is
// needed. Something of others in the fleet's networks refuses the plan, by name.
func Down(seen *Seen) *Plan {
	p := &Plan{Steps: deletions(seen.Found, "the fleet is taken down", nil)}
	for _, f := range seen.Foreign {
		p.Refused = append(p.Refused, "something that isn't the fleet's is in its network: "+f.String()+". Remove it, and run down again")
	}
	for _, r := range seen.Runs {
		p.Warn("another run is at work on this fleet: %s, since %s", r.By, r.Since)
	}
	return p
}

// deletions orders deletions: a resource is deleted after all that refer to it.
func deletions(gone []Found, why string, before map[string]bool) []Step {
	gone = slices.Clone(gone)
	slices.SortStableFunc(gone, func(a, b Found) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	deleted := map[string]bool{}
	for i := range gone {
		deleted[gone[i].Physical] = true
	}
	var steps []Step
	for i := range gone {
		f := &gone[i]
		if parent := implied[f.Kind]; parent != "" && deleted[f.Refs[parent]] || f.Kind == LinkAcceptance {
			continue
		}
		if f.State == Gone || f.Kind == Link && f.State == Failed { // the cloud forgets them by itself
			continue
		}
		reason := why
		if f.Detail != "" && f.State != Failed {
			reason = f.Detail
		}
		s := step(Delete, f.Kind, cmp.Or(f.ID, f.Physical), f.Region, reason)
		s.Physical, s.Found = f.Physical, f
		for j := range steps {
			if first(steps[j].Found, f, gone) {
				s.After = append(s.After, steps[j].Key())
			}
		}
		// what replaces it is made first, so that connections stay
		if before[f.ID] && f.Kind != Association && f.Kind != Route {
			s.After = append(s.After, f.ID)
		}
		steps = append(steps, s)
	}
	return steps
}

// first tells whether a must be gone before b is deleted: it refers to b, or
// holds b's network open.
func first(a, b *Found, all []Found) bool {
	for _, physical := range a.Refs {
		if physical == b.Physical && physical != "" {
			return true
		}
	}
	switch {
	case b.Kind == Cluster && (a.Kind == Addon || a.Kind == AccessEntry || a.Kind == WorkloadIdentity),
		b.Kind == NodePool && (a.Kind == Addon || a.Kind == AccessEntry || a.Kind == WorkloadIdentity):
		return a.Refs["cluster"] == cmp.Or(b.Refs["cluster"], b.Physical)
	case b.Kind == Volume:
		return a.Region == b.Region && (a.Kind == Machine || a.Kind == NodePool)
	case b.Kind == Gateway:
		return a.Region == b.Region && (a.Kind == NAT || a.Kind == Address || a.Kind == Machine)
	case b.Kind == Subnet, b.Kind == Firewall, b.Kind == Interface:
		return a.Region == b.Region && (a.Kind == Cluster || a.Kind == NodePool || b.Kind != Interface && a.Kind == Interface)
	case b.Kind == Network && (a.Kind == Role || a.Kind == MachineProfile):
		return true // by its networks' tags a fleet is found again when its end was cut off
	case b.Kind == Link && a.Kind == FirewallRules:
		return true // by its peerings the rules in an adopted network are
	case b.Kind == Network:
		return a.Region == b.Region && (a.Refs["vpc"] == b.Physical || inside(a, b, all))
	case b.Kind == RouteTable:
		return a.Kind == Subnet && usesTable(a, b, all)
	}
	return false
}

// inside tells whether a refers to network b through another resource.
func inside(a, b *Found, all []Found) bool {
	for i := range all {
		for _, physical := range a.Refs {
			if all[i].Physical == physical && all[i].Refs["vpc"] == b.Physical {
				return true
			}
		}
	}
	return false
}

// usesTable: a table can't be deleted while a subnet is associated with it.
func usesTable(subnet, table *Found, all []Found) bool {
	for i := range all {
		if a := &all[i]; a.Kind == Association && a.Refs["subnet"] == subnet.Physical && a.Refs["table"] == table.Physical {
			return true
		}
	}
	return false
}
