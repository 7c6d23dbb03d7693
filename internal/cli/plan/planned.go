package plan

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/words"
)

// planned is what `plan -o json` prints.
type planned struct {
	Fleet   string        `json:"fleet"`
	ID      string        `json:"id"` // of the fleet in this account
	Account string        `json:"account"`
	Steps   []plannedStep `json:"steps"`
	Refused []string      `json:"refused,omitempty"` // why up would not begin
	// Removals name what holds data and would be deleted, once somebody agrees.
	Removals []string      `json:"removals,omitempty"`
	Trouble  []string      `json:"trouble,omitempty"`
	Quotas   []infra.Quota `json:"quotas,omitempty"` // none on this machine
	// Cost of the whole fleet, once it is as the file says; nil where the provider has no prices.
	Cost  *cost.Estimate `json:"cost,omitempty"`
	Calls int            `json:"calls"`
	Rings []ring         `json:"rings,omitempty"` // what happens to rings that run

	existing bool // the clusters were there before the fleet
}

// plannedStep is one thing that up would do.
type plannedStep struct {
	Verb        string             `json:"verb"` // create, update or delete
	Kind        string             `json:"kind"`
	ID          string             `json:"id"`                 // logical
	Region      string             `json:"region,omitempty"`   // "" for what belongs to no region
	Physical    string             `json:"physical,omitempty"` // AWS's id
	Why         string             `json:"why"`
	Differences []infra.Difference `json:"differences,omitempty"`
	After       []string           `json:"after,omitempty"` // keys of steps that come first
}

func newPlanned(fleet string, d *provision.Round) planned {
	r := planned{
		Fleet: fleet, ID: d.FleetID, Account: d.Seen.Account, Steps: []plannedStep{}, Refused: d.Plan.Refused, Removals: d.Plan.Removals, Trouble: d.Plan.Trouble, Quotas: d.Plan.Quotas,
	}
	for _, s := range d.Plan.Steps {
		r.Steps = append(r.Steps, plannedStep{
			Verb: string(s.Verb), Kind: string(s.Kind), ID: s.ID, Region: s.Region, Physical: s.Physical,
			Why: s.Why, Differences: s.Differences, After: s.After,
		})
	}
	return r
}

// print lists the steps of each region, in their order.
func (r planned) print(out io.Writer) error {
	if r.existing {
		_, err := fmt.Fprintf(out, "Fleet %s (%s) in clusters of %s\nThe clusters answer, and nothing of them is made or changed. `%s up` installs operators and rings in them.\n", r.Fleet, r.ID, r.Account, invocation.Called("ringspan"))
		return err
	}
	fmt.Fprintf(out, "Fleet %s (%s) in account %s\n", r.Fleet, r.ID, r.Account)
	var regions []string
	for _, s := range r.Steps {
		if !slices.Contains(regions, s.Region) {
			regions = append(regions, s.Region)
		}
	}
	slices.Sort(regions)
	for _, region := range regions {
		name := region
		if name == "" {
			name = "all regions"
		}
		fmt.Fprintf(out, "\n%s\n", name)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, s := range r.Steps {
			if s.Region == region {
				fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", s.Verb, s.Kind, s.ID, s.Why)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintln(out)
	for _, q := range r.Quotas {
		fmt.Fprintf(out, "Quota: %s\n", q)
	}
	for _, t := range r.Trouble {
		fmt.Fprintf(out, "Note: %s\n", t)
	}
	for _, t := range r.Removals {
		fmt.Fprintf(out, "Deleted with everything in it: %s\n", t)
	}
	for _, t := range r.Refused {
		fmt.Fprintf(out, "Refused: %s\n", t)
	}
	if len(r.Steps) == 0 {
		fmt.Fprintln(out, "Nothing to do: all is as the file says.")
	} else {
		them := "them"
		if len(r.Steps) == 1 {
			them = "it"
		}
		fmt.Fprintf(out, "%s. `%s up` would do %s; nothing was changed.\n", words.Count(len(r.Steps), "step"), invocation.Called("ringspan"), them)
	}
	if r.Cost != nil {
		fmt.Fprintf(out, "About $%.0f a month by list prices of %s, traffic and volumes of databases not counted (see `%s cost`).\n", r.Cost.Monthly, r.Cost.AsOf, invocation.Called("ringspan"))
	}
	_, err := fmt.Fprintf(out, "%s of AWS's API.\n", words.Count(r.Calls, "call"))
	return err
}
