package controller_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	ring "github.com/ringspan/ringspan/internal/ring/controller"
	"github.com/ringspan/ringspan/internal/ringtask/controller"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

const west, central = "eu-west-1", "eu-central-1"

// stage is two regions, each a real API server in which the loop runs with the shipped permissions and reads the other one
// as a peer with the shipped permissions. A ring has dc1 in the west and dc2 in the centre. Nobody carries CassandraTasks
// out: end plays their loop.
type stage struct {
	t     *testing.T
	ns    string
	clock time.Time
	by    map[string]*region
}

type region struct {
	*stage
	name   string
	admin  client.Client
	peers  *peers.Peers
	loop   *controller.Reconciler
	link   *kubetest.Link // to the other region's API server
	events *events.FakeRecorder
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: time.Now().Truncate(time.Second), by: map[string]*region{}}
	clusters := kubetest.Regions(t, west, central)
	s.ns = clusters[west].Namespace(t)
	s.must(clusters[central].Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	for name, other := range map[string]string{west: central, central: west} {
		clusters[name].ClearAfter(t, &api.K8ssandraTaskList{}, &api.CassandraTaskList{}, &cassandra.CassandraDatacenterList{}, &k8ssandra.K8ssandraClusterList{})
		r := &region{stage: s, name: name, admin: clusters[name].Client, events: events.NewFakeRecorder(1000)}
		r.link = kubetest.NewLink(t, clusters[other])
		r.link.Know(clusters[name], other)
		as, err := client.New(clusters[name].Operator(), client.Options{Scheme: clusters[name].Scheme})
		s.must(err)
		now := func() time.Time { return s.clock }
		r.peers = &peers.Peers{Client: as, Events: r.events, Region: name, Namespace: install.Namespace, Now: now, Kinds: slices.Concat(ring.Followed(), controller.Followed()), Calls: -1}
		r.loop = &controller.Reconciler{Client: as, Live: as, Events: r.events, Peers: r.peers, Region: name, Now: now}
		s.by[name] = r
		k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring", Annotations: map[string]string{k8ssandra.RingIDAnnotation: "ring-1"}}}
		k.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{Datacenters: []k8ssandra.CassandraDatacenterTemplate{
			{Metadata: k8ssandra.EmbeddedObjectMeta{Name: "dc1"}, K8sContext: west, Size: 3}, {Metadata: k8ssandra.EmbeddedObjectMeta{Name: "dc2"}, K8sContext: central, Size: 3}}}
		k.Spec.Cassandra.ServerVersion = "5.0.9"
		k.Spec.Cassandra.StorageConfig = &cassandra.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}}
		s.must(r.admin.Create(t.Context(), k))
	}
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) key() client.ObjectKey { return client.ObjectKey{Namespace: s.ns, Name: "restart"} }

// apply makes the task in a region.
func (r *region) apply(change func(*api.K8ssandraTask)) {
	r.t.Helper()
	task := &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: r.ns, Name: "restart"}}
	task.Spec.Cluster.Name = "ring"
	task.Spec.Template.Jobs = []api.CassandraJob{{Name: "restart", Command: api.CommandRestart}}
	if change != nil {
		change(task)
	}
	r.must(r.admin.Create(r.t.Context(), task))
}

// task is the region's copy, nil when it has none.
func (r *region) task() *api.K8ssandraTask {
	r.t.Helper()
	task := &api.K8ssandraTask{}
	if err := r.admin.Get(context.WithoutCancel(r.t.Context()), r.key(), task); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		r.t.Fatal(err)
	}
	return task
}

// part is a datacenter's CassandraTask, nil when there is none.
func (r *region) part(datacenter string) *api.CassandraTask {
	r.t.Helper()
	part := &api.CassandraTask{}
	if err := r.admin.Get(r.t.Context(), client.ObjectKey{Namespace: r.ns, Name: "restart-" + datacenter}, part); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		r.t.Fatal(err)
	}
	return part
}

// end lets a part have been carried out.
func (r *region) end(datacenter string) {
	r.t.Helper()
	part, now := r.part(datacenter), metav1.NewTime(r.clock)
	part.Status.StartTime, part.Status.CompletionTime, part.Status.Succeeded = &now, &now, 3
	r.must(r.admin.Status().Update(r.t.Context(), part))
}

// edit changes the region's copy.
func (r *region) edit(change func(*api.K8ssandraTask)) {
	r.t.Helper()
	task := r.task()
	before := task.DeepCopy()
	change(task)
	r.must(r.admin.Patch(r.t.Context(), task, client.MergeFrom(before)))
}

// held is what a datacenter's part waits for before its loop may go on.
func (r *region) held(datacenter string) string {
	r.t.Helper()
	why, err := r.loop.MayGoOn(r.t.Context(), r.part(datacenter))
	r.must(err)
	return why
}

