package controller_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// kept are the revisions that a region keeps of the ring, sorted.
func (r *region) kept() (all []string) {
	r.t.Helper()
	var list appsv1.ControllerRevisionList
	r.must(r.admin.List(r.t.Context(), &list, client.InNamespace(r.ns), client.MatchingLabels{api.RevisionOfLabel: r.ringName}))
	for _, one := range list.Items {
		all = append(all, one.Annotations[api.RevisionAnnotation])
	}
	slices.Sort(all)
	return all
}

// behind lets a datacenter serve without having done what its spec asks for: as while nodes restart, or fail to.
func (r *region) behind(name string) {
	r.t.Helper()
	dc := r.dc(name)
	dc.Status.ObservedGeneration, dc.Status.SeenGeneration = dc.Generation-1, dc.Generation
	r.must(r.admin.Status().Update(r.t.Context(), dc))
}

// Every region keeps the specs with which the ring was ready and all was done, and none that didn't come so far: not while a datacenter of
// another region has yet to do it, nor while that can't be asked.
func TestSpecsAreKept(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	done := func() bool {
		return s.ready() && w.ring().Status.ObservedGeneration == w.ring().Generation && c.ring().Status.ObservedGeneration == c.ring().Generation
	}
	s.until("everything to be done", done)
	s.rounds(2)
	first := w.revision()
	if got := [][]string{w.kept(), c.kept()}; !slices.Equal(got[0], []string{first}) || !slices.Equal(got[1], []string{first}) {
		t.Fatalf("kept are %v, and the revision is %s", got, first)
	}

	w.edit(writes(9))
	s.until("the edit to be there", func() bool {
		return w.revision() != first && w.revision() == c.revision() && strings.Contains(string(c.dc("dc2").Spec.Config), "concurrent_writes")
	})
	w.serve("dc1", "10.0.0.1", "10.0.0.2")
	c.behind("dc2")
	s.rounds(4)
	if got := [][]string{w.kept(), c.kept()}; len(got[0]) != 1 || len(got[1]) != 1 {
		t.Errorf("an edit is kept that dc2 hasn't done: %v", got)
	}
	c.serve("dc2", "10.1.0.1")
	s.until("everything to be done", done)
	s.rounds(2)
	if got := [][]string{w.kept(), c.kept()}; len(got[0]) != 2 || len(got[1]) != 2 {
		t.Errorf("kept are %v", got)
	}

	s.cut()
	w.edit(writes(10))
	s.rounds(2)
	w.serve("dc1", "10.0.0.1", "10.0.0.2")
	s.rounds(3)
	if got := w.kept(); len(got) != 2 {
		t.Errorf("an edit is kept that the other region doesn't know: %v", got)
	}
	s.heal()
	s.rounds(3)
	c.serve("dc2", "10.1.0.1")
	s.until("everything to be done", done)
	s.rounds(2)
	if got := [][]string{w.kept(), c.kept()}; len(got[0]) != 3 || !slices.Equal(got[0], got[1]) {
		t.Errorf("kept are %v", got)
	}
	before := s.versions()
	s.rounds(3)
	if !slices.Equal(before, s.versions()) {
		t.Error("something is written while all is well")
	}
}

// A kept spec that was written after it was read, because the ring is good with it once more, isn't forgotten for what it was before.
func TestASpecThatIsGoodOnceMoreIsNotForgotten(t *testing.T) {
	s := running(t)
	w := s.by[west]
	s.until("everything to be done", func() bool { return s.ready() && len(w.kept()) == 1 })
	var list appsv1.ControllerRevisionList
	w.must(w.admin.List(t.Context(), &list, client.InNamespace(w.ns), client.MatchingLabels{api.RevisionOfLabel: w.ringName}))
	for i := range 10 {
		old := list.Items[0].DeepCopy()
		old.ResourceVersion, old.UID, old.Name, old.Revision = "", "", fmt.Sprintf("old-%d", i), 0
		w.must(w.admin.Create(t.Context(), old))
	}
	var answers []error
	w.restarted(interceptor.Funcs{Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
		if _, is := o.(*appsv1.ControllerRevision); !is {
			return c.Delete(ctx, o, opts...)
		}
		if len(answers) == 0 {
			var written appsv1.ControllerRevision
			w.must(w.admin.Get(ctx, client.ObjectKeyFromObject(o), &written))
			written.Revision = 100
			w.must(w.admin.Update(ctx, &written))
		}
		answers = append(answers, c.Delete(ctx, o, opts...))
		return answers[len(answers)-1]
	}})
	s.until("older ones to be forgotten", func() bool { return len(w.kept()) == 10 })
	if len(answers) < 2 || !apierrors.IsConflict(answers[0]) || answers[1] != nil {
		t.Errorf("it was answered %v", answers)
	}
}
