package rollback

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// Revision is a spec with which a ring was ready.
type Revision struct {
	Number  uint64                   `json:"revision"`
	Name    string                   `json:"name"` // counter/region/hash
	Since   time.Time                `json:"goodSince"`
	Cause   string                   `json:"changeCause,omitempty"`
	Regions []string                 `json:"regions"` // that have it
	Present bool                     `json:"present"` // it is the ring's now
	Spec    api.K8ssandraClusterSpec `json:"-"`
}

// Read makes a revision of what a region keeps for its copy of a ring. What isn't of this copy, or of an earlier ring of the name, is none.
func Read(region string, k *api.K8ssandraCluster, kept *appsv1.ControllerRevision) (Revision, error) {
	if !metav1.IsControlledBy(kept, k) || kept.Annotations[api.RingIDAnnotation] != k.Annotations[api.RingIDAnnotation] {
		return Revision{}, fmt.Errorf("it is of another ring than %s/%s", k.Namespace, k.Name)
	}
	name := kept.Annotations[api.RevisionAnnotation]
	parsed, err := federation.ParseRevision(name)
	if err != nil {
		return Revision{}, err
	}
	if parsed.Counter == 0 || int64(parsed.Counter) != kept.Revision {
		return Revision{}, fmt.Errorf("its number is %d and its revision %q", kept.Revision, name)
	}
	since, err := time.Parse(time.RFC3339, kept.Annotations[api.GoodSinceAnnotation])
	if err != nil {
		return Revision{}, err
	}
	r := Revision{Number: parsed.Counter, Name: name, Since: since, Cause: kept.Annotations[api.ChangeCauseAnnotation], Regions: []string{region}, Present: name == k.Annotations[api.RevisionAnnotation]}
	return r, json.Unmarshal(kept.Data.Raw, &r.Spec) // whole numbers stay such, as in what the API server gives
}

// Join puts together what all regions keep, the newest first. Regions that keep one and the same are listed in it.
func Join(all []Revision) (joined []Revision) {
	for _, r := range all {
		i := slices.IndexFunc(joined, func(o Revision) bool { return o.Name == r.Name })
		if i < 0 {
			joined = append(joined, r)
			continue
		}
		o := &joined[i]
		o.Regions, o.Present = append(o.Regions, r.Regions...), o.Present || r.Present
		if r.Since.Before(o.Since) {
			o.Since = r.Since
		}
	}
	for i := range joined {
		slices.Sort(joined[i].Regions)
	}
	slices.SortFunc(joined, func(a, b Revision) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), strings.Compare(a.Name, b.Name))
	})
	return joined
}

// Choice is what a ring goes back to.
type Choice struct {
	To   Revision
	Spec *api.K8ssandraClusterSpec
	// Already is set when the ring has that configuration, as far as it is what goes back: nothing is to be changed.
	Already bool
}

// Choose is what a ring goes back to: the revision that is asked for, by its number or its name, or the newest with another
// configuration than the present one. done says that everything is done that the present spec asks for. While it isn't, and the present
// configuration is one that was good, either somebody has just gone back to that, or the ring is stuck at what doesn't go back: another
// configuration would bring back what somebody is rid of, or not help.
func Choose(now *api.K8ssandraClusterSpec, done bool, kept []Revision, asked string) (Choice, error) {
	if len(kept) == 0 {
		return Choice{}, ErrNone
	}
	if asked != "" {
		return chooseAsked(now, kept, asked)
	}
	var found, under *Choice
	for i := range kept {
		spec, err := Restore(now, &kept[i].Spec)
		if err != nil {
			return Choice{}, fmt.Errorf("revision %d: %w", kept[i].Number, err)
		}
		switch c := (&Choice{To: kept[i], Spec: spec}); {
		case same(now, spec) && under == nil:
			under = c
		case !same(now, spec) && found == nil:
			found = c
		}
	}
	switch {
	case under != nil && !done:
		under.Already = true
		return *under, nil
	case found == nil:
		return Choice{}, ErrNoOther
	}
	return *found, nil
}

func chooseAsked(now *api.K8ssandraClusterSpec, kept []Revision, asked string) (Choice, error) {
	found, err := Find(kept, asked)
	if err != nil {
		return Choice{}, err
	}
	spec, err := Restore(now, &found.Spec)
	if err != nil {
		return Choice{}, err
	}
	return Choice{To: found, Spec: spec, Already: same(now, spec)}, nil
}

// Find is the revision of a number or name.
func Find(kept []Revision, asked string) (Revision, error) {
	var found []Revision
	var names []string
	for _, r := range kept {
		names = append(names, strconv.FormatUint(r.Number, 10))
		if r.Name == asked || strconv.FormatUint(r.Number, 10) == asked {
			found = append(found, r)
		}
	}
	switch {
	case len(kept) == 0:
		return Revision{}, ErrNone
	case len(found) == 0:
		return Revision{}, fmt.Errorf("no region keeps revision %s; there are %s", asked, strings.Join(names, ", "))
	case len(found) > 1:
		return Revision{}, fmt.Errorf("there are several revisions %s: name one of %s and %s in full", asked, found[0].Name, found[1].Name)
	}
	return found[0], nil
}