// says tells whether a condition of the region's copy has a status and all the words.
func (r *region) says(kind string, status metav1.ConditionStatus, words ...string) bool {
	r.t.Helper()
	task := r.task()
	if task == nil {
		return false
	}
	c := meta.FindStatusCondition(task.Status.Conditions, kind)
	return c != nil && c.Status == status && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(c.Message, w) })
}

func (s *stage) rounds(n int) {
	s.t.Helper()
	for range n {
		for _, name := range []string{west, central} {
			r := s.by[name]
			s.must(r.peers.Survey(s.t.Context()))
			_, err := r.loop.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: s.key()})
			s.must(err)
		}
		s.clock = s.clock.Add(time.Second)
	}
}

func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	for range 60 {
		s.rounds(1)
		if holds() {
			return
		}
	}
	var text strings.Builder
	for _, r := range s.by {
		fmt.Fprintf(&text, "\n%s: %+v", r.name, r.task())
	}
	s.t.Fatalf("waiting for %s:%s", what, &text)
}

func (s *stage) both(holds func(*region) bool) func() bool {
	return func() bool { return holds(s.by[west]) && holds(s.by[central]) }
}

func (s *stage) cut(is bool) {
	for _, r := range s.by {
		r.link.Cut(is)
	}
}

// Applied in the west, with the centre's datacenter first: each region carries out its own, in the order of the spec, and
// both copies show the whole.
func TestATaskOverTwoRegions(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2", "dc1"} })
	s.until("dc2 to begin", func() bool { return c.part("dc2") != nil })
	s.rounds(3)
	if w.part("dc1") != nil || c.part("dc1") != nil || w.part("dc2") != nil {
		t.Error("it isn't dc1's turn, or it is made in the wrong region")
	}
	part := c.part("dc2")
	if part.Spec.Datacenter.Name != "dc2" || part.Spec.Jobs[0].Command != api.CommandRestart || *part.Spec.TTLSecondsAfterFinished != 0 || part.Labels[k8ssandra.TaskNameLabel] != "restart" {
		t.Errorf("the part is %+v", part)
	}
	c.end("dc2")
	s.until("dc1 to begin", func() bool { return w.part("dc1") != nil })
	w.end("dc1")
	s.until("both copies to say that all is done", s.both(func(r *region) bool { return r.says(api.JobComplete, metav1.ConditionTrue, "6 pods in 2 datacenters") }))
	if got := w.task().Status; got.Succeeded != 6 || got.Datacenters["dc2"].Succeeded != 3 || got.Regions[0].Region != central {
		t.Errorf("the west's status is %+v", got)
	}
	// Its time is over: it goes in both regions, with its CassandraTasks.
	s.clock = s.clock.Add(25 * time.Hour)
	s.until("its end", s.both(func(r *region) bool { return r.task() == nil }))
	if w.part("dc1") != nil || c.part("dc2") != nil {
		t.Error("CassandraTasks are left")
	}
}

// A region that is cut off is shown, and its part is done when it is back.
func TestACutAndAHeal(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	s.cut(true)
	s.rounds(3)
	w.apply(func(task *api.K8ssandraTask) { task.Spec.DcConcurrencyPolicy = "Allow" })
	s.until("the west's part", func() bool { return w.part("dc1") != nil })
	w.end("dc1")
	s.until("the west to tell of the centre", func() bool {
		return w.says(api.JobRunning, metav1.ConditionFalse, "dc2", central, "does not answer", "spec.skipDatacenters") && w.says(api.RegionsReachable, metav1.ConditionFalse, central)
	})
	if c.task() != nil {
		t.Error("the centre knows of it")
	}
	s.cut(false)
	s.until("the centre's part", func() bool { return c.part("dc2") != nil })
	c.end("dc2")
	s.until("both copies to say that all is done", s.both(func(r *region) bool { return r.says(api.JobComplete, metav1.ConditionTrue) }))
}

// A person leaves a region that is away out: the task ends without it, and it doesn't begin when it is back. Deleted while
// a region is away, the task stays until that region has answered.
func TestARegionIsLeftOut(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	s.cut(true)
	s.rounds(3)
	w.apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2", "dc1"} })
	s.rounds(5)
	if w.part("dc1") != nil {
		t.Error("dc1 has begun before dc2")
	}
	w.edit(func(task *api.K8ssandraTask) { task.Spec.SkipDatacenters = []string{"dc2"} })
	s.until("dc1's turn", func() bool { return w.part("dc1") != nil })
	w.end("dc1")
	s.until("the end", func() bool { return w.says(api.JobComplete, metav1.ConditionTrue, "left out: dc2") })
	s.cut(false)
	s.until("the centre to know of it", func() bool { return c.task() != nil && c.says(api.JobComplete, metav1.ConditionTrue, "left out: dc2") })
	if c.part("dc2") != nil {
		t.Error("dc2 has begun")
	}
	s.cut(true)
	s.rounds(3)
	s.must(w.admin.Delete(t.Context(), w.task()))
	s.until("the west to wait for the centre", func() bool {
		return w.says(api.Deleting, metav1.ConditionTrue, central, "to answer") && w.part("dc1") == nil
	})
	s.cut(false)
	s.until("its end", s.both(func(r *region) bool { return r.task() == nil }))
}

