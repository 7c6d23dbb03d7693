package controller_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/task/controller"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// stage is a datacenter dc1 of two racks with one node each, up, in a namespace of its own; dc2 is the rest of its ring.
// The loop runs with the shipped permissions.
type stage struct {
	t       *testing.T
	admin   client.Client
	ns      string
	ring    *fake.Ring
	clock   time.Time
	events  *events.FakeRecorder
	loop    *controller.Reconciler
	address map[string]string
	dc      *cass.CassandraDatacenter
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cluster := kubetest.Shared(t)
	operator, err := client.New(cluster.Operator(), client.Options{Scheme: cluster.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{
		t: t, admin: cluster.Client, ns: cluster.Namespace(t), ring: fake.NewRing("ring"), events: events.NewFakeRecorder(100),
		clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), address: map[string]string{},
	}
	s.loop = &controller.Reconciler{
		Client: operator, Live: operator, Events: s.events, Now: func() time.Time { return s.clock },
		Node: func(pod *corev1.Pod) mgmtapi.Node { return s.ring.Dial(pod.Status.PodIP) },
	}
	s.datacenter()
	s.rack("rack1", "10.0.0.1")
	s.rack("rack2", "10.0.0.2")
	s.node("10.0.1.1", "dc2", "rack1")
	s.ring.Advance()
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) node(address, datacenter, rack string) {
	n := s.ring.Add(address, datacenter, rack)
	s.must(n.Start(s.t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.0.0.1"}}))
	s.ring.Advance()
}

func (s *stage) datacenter() {
	s.dc = &cass.CassandraDatacenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc1"},
		Spec: cass.CassandraDatacenterSpec{
			ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 2,
			Racks: []cass.Rack{{Name: "rack1"}, {Name: "rack2"}},
			StorageConfig: cass.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceStorage: resource.MustParse("1Gi"),
				}},
			}},
		},
	}
	s.must(s.admin.Create(s.t.Context(), s.dc))
}

// by is the mark of who made an object.
func by(maker client.Object, kind schema.GroupVersionKind) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(maker, kind)}
}

// rack makes a StatefulSet with its one pod, both as their controllers would leave them, and the node behind it.
func (s *stage) rack(rack, address string) {
	labels := map[string]string{cass.ClusterLabel: "ring", cass.DatacenterLabel: "dc1", cass.RackLabel: rack}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "cassandra", Image: "cassandra"}}},
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-dc1-" + rack + "-sts", Labels: labels,
			OwnerReferences: by(s.dc, cass.GroupVersion.WithKind("CassandraDatacenter"))},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](1), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
		},
	}
	s.must(s.admin.Create(s.t.Context(), set))
	s.settle(set)
	podLabels := map[string]string{appsv1.ControllerRevisionHashLabelKey: "r1"}
	maps.Copy(podLabels, labels)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: set.Name + "-0", Labels: podLabels,
		OwnerReferences: by(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}, Spec: template.Spec}
	s.must(s.admin.Create(s.t.Context(), pod))
	pod.Status.PodIP, pod.Status.PodIPs = address, []corev1.PodIP{{IP: address}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	s.must(s.admin.Status().Update(s.t.Context(), pod))
	s.address[pod.Name] = address
	s.node(address, "dc1", rack)
}

// settle plays the StatefulSet's controller: everything is as the spec says.
func (s *stage) settle(set *appsv1.StatefulSet) {
	set.Status = appsv1.StatefulSetStatus{
		ObservedGeneration: set.Generation, Replicas: 1, ReadyReplicas: 1, UpdatedReplicas: 1,
		UpdateRevision: fmt.Sprintf("r%d", set.Generation),
	}
	s.must(s.admin.Status().Update(s.t.Context(), set))
}

func (s *stage) statefulSet(rack string) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{}
	s.must(s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-dc1-" + rack + "-sts"}, set))
	return set
}

