package clusterprofile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ringspan/ringspan/internal/plan"
)

var now = time.Unix(1_700_000_000, 0)

// world is a namespace with profiles, and the fleet.
type world struct{ State }

func newWorld(regions ...Region) *world {
	return &world{State{APIVersion: "multicluster.x-k8s.io/v1alpha1", Namespace: "ringspan-system", Regions: regions, Now: now}}
}

// put adds a profile that somebody wrote.
func (w *world) put(name, manager, writer string) *unstructured.Unstructured {
	o, _ := Wanted(Region{Name: name}, w.APIVersion, w.Namespace, nil, now)
	_ = unstructured.SetNestedField(o.Object, manager, "spec", "clusterManager", "name")
	o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: writer, Operation: metav1.ManagedFieldsOperationApply}})
	w.Profiles = append(w.Profiles, *o)
	return &w.Profiles[len(w.Profiles)-1]
}

// run carries plans out until there is nothing to do, and says what was done.
func (w *world) run(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for range 10 {
		d := Plan(&w.State)
		if len(d.Steps) == 0 {
			return out.String() + plan.Text(d.Steps, d.Notes)
		}
		for _, step := range d.Steps {
			out.WriteString(step.String() + "\n")
			w.carryOut(step)
		}
	}
	t.Fatalf("it does not end:\n%s", &out)
	return ""
}

func (w *world) carryOut(step Step) {
	switch step.Verb {
	case Create:
		made := step.Wanted.DeepCopy()
		made.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: Manager, Operation: metav1.ManagedFieldsOperationApply}})
		w.Profiles = append(w.Profiles, *made)
	case Delete:
		var left []unstructured.Unstructured
		for _, p := range w.Profiles {
			if p.GetName() != step.Live.GetName() {
				left = append(left, p)
			}
		}
		w.Profiles = left
	default:
		live := w.profile(step.Live.GetName())
		for _, part := range []string{"spec", "status"} {
			if content, is := step.Wanted.Object[part]; is {
				live.Object[part] = content
			}
		}
		if step.Verb == Update {
			live.SetLabels(step.Wanted.GetLabels())
			live.SetAnnotations(step.Wanted.GetAnnotations())
		}
	}
}

func (w *world) check(t *testing.T, what, want string) {
	t.Helper()
	if got := w.run(t); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("%s: got\n%swant\n%s", what, got, want)
	}
}

// What happens to the fleet, one thing after another.
func TestProfilesFollowTheFleet(t *testing.T) {
	w := newWorld(Region{Name: "west", Answers: true, ID: "w1", Kubernetes: "v1.36.3"}, Region{Name: "central", Answers: true, Since: now.Add(-time.Hour), ID: "c1"})
	w.check(t, "the first look", `
create ClusterProfile central: the region is one of the fleet
create ClusterProfile west: the region is one of the fleet
tell ClusterProfile central: the region's state is another one
tell ClusterProfile west: the region's state is another one`)
	w.Now = now.Add(time.Minute)
	w.check(t, "nothing is new", "")

	w.Regions[1] = Region{Name: "central", Since: now, Message: "no route to host"}
	w.check(t, "a cut", "tell ClusterProfile central: the region's state is another one")
	got, _, _ := unstructured.NestedMap(w.profile("central").Object, "status")
	want := map[string]any{
		"conditions": []any{map[string]any{"type": "ControlPlaneHealthy", "status": "Unknown", "reason": "NotReachable", "message": "the region does not answer: no route to host", "lastTransitionTime": "2023-11-14T22:13:20Z"}},
		"properties": []any{map[string]any{"name": "cluster.clusterset.k8s.io", "value": "c1"}, map[string]any{"name": "topology.kubernetes.io/region", "value": "central"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	w.profile("west").SetLabels(map[string]string{"mine": "1"})
	w.check(t, "a change by hand", "update ClusterProfile west: it is not what it should be")

	all := w.Regions
	w.Regions = all[:1]
	w.check(t, "a region's ClientConfig is not there", `
update ClusterProfile central: no ClientConfig names the region
tell ClusterProfile central: the region's state is another one`)
	w.Now = w.Now.Add(goneAfter - time.Second)
	w.check(t, "not for long yet", "")
	w.Regions = all
	w.check(t, "it was not there for a while only", `
update ClusterProfile central: it is not what it should be
tell ClusterProfile central: the region's state is another one`)
	w.Regions = all[:1]
	w.Now = w.Now.Add(time.Hour)
	w.check(t, "it is not there again: the time begins anew", `
update ClusterProfile central: no ClientConfig names the region
tell ClusterProfile central: the region's state is another one`)
	w.Now = w.Now.Add(goneAfter)
	w.check(t, "the region has left", "delete ClusterProfile central: no ClientConfig has named the region for 10m0s")
}

// What says since when a region isn't named can be changed by others: that must not have a profile deleted at once.
func TestTheTimeOfAbsenceIsReadWithCare(t *testing.T) {
	for _, text := range []string{"", "yesterday", now.Add(time.Hour).Format(time.RFC3339)} {
		w := newWorld(Region{Name: "west", Answers: true})
		w.check(t, "the first look", `
create ClusterProfile west: the region is one of the fleet
tell ClusterProfile west: the region's state is another one`)
		w.put("central", Manager, Manager).SetAnnotations(map[string]string{absentAnnotation: text})
		w.check(t, text, `
update ClusterProfile central: no ClientConfig names the region
tell ClusterProfile central: the region's state is another one`)
	}
}

// What isn't proven to be ours is neither written nor deleted.
func TestOthersProfilesAreLeftAlone(t *testing.T) {
	w := newWorld(Region{Name: "west", Answers: true})
	w.put("west", "karmada", "karmada")
	w.put("central", Manager, "kubectl") // says that it is ours
	w.put("east", "karmada", Manager)
	w.check(t, "others'", `trouble: region west has no ClusterProfile of ours: there is one of the name, which "karmada" manages`)
	w = newWorld(Region{Name: "west", Answers: true}, Region{Name: "arn:aws:eks", Answers: true})
	w.put("west", Manager, "kubectl")
	w.check(t, "one in our name, and a name that no object can have", `
trouble: region west has no ClusterProfile of ours: there is one of the name, which somebody else wrote
trouble: region arn:aws:eks has no ClusterProfile: its name can't be an object's`)
}