// Two regions that don't see each other are given two tasks of one name: nothing is begun, both say so.
func TestTwoTasksOfOneName(t *testing.T) {
	s := newStage(t)
	s.cut(true)
	s.rounds(3)
	s.by[west].apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2"} })
	s.by[central].apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc1"} })
	s.rounds(3)
	s.cut(false)
	s.until("both to say so", s.both(func(r *region) bool { return r.says(api.Diverged, metav1.ConditionTrue, "another task of this name") }))
	if s.by[west].part("dc1") != nil || s.by[central].part("dc2") != nil {
		t.Error("one has begun")
	}
}

// A region that doesn't show its K8ssandraTasks runs a former version: it is named, and all else that it has is known. Its
// part is done once it has been replaced.
func TestAFormerVersionIsNamed(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	role := &rbacv1.ClusterRole{}
	s.must(c.admin.Get(t.Context(), client.ObjectKey{Name: install.PeerName}, role))
	shipped := role.DeepCopy()
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, "k8ssandratasks") })
	s.must(c.admin.Update(t.Context(), role))
	restore := func() {
		ctx := context.WithoutCancel(t.Context())
		s.must(c.admin.Get(ctx, client.ObjectKey{Name: install.PeerName}, role))
		role.Rules = shipped.Rules
		s.must(c.admin.Update(ctx, role))
	}
	t.Cleanup(restore)
	w.apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2", "dc1"} })
	s.until("the west to tell", func() bool {
		return w.says(api.JobRunning, metav1.ConditionFalse, "dc2", central, "does not act on K8ssandraTasks")
	})
	if !w.says(api.RegionsReachable, metav1.ConditionTrue) {
		t.Errorf("a version is no outage: %+v", w.task().Status.Conditions)
	}
	restore()
	s.until("the centre to say that it has begun", func() bool {
		return c.part("dc2") != nil && w.says(api.JobRunning, metav1.ConditionFalse, "dc2 in region "+central)
	})
}

// A task that was made when nothing acted on K8ssandraTasks isn't begun by an upgrade.
func TestATaskOfAFormerVersionIsNotBegun(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(nil)
	task := w.task()
	meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{Type: api.FieldsNotActedOn, Status: metav1.ConditionTrue, Reason: api.ReasonKindNotActedOn, Message: "K8ssandraTask is not acted on"})
	s.must(w.admin.Status().Update(t.Context(), task))
	s.rounds(5)
	if !w.says(api.Invalid, metav1.ConditionTrue, "make it again") || c.task() != nil || w.part("dc1") != nil {
		t.Errorf("it has begun, or doesn't say why not: %+v", w.task())
	}
	s.must(w.admin.Delete(t.Context(), task))
	s.rounds(1)
	if w.task() != nil {
		t.Error("it can't be deleted")
	}
}

// A CassandraTask that somebody else made under a part's name is left alone, and told.
func TestSomethingIsInTheWay(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	other := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "restart-dc1"}}
	s.must(w.admin.Create(t.Context(), other))
	w.apply(nil)
	s.until("the west to tell", func() bool { return w.says(api.JobRunning, metav1.ConditionFalse, "in the way", "restart-dc1") })
	if part := w.part("dc1"); part.UID != other.UID || len(part.Spec.Jobs) > 0 {
		t.Errorf("it is %+v", part)
	}
}

// What labels in another namespace say is no part of the task: it isn't deleted with it, and holds nothing up.
func TestAForgedPartIsNone(t *testing.T) {
	s := newStage(t)
	w := s.by[west]
	elsewhere := kubetest.Region(t, west).Namespace(t)
	forged := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: elsewhere, Name: "mine", Finalizers: []string{"example.com/mine"}, Annotations: map[string]string{api.TaskIDAnnotation: "forged"},
		Labels: map[string]string{k8ssandra.TaskNameLabel: "restart", k8ssandra.TaskNamespaceLabel: s.ns}}}
	s.must(w.admin.Create(t.Context(), forged))
	w.apply(nil)
	s.until("the part", func() bool { return w.part("dc1") != nil })
	if id := w.part("dc1").Annotations[api.TaskIDAnnotation]; id == "" || id == "forged" || id != w.task().Annotations[api.TaskIDAnnotation] {
		t.Errorf("the id is %q", id)
	}
	s.must(w.admin.Delete(t.Context(), w.task()))
	s.until("its end", s.both(func(r *region) bool { return r.task() == nil }))
	s.must(w.admin.Get(t.Context(), client.ObjectKeyFromObject(forged), forged))
	if !forged.DeletionTimestamp.IsZero() {
		t.Error("the forged one is deleted")
	}
	forged.Finalizers = nil
	s.must(w.admin.Update(t.Context(), forged))
}

