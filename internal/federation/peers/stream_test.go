package peers

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ring"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

// fleet is a region that follows another one, each a real API server, with the shipped permissions.
type fleet struct {
	t     *testing.T
	ns    string
	there *kubetest.Cluster
	link  *kubetest.Link
	peers *Peers
	news  <-chan event.GenericEvent
	heard []string // names of news that nobody has asked for yet
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	clusters := kubetest.Regions(t, "here", "there")
	here, there := clusters["here"], clusters["there"]
	f := &fleet{t: t, ns: there.Namespace(t), there: there, link: kubetest.NewLink(t, there)}
	f.link.Know(here, "there")
	as, err := client.New(here.Operator(), client.Options{Scheme: here.Scheme})
	f.must(err)
	f.peers = &Peers{Client: as, Events: events.NewFakeRecorder(100), Region: "here", Namespace: install.Namespace, Now: time.Now,
		Kinds: []Followed{Shared(ring.Kind), {New: func() client.Object { return &cassandra.CassandraDatacenter{} }}}}
	f.news = f.peers.Subscribe(func(o client.Object) []types.NamespacedName {
		return []types.NamespacedName{client.ObjectKeyFromObject(o)}
	})
	return f
}

// start follows the peer for as long as the test lasts.
func (f *fleet) start() {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan error)
	go func() { ended <- f.peers.Start(ctx) }()
	f.t.Cleanup(func() {
		cancel()
		f.must(<-ended)
	})
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) apply(name string) *api.K8ssandraCluster {
	f.t.Helper()
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: name}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{}
	k.Spec.Cassandra.ServerVersion = "5.0.9"
	f.must(f.there.Client.Create(f.t.Context(), k))
	return k
}

func (f *fleet) seen() Snapshot {
	all, _ := f.peers.Snapshots()
	for _, s := range all {
		return s
	}
	return Snapshot{}
}

func (f *fleet) has(name string) bool {
	s := f.seen()
	return Object[*api.K8ssandraCluster](&s, types.NamespacedName{Namespace: f.ns, Name: name}) != nil
}

// until waits for a condition. How soon it must hold is shown on a clock of its own: clock_test.go.
func (f *fleet) until(what string, holds func() bool) {
	f.t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			f.t.Fatalf("waiting for %s: %+v", what, f.seen())
		}
		f.hear()
	}
}

// hear takes the news that have come: nobody else does, and who tells them waits.
func (f *fleet) hear() {
	for {
		select {
		case e := <-f.news:
			if ns := e.Object.GetNamespace(); ns == "" || ns == f.ns { // not another test's
				f.heard = append(f.heard, e.Object.GetName())
			}
		default:
			return
		}
	}
}

// toldUntil are the names of the news that have come since it was last asked, up to those of the ones given.
func (f *fleet) toldUntil(last ...string) []string {
	f.t.Helper()
	f.until("news", func() bool {
		return !slices.ContainsFunc(last, func(name string) bool { return !slices.Contains(f.heard, name) })
	})
	names := f.heard
	f.heard = nil
	return names
}

func (f *fleet) stream() (lists time.Time, pause time.Duration) {
	f.peers.mu.Lock()
	defer f.peers.mu.Unlock()
	s := f.peers.peers["there"].streams[Shared(ring.Kind).key()]
	return s.lists, s.pause
}

// News of a peer come by a stream, and name what they are about.
func TestNewsComeByAStream(t *testing.T) {
	f := newFleet(t)
	f.apply("first")
	f.start()
	f.until("the region", func() bool { return f.seen().Reachable && f.has("first") })
	second := f.apply("second")
	f.toldUntil("first", "second")
	if !f.has("second") {
		t.Error("there are news of a ring that isn't known")
	}
	f.must(f.there.Client.Delete(t.Context(), second))
	f.until("the end of the second ring", func() bool { return !f.has("second") })
	// What is news of neither spec nor deletion wakes nobody: what comes after it is all that is told.
	k := f.apply("third")
	f.toldUntil("second", "third")
	k.Status.Error = "none of theirs"
	f.must(f.there.Client.Status().Update(t.Context(), k))
	f.apply("fourth")
	if got := f.toldUntil("fourth"); !slices.Equal(got, []string{"fourth"}) {
		t.Errorf("news of %q", got)
	}
	if lists, _ := f.stream(); !lists.IsZero() {
		t.Error("the kind is listed and not watched")
	}
}

