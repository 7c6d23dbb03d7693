package controller

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

var startAgain = mgmtapi.StartOptions{Seeds: []string{"10.0.0.1"}}

// asked is an API server that has a task, or none.
type asked struct {
	client.Reader
	task *control.CassandraTask
	pods []datacenter.Pod // that are there, as they were seen
}

// List lists the pods.
func (a asked) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	for _, p := range a.pods {
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: p.Name, UID: types.UID(p.UID)}}
		if p.Ready {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		into.(*corev1.PodList).Items = append(into.(*corev1.PodList).Items, pod)
	}
	return nil
}

func (a asked) Get(_ context.Context, name client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if a.task == nil {
		return apierrors.NewNotFound(claimKind, name.Name)
	}
	a.task.DeepCopyInto(o.(*control.CassandraTask))
	return nil
}

// replacing is a datacenter of three nodes, of which the last one is stopped and its volume about to go, as a task asks for.
func replacing(t *testing.T) (*Reconciler, *datacenter.State, datacenter.Step, *fake.Ring, *remade) {
	t.Helper()
	r, s, ring := leaving(t)
	pod := &s.Pods[2]
	id := ring.Node(pod.IP).HostID()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: datacenter.Claim(pod.Name), UID: "the volume"}}
	s.Claims = map[string]*corev1.PersistentVolumeClaim{claim.Name: claim}
	s.DC.Annotations = map[string]string{api.ReplaceAnnotation: pod.Name + " " + id + " the-volume"}
	claim.UID = "the-volume"
	s.DC.Status.NodeStatuses = api.CassandraStatusMap{pod.Name: {HostID: id}}
	task := &control.CassandraTask{ObjectMeta: metav1.ObjectMeta{Name: "replaces", UID: "t"}}
	task.Spec.Datacenter.Name, task.Spec.Jobs = "dc1", []control.CassandraJob{{Command: control.CommandReplaceNode}}
	task.Status.StartTime = &metav1.Time{}
	task.Status.StartTime.Time = task.Status.StartTime.AddDate(2000, 0, 0)
	task.Status.PodStatuses = map[string]control.PodTaskStatus{pod.Name: {Status: control.PodTaskRunning, JobID: id}}
	s.Replacements = datacenter.ReplaceRequestsOf(task, "dc1")
	server := &remade{now: "the-volume"}
	r.Client, r.Live = server, asked{task: task}
	if err := ring.Node(pod.IP).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(t, r, s)
	step := datacenter.Step{Pod: pod, HostID: id, Alive: []string{ring.Node("10.0.0.1").HostID(), ring.Node("10.0.0.2").HostID()}, OnRecord: s.DC.Annotations[api.ReplaceAnnotation], Record: api.ReplaceAnnotation}
	step.Target = pod.Name
	return r, s, step, ring, server
}

// Whatever was seen when the plan was made: the volume goes only when all of it is still so at that moment.
func TestAVolumeGoesOnlyWhenAllIsStillSo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Reconciler, *datacenter.State, *fake.Ring, *remade)
		says   string
	}{
		"all is so":        {func(*Reconciler, *datacenter.State, *fake.Ring, *remade) {}, ""},
		"the task is gone": {func(r *Reconciler, _ *datacenter.State, _ *fake.Ring, _ *remade) { r.Live = asked{} }, "nobody asks"},
		"the task is another one of its name": {func(r *Reconciler, _ *datacenter.State, _ *fake.Ring, _ *remade) {
			r.Live.(asked).task.UID = types.UID("another")
		}, "nobody asks"},
		"the task is over": {func(r *Reconciler, _ *datacenter.State, _ *fake.Ring, _ *remade) {
			r.Live.(asked).task.Status.CompletionTime = r.Live.(asked).task.Status.StartTime
		}, "nobody asks"},
		"another copy went down": {func(_ *Reconciler, _ *datacenter.State, ring *fake.Ring, _ *remade) {
			ring.Node("10.0.0.2").Crash("killed")
		}, "as up, which has copies"},
		"a node that should be asked doesn't answer": {func(_ *Reconciler, _ *datacenter.State, ring *fake.Ring, _ *remade) {
			ring.Node("10.0.0.2").Unreachable(true)
		}, "does not answer"},
		"the ring has forgotten the node": {func(_ *Reconciler, _ *datacenter.State, ring *fake.Ring, _ *remade) { ring.Node("10.0.0.3").Remove() }, "knows no member"},
		"somebody has started the node": {func(_ *Reconciler, _ *datacenter.State, ring *fake.Ring, _ *remade) {
			if err := ring.Node("10.0.0.3").Start(context.Background(), startAgain); err != nil {
				panic(err)
			}
			ring.Advance()
		}, "by now"},
		"the claim is another one": {func(_ *Reconciler, _ *datacenter.State, _ *fake.Ring, server *remade) { server.now = "the new one" }, "cannot be fulfilled"},
	} {
		r, s, step, ring, server := replacing(t)
		test.change(r, s, ring, server)
		err := r.deleteReplaced(t.Context(), s, step)
		if server.deleted != (test.says == "") {
			t.Errorf("%s: deleted %t, %v", name, server.deleted, err)
		}
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

// A node isn't stopped beside one that went down since the plan was made.
func TestANodeIsStoppedOnlyBesideLivingCopies(t *testing.T) {
	r, s, step, ring, _ := replacing(t)
	node := ring.Node("10.0.0.3")
	if err := node.Start(t.Context(), startAgain); err != nil {
		t.Fatal(err)
	}
	ring.Advance()
	look(t, r, s)
	r.Live = asked{pods: s.Pods}
	ring.Node("10.0.0.2").Crash("killed")
	if err := r.stop(t.Context(), s, step); err == nil || !strings.Contains(err.Error(), "as up, which has copies") || !node.Up() {
		t.Errorf("it is up: %t, %v", node.Up(), err)
	}
}
