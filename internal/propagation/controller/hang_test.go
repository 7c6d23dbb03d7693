package controller_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// hanging is a service account's client that is not answered when it reads the object front, as by an API service that hangs.
type hanging struct {
	client.Client

	calls *atomic.Int32
	hang  func(context.Context) error
}

func (h hanging) Get(ctx context.Context, name client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if name.Name != "front" {
		return h.Client.Get(ctx, name, o, opts...)
	}
	h.calls.Add(1)
	return h.hang(ctx)
}

// hangs has a region's reads of the object front hang, and counts them.
func (r *region) hangs(hang func(context.Context) error) *atomic.Int32 {
	calls, as := &atomic.Int32{}, r.loop.As
	r.loop.As = func(namespace, account string) (client.Client, error) {
		c, err := as(namespace, account)
		return hanging{c, calls, hang}, err
	}
	return calls
}

// In a pass, an object about which nobody answers is asked about once, and that is said. The next pass lets others have their turn.
func TestWhoDoesNotAnswerIsAskedOnceInAPass(t *testing.T) {
	s, w, _ := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	calls := w.hangs(func(context.Context) error { return context.DeadlineExceeded })
	before := calls.Load()
	result, err := w.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: s.key()})
	s.must(err)
	if n := calls.Load() - before; n != 1 || !w.says(west, api.RegionRetrievalFailed, "deadline exceeded") {
		t.Errorf("asked %d times\n%s", n, w.said())
	}
	if result.RequeueAfter < 10*time.Second {
		t.Errorf("the next pass comes after %s", result.RequeueAfter)
	}
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("why it isn't deleted", func() bool {
		return strings.Contains(w.said(), "Deleting=True") && strings.Contains(w.said(), "deadline exceeded")
	})
}

// One Propagation whose object nobody answers about holds up no other.
func TestAHangingCallHoldsUpNoOtherPropagation(t *testing.T) {
	s, w, _ := both(t)
	calls := w.hangs(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	s.must(w.peers.Survey(t.Context()))
	shared := true
	m, err := ctrl.NewManager(w.cluster.OperatorItself(t), ctrl.Options{Scheme: w.cluster.Scheme, Metrics: server.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: &shared}})
	s.must(err)
	s.must(w.loop.SetupWithManager(m))
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w.apply(twoRegions)
	eventually(t, "the call that hangs", func() bool { return calls.Load() > 0 })
	back := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "back"}}
	s.must(yaml.UnmarshalStrict([]byte(strings.Replace(twoRegions, "name: front", "name: back", 1)), &back.Spec))
	w.create(back)
	eventually(t, "the other one's object", func() bool { return w.object(s.ns, "back") != nil })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waiting for %s", what)
		}
	}
}
