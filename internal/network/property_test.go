package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// damage breaks one thing between two regions and returns the name of what is
// to be found.
var damage = map[string]func(c *Cloud, from, to int, t *rapid.T) string{
	"rule": func(c *Cloud, from, to int, t *rapid.T) string {
		g := &c.Regions[to].VPC.SecurityGroups[0]
		ports := slices.DeleteFunc(Opened(), func(p Port) bool { return p.Protocol != TCP || p.To == APIServer })
		port := rapid.SampledFrom(ports).Draw(t, "port").Number
		g.Ingress = slices.DeleteFunc(g.Ingress, func(r GroupRule) bool { return r.CIDR == cidrOf(from) && r.From == port })
		return fmt.Sprintf("tcp/%d: security group %s", port, g.ID)
	},
	"route": func(c *Cloud, from, to int, t *rapid.T) string {
		vpc := &c.Regions[from].VPC
		table := &vpc.RouteTables[rapid.IntRange(0, len(vpc.RouteTables)-1).Draw(t, "table")]
		table.Routes = slices.DeleteFunc(table.Routes, func(r Route) bool { return r.Destination == cidrOf(to) })
		return table.ID
	},
	"peering": func(c *Cloud, from, to int, t *rapid.T) string {
		p := find(c.Peerings, func(p Peering) bool { return p.joins(vpcID(from), vpcID(to)) })
		i := slices.Index(c.Peerings, p)
		c.Peerings[i].State = rapid.SampledFrom([]string{"pending-acceptance", "rejected", "expired", "failed", "deleted"}).Draw(t, "state")
		return p.ID
	},
	"acl": func(c *Cloud, from, to int, _ *rapid.T) string {
		acl := &c.Regions[to].VPC.NetworkACLs[0]
		acl.Entries = append(acl.Entries, ACLEntry{Number: 50, Protocol: ianaTCP, From: 7000, To: 7000, CIDR: cidrOf(from)})
		return acl.ID
	},
	"snat": func(c *Cloud, from, to int, _ *rapid.T) string {
		r := &c.Regions[from]
		r.SNAT.Except = slices.DeleteFunc(slices.Clone(r.SNAT.Except), func(p netip.Prefix) bool { return p == cidrOf(to) })
		return "SNAT"
	},
}

// One fault anywhere in a fleet of any size is one finding, about the regions
// that it concerns.
func TestOneFaultIsOneFinding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		regions := rapid.IntRange(2, 5).Draw(t, "regions")
		c := healthy(regions, rapid.IntRange(1, 3).Draw(t, "zones"))
		if found := Check(c); len(found) != 0 {
			t.Fatalf("a healthy fleet: %v", found)
		}
		from := rapid.IntRange(0, regions-1).Draw(t, "from")
		to := (from + rapid.IntRange(1, regions-1).Draw(t, "to")) % regions
		kind := rapid.SampledFrom([]string{"rule", "route", "peering", "acl", "snat"}).Draw(t, "kind")
		name := damage[kind](&c, from, to, t)
		found := Check(c)
		if len(found) != 1 || found[0].Severity != Fault || !strings.Contains(found[0].String(), name) {
			t.Fatalf("%s between %d and %d (%s): %v", kind, from, to, name, found)
		}
		want := []string{fmt.Sprintf("region-%d", from), fmt.Sprintf("region-%d", to)}
		if got := []string{found[0].From, found[0].To}; got[0] != want[0] && !found[0].BothWays || !slices.Contains(want, got[0]) || !slices.Contains(want, got[1]) {
			t.Fatalf("found between %v, was between %v", got, want)
		}
	})
}

// Letting more in never breaks a connection that was made before.
func TestMoreRulesNeverBreakMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		regions := rapid.IntRange(2, 4).Draw(t, "regions")
		c := healthy(regions, 2)
		for range rapid.IntRange(1, 4).Draw(t, "faults") {
			from := rapid.IntRange(0, regions-1).Draw(t, "from")
			to := (from + rapid.IntRange(1, regions-1).Draw(t, "to")) % regions
			damage[rapid.SampledFrom([]string{"rule", "route", "peering", "acl"}).Draw(t, "kind")](&c, from, to, t)
		}
		before := broken(c)
		for i := range c.Regions {
			for g := range c.Regions[i].VPC.SecurityGroups {
				group := &c.Regions[i].VPC.SecurityGroups[g]
				group.Ingress = append(group.Ingress, GroupRule{Protocol: ianaAll, CIDR: everywhere})
			}
		}
		for f := range broken(c) {
			if !before[f] {
				t.Fatalf("%v fails with more rules", f)
			}
		}
	})
}

func broken(c Cloud) map[Flow]bool {
	all := map[Flow]bool{}
	for _, f := range Check(c) {
		for _, b := range f.Breaks {
			all[b] = true
		}
	}
	return all
}
