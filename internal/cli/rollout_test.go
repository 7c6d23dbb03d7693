package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ring"
)

// copyIn is a region's copy of the fleet's ring.
func copyIn(t *testing.T, c *kubetest.Cluster) *k8ssandra.K8ssandraCluster {
	t.Helper()
	k := &k8ssandra.K8ssandraCluster{}
	if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, k); err != nil {
		t.Fatal(err)
	}
	return k
}

// looked is what the regions' operators do of the ring's copies, with the spec of the west's: they agree on a revision, and say whether all of
// it is done; when it is, they keep the spec.
func (s *stage) looked(revision string, done bool) {
	s.Helper()
	must := func(err error) {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
	}
	spec := copyIn(s.T, s.west).Spec
	for _, c := range []*kubetest.Cluster{s.west, s.central} {
		k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ring"}, Spec: spec}
		if err := c.Client.Create(s.Context(), k); err != nil {
			k = copyIn(s.T, c)
		}
		spec.DeepCopyInto(&k.Spec)
		metav1.SetMetaDataAnnotation(&k.ObjectMeta, k8ssandra.RevisionAnnotation, revision)
		metav1.SetMetaDataAnnotation(&k.ObjectMeta, k8ssandra.RingIDAnnotation, "id")
		must(c.Client.Update(s.Context(), k))
		k.Status = k8ssandra.K8ssandraClusterStatus{SeenGeneration: k.Generation, Error: k8ssandra.NoError}
		ready := corev1.ConditionFalse
		if done {
			k.Status.ObservedGeneration, ready = k.Generation, corev1.ConditionTrue
		}
		for _, kind := range []k8ssandra.K8ssandraClusterConditionType{k8ssandra.ClusterReady, k8ssandra.CassandraInitialized} {
			k.Status.Conditions = append(k.Status.Conditions, k8ssandra.K8ssandraClusterCondition{Type: kind, Status: ready, LastTransitionTime: new(metav1.Now())})
		}
		must(c.Client.Status().Update(s.Context(), k))
		if !ring.Good(k, &k.Status) {
			continue
		}
		for _, step := range ring.PlanSpecs(k, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil) {
			must(c.Client.Create(s.Context(), step.Object))
		}
	}
}

// edit changes the ring in the west, as kubectl does.
func (s *stage) edit(change func(*k8ssandra.CassandraClusterTemplate)) {
	s.Helper()
	k := copyIn(s.T, s.west)
	change(k.Spec.Cassandra)
	if err := s.west.Client.Update(s.Context(), k, client.FieldOwner("argocd-controller")); err != nil {
		s.Fatal(err)
	}
}

func reads(n int64) func(*k8ssandra.CassandraClusterTemplate) {
	return func(c *k8ssandra.CassandraClusterTemplate) {
		c.CassandraConfig = &k8ssandra.CassandraConfig{CassandraYaml: k8ssandra.Document{"concurrent_reads": n}}
	}
}

func readsOf(k *k8ssandra.K8ssandraCluster) int64 {
	n, _ := k.Spec.Cassandra.CassandraConfig.CassandraYaml["concurrent_reads"].(int64)
	return n
}