func (s *stage) task(name string, job api.CassandraJob) {
	t := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}
	t.Spec.Datacenter.Name = "dc1"
	job.Name = "job"
	t.Spec.Jobs = []api.CassandraJob{job}
	s.must(s.admin.Create(s.t.Context(), t))
}

// pass lets the loop look once and a second go by, and returns the task, nil when it is gone.
func (s *stage) pass(name string) *api.CassandraTask {
	s.t.Helper()
	key := client.ObjectKey{Namespace: s.ns, Name: name}
	_, err := s.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: key})
	s.must(err)
	s.clock = s.clock.Add(time.Second)
	t := &api.CassandraTask{}
	if err := s.admin.Get(s.t.Context(), key, t); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		s.t.Fatal(err)
	}
	return t
}

// finish lets pass after pass run, with between in between, until the task has ended.
func (s *stage) finish(name string, between func()) *api.CassandraTask {
	s.t.Helper()
	for range 30 {
		t := s.pass(name)
		if t.Status.CompletionTime != nil {
			return t
		}
		between()
	}
	s.t.Fatalf("task %s has not ended after 30 passes", name)
	return nil
}

func condition(t *api.CassandraTask, kind string) metav1.Condition {
	if c := meta.FindStatusCondition(t.Status.Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}

func (s *stage) writes(word string) (found []string) {
	for _, w := range s.ring.Writes() {
		if strings.Contains(w, word) {
			found = append(found, w)
		}
	}
	return found
}

// A pod and a StatefulSet that have only the labels of the datacenter are given no task.
func TestAStrangerWithTheLabelsGetsNoTask(t *testing.T) {
	s := newStage(t)
	labels := map[string]string{cass.ClusterLabel: "ring", cass.DatacenterLabel: "dc1", cass.RackLabel: "rack1"}
	stranger := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring-dc1-rack1-sts-7", Labels: labels}}
	stranger.Spec.Containers = []corev1.Container{{Name: "cassandra", Image: "cassandra"}}
	s.must(s.admin.Create(t.Context(), stranger))
	stranger.Status.PodIP, stranger.Status.PodIPs = "10.0.0.7", []corev1.PodIP{{IP: "10.0.0.7"}}
	stranger.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	s.must(s.admin.Status().Update(t.Context(), stranger))
	s.node("10.0.0.7", "dc1", "rack1")
	s.task("cleanup", api.CassandraJob{Command: api.CommandCleanup})
	done := s.finish("cleanup", s.ring.Advance)
	if _, asked := done.Status.PodStatuses[stranger.Name]; asked || done.Status.Succeeded != 2 {
		t.Errorf("%+v", done.Status)
	}
}

func TestRebuildRunsOnceOnEachNode(t *testing.T) {
	s := newStage(t)
	s.task("rebuild", api.CassandraJob{Command: api.CommandRebuild, Arguments: api.JobArguments{SourceDatacenter: "dc2"}})
	done := s.finish("rebuild", s.ring.Advance)
	if c := condition(done, api.JobComplete); c.Status != metav1.ConditionTrue {
		t.Errorf("not complete: %+v", done.Status)
	}
	if done.Status.Succeeded != 2 || done.Status.Failed != 0 || done.Status.Active != 0 {
		t.Errorf("counts: %+v", done.Status)
	}
	if got := s.writes("rebuild dc2"); len(got) != 2 {
		t.Errorf("rebuilds: %q, want one on each of two nodes", got)
	}
	if done.Labels[api.StatusLabel] != api.StatusCompleted {
		t.Errorf("label %s is %q", api.StatusLabel, done.Labels[api.StatusLabel])
	}
}

// Each command about sstables reaches each node once, with its arguments.
func TestCommandsAboutTablesRunOnceOnEachNode(t *testing.T) {
	s := newStage(t)
	s.must(s.ring.Node("10.0.0.1").CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 2}))
	s.ring.Node("10.0.0.1").CreateTable("shop", "orders")
	args := api.JobArguments{KeyspaceName: "shop", Tables: []string{"orders"}}
	for _, command := range []api.CassandraCommand{api.CommandCompaction, api.CommandScrub, api.CommandGarbageCollect, api.CommandFlush, api.CommandUpgradeSSTables} {
		s.task(string(command), api.CassandraJob{Command: command, Arguments: args})
		done := s.finish(string(command), s.ring.Advance)
		if condition(done, api.JobComplete).Status != metav1.ConditionTrue || condition(done, api.JobFailed).Status == metav1.ConditionTrue || done.Status.Succeeded != 2 {
			t.Errorf("%s: %+v", command, done.Status)
		}
		if got := s.writes(string(command) + " shop orders"); len(got) != 2 {
			t.Errorf("%s: the nodes were asked %q", command, got)
		}
	}
}

