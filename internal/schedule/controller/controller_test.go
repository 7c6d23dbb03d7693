package controller_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/schedule/controller"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// patience bounds what takes milliseconds on a quiet machine.
const patience = time.Minute

// stage is a namespace with a datacenter dc1. The loop runs with the shipped permissions.
type stage struct {
	t        *testing.T
	admin    client.Client
	operator client.WithWatch
	ns       string
	clock    time.Time
	events   *events.FakeRecorder
	loop     *controller.Reconciler
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cluster := kubetest.Shared(t)
	operator, err := client.NewWithWatch(cluster.Operator(), client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, admin: cluster.Client, operator: operator, ns: cluster.Namespace(t), events: events.NewFakeRecorder(100)}
	s.loop = &controller.Reconciler{Client: operator, Live: operator, Events: s.events, Now: func() time.Time { return s.clock }}
	s.must(s.admin.Create(t.Context(), s.datacenter()))
	return s
}

func (s *stage) datacenter() *cass.CassandraDatacenter {
	return &cass.CassandraDatacenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1"},
		Spec: cass.CassandraDatacenterSpec{
			ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1,
			StorageConfig: cass.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			}},
		},
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func nightly(ns string) *api.ScheduledTask {
	of := &api.ScheduledTask{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "nightly"}}
	of.Spec.Schedule, of.Spec.TaskDetails.Name = "0 2 * * *", "clean"
	of.Spec.TaskDetails.Datacenter.Name = "dc1"
	of.Spec.TaskDetails.Jobs = []api.CassandraJob{{Name: "clean", Command: api.CommandCleanup}}
	return of
}

// schedule makes a ScheduledTask, whose age the API server says, and sets the clock to that.
func (s *stage) schedule(change func(*api.ScheduledTask)) *api.ScheduledTask {
	s.t.Helper()
	of := nightly(s.ns)
	if change != nil {
		change(of)
	}
	s.must(s.admin.Create(s.t.Context(), of))
	s.clock = of.CreationTimestamp.UTC()
	return s.pass()
}

func (s *stage) pass() *api.ScheduledTask {
	s.t.Helper()
	of := nightly(s.ns)
	_, err := s.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(of)})
	s.must(err)
	s.must(s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(of), of))
	return of
}

func (s *stage) tasks() []api.CassandraTask {
	s.t.Helper()
	var list api.CassandraTaskList
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns), client.MatchingLabels{api.ScheduledTaskLabel: "nightly"}))
	return list.Items
}

func (s *stage) event(words ...string) {
	s.t.Helper()
	select {
	case e := <-s.events.Events:
		for _, word := range words {
			if !strings.Contains(e, word) {
				s.t.Errorf("event %q without %q", e, word)
			}
		}
	default:
		s.t.Errorf("no event with %q", words)
	}
}

// A time of the schedule gets its task, once, and the status says when the next one comes.
func TestATimeGetsItsTask(t *testing.T) {
	s := newStage(t)
	of := s.schedule(nil)
	next := of.Status.NextSchedule.Time
	if len(s.tasks()) != 0 || !next.After(s.clock) || !meta.IsStatusConditionTrue(of.Status.Conditions, api.Scheduled) {
		t.Fatalf("%d tasks, status %+v", len(s.tasks()), of.Status)
	}
	s.clock = next
	of = s.pass()
	tasks := s.tasks()
	if len(tasks) != 1 || !of.Status.LastExecution.Time.Equal(next) || !of.Status.NextSchedule.After(next) {
		t.Fatalf("%d tasks, status %+v", len(tasks), of.Status)
	}
	made := tasks[0]
	if made.Spec.Jobs[0].Command != api.CommandCleanup || made.Spec.Datacenter.Name != "dc1" || len(made.OwnerReferences) > 0 {
		t.Errorf("task %+v", made)
	}
	s.event(corev1.EventTypeNormal, made.Name)
	if again := s.pass(); again.ResourceVersion != of.ResourceVersion || len(s.tasks()) != 1 {
		t.Errorf("a pass with nothing to do wrote, or made a task: there are %d", len(s.tasks()))
	}
}

// An operator that ended before it wrote the status has made the task all the same.
func TestATaskThatWasNotNoted(t *testing.T) {
	s := newStage(t)
	before := s.schedule(nil).Status
	s.clock = before.NextSchedule.Time
	of := s.pass()
	of.Status = before
	s.must(s.admin.Status().Update(t.Context(), of))
	if of = s.pass(); len(s.tasks()) != 1 || !of.Status.LastExecution.Time.Equal(s.clock) {
		t.Errorf("%d tasks, status %+v", len(s.tasks()), of.Status)
	}
}

// A datacenter that is gone gets no tasks, and that is said.
func TestADatacenterThatIsGone(t *testing.T) {
	s := newStage(t)
	of := s.schedule(nil)
	s.must(s.admin.Delete(t.Context(), &cass.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1"}}))
	s.clock = of.Status.NextSchedule.Time
	of = s.pass()
	if c := meta.FindStatusCondition(of.Status.Conditions, api.Scheduled); c.Reason != api.ReasonDatacenterNotFound || len(s.tasks()) != 0 {
		t.Errorf("%d tasks, condition %+v", len(s.tasks()), c)
	}
	s.event(corev1.EventTypeWarning, api.ReasonTimeLeftOut, `"dc1"`)
}

// A datacenter that was made anew under its name has its task, though a cache still knows the one before, as it was going.
func TestADatacenterThatWasMadeAnew(t *testing.T) {
	s := newStage(t)
	of := s.schedule(nil)
	going := s.datacenter()
	going.DeletionTimestamp = &metav1.Time{Time: s.clock}
	s.loop.Client = interceptor.NewClient(s.operator, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if dc, is := o.(*cass.CassandraDatacenter); is {
			going.DeepCopyInto(dc)
			return nil
		}
		return c.Get(ctx, key, o, opts...)
	}})
	s.clock = of.Status.NextSchedule.Time
	if of = s.pass(); len(s.tasks()) != 1 {
		t.Errorf("%d tasks, status %+v", len(s.tasks()), of.Status)
	}
}

