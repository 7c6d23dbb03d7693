package rollout

import (
	"context"
	"errors"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/rollback"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

const edited = `
cassandra:
  serverVersion: 5.0.9
  storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
  config: {cassandraYaml: {concurrent_reads: 64}}
  datacenters: [{metadata: {name: dc1}, k8sContext: west, size: 1}]
`

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func withReads(n int64) func(*k8ssandra.K8ssandraCluster) {
	return func(k *k8ssandra.K8ssandraCluster) {
		k.Spec.Cassandra.CassandraConfig = &k8ssandra.CassandraConfig{CassandraYaml: k8ssandra.Document{"concurrent_reads": n}}
	}
}

// writer is an undo that goes back from 64 reads to 32 on a real API server. Before each of its edits somebody else does something.
type writer struct {
	*testing.T

	admin   client.WithWatch
	key     client.ObjectKey
	undo    *undo
	choice  rollback.Choice
	updates int
}

func newWriter(t *testing.T, before func(w *writer)) *writer {
	t.Helper()
	cluster := kubetest.Shared(t)
	admin, err := client.NewWithWatch(cluster.Admin, client.Options{Scheme: cluster.Scheme})
	must(t, err)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "undo-"}}
	must(t, admin.Create(t.Context(), ns))
	w := &writer{T: t, admin: admin, key: client.ObjectKey{Namespace: ns.Name, Name: "ring"}}
	w.create()
	between := interceptor.NewClient(admin, interceptor.Funcs{Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
		w.updates++
		before(w)
		return c.Update(ctx, o, opts...)
	}})
	w.undo = &undo{ring: &found{key: w.key}, home: place{region.Region{Name: "west", Client: between}, w.stored()}}
	good := w.stored()
	withReads(32)(good)
	spec, err := rollback.Restore(&w.undo.home.copy.Spec, &good.Spec)
	must(t, err)
	w.choice = rollback.Choice{Spec: spec}
	return w
}

func (w *writer) create() {
	w.Helper()
	k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: w.key.Namespace, Name: w.key.Name}}
	must(w.T, yaml.UnmarshalStrict([]byte(edited), &k.Spec))
	must(w.T, w.admin.Create(w.Context(), k))
}

func (w *writer) stored() *k8ssandra.K8ssandraCluster {
	w.Helper()
	k := &k8ssandra.K8ssandraCluster{}
	must(w.T, w.admin.Get(w.Context(), w.key, k))
	return k
}

// change writes the ring past the undo.
func (w *writer) change(do func(*k8ssandra.K8ssandraCluster)) {
	w.Helper()
	k := w.stored()
	do(k)
	must(w.T, w.admin.Update(w.Context(), k))
}

// notes is what the operator writes all the while: annotations and the status.
func (w *writer) notes() {
	w.Helper()
	w.change(func(k *k8ssandra.K8ssandraCluster) {
		metav1.SetMetaDataAnnotation(&k.ObjectMeta, "ringspan.io/noted", k.ResourceVersion)
	})
	k := w.stored()
	k.Status.SeenGeneration, k.Status.Error = k.Generation, k.ResourceVersion
	must(w.T, w.admin.Status().Update(w.Context(), k))
}

// write is the undo, from where it has been decided to what goes back.
func (w *writer) write() error {
	w.Helper()
	edit, err := w.undo.edit(w.Context(), w.choice)
	if err == nil {
		_, err = w.undo.write(w.Context(), edit, w.choice)
	}
	return err
}

func (w *writer) wants(reads int64) {
	w.Helper()
	if got := w.stored().Spec.Cassandra.CassandraConfig.CassandraYaml["concurrent_reads"]; got != reads {
		w.Errorf("concurrent_reads is %v, and should be %d", got, reads)
	}
}

// What the operator notes meanwhile is written around, and stays; what a person has edited ends it, and stays too.
func TestARingIsEditedAsItWasRead(t *testing.T) {
	for _, c := range []struct {
		why     string
		before  func(w *writer)
		err     error
		reads   int64
		updates int // 0: so many that it gives up
	}{
		{"nobody else writes", func(*writer) {}, nil, 32, 1},
		{"the operator notes something three times", func(w *writer) {
			if w.updates <= 3 {
				w.notes()
			}
		}, nil, 32, 4},
		{"the operator notes something without an end", func(w *writer) { w.notes() }, errBusy, 64, 0},
		{"a person edits the spec", func(w *writer) {
			if w.updates == 1 {
				w.change(withReads(16))
			}
		}, errEdited, 16, 1},
		{"a person edits the spec after the operator's note", func(w *writer) {
			if w.updates == 1 {
				w.notes()
			} else {
				w.change(withReads(16))
			}
		}, errEdited, 16, 2},
		{"it is made anew", func(w *writer) {
			if w.updates == 1 {
				must(w.T, w.admin.Delete(w.Context(), w.stored()))
				w.create()
			}
		}, errEdited, 64, 1},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWriter(t, c.before)
			if err := w.write(); !errors.Is(err, c.err) {
				t.Errorf("%v", err)
			}
			if c.updates > 0 && w.updates != c.updates || w.updates == 0 || w.updates > 20 {
				t.Errorf("it tried %d times", w.updates)
			}
			w.wants(c.reads)
			if c.err == nil && w.updates > 1 && w.stored().Annotations["ringspan.io/noted"] == "" {
				t.Error("what the operator has noted is lost")
			}
		})
	}
}

// A ring that is gone isn't made anew by an undo, which has nothing to say of a conflict.
func TestARingThatIsGoneStaysSo(t *testing.T) {
	w := newWriter(t, func(w *writer) { must(w.T, w.admin.Delete(w.Context(), w.stored())) })
	if err := w.write(); !apierrors.IsNotFound(err) && !errors.Is(err, errEdited) {
		t.Errorf("%v", err)
	}
	if err := w.admin.Get(t.Context(), w.key, &k8ssandra.K8ssandraCluster{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is there: %v", err)
	}
}

// Two that have read the same ring edit it once, and the other one is told; one that looks again finds that there is nothing to edit.
func TestTwoUndosEditOnce(t *testing.T) {
	w := newWriter(t, func(*writer) {})
	must(t, w.write())
	after := w.stored()
	if err := w.write(); !errors.Is(err, errEdited) {
		t.Errorf("%v", err)
	}
	if now := w.stored(); now.Generation != after.Generation || now.ResourceVersion != after.ResourceVersion {
		t.Error("it was edited twice")
	}
	kept := []rollback.Revision{{Number: 1, Name: "1/west/a", Spec: *w.choice.Spec}}
	if again, err := rollback.Choose(&after.Spec, false, kept, ""); err != nil || !again.Already {
		t.Errorf("%+v, %v", again, err)
	}
}