// What isn't there is refused before a node is asked to do anything, also by way of a node that knows less than another.
func TestAKeyspaceThatIsNotThereIsRefused(t *testing.T) {
	s := newStage(t)
	before := len(s.ring.Writes())
	s.task("flush", api.CassandraJob{Command: api.CommandFlush, Arguments: api.JobArguments{KeyspaceName: "shop"}})
	for address := range map[string]bool{"10.0.0.1": true, "10.0.0.2": true} {
		s.ring.Node(address).Unreachable(true)
	}
	if waits := condition(s.pass("flush"), api.JobRunning).Message; !strings.Contains(waits, `whether there is a keyspace "shop"`) {
		t.Errorf("waits for %q", waits)
	}
	s.ring.Node("10.0.0.2").Unreachable(false)
	done := s.pass("flush")
	if c := condition(done, api.JobFailed); c.Reason != api.ReasonInvalidTask || !strings.Contains(c.Message, `args.keyspace_name: there is no keyspace "shop"`) {
		t.Errorf("condition Failed: %+v", c)
	}
	s.must(s.ring.Node("10.0.0.2").CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 2}))
	s.task("scrub", api.CassandraJob{Command: api.CommandScrub, Arguments: api.JobArguments{KeyspaceName: "shop", Tables: []string{"carts"}}})
	if c := condition(s.pass("scrub"), api.JobFailed); !strings.Contains(c.Message, `args.tables: keyspace "shop" has no table "carts"`) {
		t.Errorf("condition Failed: %+v", c)
	}
	if asked := s.ring.Writes()[before:]; len(asked) != 1 { // the keyspace
		t.Errorf("the nodes were asked %q", asked)
	}
}

// An address that another pod has been given answers for that one: the job is asked for again, and no retry is spent on it.
func TestAnotherPodsAgentUsesNoRetryUp(t *testing.T) {
	s := newStage(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this is the agent of another pod", http.StatusMisdirectedRequest)
	}))
	defer other.Close()
	direct := s.loop.Node
	s.loop.Node = func(pod *corev1.Pod) mgmtapi.Node { return mgmtapi.New(other.URL, nil).For(pod.Name) }
	s.task("flush", api.CassandraJob{Command: api.CommandFlush})
	for range 4 {
		pod := s.pass("flush").Status.PodStatuses["ring-dc1-rack1-sts-0"]
		if pod.Retries != 0 || pod.Status != "" && pod.Status != api.PodTaskWaiting {
			t.Errorf("%+v", pod)
		}
	}
	s.loop.Node = direct
	if done := s.finish("flush", s.ring.Advance); done.Status.Succeeded != 2 {
		t.Errorf("status: %+v", done.Status)
	}
}

// An agent of an earlier version is named, with what to do, and the other nodes do their jobs.
func TestAnEarlierAgentIsNamed(t *testing.T) {
	s := newStage(t)
	s.ring.Node("10.0.0.1").OldAgent(true)
	s.task("flush", api.CassandraJob{Command: api.CommandFlush})
	done := s.finish("flush", s.ring.Advance)
	if c := condition(done, api.JobFailed); !strings.Contains(c.Message, "ring-dc1-rack1-sts-0: its agent is of an earlier version and can't flush") || !strings.Contains(c.Message, cass.UpdateAllowedAnnotation) {
		t.Errorf("condition Failed: %+v", c)
	}
	if done.Status.Succeeded != 1 || done.Status.Failed != 1 || done.Status.PodStatuses["ring-dc1-rack1-sts-0"].Retries != 0 {
		t.Errorf("status: %+v", done.Status)
	}
}

