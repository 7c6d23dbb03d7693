package operator

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	replication "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

const west, central = "eu-west-1", "eu-central-1"

// patience bounds what takes seconds on a quiet machine.
const patience = 2 * time.Minute

// refusals notes what an API server forbids.
type refusals struct {
	mu   sync.Mutex
	seen []string
}

func (r *refusals) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(q *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(q)
		if err == nil && answer.StatusCode == http.StatusForbidden {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.seen = append(r.seen, q.Method+" "+q.URL.Path)
		}
		return answer, err
	})
}

func (r *refusals) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// runOperator runs a whole operator as the shipped ServiceAccount until the test ends.
func runOperator(t *testing.T, cluster *kubetest.Cluster, region string) *refusals {
	t.Helper()
	seen := &refusals{}
	as := cluster.Operator()
	as.Wrap(seen.wrap)
	again := true // both run in one process, under the same names
	m, err := NewManager(as, Options{Region: region, Namespace: install.Namespace}, ctrl.Options{
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0", Controller: config.Controller{SkipNameValidation: &again}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the operator of %s: %v", region, err)
		}
	})
	return seen
}

func eventually(t *testing.T, what string, seen func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, seen); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// there waits for an object, gone for its end.
func there(t *testing.T, c client.Client, o client.Object, holds func() bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("%T %s", o, o.GetName()), func(ctx context.Context) (bool, error) {
		err := c.Get(ctx, client.ObjectKeyFromObject(o), o)
		return err == nil && (holds == nil || holds()), client.IgnoreNotFound(err)
	})
}

func gone(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	eventually(t, fmt.Sprintf("the end of %T %s", o, o.GetName()), func(ctx context.Context) (bool, error) {
		err := c.Get(ctx, client.ObjectKeyFromObject(o), o)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

// Two whole operators, each with the shipped permissions in its own region and those of a peer in the other one, do all that
// they do without nodes: a ring is taken over, its objects are made, Secrets are shared, tasks are told, all is deleted.
// Nothing that they ask of their own API server is forbidden.
func TestOperatorsRunWithTheShippedPermissions(t *testing.T) {
	clusters := kubetest.Regions(t, west, central)
	w, c := clusters[west], clusters[central]
	kubetest.NewLink(t, c).Know(w, central)
	kubetest.NewLink(t, w).Know(c, west)
	seen := map[string]*refusals{west: runOperator(t, w, west), central: runOperator(t, c, central)}
	ns := w.Namespace(t)
	at := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, Name: name} }
	create := func(o client.Object) {
		t.Helper()
		if err := w.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}

	ring := &k8ssandra.K8ssandraCluster{ObjectMeta: at("ring")}
	ring.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{Datacenters: []k8ssandra.CassandraDatacenterTemplate{
		{Metadata: k8ssandra.EmbeddedObjectMeta{Name: "dc1"}, K8sContext: west, Size: 3}, {Metadata: k8ssandra.EmbeddedObjectMeta{Name: "dc2"}, K8sContext: central, Size: 3}}}
	ring.Spec.Cassandra.ServerVersion = "5.0.9"
	ring.Spec.Cassandra.StorageConfig = &cassandra.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}}
	create(ring)
	there(t, w.Client, &appsv1.StatefulSet{ObjectMeta: at("ring-dc1-default-sts")}, nil)
	there(t, c.Client, &appsv1.StatefulSet{ObjectMeta: at("ring-dc2-default-sts")}, nil)
	there(t, c.Client, &corev1.Secret{ObjectMeta: at("ring-superuser")}, nil)
	there(t, c.Client, &k8ssandra.K8ssandraCluster{ObjectMeta: at("ring")}, nil)

	create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shared", Labels: map[string]string{"copy": "me"}}})
	shared := &replication.ReplicatedSecret{ObjectMeta: at("shared")}
	shared.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"copy": "me"}}
	shared.Spec.ReplicationTargets = []replication.ReplicationTarget{{K8sContextName: central}}
	create(shared)
	there(t, w.Client, shared, func() bool {
		return len(shared.Status.Conditions) == 1 && shared.Status.Conditions[0].Status == corev1.ConditionTrue
	})

	task := &control.CassandraTask{ObjectMeta: at("task")}
	task.Spec.Datacenter.Name, task.Spec.Jobs = "dc1", []control.CassandraJob{{Name: "j", Command: control.CommandMove}}
	create(task)
	there(t, w.Client, task, func() bool { return meta.IsStatusConditionTrue(task.Status.Conditions, control.JobFailed) })
	nightly := &control.ScheduledTask{ObjectMeta: at("nightly")}
	nightly.Spec.Schedule, nightly.Spec.TaskDetails.Name = "0 2 * * *", "clean"
	nightly.Spec.TaskDetails.Datacenter.Name, nightly.Spec.TaskDetails.Jobs = "dc1", []control.CassandraJob{{Name: "j", Command: control.CommandCleanup}}
	create(nightly)
	there(t, w.Client, nightly, func() bool { return meta.IsStatusConditionTrue(nightly.Status.Conditions, control.Scheduled) })

	for _, o := range []client.Object{shared, ring} {
		if err := w.Client.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	gone(t, c.Client, &corev1.Secret{ObjectMeta: at("shared")})
	for _, cluster := range []*kubetest.Cluster{w, c} {
		gone(t, cluster.Client, &k8ssandra.K8ssandraCluster{ObjectMeta: at("ring")})
	}
	for region, r := range seen {
		if all := r.all(); len(all) > 0 {
			slices.Sort(all)
			t.Errorf("the operator of %s may not: %s", region, strings.Join(slices.Compact(all), ", "))
		}
	}
}
