package ring

import (
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Progress is what came of the steps of a plan that were taken so far.
type Progress struct {
	Failed []error // to be told
	Ring   error   // of that, what failed for the whole ring: no later step is taken

	held []string // datacenters that lack a step
}

// Skips tells whether a step isn't taken, because of one that failed: all datacenters that need it lack an earlier one, or it
// takes a person's word away that was not acted on in full.
func (p *Progress) Skips(step Step) bool {
	if p.Ring != nil || step.Verb == Clear && len(p.Failed) > 0 {
		return true
	}
	return len(step.Datacenters) > 0 && !slices.ContainsFunc(step.Datacenters, func(dc string) bool { return !slices.Contains(p.held, dc) })
}

// Fail notes that a step failed. It is said of each datacenter that needs it; their later steps aren't taken.
func (p *Progress) Fail(step Step, err error) {
	if len(step.Datacenters) == 0 {
		p.Failed, p.Ring = append(p.Failed, err), err
		return
	}
	for _, dc := range step.Datacenters {
		if slices.Contains(p.held, dc) {
			continue
		}
		p.held = append(p.held, dc)
		if step.Verb == Apply && apierrors.IsInvalid(err) { // that names the datacenter itself
			p.Failed = append(p.Failed, err)
			continue
		}
		p.Failed = append(p.Failed, fmt.Errorf("datacenter %s: %w", dc, err))
	}
}
