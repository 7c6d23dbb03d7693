package clusterprofile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ringspan/ringspan/internal/plan"
)

// The verbs of steps.
const (
	Create plan.Verb = "create"
	Update plan.Verb = "update"
	Tell   plan.Verb = "tell" // write the status
	Delete plan.Verb = "delete"
)

// State is all that was seen.
type State struct {
	APIVersion string // that the cluster serves
	Namespace  string
	Regions    []Region                    // all of the fleet
	Profiles   []unstructured.Unstructured // all of the namespace
	Now        time.Time
}

// Step is one thing to do about one profile.
type Step struct {
	plan.Step

	Wanted *unstructured.Unstructured // what is applied
	Live   *unstructured.Unstructured // what it was when it was looked at; nil for Create
}

// Decision is what is done.
type Decision struct {
	plan.Notes

	Steps []Step
}

// Plan decides about all profiles. The status of one that is made is written at the next look.
func Plan(s *State) (d Decision) {
	wanted := map[string]bool{}
	for _, r := range s.Regions {
		wanted[r.Name] = true
		s.publish(&d, r)
	}
	for i := range s.Profiles {
		if live := &s.Profiles[i]; !wanted[live.GetName()] && isOurs(live) && live.GetDeletionTimestamp() == nil {
			s.missed(&d, live)
		}
	}
	slices.SortStableFunc(d.Steps, func(a, b Step) int { return cmp.Compare(a.Target, b.Target) })
	return d
}

func (s *State) publish(d *Decision, r Region) {
	if wrong := validation.IsDNS1123Subdomain(r.Name); len(wrong) > 0 {
		d.Warn("region %s has no ClusterProfile: its name can't be an object's", r.Name)
		return
	}
	live := s.profile(r.Name)
	profile, status := Wanted(r, s.APIVersion, s.Namespace, live, s.Now)
	switch {
	case live == nil:
		d.step(Create, profile, nil, "the region is one of the fleet")
	case !isOurs(live):
		d.Warn("region %s has no ClusterProfile of ours: there is one of the name, which %s", r.Name, whose(live))
	case live.GetDeletionTimestamp() != nil:
	case !contains(live.Object, profile.Object), live.GetAnnotations()[absentAnnotation] != "":
		d.step(Update, profile, live, "it is not what it should be")
	case !contains(live.Object, status.Object):
		d.step(Tell, status, live, "the region's state is another one")
	}
}

// missed decides about the profile of a region that no ClientConfig names. One may be missing for a moment, as when it is replaced,
// and programs move what they have placed when a profile goes: it stays until the region was missed for long.
func (s *State) missed(d *Decision, live *unstructured.Unstructured) {
	since := absentSince(live, s.Now)
	if !since.IsZero() && s.Now.Sub(since) >= goneAfter {
		d.step(Delete, nil, live, fmt.Sprintf("no ClientConfig has named the region for %s", goneAfter))
		return
	}
	profile, status := Wanted(Region{Name: live.GetName(), Absent: true}, s.APIVersion, s.Namespace, live, s.Now)
	switch {
	case since.IsZero():
		d.step(Update, profile, live, "no ClientConfig names the region")
	case !contains(live.Object, profile.Object):
		d.step(Update, profile, live, "it is not what it should be")
	case !contains(live.Object, status.Object):
		d.step(Tell, status, live, "the region's state is another one")
	}
}

func (s *State) profile(name string) *unstructured.Unstructured {
	for i := range s.Profiles {
		if s.Profiles[i].GetName() == name {
			return &s.Profiles[i]
		}
	}
	return nil
}

func (d *Decision) step(verb plan.Verb, wanted, live *unstructured.Unstructured, why string) {
	target := wanted
	if target == nil {
		target = live
	}
	d.Steps = append(d.Steps, Step{Step: plan.Step{Verb: verb, Target: Kind.Kind + " " + target.GetName(), Why: why}, Wanted: wanted, Live: live})
}

// isOurs goes by two proofs: whose it says that it is, which can't be changed, and that the API server knows that we wrote it.
func isOurs(live *unstructured.Unstructured) bool {
	return text(live, "spec", "clusterManager", "name") == Manager && slices.ContainsFunc(live.GetManagedFields(), func(by metav1.ManagedFieldsEntry) bool {
		return by.Manager == Manager && by.Operation == metav1.ManagedFieldsOperationApply
	})
}

func whose(live *unstructured.Unstructured) string {
	if manager := text(live, "spec", "clusterManager", "name"); manager != Manager {
		return fmt.Sprintf("%q manages", manager)
	}
	return "somebody else wrote"
}

// contains tells whether an object has all that is to be applied to it. What others add beside it is theirs.
func contains(live, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		there, is := live.(map[string]any)
		for key, value := range wanted {
			if is = is && contains(there[key], value); !is {
				return false
			}
		}
		return is
	case []any:
		there, _ := live.([]any)
		for _, value := range wanted {
			if !slices.ContainsFunc(there, func(one any) bool { return contains(one, value) }) {
				return false
			}
		}
		return true
	}
	return live == wanted
}
