package infra

import (
	"fmt"
	"slices"
	"strconv"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Quota is a limit of the account in one region.
type Quota struct {
	Region  string `json:"region"`
	Name    string `json:"name"`
	Kind    Kind   `json:"-"`    // what it counts
	Code    string `json:"code"` // the provider's name of it
	Limit   int    `json:"limit"`
	Used    int    `json:"used"`    // by everything in the account
	Assumed bool   `json:"assumed"` // the limit is what the provider gives every account: this one's own could not be read
	Needed  int    `json:"needed"`  // by the steps of a plan
}

// Exceeded says that a plan can't be carried out.
func (q Quota) Exceeded() bool { return q.Needed > 0 && q.Used+q.Needed > q.Limit }

func (q Quota) String() string {
	return fmt.Sprintf("%s: %d %s are needed, %d of %d are in use (quota %s)", q.Region, q.Needed, q.Name, q.Used, q.Limit, q.Code)
}

// Kinds that only quotas count.
const (
	VCPU     Kind = "virtual CPU"
	SpotVCPU Kind = "virtual CPU of spot instances"
)

// check counts what the steps make against the quotas.
func check(seen *Seen, steps []Step) []Quota {
	out := slices.Clone(seen.Offer.Quotas)
	for i := range out {
		for j := range steps {
			if s := &steps[j]; s.Region == out[i].Region {
				out[i].Needed += needs(s, out[i].Kind, seen.Offer.VCPUs)
			}
		}
	}
	return out
}

// needs is how much of a quota a step takes.
func needs(s *Step, of Kind, vcpus map[string]int) int {
	if of != VCPU && of != SpotVCPU {
		if s.Verb == Create && s.Kind == of {
			return 1
		}
		return 0
	}
	if s.Resource == nil || s.Verb != Create && s.Verb != Change || s.Kind != NodePool && s.Kind != Machine {
		return 0
	}
	machine := s.Resource.Attribute("instanceType")
	if (s.Resource.Attribute("capacity") == string(fleetv1.Spot)) != (of == SpotVCPU) {
		return 0
	}
	if s.Kind == Machine {
		return vcpus[machine]
	}
	more := count(s.Resource.Attribute("count"))
	if s.Verb == Change {
		more -= count(s.Found.Have["count"])
	}
	return max(more, 0) * vcpus[machine]
}

func count(text string) int {
	n, _ := strconv.Atoi(text) // written by the provider, from a number
	return n
}
