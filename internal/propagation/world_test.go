package propagation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// world is several regions with one Propagation. How their copies come to agree is the business of package federation: here
// the copy that was edited last is taken over by every region that answers.
type world struct {
	now     time.Time
	regions []*worldRegion
	edits   int
	uids    int
}

type worldRegion struct {
	*world
	name    string
	labels  map[string]string
	cut     bool
	dies    int // the operator dies after so many steps of a pass; -1: it doesn't
	copy    *api.Propagation
	edited  int // number of the edit that the copy has
	objects map[string]*unstructured.Unstructured
	applied map[string]map[string]any // what the field owner has of an object, by UID
	claims  map[string]types.UID      // volume claims that Kubernetes deletes with an object, by name
	printed string
	found   *api.PublishedSource // what it publishes
}

func newWorld(names ...string) *world {
	w := &world{now: time.Unix(1_700_000_000, 0)}
	for _, name := range names {
		w.regions = append(w.regions, &worldRegion{world: w, name: name, dies: -1, objects: map[string]*unstructured.Unstructured{}, applied: map[string]map[string]any{}})
	}
	return w
}

func (w *world) region(name string) *worldRegion {
	for _, r := range w.regions {
		if r.name == name {
			return r
		}
	}
	return nil
}

// claimsOf are the volume claims that would go with an object.
func (r *worldRegion) claimsOf(o *unstructured.Unstructured) (names []string) {
	for name, owner := range r.claims {
		if o != nil && o.GetUID() == owner {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// edit gives a region's copy another spec.
func (r *worldRegion) edit(t *testing.T, text string) {
	t.Helper()
	if r.copy == nil {
		r.copy = &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "front", Annotations: map[string]string{api.PropagationIDAnnotation: "id1"}}}
	}
	r.copy.Spec = api.PropagationSpec{}
	if err := yaml.UnmarshalStrict([]byte(text), &r.copy.Spec); err != nil {
		t.Fatal(err)
	}
	r.world.edits++
	r.edited = r.world.edits
}

// agree takes the copy over that was edited last, among the regions that answer.
func (w *world) agree() {
	for _, r := range w.regions {
		for _, o := range w.regions {
			if r == o || r.cut || o.cut || o.copy == nil || o.edited <= r.edited {
				continue
			}
			if r.copy == nil {
				r.copy = &api.Propagation{ObjectMeta: *o.copy.ObjectMeta.DeepCopy()}
			}
			if r.edited = o.edited; o.copy.DeletionTimestamp != nil { // both copies are heeded before it is followed
				if why := Heed(r.copy, o.copy, r.name, r.labels); why != "" {
					r.copy.Annotations[api.PropagationOrphanAnnotation] = why
				}
				r.copy.DeletionTimestamp = o.copy.DeletionTimestamp
			}
			r.copy.Spec = *o.copy.Spec.DeepCopy()
		}
	}
}

// run plays passes until nothing changes, and returns what was planned.
func (w *world) run() string {
	var out strings.Builder
	for round := 1; round < 30; round++ {
		w.now = w.now.Add(time.Second)
		w.agree()
		quiet := true
		for _, r := range w.regions {
			before := r.everything()
			text := r.pass()
			if text != "" && text != r.printed {
				fmt.Fprintf(&out, "%d %s:\n%s", round, r.name, indent(text))
			}
			r.printed = text
			quiet = quiet && before == r.everything()
		}
		if quiet {
			return out.String()
		}
	}
	return out.String() + "it does not end\n"
}

func (r *worldRegion) everything() string {
	data, _ := json.Marshal([]any{r.copy, r.objects})
	return string(data)
}

// pass is what the operator of a region does.
func (r *worldRegion) pass() string {
	if r.copy == nil {
		return ""
	}
	s := r.observe()
	d := Plan(s)
	managed, verdict := slices.Clone(r.copy.Status.Managed), d.Verdict
	for i, step := range d.Steps {
		if i == r.dies {
			return "it dies\n"
		}
		r.carryOut(step)
		if managed = Managed(managed, step.seenAfter(r)); step.Verb == Record {
			r.copy.Status.Managed = slices.Clone(managed)
		}
	}
	if len(d.Steps) > 0 && len(d.Steps) == r.dies {
		return "it dies\n" // before it writes the status
	}
	text := textOf(d)
	if d.Gone && r.allKnow() {
		r.copy = nil
		return text + "gone\n"
	}
	r.copy.Status = Summarize(s, verdict, managed, r.found)
	return text
}

// allKnow tells whether every other region answers, and its copy is being deleted or gone: this one stays until then.
func (r *worldRegion) allKnow() bool {
	for _, o := range r.world.regions {
		if o != r && (o.cut || r.cut || o.copy != nil && o.copy.DeletionTimestamp == nil) {
			return false
		}
	}
	return true
}

func textOf(d Decision) string {
	var b strings.Builder
	for _, s := range d.Steps {
		fmt.Fprintln(&b, s.Step)
	}
	for _, w := range d.Waits {
		fmt.Fprintln(&b, "waiting for", w)
	}
	for _, t := range d.Trouble {
		fmt.Fprintln(&b, "trouble:", t)
	}
	return b.String()
}

func (r *worldRegion) observe() *State {
	s := &State{Propagation: r.copy, Region: r.name, Labels: r.labels, Now: r.now}
	s.Target.Ref = Target(r.copy)
	if s.Target.Ref.Kind == "Namespace" { // it is in none itself
		s.Target.Ref.Namespace = ""
	}
	s.Target.Live = r.get(s.Target.Ref)
	for _, m := range r.copy.Status.Managed {
		s.Managed = append(s.Managed, Seen{Ref: m, Live: r.get(m), Claims: r.claimsOf(r.get(m))})
	}
	for _, o := range r.world.regions {
		if o == r {
			continue
		}
		other := Other{Region: o.name, Ready: !r.cut && !o.cut, Message: "no route to host"}
		if o.copy != nil {
			other.Status = o.copy.Status.DeepCopy()
		}
		s.Others = append(s.Others, other)
	}
	r.found = s.FindOrigin()
	s.Want()
	if s.NeedsPreview() {
		s.Target.Preview = r.applyTo(s.Target.Live, s.Target.Wanted)
	}
	return s
}

// key has no space, so that a script can have it as an argument.
func key(ref api.ObjectReference) string { return strings.ReplaceAll(name(ref), " ", ":") }

func (r *worldRegion) get(ref api.ObjectReference) *unstructured.Unstructured {
	if o := r.objects[key(ref)]; o != nil {
		return o.DeepCopy()
	}
	return nil
}

// seenAfter has the UID of what was made.
func (s Step) seenAfter(r *worldRegion) Step {
	if o := r.objects[key(s.Ref)]; o != nil && s.Verb != Record {
		s.Ref.UID = o.GetUID()
	}
	return s
}

func (r *worldRegion) carryOut(s Step) {
	switch s.Verb {
	case Create:
		made := r.make(s.Object)
		r.applied[string(made.GetUID())] = s.Object.DeepCopy().Object
		written(made)
	case Adopt, Update:
		o := r.applyTo(s.Live, s.Object)
		r.objects[key(s.Ref)] = o
		r.applied[string(s.Ref.UID)] = s.Object.DeepCopy().Object
		written(o)
	case Release:
		o := r.objects[key(s.Ref)]
		labels, annotations := Marks(o)
		for _, one := range labels {
			unstructured.RemoveNestedField(o.Object, "metadata", "labels", one)
		}
		for _, one := range annotations {
			unstructured.RemoveNestedField(o.Object, "metadata", "annotations", one)
		}
	case Delete:
		delete(r.objects, key(s.Ref))
	case Record, Forget:
	}
}

// written notes the field owner, as the API server does.
func written(o *unstructured.Unstructured) {
	by := slices.DeleteFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Manager == api.PropagationFieldOwner })
	o.SetManagedFields(append(by, metav1.ManagedFieldsEntry{Manager: api.PropagationFieldOwner, Operation: metav1.ManagedFieldsOperationApply}))
}

