package controller_test

import (
	"context"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// older gives a region a definition of the kind of before skipDatacenters, and returns what gives it today's. Both wait until
// the API server goes by it.
func (r *region) older() (newer func()) {
	r.t.Helper()
	ctx := context.WithoutCancel(r.t.Context())
	definition := func() *unstructured.Unstructured {
		d := &unstructured.Unstructured{}
		d.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		r.must(r.admin.Get(ctx, types.NamespacedName{Name: ringtask.Kind.Definition}, d))
		return d
	}
	goesBy := func(old bool) {
		r.must(wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			probe := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: "probe"}}
			probe.Spec.Cluster.Name, probe.Spec.Template.Jobs = "ring", []api.CassandraJob{{Name: "restart", Command: api.CommandRestart}}
			probe.Spec.SkipDatacenters = []string{"dc1"}
			err := r.admin.Create(ctx, probe, client.DryRunAll)
			return (len(probe.Spec.SkipDatacenters) == 0) == old, err
		}))
	}
	d := definition()
	today, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
	versions, _, _ := unstructured.NestedSlice(d.DeepCopy().Object, "spec", "versions")
	version, _ := versions[0].(map[string]any)
	unstructured.RemoveNestedField(version, "schema", "openAPIV3Schema", "properties", "spec", "properties", "skipDatacenters")
	unstructured.RemoveNestedField(version, "schema", "openAPIV3Schema", "properties", "spec", "x-kubernetes-validations")
	r.must(unstructured.SetNestedSlice(d.Object, versions, "spec", "versions"))
	r.must(r.admin.Update(ctx, d))
	goesBy(true)
	newer = func() {
		d := definition()
		r.must(unstructured.SetNestedSlice(d.Object, today, "spec", "versions"))
		r.must(r.admin.Update(ctx, d))
		goesBy(false)
	}
	r.t.Cleanup(newer)
	return newer
}

// Once written, the order stays; leaving datacenters out goes on.
func TestTheOrderStays(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(nil)
	s.until("the order to be written", s.both(func(r *region) bool { return r.task() != nil && len(r.task().Spec.Datacenters) == 2 }))
	for _, other := range [][]string{{"dc2", "dc1"}, {"dc2"}, {"dc1", "dc2", "dc3"}, nil} {
		task := c.task()
		task.Spec.Datacenters = other
		if err := c.admin.Update(t.Context(), task); !apierrors.IsInvalid(err) {
			t.Errorf("%v: %v", other, err)
		}
	}
	c.edit(func(task *api.K8ssandraTask) { task.Spec.SkipDatacenters = []string{"dc2"} })
	s.until("the west to know", func() bool { return slices.Equal(w.task().Spec.SkipDatacenters, []string{"dc2"}) })
}

// A region whose definition is older can't take over that a datacenter is left out. It says so and begins nothing.
func TestAnOlderDefinitionOfTheKind(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	newer := c.older()
	w.apply(nil)
	s.until("dc1 to begin", func() bool { return w.part("dc1") != nil })
	w.edit(func(task *api.K8ssandraTask) { task.Spec.SkipDatacenters = []string{"dc2"} })
	w.end("dc1")
	s.until("the centre to tell", func() bool {
		return c.says(api.JobRunning, metav1.ConditionFalse, "sets spec.skipDatacenters", "the definition of K8ssandraTasks in this region does not know")
	})
	s.rounds(3)
	if c.part("dc2") != nil {
		t.Error("dc2 has begun, though it is left out")
	}
	newer()
	s.until("both to end", s.both(func(r *region) bool { return r.says(api.JobComplete, metav1.ConditionTrue, "left out: dc2") }))
}

// What hasn't begun of a datacenter that has left a task, as an older definition allows, is in nobody's way.
func TestADatacenterHasLeft(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.older()
	c.older()
	w.apply(nil)
	s.until("dc1 to begin", func() bool { return w.part("dc1") != nil })
	c.edit(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2"} })
	s.until("its part to go and dc2 to begin", func() bool { return w.part("dc1") == nil && c.part("dc2") != nil })
	c.end("dc2")
	s.until("both to end", s.both(func(r *region) bool { return r.says(api.JobComplete, metav1.ConditionTrue, "3 pods in 1 datacenter") }))
}
