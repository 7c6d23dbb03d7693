package controller_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

// A ring that is applied to one region is taken over by the other, and each makes its own datacenter.
func TestPublishAndTakeOver(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	if w.revision() == "" || w.revision() != c.revision() || !strings.HasPrefix(w.revision(), "1/"+west+"/") {
		t.Errorf("revisions %q and %q", w.revision(), c.revision())
	}
	if w.dc("dc1") == nil || w.dc("dc2") != nil || c.dc("dc1") != nil || c.dc("dc2") == nil {
		t.Error("a datacenter is missing, or in the wrong region")
	}
	for _, r := range s.all() {
		r.says(api.ClusterReady, corev1.ConditionTrue)
		if dcs := r.ring().Status.Datacenters; len(dcs) != 2 || dcs["dc2"].ContextName != central {
			t.Errorf("%s shows %+v", r.name, dcs)
		}
	}
	var slice discoveryv1.EndpointSlice
	s.must(c.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-ring-dc2-additional-seed-service-ipv4"}, &slice))
	if len(slice.Endpoints) != 2 || slice.Endpoints[0].Addresses[0] != "10.0.0.1" {
		t.Errorf("seeds of dc1 at dc2: %+v", slice.Endpoints)
	}
}

func TestNothingIsWrittenWhileAllIsWell(t *testing.T) {
	s := running(t)
	before := s.versions()
	s.rounds(5)
	if after := s.versions(); !slices.Equal(before, after) {
		t.Errorf("written:\n%s\nbefore:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	s.cut()
	before = s.versions()
	s.rounds(5)
	if after := s.versions(); !slices.Equal(before, after) {
		t.Errorf("written while the regions don't see each other:\n%s\nbefore:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

// Once all regions say that the ring is ready, nothing is left to be written: a region that has yet to take an edit over,
// or to see that the other one has, does not say so.
func TestReadyMeansThatAllIsWritten(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.edit(func(k *api.K8ssandraCluster) { k.Spec.Reaper = &api.ReaperClusterTemplate{} })
	w.edit(writes(9))
	s.until("the ring to be ready", s.ready)
	before := s.versions()
	s.rounds(3)
	if after := s.versions(); !slices.Equal(before, after) {
		t.Errorf("ready, and then written:\n%s\nbefore:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if w.revision() != c.revision() {
		t.Errorf("ready with revisions %s and %s", w.revision(), c.revision())
	}
}

func TestEditInTheOtherRegion(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	c.edit(writes(9))
	s.settle()
	if w.revision() != c.revision() || !strings.HasPrefix(w.revision(), "2/"+central+"/") {
		t.Errorf("revisions %q and %q", w.revision(), c.revision())
	}
	for _, dc := range []string{string(w.dc("dc1").Spec.Config), string(c.dc("dc2").Spec.Config)} {
		if !strings.Contains(dc, `"concurrent_writes":9`) {
			t.Errorf("a datacenter's config is %s", dc)
		}
	}
}

// A peer that is away changes only what is shown of it.
func TestUnreachablePeer(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	s.cut()
	w.edit(writes(9))
	s.settle()
	w.says(api.ClusterPeersReachable, corev1.ConditionFalse, "region "+central+" is unreachable since 2")
	w.says(api.ClusterReady, corev1.ConditionTrue)
	if !w.event("is unreachable since") {
		t.Error("no event tells of it")
	}
	if got := string(w.dc("dc1").Spec.Config); !strings.Contains(got, `"concurrent_writes":9`) {
		t.Errorf("the edit was not carried out: %s", got)
	}
	if got := string(c.dc("dc2").Spec.Config); strings.Contains(got, "concurrent_writes") {
		t.Errorf("the edit went over a cut link: %s", got)
	}
	s.heal()
	s.settle()
	w.says(api.ClusterPeersReachable, corev1.ConditionTrue)
	if got := string(c.dc("dc2").Spec.Config); !strings.Contains(got, `"concurrent_writes":9`) {
		t.Errorf("the edit was not taken over after the healing: %s", got)
	}
}

// diverged is a ring that was edited on both sides of a cut that has healed.
func diverged(t *testing.T) *stage {
	t.Helper()
	s := running(t)
	s.cut()
	s.by[west].edit(writes(9))
	s.by[central].edit(writes(8))
	s.settle()
	s.heal()
	s.settle()
	return s
}

func TestDivergedIsToldAndNothingIsDone(t *testing.T) {
	s := diverged(t)
	w, c := s.by[west], s.by[central]
	w.says(api.ClusterDiverged, corev1.ConditionTrue, c.revision(), "ringspan.io/choose")
	c.says(api.ClusterDiverged, corev1.ConditionTrue, w.revision())
	w.says(api.ClusterReady, corev1.ConditionFalse)
	if !w.event("edit the ring in the region whose spec should hold") {
		t.Error("no event tells of it")
	}
	before := s.versions()
	s.rounds(3)
	if !slices.Equal(before, s.versions()) {
		t.Error("something was written to a ring that has diverged")
	}
}

// The other ways are in the script diverged.txt of package ring.
func TestDivergedIsResolved(t *testing.T) {
	for _, how := range []struct {
		name string
		do   func(s *stage)
		want string
	}{
		{"choosing the other copy", func(s *stage) { s.by[central].choose(west) }, `"concurrent_writes":9`},
		{"deleting the copy that should not hold", func(s *stage) { s.by[central].delete() }, `"concurrent_writes":9`},
	} {
		t.Run(how.name, func(t *testing.T) {
			s := diverged(t)
			how.do(s)
			s.settle()
			for _, r := range s.all() {
				r.says(api.ClusterDiverged, corev1.ConditionFalse)
				if r.ring().Annotations[api.ChooseAnnotation] != "" {
					t.Errorf("%s: the choice is still asked for", r.name)
				}
			}
			for _, config := range []string{string(s.by[west].dc("dc1").Spec.Config), string(s.by[central].dc("dc2").Spec.Config)} {
				if !strings.Contains(config, how.want) {
					t.Errorf("a datacenter has %s, want %s", config, how.want)
				}
			}
		})
	}
}

func (r *region) choose(which string) {
	r.t.Helper()
	r.edit(func(k *api.K8ssandraCluster) { k.Annotations[api.ChooseAnnotation] = which })
}

func TestAChoiceThatCantBeMade(t *testing.T) {
	s := diverged(t)
	w := s.by[west]
	w.choose("us-east-1")
	s.settle()
	if got := w.ring().Status.Error; !strings.Contains(got, `region "us-east-1" has no copy`) {
		t.Errorf("status.error: %s", got)
	}
	w.says(api.ClusterDiverged, corev1.ConditionTrue)
}

func TestAChoiceWithoutADivergence(t *testing.T) {
	s := running(t)
	w := s.by[west]
	w.choose(central)
	s.settle()
	if w.ring().Annotations[api.ChooseAnnotation] != "" || !w.event("NothingToChoose") {
		t.Error("a choice without a divergence stays, without a word")
	}
}
