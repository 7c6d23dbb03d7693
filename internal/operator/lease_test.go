package operator

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// member is an operator that wants the lease.
type member struct {
	*lease
	client client.Client
	leads  <-chan struct{}
	end    func()
}

// join starts one, with the shipped permissions. One that is killed gives nothing back.
func join(t *testing.T, cluster *kubetest.Cluster, identity string, killed bool) *member {
	t.Helper()
	l := &lease{identity: identity, namespace: install.Namespace, now: time.Now}
	base := ctrl.Options{Scheme: Scheme(), Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0"}
	config, err := l.elect(cluster.Operator(), &base)
	if err != nil {
		t.Fatal(err)
	}
	base.LeaderElectionReleaseOnCancel = !killed
	m, err := ctrl.NewManager(config, base)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	end := func() {
		if cancel != nil {
			cancel()
			cancel = nil
			if err := <-ended; err != nil {
				t.Errorf("operator %s: %v", identity, err)
			}
		}
	}
	t.Cleanup(end)
	return &member{l, m.GetClient(), m.Elected(), end}
}

func (m *member) lead(t *testing.T) int64 {
	t.Helper()
	select {
	case <-m.leads:
	case <-time.After(patience):
		t.Fatalf("%s is not elected", m.identity)
	}
	epoch, err := m.Epoch()
	if err != nil {
		t.Fatalf("%s leads, and has no epoch: %v", m.identity, err)
	}
	return epoch
}

// write is something that an operator does.
func (m *member) write(t *testing.T) error {
	t.Helper()
	return m.client.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "written-"}})
}

func TestOneOperatorActsAtATime(t *testing.T) {
	cluster := kubetest.Region(t, west)
	there := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: configv1beta1.LeaseName}}
	a := join(t, cluster, "a", false)
	first := a.lead(t)
	b := join(t, cluster, "b", false)
	if err := a.write(t); err != nil {
		t.Errorf("the operator that leads can't write: %v", err)
	}
	if err := b.write(t); !errors.Is(err, errLeaseOver) {
		t.Errorf("the one that waits writes: %v", err)
	}
	if _, err := b.Epoch(); !errors.Is(err, errLeaseOver) {
		t.Errorf("the one that waits has an epoch: %v", err)
	}
	a.end()
	second := b.lead(t)
	if err := a.write(t); !errors.Is(err, errLeaseOver) {
		t.Errorf("the one that has ended writes: %v", err)
	}
	if second <= first {
		t.Errorf("epoch %d follows %d", second, first)
	}

	// a node that has heard of a later one, of a Lease that is no more
	b.Outrun(second + 1000)
	eventually(t, "a higher epoch", func(ctx context.Context) (bool, error) {
		epoch, err := b.Epoch()
		if err != nil || epoch != second+1001 {
			return false, err
		}
		err = cluster.Client.Get(ctx, client.ObjectKeyFromObject(there), there)
		return err == nil && there.Annotations[configv1beta1.EpochAnnotation] == strconv.FormatInt(epoch, 10), err
	})
	if err := cluster.Client.Delete(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new Lease", func(ctx context.Context) (bool, error) {
		err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(there), there)
		return err == nil && there.Annotations[configv1beta1.EpochAnnotation] == strconv.FormatInt(second+1001, 10), client.IgnoreNotFound(err)
	})

	// killed, and started again in the same pod: it doesn't wait for itself
	b.end()
	c := join(t, cluster, "c", true)
	third := c.lead(t)
	c.end()
	again := join(t, cluster, "c", false)
	if fourth := again.lead(t); fourth <= third || third <= second+1001 {
		t.Errorf("epochs %d, %d, %d, %d", first, second, third, fourth)
	}
}

// With the permissions that it has, an operator can't touch another Lease.
func TestTheLeaseIsAllThatMayBeHeld(t *testing.T) {
	cluster := kubetest.Region(t, west)
	c, err := client.New(cluster.Operator(), client.Options{Scheme: Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	other := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "another"}}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(other), other); !apierrors.IsForbidden(err) {
		t.Errorf("another Lease in its namespace: %v", err)
	}
	other.Namespace, other.Name = "kube-node-lease", configv1beta1.LeaseName
	if err := c.Create(t.Context(), other); !apierrors.IsForbidden(err) {
		t.Errorf("a Lease in another namespace: %v", err)
	}
}

// A program that was stopped for longer than its lease holds doesn't know it: it looks
// at the clock before each write and each call.
func TestAfterALongSleepNothingIsWritten(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := &lease{identity: "a", now: func() time.Time { return now }, epoch: 5, renewed: now}
	sent := 0
	way := l.guard(guarded(func(*http.Request) (*http.Response, error) { sent++; return &http.Response{}, nil }))
	try := func(method string) error {
		q, err := http.NewRequestWithContext(t.Context(), method, "https://api", bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = way.RoundTrip(q) //nolint:bodyclose // there is none
		return err
	}
	if err := try(http.MethodPatch); err != nil {
		t.Error(err)
	}
	now = now.Add(renewDeadline + time.Millisecond)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if err := try(method); !errors.Is(err, errLeaseOver) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if err := try(http.MethodGet); err != nil || sent != 2 {
		t.Errorf("%d requests; a read: %v", sent, err)
	}
	if _, err := l.Epoch(); !errors.Is(err, errLeaseOver) {
		t.Errorf("calls to nodes: %v", err)
	}
}
