package controller_test

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/task/controller"
)

// patience bounds what takes milliseconds on a quiet machine.
const patience = time.Minute

// The loop runs in a manager with the shipped permissions: it may watch what it watches and make events.
func TestTheLoopRunsWithTheShippedPermissions(t *testing.T) {
	cluster := kubetest.Shared(t)
	ns := cluster.Namespace(t)
	runManager(t, cluster)

	task := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "move"}}
	task.Spec.Datacenter.Name = "dc1"
	task.Spec.Jobs = []api.CassandraJob{{Name: "j", Command: api.CommandMove}}
	if err := cluster.Client.Create(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the task to have failed", func(ctx context.Context) (bool, error) {
		err := cluster.Client.Get(ctx, client.ObjectKeyFromObject(task), task)
		return meta.IsStatusConditionTrue(task.Status.Conditions, api.JobFailed), err
	})
	eventually(t, "an event about it", func(ctx context.Context) (bool, error) {
		var list eventsv1.EventList
		err := cluster.Client.List(ctx, &list, client.InNamespace(ns))
		return has(list, "move"), err
	})
}

func has(list eventsv1.EventList, word string) bool {
	for _, e := range list.Items {
		if strings.Contains(e.Note, word) {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, seen func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, seen); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func runManager(t *testing.T, cluster *kubetest.Cluster) {
	t.Helper()
	m, err := ctrl.NewManager(cluster.Operator(), ctrl.Options{
		Scheme: cluster.Scheme, Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ring := fake.NewRing("ring")
	loop := &controller.Reconciler{
		Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("ringspan"), Now: time.Now,
		Node: func(pod *corev1.Pod) mgmtapi.Node { return ring.Dial(pod.Status.PodIP) },
	}
	if err := loop.SetupWithManager(m); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the manager: %v", err)
		}
	})
}