// What happened during an outage is seen at once when the region is back, and not before it counts as there.
func TestAnOutageIsNoticed(t *testing.T) {
	f := newFleet(t)
	f.apply("first")
	f.start()
	f.until("the region", func() bool { return f.seen().Reachable && f.has("first") })
	f.link.Cut(true)
	f.until("the outage", func() bool { return !f.seen().Reachable })
	if !f.has("first") {
		t.Error("what was seen is forgotten")
	}
	f.apply("meanwhile")
	f.link.Cut(false)
	f.until("the return", func() bool {
		back := f.seen().Reachable
		if back && !f.has("meanwhile") {
			t.Error("it counts as there, and what it has isn't known")
		}
		return back
	})
	f.toldUntil("meanwhile", "")
}

// A peer whose role doesn't let its objects be watched is read by lists.
func TestAnOlderRoleIsReadByLists(t *testing.T) {
	f := newFleet(t)
	role := &rbacv1.ClusterRole{}
	f.must(f.there.Client.Get(t.Context(), client.ObjectKey{Name: install.PeerName}, role))
	shipped := role.DeepCopy()
	for i := range role.Rules {
		role.Rules[i].Verbs = slices.DeleteFunc(role.Rules[i].Verbs, func(v string) bool { return v == "watch" })
	}
	f.must(f.there.Client.Update(t.Context(), role))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		f.must(f.there.Client.Get(ctx, client.ObjectKey{Name: install.PeerName}, role))
		role.Rules = shipped.Rules
		f.must(f.there.Client.Update(ctx, role))
	})
	as, err := client.NewWithWatch(f.there.Peer(), client.Options{Scheme: f.there.Scheme})
	f.must(err)
	f.until("the role", func() bool {
		w, err := as.Watch(t.Context(), &api.K8ssandraClusterList{})
		if err == nil {
			w.Stop()
		}
		return apierrors.IsForbidden(err)
	})
	f.start()
	f.until("the region", func() bool { return f.seen().Reachable })
	for _, name := range []string{"first", "second"} {
		f.apply(name)
		f.until("news of a ring", func() bool { return f.has(name) })
	}
	if lists, _ := f.stream(); lists.IsZero() {
		t.Error("the kind is watched")
	}
}

// A stream that can't go on from where it was lists anew; one that fails for another reason pauses, each time longer.
func TestAStreamGoesOn(t *testing.T) {
	f := newFleet(t)
	f.must(f.peers.refresh(t.Context()))
	one := f.peers.peer("there")
	streams, fails := one.way.streams, []error{
		apierrors.NewResourceExpired("too old"), errors.New("reset"), errors.New("reset"), errors.New("reset"),
		apierrors.NewServiceUnavailable("busy"), apierrors.NewForbidden(schema.GroupResource{}, "", nil),
	}
	opened := make(chan time.Time, 100)
	one.way.streams = interceptor.NewClient(streams, interceptor.Funcs{Watch: func(ctx context.Context, kube client.WithWatch, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
		if list.GetObjectKind().GroupVersionKind().Kind != "K8ssandraClusterList" {
			return kube.Watch(ctx, list, opts...)
		}
		opened <- time.Now()
		if n := len(opened) - 1; n < len(fails)-1 {
			return nil, fails[n]
		}
		return kube.Watch(ctx, list, opts...)
	}})
	f.start()
	f.until("the stream is open", func() bool { return len(opened) == len(fails) })
	f.apply("first")
	f.until("news of a ring", func() bool { return f.has("first") })
	if s := f.seen(); !s.Reachable {
		t.Errorf("a stream that fails is no outage: %s", s.Message)
	}
	var at []time.Time
	for len(opened) > 0 {
		at = append(at, <-opened)
	}
	for i, least := range []time.Duration{0, 2 * firstPause, 4 * firstPause, 8 * firstPause} { // the first answer ends the first one
		if got := at[i+1].Sub(at[i]); got < least {
			t.Errorf("pause %d was %s, less than %s", i+1, got, least)
		}
	}
}

// A stream that is silent for longer than one lasts makes its region one that isn't known.
func TestAStreamThatIsStuck(t *testing.T) {
	now := time.Now()
	one := &peer{seen: Snapshot{Region: "there", Reachable: true, Asked: true}, ended: now}
	one.seen.Client, _ = client.New(kubetest.Region(t, "here").Operator(), client.Options{})
	p := &Peers{Now: func() time.Time { return now }}
	f := Followed{New: func() client.Object { return &corev1.ConfigMap{} }}
	s := &stream{f: f, current: true, proved: now.Add(-streamAge)}
	one.streams = map[reflect.Type]*stream{f.key(): s}
	if got := p.lastSeen(one); !got.Reachable {
		t.Errorf("too soon: %s", got.Message)
	}
	s.proved = s.proved.Add(-time.Second)
	if got := p.lastSeen(one); got.Reachable || got.Message != "what it has of ConfigMaps can't be followed" {
		t.Errorf("%t: %s", got.Reachable, got.Message)
	}
	if streamAge >= Lag {
		t.Errorf("a deletion would act on what is %s old", streamAge)
	}
}
