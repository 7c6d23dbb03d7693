package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// How long a lease holds, after how long without a renewal its holder stops, and how
// often it renews. The holder stops before anybody else begins. An operator that ends
// orderly gives its lease back, and one whose container was killed takes its own again,
// so that only the loss of a node is waited for.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// errLeaseOver is of an operator that may have been replaced.
var errLeaseOver = errors.New("this operator's lease was not renewed in time: another one may act")

// lease is the right to act in a region: of all operators the one that holds the Lease
// has it. It has an epoch, a number that every taking of the Lease makes higher, and that
// is in an annotation of the Lease. It is at least the time of day in milliseconds, so that a
// Lease that was deleted and made anew goes on above the former one's.
type lease struct {
	identity  string
	namespace string
	now       func() time.Time

	mu      sync.Mutex
	epoch   int64
	floor   int64 // that the next renewal raises the epoch to
	renewed time.Time
}

// identity of this program: its pod's, which a container that was killed and started
// again keeps, because there is one at a time.
func identity() string {
	if uid := os.Getenv("POD_UID"); uid != "" {
		return os.Getenv("POD_NAME") + "_" + uid
	}
	return "process_" + string(uuid.NewUUID())
}

// elect makes a manager run its controllers only while it holds the lease, and write
// nothing beside.
func (l *lease) elect(config *rest.Config, base *ctrl.Options) (*rest.Config, error) {
	own := rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	own.Timeout = renewDeadline / 2 // one call that hangs is not the end
	leases, err := coordinationclient.NewForConfig(own)
	if err != nil {
		return nil, err
	}
	base.LeaderElection, base.LeaderElectionID, base.LeaderElectionNamespace = true, configv1beta1.LeaseName, l.namespace
	base.LeaderElectionResourceLockInterface = &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Namespace: l.namespace, Name: configv1beta1.LeaseName},
		Client:    epochLeases{leases, l}, LockConfig: resourcelock.ResourceLockConfig{Identity: l.identity},
	}
	base.LeaderElectionReleaseOnCancel = true
	base.LeaseDuration, base.RenewDeadline, base.RetryPeriod = new(leaseDuration), new(renewDeadline), new(retryPeriod)
	fenced := rest.CopyConfig(config)
	fenced.Wrap(l.guard)
	return fenced, nil
}

// Epoch implements mgmtapi.Epochs.
func (l *lease) Epoch() (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch == 0 || l.now().Sub(l.renewed) > renewDeadline {
		return 0, errLeaseOver
	}
	return l.epoch, nil
}

// Outrun implements mgmtapi.Epochs: a node has heard of a higher epoch. If that was
// another operator's that holds the lease now, this one's next renewal fails. If it was one
// of a Lease that is no more (a clock that went back, a volume of another cluster), the
// renewal proves that this one holds the lease, and its epoch rises above.
func (l *lease) Outrun(seen int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seen >= l.epoch && seen < mgmtapi.EpochLimit {
		l.floor = max(l.floor, seen+1)
	}
}

// fenced says the epoch with every call of a node.
func (l *lease) fenced(node func(*corev1.Pod) mgmtapi.Node) func(*corev1.Pod) mgmtapi.Node {
	if l == nil {
		return node
	}
	return func(p *corev1.Pod) mgmtapi.Node {
		if c, ok := node(p).(*mgmtapi.Client); ok {
			return c.WithEpoch(l)
		}
		return node(p)
	}
}

// guard refuses to write to the API server once the lease may be another's: this
// program may have been stopped for a while, and not know it yet.
func (l *lease) guard(next http.RoundTripper) http.RoundTripper {
	return guarded(func(q *http.Request) (*http.Response, error) {
		if q.Method != http.MethodGet && q.Method != http.MethodHead {
			if _, err := l.Epoch(); err != nil {
				return nil, err
			}
		}
		return next.RoundTrip(q)
	})
}

type guarded func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(q *http.Request) (*http.Response, error) { return g(q) }

// epochLeases keep the epoch in the Lease: the write that takes it makes it higher.
type epochLeases struct {
	coordinationclient.LeasesGetter

	lease *lease
}

// Leases implements coordinationclient.LeasesGetter.
func (e epochLeases) Leases(namespace string) coordinationclient.LeaseInterface {
	return epochWriter{e.LeasesGetter.Leases(namespace), e.lease}
}

type epochWriter struct {
	coordinationclient.LeaseInterface

	lease *lease
}

// Create implements coordinationclient.LeaseInterface.
func (w epochWriter) Create(ctx context.Context, there *coordinationv1.Lease, o metav1.CreateOptions) (*coordinationv1.Lease, error) {
	return w.write(there, func(next *coordinationv1.Lease) (*coordinationv1.Lease, error) {
		return w.LeaseInterface.Create(ctx, next, o)
	})
}

// Update implements coordinationclient.LeaseInterface.
func (w epochWriter) Update(ctx context.Context, there *coordinationv1.Lease, o metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	return w.write(there, func(next *coordinationv1.Lease) (*coordinationv1.Lease, error) {
		return w.LeaseInterface.Update(ctx, next, o)
	})
}

// write makes a Lease this operator's, or renews it, or gives it back. There is one
// writer at a time: the elector.
func (w epochWriter) write(there *coordinationv1.Lease, do func(*coordinationv1.Lease) (*coordinationv1.Lease, error)) (*coordinationv1.Lease, error) {
	l := w.lease
	begun := l.now()
	if ptr.Deref(there.Spec.HolderIdentity, "") != l.identity {
		l.over()
		return do(there)
	}
	epoch, err := l.next(there.Annotations[configv1beta1.EpochAnnotation])
	if err != nil {
		return nil, err
	}
	there = there.DeepCopy()
	there.Annotations = maps.Clone(there.Annotations)
	if there.Annotations == nil {
		there.Annotations = map[string]string{}
	}
	there.Annotations[configv1beta1.EpochAnnotation] = strconv.FormatInt(epoch, 10)
	written, err := do(there)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.epoch, l.renewed = epoch, begun
	}
	return written, err
}

// next is the epoch to write: that which is held, else a higher one than the Lease's.
func (l *lease) next(annotation string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var there int64
	if annotation != "" {
		var err error
		if there, err = strconv.ParseInt(annotation, 10, 64); err != nil {
			there = 0 // somebody has edited it: the time of day is above
		}
	}
	if l.epoch != 0 && l.epoch >= there {
		return max(l.epoch, l.floor), nil
	}
	if there >= mgmtapi.EpochLimit {
		return 0, fmt.Errorf("the annotation %s of Lease %s is %d: take it away", configv1beta1.EpochAnnotation, configv1beta1.LeaseName, there)
	}
	return max(there+1, l.floor, l.now().UnixMilli()), nil
}

// held says that the lease was this operator's, and not given back.
func (l *lease) held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch != 0
}

// over ends the right to act, at once.
func (l *lease) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch = 0
}
