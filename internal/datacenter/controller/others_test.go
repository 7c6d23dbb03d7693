package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/topology"
)

// otherRegion is a datacenter of another region, of which this one's operator reads what it says.
type otherRegion struct {
	*stage
	admin client.Client
	link  *kubetest.Link
	peers *peers.Peers
}

func (s *stage) otherRegion() *otherRegion {
	s.t.Helper()
	const region = "eu-central-1"
	there, here := kubetest.Region(s.t, region), kubetest.Shared(s.t)
	e := &otherRegion{stage: s, admin: there.Client, link: kubetest.NewLink(s.t, there)}
	e.link.Know(here, region)
	e.peers = &peers.Peers{Client: s.as, Events: s.events, Region: "eu-west-1", Namespace: install.Namespace, Calls: -1, Now: func() time.Time { return s.clock },
		Kinds: []peers.Followed{{New: func() client.Object { return &api.CassandraDatacenter{} }}}}
	s.must(e.admin.Create(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	there.ClearAfter(s.t, &api.CassandraDatacenterList{})
	dc := s.dc().DeepCopy()
	dc.ObjectMeta = metav1.ObjectMeta{Namespace: s.ns, Name: "dc2", Annotations: map[string]string{api.RingIDAnnotation: s.ns}}
	s.must(e.admin.Create(s.t.Context(), dc))
	return e
}

// says puts what the other datacenter is at on its object.
func (e *otherRegion) says(state string) {
	e.t.Helper()
	dc := &api.CassandraDatacenter{}
	e.must(e.admin.Get(e.t.Context(), client.ObjectKey{Namespace: e.ns, Name: "dc2"}, dc))
	metav1.SetMetaDataAnnotation(&dc.ObjectMeta, api.DisruptionAnnotation, fmt.Sprintf(`{"state":%q,"ticket":1,"away":["there-0"],"renewed":%q}`, state, e.clock.UTC().Format(time.RFC3339)))
	e.must(e.admin.Update(e.t.Context(), dc))
}

func (e *otherRegion) look() {
	e.t.Helper()
	e.must(e.peers.Survey(e.t.Context()))
}

// settle goes on until all is as asked, with a look at the other region in each round.
func (e *otherRegion) settle() {
	e.t.Helper()
	for range 100 {
		e.look()
		e.rounds(1)
		if e.calm() && !strings.Contains(e.dc().Annotations[api.DisruptionAnnotation], `"Active"`) {
			return
		}
	}
	e.t.Fatalf("not settled after 100 rounds: %+v", e.dc().Status)
}

// A datacenter of a ring with one disruption budget takes no node down while nodes of another region are away, as that region says at the
// very moment, and waits no longer than two minutes for a region that is gone.
func TestARestartWaitsForAnotherRegion(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	e := s.besideARegion("eu-central-1")
	e.says("Active")
	e.look()
	before := s.uids()
	s.restartTask(nil)
	s.rounds(8)
	s.mustStay(before, "a node of another region is away")
	if c := s.dc().Status.Condition(api.DatacenterRingDisruptionBudget); c == nil || !strings.Contains(c.Message, "there-0 of datacenter dc2 (region eu-central-1) to be back") {
		t.Errorf("the status doesn't say who is waited for: %+v", c)
	}
	e.says("Idle")
	e.look()
	e.says("Active") // which nobody here has seen yet
	s.rounds(8)
	s.mustStay(before, "a node of another region is away, which was not watched yet")
	if record := s.dc().Annotations[api.DisruptionAnnotation]; !strings.Contains(record, `"Active"`) {
		t.Errorf("it says %s, and was to have said that it goes", record)
	}
	e.look()
	s.rounds(2) // it stands back
	e.says("Idle")
	e.look()
	s.rounds(8)
	if equal(s.uids(), before) {
		t.Error("no node was restarted although the other region is done")
	}
	e.settle()
	before = s.uids()
	e.link.Cut(true)
	for range 3 {
		e.look()
	}
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.RollingRestartRequested = true })
	s.rounds(8)
	s.mustStay(before, "the other region has just gone")
	s.clock = s.clock.Add(2 * time.Minute)
	s.rounds(8)
	if equal(s.uids(), before) {
		t.Error("no node was restarted although the other region is gone for long")
	}
}

// besideARegion is a datacenter that is whole, in a ring whose other datacenter is in a region.
func (s *stage) besideARegion(region string) *otherRegion {
	s.t.Helper()
	s.settle()
	e := s.otherRegion()
	s.loop.Peers = e.peers
	e.oneBudget(region)
	return e
}

// oneBudget makes the datacenter one of a ring of two, with one disruption budget, the other one in a region.
func (e *otherRegion) oneBudget(region string) {
	ring := topology.Ring{Name: "ring", Founder: "dc1", Datacenters: []topology.Datacenter{{Name: "dc1", Size: 3, Racks: []string{"r1", "r2", "r3"}, NumTokens: 4}, {Name: "dc2", Region: region}}}
	e.change(func(dc *api.CassandraDatacenter) {
		for name, value := range map[string]string{api.RingIDAnnotation: e.ns, topology.Annotation: ring.Encode(), api.DisruptionScopeAnnotation: api.DisruptionScopeRing} {
			metav1.SetMetaDataAnnotation(&dc.ObjectMeta, name, value)
		}
	})
}

// A region whose ClientConfig is gone is waited for like one that doesn't answer: its nodes may be down all the same.
func TestARestartWaitsForARegionThatIsForgotten(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	e := s.besideARegion("eu-forgotten-1")
	s.must(e.admin.DeleteAllOf(t.Context(), &api.CassandraDatacenter{}, client.InNamespace(s.ns)))
	e.look()
	before := s.uids()
	s.restartTask(nil)
	s.rounds(8)
	s.mustStay(before, "nobody knows the other region")
	s.clock = s.clock.Add(2 * time.Minute)
	s.rounds(8)
	if equal(s.uids(), before) {
		t.Error("no node was restarted although the other region isn't known for long")
	}
}

func (s *stage) mustStay(before map[string]string, why string) {
	s.t.Helper()
	if !equal(s.uids(), before) {
		s.t.Errorf("a node was taken down although %s", why)
	}
}