// What is left of an earlier task isn't a new one's of the same name, in no region: it keeps its id, is in the way until a
// person deletes it, and isn't gone on with.
func TestAnEarlierTaskOfTheName(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(func(task *api.K8ssandraTask) { task.Spec.DcConcurrencyPolicy = "Allow" })
	s.until("both parts", func() bool { return w.part("dc1") != nil && c.part("dc2") != nil })
	former := w.task().Annotations[api.TaskIDAnnotation]
	if why := w.held("dc1"); former == "" || why != "" {
		t.Errorf("id %q, held by %q", former, why)
	}
	for _, r := range s.by { // somebody takes the finalizers off
		r.edit(func(task *api.K8ssandraTask) { task.Finalizers = nil })
		s.must(r.admin.Delete(t.Context(), r.task()))
	}
	w.apply(func(task *api.K8ssandraTask) { task.Spec.DcConcurrencyPolicy = "Allow" })
	s.until("both copies to tell", s.both(func(r *region) bool { return r.says(api.JobRunning, metav1.ConditionFalse, "in the way") }))
	id := w.task().Annotations[api.TaskIDAnnotation]
	if id == "" || id == former || c.task().Annotations[api.TaskIDAnnotation] != id {
		t.Errorf("the new task's id is %q, the earlier one's was %q", id, former)
	}
	for dc, r := range map[string]*region{"dc1": w, "dc2": c} {
		if why := r.held(dc); !strings.Contains(why, "is gone") {
			t.Errorf("%s may go on: %q", dc, why)
		}
		s.must(r.admin.Delete(t.Context(), r.part(dc)))
	}
	s.until("the new parts", func() bool {
		return w.part("dc1") != nil && w.part("dc1").Annotations[api.TaskIDAnnotation] == id && c.part("dc2") != nil
	})
}

// A region that is restored to an earlier state finds its part unfinished. Its loop may not go on with it, and it goes.
func TestARestoredRegion(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(func(task *api.K8ssandraTask) { task.Spec.Datacenters = []string{"dc2", "dc1"} })
	s.until("dc2 to begin", func() bool { return c.part("dc2") != nil })
	c.end("dc2")
	s.until("dc1 to begin", func() bool { return w.part("dc1") != nil })
	part, task := c.part("dc2"), c.task()
	part.Status.CompletionTime, part.Status.Active = nil, 1
	s.must(c.admin.Status().Update(t.Context(), part))
	task.Status.Datacenters = map[string]api.CassandraTaskStatus{"dc2": part.Status}
	s.must(c.admin.Status().Update(t.Context(), task))
	s.must(c.peers.Survey(t.Context()))
	if why := c.held("dc2"); !strings.Contains(why, "region "+west+" remembers") {
		t.Errorf("the part is held by %q", why)
	}
	s.until("the part to go", func() bool { return c.part("dc2") == nil })
	w.end("dc1")
	s.until("both copies to say that all is done", s.both(func(r *region) bool { return r.says(api.JobComplete, metav1.ConditionTrue, "6 pods in 2 datacenters") }))
}

// The order of the datacenters and the ring's id are written into the spec where the task was applied, and reach all copies.
// When the ring is deleted in all regions, the task has ended.
func TestTheRingIsDeleted(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	w.apply(nil)
	s.until("the spec to be complete in both", s.both(func(r *region) bool {
		task := r.task()
		return task != nil && slices.Equal(task.Spec.Datacenters, []string{"dc1", "dc2"}) && task.Spec.Cluster.UID == "ring-1"
	}))
	s.until("dc1 to begin", func() bool { return w.part("dc1") != nil })
	gone := func(r *region) {
		k := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "ring"}}
		s.must(r.admin.Delete(t.Context(), k))
	}
	gone(w)
	s.until("the west to tell", func() bool { return w.says(api.Invalid, metav1.ConditionTrue, "no K8ssandraCluster") })
	if c.says(api.JobFailed, metav1.ConditionTrue) || w.says(api.JobFailed, metav1.ConditionTrue) {
		t.Error("it has ended while a region has the ring")
	}
	gone(c)
	s.until("its end", s.both(func(r *region) bool { return r.says(api.JobFailed, metav1.ConditionTrue, "is in no region any more") }))
	s.until("its part to go", func() bool { return w.part("dc1") == nil })
	s.clock = s.clock.Add(25 * time.Hour)
	s.until("it to go", s.both(func(r *region) bool { return r.task() == nil }))
}