// The datacenter is allowed its update, and the task is over when the datacenter's loop has taken the word back.
func TestARefreshAllowsAnUpdate(t *testing.T) {
	s := newStage(t)
	allowed := func() string {
		s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(s.dc), s.dc))
		return s.dc.Annotations[cass.UpdateAllowedAnnotation]
	}
	s.task("refresh", api.CassandraJob{Command: api.CommandRefresh})
	s.pass("refresh") // on record
	if got := allowed(); got != "" {
		t.Fatalf("allowed %q before the task has begun", got)
	}
	if s.pass("refresh"); allowed() != cass.UpdateAllowedOnce {
		t.Fatalf("allowed %q", allowed())
	}
	if waits := condition(s.pass("refresh"), api.JobRunning).Message; !strings.Contains(waits, "to take up what was held back") {
		t.Errorf("waits for %q", waits)
	}
	delete(s.dc.Annotations, cass.UpdateAllowedAnnotation)
	s.must(s.admin.Update(t.Context(), s.dc))
	done := s.pass("refresh")
	if condition(done, api.JobComplete).Status != metav1.ConditionTrue || condition(done, api.DatacenterUpdated).Status != metav1.ConditionTrue || allowed() != "" {
		t.Errorf("%+v, allowed %q", done.Status, allowed())
	}
}

// A node's own words are in the task's condition, after one more try.
func TestARefusedRebuildSaysWhy(t *testing.T) {
	s := newStage(t)
	s.task("rebuild", api.CassandraJob{Command: api.CommandRebuild, Arguments: api.JobArguments{SourceDatacenter: "dc9"}})
	done := s.finish("rebuild", s.ring.Advance)
	c := condition(done, api.JobFailed)
	if c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "'dc9' is not a valid datacenter") {
		t.Errorf("condition Failed: %+v", c)
	}
	if got := condition(done, api.JobComplete); got.Status != metav1.ConditionFalse { // earlier operators take it for the data
		t.Errorf("condition Complete: %+v", got)
	}
	if got := len(s.writes("rebuild dc9")); got != 4 {
		t.Errorf("%d tries, want two on each of two nodes", got)
	}
}

// Jobs of a silent node are waited for, not started again; a node that lost its job gets it again.
func TestASilentNodeIsWaitedFor(t *testing.T) {
	s := newStage(t)
	s.task("cleanup", api.CassandraJob{Command: api.CommandCleanup})
	s.pass("cleanup") // on record
	s.pass("cleanup") // rack1's node works
	s.ring.Node("10.0.0.1").Unreachable(true)
	for range 3 {
		if got := s.pass("cleanup").Status.PodStatuses["ring-dc1-rack1-sts-0"].Status; got != api.PodTaskRunning {
			t.Fatalf("a silent node's job is %s", got)
		}
	}
	if got := s.writes("cleanup"); len(got) != 1 {
		t.Fatalf("jobs while the node was silent: %q", got)
	}
	s.ring.Node("10.0.0.1").Unreachable(false)
	done := s.finish("cleanup", s.ring.Advance)
	if done.Status.Succeeded != 2 || len(s.writes("cleanup")) != 2 {
		t.Errorf("succeeded %d, jobs %q", done.Status.Succeeded, s.writes("cleanup"))
	}
}

