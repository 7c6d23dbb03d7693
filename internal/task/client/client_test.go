package client_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/task/client"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

// silent only does something when it is told that a datacenter is waited for.
type silent struct{ wait func() }

func (silent) Phase(string)                {}
func (silent) Line(report.Subject, string) {}

func (s silent) Wait(who report.Subject, _ string) {
	if s.wait != nil && who.Name == "dc1" {
		s.wait()
	}
}

// A task is made, followed to its end, and deleted, at a real API server; a second region is away.
func TestATaskFromOutside(t *testing.T) {
	cluster := kubetest.Shared(t)
	ns := cluster.Namespace(t)
	here, err := region.New("west", cluster.Admin)
	must(t, err)
	away := rest.CopyConfig(cluster.Admin)
	away.Host = "https://127.0.0.1:1"
	gone, err := region.New("east", away)
	must(t, err)
	regions := []region.Region{here, gone}
	must(t, here.Client.Create(t.Context(), &cassandra.CassandraDatacenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "dc1"},
		Spec: cassandra.CassandraDatacenterSpec{
			ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1,
			StorageConfig: cassandra.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			}},
		},
	}))
	q := &client.Request{Job: api.CassandraJob{Command: api.CommandFlush}, Namespace: ns, Now: time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)}
	must(t, q.Check())
	seen, err := client.Look(t.Context(), regions, q.About())
	must(t, err)
	if err := seen.Away(); len(err) != 1 {
		t.Errorf("away: %v", err)
	}
	order, err := seen.Order(q)
	must(t, err)
	must(t, client.Make(t.Context(), regions, order))
	if err := client.Make(t.Context(), regions, order); err == nil || !strings.Contains(err.Error(), "--name") {
		t.Errorf("made again: %v", err)
	}

	until, cancel := context.WithCancel(t.Context())
	defer cancel()
	if v, err := client.Follow(until, regions, seen, order, silent{cancel}); err == nil || v.State != client.Waiting {
		t.Errorf("followed while nobody acts: %v, %+v", err, v)
	}
	made := &api.CassandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: order.Is().Name}}
	must(t, here.Client.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: made.Name}, made))
	now := metav1.Now()
	made.Status.StartTime, made.Status.CompletionTime = &now, &now
	must(t, here.Client.Status().Update(t.Context(), made))
	v, err := client.Follow(t.Context(), regions, seen, order, silent{})
	if err != nil || v.State != client.Completed {
		t.Errorf("followed: %v, %+v", err, v)
	}

	all, err := client.Look(t.Context(), regions, client.About{Tasks: true})
	must(t, err)
	view, err := all.Find(client.Which{Name: order.Is().Name, Namespace: ns})
	must(t, err)
	if where, err := client.Delete(t.Context(), regions, all, &view); err != nil || where != "west" {
		t.Errorf("deleted in %q: %v", where, err)
	}
	over := client.Order{Region: "west", Task: &api.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "over"}}} // never seen
	for _, o := range []client.Order{order, over} {
		if _, err := client.Follow(t.Context(), regions, seen, o, silent{}); err == nil || !strings.Contains(err.Error(), "deleted") {
			t.Errorf("followed after its deletion: %v", err)
		}
	}
	over.Region = "east"
	if err := client.Make(t.Context(), regions, over); err == nil || !strings.Contains(err.Error(), "has not said whether") {
		t.Errorf("made in a region that is away: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