// Rollout undo goes back to the last configuration with which the ring was ready: it says what that does, leaves what has to do with data,
// asks where the ring wants it, does it once, and does nothing where it is unclear what there is.
func TestARingGoesBack(t *testing.T) {
	s := staged(t)
	booted(t, s.west, s.west, "west")
	booted(t, s.west, s.central, "central")
	shows := func(what, out string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(out, part) {
				t.Errorf("%s: %q is not in\n%s", what, part, out)
			}
		}
	}
	undo := func(args ...string) (string, error) {
		t.Helper()
		return ringspan(t, append([]string{"rollout", "undo", "--wait=false"}, args...)...)
	}

	s.looked("1/west/a", false)
	_, err := undo()
	says(t, "nothing is kept", err, "ring default/ring: nothing was changed: no region keeps a configuration with which the ring was ready", "those of former versions don't")
	out, err := ringspan(t, "rollout", "history")
	if err != nil {
		t.Error(err)
	}
	shows("an empty history", out, "Nothing is kept", "Region west has revision 1/west/a, with which the ring hasn't been ready so far.")

	s.looked("2/west/b", true)
	_, err = undo()
	says(t, "only the present one is kept", err, "nothing was changed", "there is none to go back to")

	s.edit(reads(64))
	s.edit(func(c *k8ssandra.CassandraClusterTemplate) { c.Datacenters[0].Size, c.Datacenters[1].Size = 3, 3 })
	s.looked("3/west/c", false)
	generation := copyIn(t, s.west).Generation
	out, err = undo("--dry-run")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	shows("a dry run", out, "goes back from revision 3/west/c to the configuration of revision 2, good since 2026-01-01T00:00:00Z.",
		"spec.cassandra.datacenters.dc1.size: 3 → 1", "spec.cassandra.config.cassandraYaml.concurrent_reads: 64 → (none)", "dc1 (west): ", "dc2 (central): ",
		"Argo CD keeps this ring as a repository has it (field manager argocd-controller)", "Nothing was changed (--dry-run).")
	if got := copyIn(t, s.west).Generation; got != generation {
		t.Error("a dry run has changed the ring")
	}
	out, err = ringspan(t, "rollout", "history", "ring")
	if err != nil {
		t.Error(err)
	}
	shows("the history", out, "REVISION  GOOD SINCE", "2         2026-01-01T00:00:00Z  central,west", "Region central has revision 3/west/c")
	out, _ = ringspan(t, "rollout", "history", "--revision", "2")
	shows("a revision", out, "# Ring default/ring, revision 2/west/b", "serverVersion: 5.0.9")

	_, err = undo("--to-revision", "7")
	says(t, "a revision that isn't kept", err, "no region keeps revision 7; there are 2")
	_, err = undo("another")
	says(t, "a ring that isn't there", err, "no region has a ring another; there are default/ring")

	out, err = undo("-o", "json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said struct {
		From    string
		Applied bool
		To      struct{ Revision int }
		Left    []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.From != "3/west/c" || !said.Applied || said.To.Revision != 2 || len(said.Left) != 2 {
		t.Errorf("%v %+v\n%s", err, said, out)
	}
	k := copyIn(t, s.west)
	if k.Spec.Cassandra.CassandraConfig != nil || k.Spec.Cassandra.Datacenters[0].Size != 3 || k.Generation != generation+1 {
		t.Errorf("generation %d: %+v", k.Generation, k.Spec.Cassandra)
	}

	s.looked("4/west/d", false)
	generation = copyIn(t, s.west).Generation
	out, err = undo()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	shows("a second time, while the first goes on", out, "has the configuration of revision 2, good since 2026-01-01T00:00:00Z, already: nothing is changed.", "size: 3 → 1")
	if got := copyIn(t, s.west).Generation; got != generation {
		t.Error("it was done twice")
	}

	s.edit(reads(16))
	s.looked("5/west/e", true)
	s.edit(reads(64))
	s.looked("6/west/f", false)
	asking(t, s)
	_, err = undo()
	says(t, "a ring that asks for consent", err, "nothing was changed: the ring asks for consent", "--yes")
	if given := consentOf(t, s.west); given != "" {
		t.Errorf("nobody has given consent: %s", given)
	}
	if out, err = undo("--yes"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if c := copyIn(t, s.west).Spec.Cassandra.CassandraConfig; c == nil || c.CassandraYaml["concurrent_reads"] != int64(16) || len(consentOf(t, s.west)) != 16 {
		t.Errorf("it was not done: %+v, consent %q", c, consentOf(t, s.west))
	}

	s.edit(reads(64))
	written(t, s.west, reads(16)) // and the program ended
	s.looked("7/west/g", false)
	if out, err = undo("--dry-run"); err != nil || !writtenByUpdate(t, s.west) {
		t.Errorf("a dry run of what is there already: %v, what was written is by an update %t\n%s", err, writtenByUpdate(t, s.west), out)
	}
	if out, err = undo(); err != nil || writtenByUpdate(t, s.west) {
		t.Errorf("what is there already: %v, what was written is by an update %t\n%s", err, writtenByUpdate(t, s.west), out)
	}
	shows("what is there already", out, "already: nothing is changed.")

	s.edit(reads(64))
	s.looked("8/west/h", false)
	diverge(t, s.central)
	_, err = undo()
	says(t, "a ring that has diverged", err, "nothing was changed: it has diverged, and has to be one again first: edit one")
	heal := cutOff(t, s.central)
	generation = copyIn(t, s.west).Generation
	out, err = undo("--yes")
	says(t, "with a region away", err, fmt.Sprintf("exit code %d", invocation.ExitLeftOut))
	shows("with a region away", out, "region central doesn't answer", "what happens in dc2 isn't known", "Edited in west")
	if got := copyIn(t, s.west); got.Generation != generation+1 || readsOf(got) != 16 || readsOf(copyIn(t, s.central)) != 64 {
		t.Errorf("with a region away: generation %d and %d reads in west, %d reads in central", got.Generation, readsOf(got), readsOf(copyIn(t, s.central)))
	}

	s.edit(reads(64))
	s.looked("9/west/i", false)
	heal()
	cutOff(t, s.west)
	generation = copyIn(t, s.central).Generation
	out, err = undo("--yes")
	says(t, "with the home region away", err, fmt.Sprintf("exit code %d", invocation.ExitLeftOut))
	shows("with the home region away", out, "region west doesn't answer", "what happens in dc1 isn't known", "dc2 (central): ", "concurrent_reads: 64 → 16", "Edited in central")
	if got := copyIn(t, s.central); got.Generation != generation+1 || readsOf(got) != 16 || readsOf(copyIn(t, s.west)) != 64 {
		t.Errorf("with the home region away: generation %d and %d reads in central, %d reads in west", got.Generation, readsOf(got), readsOf(copyIn(t, s.west)))
	}
}

// written is what an undo has done that ended as soon as the ring was edited.
func written(t *testing.T, c *kubetest.Cluster, change func(*k8ssandra.CassandraClusterTemplate)) {
	t.Helper()
	k := copyIn(t, c)
	change(k.Spec.Cassandra)
	if err := c.Client.Update(t.Context(), k, lifecycle.FieldOwner); err != nil {
		t.Fatal(err)
	}
	if !writtenByUpdate(t, c) {
		t.Fatal("nothing is noted of who wrote it")
	}
}

// writtenByUpdate tells whether something of the ring is an update's of this program, which an up doesn't take away.
func writtenByUpdate(t *testing.T, c *kubetest.Cluster) bool {
	t.Helper()
	return slices.ContainsFunc(copyIn(t, c).ManagedFields, func(m metav1.ManagedFieldsEntry) bool {
		return m.Manager == string(lifecycle.FieldOwner) && m.Operation == metav1.ManagedFieldsOperationUpdate
	})
}

// asking lets the datacenters ask for consent.
func asking(t *testing.T, s *stage) {
	t.Helper()
	for _, c := range []*kubetest.Cluster{s.west, s.central} {
		var all cassandra.CassandraDatacenterList
		if err := c.Client.List(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		for i := range all.Items {
			dc := &all.Items[i]
			metav1.SetMetaDataAnnotation(&dc.ObjectMeta, cassandra.ConsentAnnotation, cassandra.ConsentRequired)
			if err := c.Client.Update(t.Context(), dc); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func diverge(t *testing.T, c *kubetest.Cluster) {
	t.Helper()
	k := copyIn(t, c)
	k.Status.Conditions = append(k.Status.Conditions, k8ssandra.K8ssandraClusterCondition{Type: k8ssandra.ClusterDiverged, Status: corev1.ConditionTrue, Message: "edit one", LastTransitionTime: new(metav1.Now())})
	if err := c.Client.Status().Update(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}