func (r *worldRegion) make(o *unstructured.Unstructured) *unstructured.Unstructured {
	made := o.DeepCopy()
	r.world.uids++
	made.SetUID(types.UID(fmt.Sprint("u", r.world.uids)))
	r.objects[key(Target(&api.Propagation{Spec: api.PropagationSpec{Template: made.Object}}))] = made
	return made
}

// applyTo is server-side apply: what is given is set, and what was given before and isn't any more goes.
func (r *worldRegion) applyTo(live, config *unstructured.Unstructured) *unstructured.Unstructured {
	out := live.DeepCopy()
	merge(out.Object, r.applied[string(live.GetUID())], config.DeepCopy().Object)
	return out
}

func merge(live, before, now map[string]any) {
	for key := range before {
		if _, still := now[key]; !still {
			delete(live, key)
		}
	}
	for key, value := range now {
		inner, isMap := value.(map[string]any)
		there, both := live[key].(map[string]any)
		if !isMap || !both {
			live[key] = value
			continue
		}
		former, _ := before[key].(map[string]any)
		merge(there, former, inner)
	}
}

// status is what a region's copy says.
func (r *worldRegion) status() string {
	if r.copy == nil {
		return "no copy\n"
	}
	var b strings.Builder
	for _, c := range r.copy.Status.Conditions {
		if c.Type == api.PropagationDiverged {
			continue // that is the business of package federation
		}
		fmt.Fprintf(&b, "%s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	for _, p := range r.copy.Status.Regions {
		fmt.Fprintf(&b, "  %s %s %s", p.Name, p.Status, p.Reason)
		if p.Message != "" {
			b.WriteString(": " + p.Message)
		}
		b.WriteString("\n")
	}
	for _, m := range r.copy.Status.Managed {
		fmt.Fprintf(&b, "  manages %s %s\n", name(m), m.UID)
	}
	return b.String()
}

// show prints a region's objects.
func (r *worldRegion) show() string {
	if len(r.objects) == 0 {
		return "nothing\n"
	}
	var b strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(r.objects), cmp.Compare) {
		o := r.objects[key].DeepCopy()
		unstructured.RemoveNestedField(o.Object, "metadata", "managedFields")
		data, _ := yaml.Marshal(o.Object)
		b.Write(data)
	}
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
