package controller_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/canonical"
	"github.com/ringspan/ringspan/internal/federation/former"
	"github.com/ringspan/ringspan/internal/federation/peers"
)

// spec is the definition of a ring's spec in a region.
type spec = map[string]apiextensionsv1.JSONSchemaProps

// define changes the region's definition of rings for as long as the test lasts, and waits until the API server acts on it:
// until an object keeps the field of spec.cassandra, or doesn't.
func (r *region) define(change func(cassandra spec), field string, value any, kept bool) {
	r.t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	key := client.ObjectKey{Name: "k8ssandraclusters.k8ssandra.io"}
	r.must(r.admin.Get(r.t.Context(), key, crd))
	shipped := crd.Spec.DeepCopy()
	change(crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["cassandra"].Properties)
	r.must(r.admin.Update(r.t.Context(), crd))
	r.t.Cleanup(func() {
		ctx := context.WithoutCancel(r.t.Context())
		r.must(r.admin.Get(ctx, key, crd))
		crd.Spec = *shipped
		r.must(r.admin.Update(ctx, crd))
		r.awaitField(ctx, field, value, !kept)
	})
	r.awaitField(r.t.Context(), field, value, kept)
}

func (r *region) awaitField(ctx context.Context, field string, value any, kept bool) {
	r.t.Helper()
	for {
		probe := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"cassandra": map[string]any{field: value}}}}
		probe.SetGroupVersionKind(api.GroupVersion.WithKind("K8ssandraCluster"))
		probe.SetNamespace("default")
		probe.SetName("probe")
		r.must(r.admin.Create(ctx, probe, client.DryRunAll))
		if _, is, _ := unstructured.NestedFieldNoCopy(probe.Object, "spec", "cassandra", field); is == kept {
			return
		}
	}
}

// A region whose API server doesn't know a field that another region sets does not take that revision over, says which
// field it is, and takes it over once it knows it. Nothing is taken out of the spec anywhere.
func TestAFieldThatTheDefinitionLacks(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	before := c.revision()
	t.Run("lacks", func(t *testing.T) {
		old := &region{stage: &stage{t: t}, admin: c.admin}
		old.define(func(cassandra spec) { delete(cassandra, "readOnlyRootFilesystem") }, "readOnlyRootFilesystem", true, false)
		w.edit(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.ReadOnlyRootFilesystem = new(true) })
		s.rounds(6)
		if c.revision() != before || !strings.Contains(c.ring().Status.Error, "spec.cassandra.readOnlyRootFilesystem") || !strings.Contains(c.ring().Status.Error, west) {
			t.Errorf("the region has revision %s and says %q", c.revision(), c.ring().Status.Error)
		}
		c.says(api.ClusterReady, corev1.ConditionFalse)
		if w.ring().Spec.Cassandra.ReadOnlyRootFilesystem == nil {
			t.Error("the field is gone where it was set")
		}
	})
	s.settle()
	if k := c.ring(); k.Spec.Cassandra.ReadOnlyRootFilesystem == nil || c.revision() != w.revision() {
		t.Errorf("not taken over once the field is known:\n%s", c.news())
	}
	if !strings.HasPrefix(w.revision(), "2/") {
		t.Errorf("somebody raised it: %s", w.revision())
	}
}

// What this region's API server refuses is told too, and tried again.
func TestARevisionThatIsRefused(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	before, refuses := c.revision(), true
	c.restarted(interceptor.Funcs{Patch: func(ctx context.Context, kube client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
		if _, is := o.(*unstructured.Unstructured); is && refuses {
			return errors.New("a webhook does not support dry run")
		}
		return kube.Patch(ctx, o, patch, opts...)
	}})
	w.edit(writes(9))
	s.rounds(4)
	if got := c.ring().Status.Error; c.revision() != before || !strings.Contains(got, "can't be taken over: a webhook does not") || !strings.Contains(got, w.revision()) {
		t.Errorf("revision %s, and it says %q", c.revision(), got)
	}
	refuses = false
	s.settle()
	if c.revision() != w.revision() {
		t.Errorf("not taken over afterwards:\n%s", c.news())
	}
}