// The API server has made the task, and its answer didn't come: it isn't made again.
func TestAnAnswerThatDidNotCome(t *testing.T) {
	s := newStage(t)
	of := s.schedule(nil)
	lost := errors.New("connection reset by peer")
	s.loop.Client = interceptor.NewClient(s.operator, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		s.must(c.Create(ctx, o, opts...))
		return lost
	}})
	s.clock = of.Status.NextSchedule.Time
	if _, err := s.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(of)}); !errors.Is(err, lost) {
		t.Fatalf("the pass has seen %v", err)
	}
	if of = s.pass(); len(s.tasks()) != 1 || !of.Status.LastExecution.Time.Equal(s.clock) || !meta.IsStatusConditionTrue(of.Status.Conditions, api.Scheduled) {
		t.Errorf("%d tasks, status %+v", len(s.tasks()), of.Status)
	}
}

// What only cron knows to be wrong is a condition and an event.
func TestAScheduleThatCantBe(t *testing.T) {
	s := newStage(t)
	of := s.schedule(func(of *api.ScheduledTask) { of.Spec.Schedule = "61 2 * * *" })
	c := meta.FindStatusCondition(of.Status.Conditions, api.Scheduled)
	if c == nil || c.Status != metav1.ConditionFalse || c.Reason != api.ReasonInvalidSchedule || !strings.Contains(c.Message, "spec.schedule") {
		t.Errorf("condition %+v", c)
	}
	s.event(corev1.EventTypeWarning, "61")
}

// What the policy can see is refused at once. An object from before the policy can still be labelled, and so deleted.
func TestWhatIsRefused(t *testing.T) {
	s := newStage(t)
	for word, change := range map[string]func(*api.ScheduledTask){
		"spec.schedule":                    func(of *api.ScheduledTask) { of.Spec.Schedule = "* *" },
		"spec.schedule: must have":         func(of *api.ScheduledTask) { of.Spec.Schedule = "@fortnightly" },
		"spec.taskDetails.datacenter.name": func(of *api.ScheduledTask) { of.Spec.TaskDetails.Datacenter.Name = "" },
		"spec.taskDetails.jobs":            func(of *api.ScheduledTask) { of.Spec.TaskDetails.Jobs = nil },
		"metadata.name":                    func(of *api.ScheduledTask) { of.Name = strings.Repeat("n", 64) },
	} {
		of := nightly(s.ns)
		change(of)
		if err := s.admin.Create(t.Context(), of); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
	for _, good := range []string{"*/1 * * * *", "@daily", "@every 1h30m", "CRON_TZ=Europe/Berlin 0 2 * * MON-FRI"} {
		of := nightly(s.ns)
		of.Spec.Schedule = good
		if err := s.admin.Create(t.Context(), of, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// The loop runs in a manager with the shipped permissions, and the end of a task wakes the schedule that waits for it.
func TestTheEndOfATaskWakesItsSchedule(t *testing.T) {
	s := newStage(t)
	cluster := kubetest.Shared(t)
	of := nightly(s.ns)
	of.Spec.Schedule = "@every 1m"
	s.must(s.admin.Create(t.Context(), of))
	s.clock = of.CreationTimestamp.Add(90 * time.Second)
	s.pass() // makes the first
	s.clock = of.CreationTimestamp.Add(150 * time.Second)
	s.run(cluster)
	s.until("the schedule to wait", func(ctx context.Context) (bool, error) {
		err := s.admin.Get(ctx, client.ObjectKeyFromObject(of), of)
		c := meta.FindStatusCondition(of.Status.Conditions, api.Scheduled)
		return c != nil && c.Reason == api.ReasonWaiting, err
	})
	first := s.tasks()[0]
	now := metav1.Now()
	first.Status.StartTime, first.Status.CompletionTime = &now, &now
	if err := s.admin.Status().Update(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	s.until("the second task", func(context.Context) (bool, error) { return len(s.tasks()) == 2, nil })
}

func (s *stage) until(what string, seen func(context.Context) (bool, error)) {
	s.t.Helper()
	if err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, patience, true, seen); err != nil {
		s.t.Fatalf("waiting for %s: %v", what, err)
	}
}

// run runs the loop in a manager; the clock stands.
func (s *stage) run(cluster *kubetest.Cluster) {
	s.t.Helper()
	m, err := ctrl.NewManager(cluster.Operator(), ctrl.Options{Scheme: cluster.Scheme, Metrics: server.Options{BindAddress: "0"}})
	s.must(err)
	at := s.clock
	loop := &controller.Reconciler{Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Now: func() time.Time { return at }}
	s.must(loop.SetupWithManager(m))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the manager: %v", err)
		}
	})
}
