package controller_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
)

func (s *stage) gone() bool {
	return !slices.ContainsFunc(s.all(), func(r *region) bool { return r.ring() != nil })
}

// whole fails when a datacenter was taken down.
func (s *stage) whole() {
	s.t.Helper()
	for region, name := range map[string]string{west: "dc1", central: "dc2"} {
		if dc := s.by[region].dc(name); dc == nil || !dc.DeletionTimestamp.IsZero() {
			s.t.Errorf("%s was taken down", name)
		}
	}
}

// A ring that is deleted in one region goes in all, once all regions have agreed.
func TestDeletion(t *testing.T) {
	s := running(t)
	s.by[central].delete()
	s.rounds(3)
	s.whole()
	for _, r := range s.all() {
		r.says(api.ClusterDeleting, corev1.ConditionTrue, "every region has agreed")
	}
	s.until("the ring to be gone", s.gone)
	if s.by[west].dc("dc1") != nil || s.by[central].dc("dc2") != nil {
		t.Error("a datacenter is left")
	}
	s.rounds(3)
	if !s.gone() {
		t.Error("the ring came back")
	}
	if !s.by[west].event("was deleted in region " + central) {
		t.Error("no event says who deleted it")
	}
}

// While a region doesn't answer nothing is taken down, anywhere. Its return, or the removal of its ClientConfig, goes on.
func TestDeletionWaitsForAnUnreachableRegion(t *testing.T) {
	for _, how := range []string{"it comes back", "it is given up"} {
		t.Run(how, func(t *testing.T) {
			s := running(t)
			w := s.by[west]
			s.cut()
			w.delete()
			s.rounds(30)
			s.whole()
			w.says(api.ClusterDeleting, corev1.ConditionTrue, "waiting for region "+central+" to answer", "ClientConfig")
			if got := w.ring().Status.Error; !strings.Contains(got, central) || !w.event("waiting for region "+central) {
				t.Errorf("status.error: %s; an event: %t", got, w.event("waiting for region "+central))
			}
			if how == "it comes back" {
				s.heal()
				s.until("the ring to be gone", s.gone)
				return
			}
			s.must(w.admin.Delete(t.Context(), &configv1beta1.ClientConfig{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "peer-" + central}}))
			s.until("the region's copy to be gone", func() bool { return w.ring() == nil })
			if w.dc("dc1") != nil || s.by[central].dc("dc2") == nil {
				t.Error("dc1 should be gone and dc2 untouched")
			}
		})
	}
}

// A ClientConfig that is away for a moment while its region is waited for gives no region up: what that region has to say
// still counts.
func TestAClientConfigThatComesBackIsWaitedFor(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	s.cut()
	w.delete()
	c.edit(writes(9))
	s.rounds(3)
	config := &configv1beta1.ClientConfig{}
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: "peer-" + central}, config))
	s.must(w.admin.Delete(t.Context(), config.DeepCopy()))
	s.rounds(5)
	s.whole()
	config.ResourceVersion, config.UID = "", ""
	s.must(w.admin.Create(t.Context(), config))
	s.heal()
	s.until("the edit to hold in both regions", func() bool {
		return w.ring() != nil && s.ready() && w.revision() == c.revision()
	})
	s.whole()
}

// A region that comes back when all others have agreed for a while is looked at for as long as they were.
func TestARegionThatComesBackLateIsLookedAt(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	config := &configv1beta1.ClientConfig{}
	s.must(w.admin.Get(t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: "peer-" + central}, config))
	s.must(w.admin.Delete(t.Context(), config.DeepCopy()))
	w.delete()
	s.rounds(15)
	s.whole()
	config.ResourceVersion, config.UID = "", ""
	s.must(w.admin.Create(t.Context(), config))
	s.rounds(10) // the wait that began without it would be over
	if w.dc("dc1") == nil || !w.dc("dc1").DeletionTimestamp.IsZero() {
		t.Error("dc1 was taken down")
	}
	s.until("the ring to be gone", s.gone)
	if c.dc("dc2") != nil {
		t.Error("dc2 is left")
	}
}

// An edit that the deletion did not know of holds: no datacenter is taken down anywhere, and both regions go on with it.
func TestAnEditOverrulesADeletion(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	s.cut()
	w.delete()
	c.edit(writes(9))
	s.rounds(3)
	s.heal()
	s.until("the edit to hold in both regions", func() bool {
		s.whole()
		return s.ready() && w.revision() == c.revision()
	})
	if got := string(w.dc("dc1").Spec.Config); !strings.Contains(got, `"concurrent_writes":9`) {
		t.Errorf("dc1 did not take the edit over: %s", got)
	}
	if !w.event("DeletionOverruled") {
		t.Error("no event says that the deletion does not hold")
	}
	w.says(api.ClusterDeleting, corev1.ConditionFalse, "deleted at revision 1/"+west, "nothing is taken down", "delete the ring once more")
	w.delete()
	s.until("the ring to be gone, now that it was deleted once more", s.gone)
}

// A ring that is made again while another region still deletes the earlier one waits for that.
func TestANewRingWaitsForTheEarlierOneToGo(t *testing.T) {
	s := running(t)
	w, c := s.by[west], s.by[central]
	w.delete()
	s.until("the west's part to be gone", func() bool { // the centre's datacenter takes longer
		if dc := c.dc("dc2"); dc != nil && len(dc.Finalizers) == 0 {
			dc.Finalizers = []string{"ringspan.io/test"}
			s.must(c.admin.Update(t.Context(), dc))
		}
		return w.ring() == nil
	})
	w.apply(nil)
	s.rounds(3)
	w.says(api.ClusterReady, corev1.ConditionFalse, "region "+central+" to finish deleting the earlier ring")
	if w.dc("dc1") != nil {
		t.Error("a datacenter of the new ring was made beside the earlier one")
	}
	dc := c.dc("dc2")
	dc.Finalizers = nil
	s.must(c.admin.Update(t.Context(), dc))
	s.until("the new ring's datacenters", func() bool { return w.dc("dc1") != nil && c.dc("dc2") != nil && c.dc("dc2").UID != dc.UID })
}

// A ring that one region alone knows of needs nobody's word.
func TestDeletionInASingleRegion(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	s.must(w.admin.Delete(t.Context(), &configv1beta1.ClientConfig{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "peer-" + central}}))
	w.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	w.apply(func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = k.Spec.Cassandra.Datacenters[:1] })
	s.until("the datacenter", func() bool { w.pass(); return w.dc("dc1") != nil })
	s.must(w.admin.Delete(t.Context(), w.ring(), client.PropagationPolicy(metav1.DeletePropagationBackground)))
	for range 4 {
		w.pass()
	}
	if w.ring() != nil || w.dc("dc1") != nil {
		t.Error("it is still there")
	}
}