// A revision of a later version of the operator, with a field that this one doesn't know, is not taken over; nor is a copy
// with such a field, after a step back to this version, an edit.
func TestAFieldOfALaterVersion(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	before := c.revision()
	t.Run("later", func(t *testing.T) {
		later := &region{stage: &stage{t: t}, admin: w.admin}
		later.define(func(cassandra spec) {
			cassandra["tomorrow"] = apiextensionsv1.JSONSchemaProps{Type: "string", Default: &apiextensionsv1.JSON{Raw: []byte(`"quiet"`)}}
		}, "tomorrow", "loud", true)
		// Its default is no edit, here or there.
		s.rounds(4)
		if w.revision() != before || c.revision() != before {
			t.Errorf("a new default made revisions %s and %s of %s", w.revision(), c.revision(), before)
		}
		// What the later operator writes when a person sets the field.
		notes := w.ring().Annotations
		lineage := map[string]any{}
		s.must(json.Unmarshal([]byte(notes["ringspan.io/lineage"]), &lineage))
		lineage["seen"] = map[string]any{lineage["maker"].(string): 1}
		lineage["revision"], lineage["spec"] = "2/"+west+"/aaaaaaaaaaaa", "v2:0123456789abcdef0123456789abcdef"
		text, err := json.Marshal(lineage)
		s.must(err)
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{
				api.RevisionAnnotation: lineage["revision"], "ringspan.io/ancestors": before, "ringspan.io/lineage": string(text)}},
			"spec": map[string]any{"cassandra": map[string]any{"tomorrow": "loud"}},
		})
		s.must(err)
		s.must(w.admin.Patch(t.Context(), w.ring(), client.RawPatch(types.MergePatchType, patch)))
		s.rounds(6) // the west's operator has been set back to this version meanwhile
		for _, r := range s.all() {
			if got := r.ring().Status.Error; !strings.Contains(got, "spec.cassandra.tomorrow") || !strings.Contains(got, "does not know") {
				t.Errorf("%s says %q", r.name, got)
			}
		}
		if c.revision() != before || w.revision() != lineage["revision"] {
			t.Errorf("revisions %s and %s", w.revision(), c.revision())
		}
		raw := &unstructured.Unstructured{}
		raw.SetGroupVersionKind(api.GroupVersion.WithKind("K8ssandraCluster"))
		s.must(w.admin.Get(t.Context(), s.key(), raw))
		if got, _, _ := unstructured.NestedString(raw.Object, "spec", "cassandra", "tomorrow"); got != "loud" {
			t.Errorf("the field is %q", got)
		}
	})
}

// What the first version left goes on as it is: only annotations are added, and its edits and this version's cross.
func TestARingOfTheFirstVersion(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	for _, r := range s.all() {
		r.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, "ringspan.io/lineage") })
		r.former()
	}
	revision, generation := w.revision(), w.ring().Generation
	s.settle()
	for _, r := range s.all() {
		k := r.ring()
		if r.revision() != revision || k.Generation != generation || k.Annotations["ringspan.io/lineage"] == "" || !k.Status.IsTrue(api.ClusterReady) {
			t.Errorf("after the upgrade:\n%s", r.news())
		}
	}
	c.edit(writes(9))
	s.settle()
	if w.revision() != c.revision() || !strings.HasPrefix(w.revision(), "2/"+central+"/") || len(strings.Split(w.revision(), "/")[2]) != 12 {
		t.Errorf("revisions %s and %s", w.revision(), c.revision())
	}
}

// formerly is one pass of the first version's operator about a region's copy: its rules, and what it wrote.
func (r *region) formerly() {
	r.t.Helper()
	r.must(r.peers.Survey(r.t.Context()))
	formerCopy := func(region string, k *api.K8ssandraCluster) former.Copy {
		head, _ := former.ParseHead(k.Annotations[api.RevisionAnnotation], k.Annotations["ringspan.io/ancestors"])
		return former.Copy{Head: head, Region: region, Hash: canonical.Former(k.Spec)}
	}
	var copies []former.Copy
	theirs := map[string]*api.K8ssandraCluster{}
	seen, _ := r.peers.Snapshots()
	for i := range seen {
		if k := peers.Object[*api.K8ssandraCluster](&seen[i], r.key()); k != nil {
			copies, theirs[seen[i].Region] = append(copies, formerCopy(seen[i].Region, k)), k
		}
	}
	d := former.Follow(formerCopy(r.name, r.ring()), copies, nil)
	if d.Verb == former.Keep {
		return
	}
	r.edit(func(k *api.K8ssandraCluster) {
		if from := theirs[d.Other.Region]; d.Verb == former.Adopt {
			k.Spec = *from.Spec.DeepCopy()
			maps.Copy(k.Annotations, from.Annotations)
		}
		k.Annotations[api.RevisionAnnotation], k.Annotations["ringspan.io/ancestors"] = d.Head.String(), former.FormatAncestors(d.Head.Ancestors)
	})
}

// While the one region's operator is of the first version, edits cross in both directions, each as one revision: neither
// takes what the other one writes for an edit.
func TestBothVersionsInOneFleet(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	for _, r := range s.all() {
		r.edit(func(k *api.K8ssandraCluster) { delete(k.Annotations, "ringspan.io/lineage") })
		r.former()
	}
	id := ""
	for n, edited := range []*region{w, c, c, w} {
		edited.edit(writes(20 + n))
		for range 3 {
			c.formerly()
			w.pass()
		}
		counter, _, _ := strings.Cut(w.revision(), "/")
		if w.revision() != c.revision() || counter != strconv.Itoa(n+2) {
			t.Fatalf("edit %d in %s: revisions %s and %s", n, edited.name, w.revision(), c.revision())
		}
		if n > 0 && w.id() != id {
			t.Errorf("the id was %s and is %s", id, w.id())
		}
		id = w.id()
	}
	// An edit on each side that the other one doesn't know of is told, by either one.
	w.edit(writes(1))
	c.edit(writes(2))
	c.formerly()
	w.pass()
	w.pass()
	w.says(api.ClusterDiverged, corev1.ConditionTrue, c.revision())
	// The other region's operator is replaced, and a person chooses.
	s.settle()
	c.says(api.ClusterDiverged, corev1.ConditionTrue, w.revision())
	c.choose(central)
	s.settle()
	if w.revision() != c.revision() || c.id() != id {
		t.Errorf("revisions %s and %s, ids %s and %s", w.revision(), c.revision(), id, c.id())
	}
	w.says(api.ClusterReady, corev1.ConditionTrue)
}