// A restart is carried out by the datacenter's loop. The task writes on no StatefulSet, and is over when all pods are new.
func TestARestartIsWatched(t *testing.T) {
	s := newStage(t)
	s.task("restart", api.CassandraJob{Command: api.CommandRestart})
	began := s.pass("restart").Status.StartTime
	for _, rack := range []string{"rack1", "rack2"} {
		before := s.statefulSet(rack)
		waits := condition(s.pass("restart"), api.JobRunning).Message
		if !strings.Contains(waits, "to restart rack "+rack) {
			t.Errorf("the task waits for %q, want the restart of %s", waits, rack)
		}
		set := s.statefulSet(rack)
		if set.ResourceVersion != before.ResourceVersion {
			t.Errorf("StatefulSet %s was written by the task", set.Name)
		}
		set.Spec.Template.Annotations = map[string]string{api.RestartedAtAnnotation: began.UTC().Format(time.RFC3339)}
		s.must(s.admin.Update(t.Context(), set))
		if waits := condition(s.pass("restart"), api.JobRunning).Message; !strings.Contains(waits, "the pods of rack "+rack) {
			t.Errorf("the task waits for %q, want the pods of %s", waits, rack)
		}
		s.settle(s.statefulSet(rack))
	}
	done := s.pass("restart")
	if condition(done, api.JobComplete).Status != metav1.ConditionTrue || done.Status.Succeeded != 2 {
		t.Errorf("status: %+v", done.Status)
	}
}

// A task isn't gone on with on another datacenter of the name.
func TestADatacenterThatIsMadeAnew(t *testing.T) {
	s := newStage(t)
	s.task("cleanup", api.CassandraJob{Command: api.CommandCleanup})
	begun := s.pass("cleanup")
	s.pass("cleanup")
	s.must(s.admin.Delete(t.Context(), s.dc))
	s.datacenter()
	c := condition(s.pass("cleanup"), api.JobFailed)
	if c.Reason != api.ReasonDatacenterNotFound || !strings.Contains(c.Message, "made anew") {
		t.Errorf("condition Failed: %+v", c)
	}
	// A task that is made from the manifest of that one is begun on this datacenter.
	another := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "another", Labels: begun.Labels, Annotations: begun.Annotations}, Spec: begun.Spec}
	s.must(s.admin.Create(t.Context(), another))
	s.pass("another")
	if c := condition(s.pass("another"), api.JobFailed); c.Status == metav1.ConditionTrue {
		t.Errorf("condition Failed of the new task: %+v", c)
	}
}

// Nothing is written once a task has ended, until it is deleted after its time.
func TestAFinishedTaskRestsAndGoes(t *testing.T) {
	s := newStage(t)
	s.task("cleanup", api.CassandraJob{Command: api.CommandCleanup})
	done := s.finish("cleanup", s.ring.Advance)
	if again := s.pass("cleanup"); again.ResourceVersion != done.ResourceVersion {
		t.Error("a pass over a finished task wrote to it")
	}
	s.clock = s.clock.Add(api.DefaultTTLSeconds * time.Second)
	if s.pass("cleanup") != nil {
		t.Error("the task is still there a day after its end")
	}
}

func TestAnUnsupportedCommandIsNamed(t *testing.T) {
	s := newStage(t)
	s.task("replace", api.CassandraJob{Command: "dance"})
	c := condition(s.pass("replace"), api.JobFailed)
	if c.Reason != api.ReasonCommandNotSupported || !strings.Contains(c.Message, `"dance"`) {
		t.Errorf("condition Failed: %+v", c)
	}
	select {
	case e := <-s.events.Events:
		if !strings.Contains(e, "dance") || !strings.Contains(e, corev1.EventTypeWarning) {
			t.Errorf("event: %s", e)
		}
	default:
		t.Error("no event")
	}
}

// Two tasks on one datacenter run one after the other, the older first.
func TestTasksOfADatacenterTakeTurns(t *testing.T) {
	s := newStage(t)
	s.task("first", api.CassandraJob{Command: api.CommandCleanup})
	s.task("second", api.CassandraJob{Command: api.CommandCleanup})
	waiting := s.pass("second")
	if waiting.Status.StartTime != nil || !strings.Contains(condition(waiting, api.JobRunning).Message, `"first"`) {
		t.Errorf("second did not wait for first: %+v", waiting.Status)
	}
	s.finish("first", s.ring.Advance)
	s.finish("second", s.ring.Advance)
}
