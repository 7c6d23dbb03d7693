package infra

import (
	"fmt"
	"strings"

	"github.com/ringspan/ringspan/internal/plan"
)

// Verbs of steps.
const (
	Create  plan.Verb = "create"
	Change  plan.Verb = "change"
	Replace plan.Verb = "replace" // delete what failed, and make it again
	Await   plan.Verb = "await"   // it is on its way by itself
	Delete  plan.Verb = "delete"
)

// Difference of one attribute.
type Difference struct {
	Name string `json:"name"`
	Have string `json:"have"`
	Want string `json:"want"`
}

// Step is one thing to do in one place. Steps that don't need each other are
// done at the same time.
type Step struct {
	plan.Step

	Kind        Kind
	ID          string // of the resource, logical
	Region      string // "" for what belongs to no region
	Physical    string // the provider's id, when it is known
	Differences []Difference
	After       []string // Keys of steps that must be done first

	Resource *Resource // what is wanted; nil for Delete
	Found    *Found    // what is there; nil for Create
}

// Key tells steps of a plan apart.
func (s *Step) Key() string {
	if s.Verb == Delete {
		return string(s.Verb) + " " + s.Region + " " + s.Physical + " " + s.ID
	}
	return s.ID
}

// Plan is what to do, in an order that can be kept.
type Plan struct {
	plan.Notes

	Steps  []Step
	Quotas []Quota
	// Removals name what holds data and is deleted by the steps, as Found.Name does.
	Removals []string
	// Refused says why the plan must not be carried out; empty when it may.
	Refused []string
}

// Text lists steps and notes, one a line.
func (p *Plan) Text() string { return plan.Text(p.Steps, p.Notes) }

// step describes itself.
func step(verb plan.Verb, kind Kind, id, region, why string) Step {
	where := ""
	if region != "" {
		where = " in " + region
	}
	return Step{Step: plan.Step{Verb: verb, Target: string(kind) + " " + id + where, Why: why}, Kind: kind, ID: id, Region: region}
}

func differ(all []Difference) string {
	var parts []string
	for _, d := range all {
		have := d.Have
		if have == "" {
			have = "nothing"
		}
		parts = append(parts, fmt.Sprintf("%s is %s, wanted is %s", d.Name, have, orNothing(d.Want)))
	}
	return strings.Join(parts, "; ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
