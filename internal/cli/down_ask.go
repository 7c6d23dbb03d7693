package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// confirm asks for the fleet's name before anything is deleted in clusters of which this
// machine has no record that the fleet is theirs. It lists what would go.
func (d *existingDown) confirm(ctx context.Context, h held, unknown []string) error {
	if d.yes {
		return nil
	}
	list := fmt.Sprintf("this machine has no record of the cluster of %s. With fleet %s would go, with all data:\n  %s\n", strings.Join(unknown, ", "), d.fleet.Name(), strings.Join(d.list(h), "\n  "))
	if !isTerminal(d.in) || !isTerminal(d.errOut) {
		return fmt.Errorf("%sThere is no terminal to ask on: say --yes if that is meant", list)
	}
	return askForName(ctx, d.in, d.errOut, list+"Type the fleet's name, "+d.fleet.Name()+", to delete that: ", d.fleet.Name())
}

// list says of each cluster where it is and what of rings is in it.
func (d *existingDown) list(h held) (lines []string) {
	for _, r := range d.all {
		var rings []string
		for _, copies := range h.rings {
			if slices.ContainsFunc(copies, func(c copyIn) bool { return c.region.Name == r.Name }) {
				rings = append(rings, h.name(copies))
			}
		}
		slices.Sort(rings)
		volumes := 0
		for i := range h.claims {
			if h.claims[i].region == r.Name {
				volumes++
			}
		}
		lines = append(lines, fmt.Sprintf("%s: %s: rings: %s; volumes: %d", r.Name, r.Config.Host, orNone(rings), volumes))
	}
	return lines
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
