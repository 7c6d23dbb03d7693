package desired

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Limits within one resource, which AWS raises when it is asked for more. A plan that
// breaks them can't be carried out, however empty the account is.
const (
	rulesPerGroup  = 60 // inbound, of a security group
	peeringsPerVPC = 50 // active ones
)

// limits says which resources get more than they may have.
func (d *desire) limits() {
	peerings, rules := map[string]int{}, map[string]int{}
	for i := range d.out.Resources {
		switch r := &d.out.Resources[i]; r.Kind {
		case infra.Link:
			peerings[r.Refs["vpc"]]++
			peerings[r.Refs["peer"]]++
		case infra.FirewallRules:
			rules[r.Refs["cluster"]] += len(infra.Values(r.Want["rules"]))
		default:
		}
	}
	for _, id := range slices.Sorted(maps.Keys(peerings)) {
		if n := peerings[id]; n > peeringsPerVPC {
			d.warn("%s gets %d peerings, and a VPC may have %d unless AWS was asked for more", id, n, peeringsPerVPC)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		if n := rules[id]; n >= rulesPerGroup { // the group has one of its own
			d.warn("the security group of %s gets %d rules, and one may have %d unless AWS was asked for more", id, n, rulesPerGroup-1)
		}
	}
}

func (d *desire) warn(format string, args ...any) {
	d.out.Warnings = append(d.out.Warnings, fmt.Sprintf(format, args...))
}
