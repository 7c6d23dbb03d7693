package controller_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// withVolumes makes dc1 with volumes of 1Gi of a class of its own.
func (s *stage) withVolumes(expands bool) {
	s.t.Helper()
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "of-" + s.ns}, Provisioner: "example.com/disks", AllowVolumeExpansion: &expands}
	s.must(s.admin.Create(s.t.Context(), class))
	s.t.Cleanup(func() { _ = s.admin.Delete(context.WithoutCancel(s.t.Context()), class) })
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec.StorageClassName = &class.Name
	})
	s.settle()
}

func (s *stage) askFor(size string) {
	s.t.Helper()
	s.change(func(dc *api.CassandraDatacenter) {
		metav1.SetMetaDataAnnotation(&dc.ObjectMeta, api.AllowStorageChangesAnnotation, "true")
		dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	})
}

// sets are the StatefulSets' UIDs, and the storage that their new pods get.
func (s *stage) sets() (uids []types.UID, sizes []string) {
	s.t.Helper()
	var list appsv1.StatefulSetList
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
	for _, set := range list.Items {
		uids, sizes = append(uids, set.UID), append(sizes, set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String())
	}
	return uids, sizes
}

func (s *stage) volumeSizes() (sizes []string) {
	s.t.Helper()
	var list corev1.PersistentVolumeClaimList
	s.must(s.admin.List(s.t.Context(), &list, client.InNamespace(s.ns)))
	for _, c := range list.Items {
		sizes = append(sizes, c.Spec.Resources.Requests.Storage().String()+"/"+c.Status.Capacity.Storage().String())
	}
	return sizes
}

// Volumes grow, whichever operator makes the next step: pods, their labels and the datacenter's readiness stay as they were.
func TestVolumesGrow(t *testing.T) {
	s := newStage(t)
	s.withVolumes(true)
	pods, before := s.uids(), s.dc()
	former, _ := s.sets()
	s.askFor("2Gi")
	began := false
	for range 40 {
		s.newOperator()
		s.pass()
		dc := s.dc()
		began = began || dc.Status.IsTrue(api.DatacenterResizingVolumes)
		if !dc.Status.IsTrue(api.DatacenterReady) || !dc.Status.IsTrue(api.DatacenterHealthy) {
			t.Fatalf("it isn't ready any more: %+v", dc.Status.Conditions)
		}
		s.kubernetes()
		for name, uid := range pods {
			if pod := s.pod(name); string(pod.UID) != uid || !pod.DeletionTimestamp.IsZero() || pod.Labels[api.NodeStateLabel] != api.NodeStateStarted {
				t.Fatalf("%s is another pod: %+v", name, pod.ObjectMeta)
			}
		}
	}
	s.settle()
	now, templates := s.sets()
	if !slices.Equal(templates, []string{"2Gi", "2Gi", "2Gi"}) || slices.ContainsFunc(now, func(uid types.UID) bool { return slices.Contains(former, uid) }) {
		t.Errorf("StatefulSets %v were %v, and have %v", now, former, templates)
	}
	if sizes := s.volumeSizes(); !slices.Equal(sizes, []string{"2Gi/2Gi", "2Gi/2Gi", "2Gi/2Gi"}) {
		t.Errorf("the volumes have %v", sizes)
	}
	dc := s.dc()
	if c := dc.Status.Condition(api.DatacenterResizingVolumes); !began || c == nil || c.Status != corev1.ConditionFalse || dc.Annotations[datacenter.RemakingAnnotation] != "" {
		t.Errorf("it began: %t, then %+v, %v", began, c, dc.Annotations)
	}
	for name, n := range before.Status.NodeStatuses {
		if dc.Status.NodeStatuses[name] != n {
			t.Errorf("%s was %+v and is %+v", name, n, dc.Status.NodeStatuses[name])
		}
	}
	for _, words := range []string{"ResizingPVC", "RecreatingStatefulSet"} {
		if !s.event(words) {
			t.Errorf("no event %s", words)
		}
	}
}

func TestVolumesThatCantGrowAreNamed(t *testing.T) {
	s := newStage(t)
	s.withVolumes(false)
	s.askFor("2Gi")
	s.rounds(4)
	c := s.dc().Status.Condition(api.DatacenterValid)
	if c.Status != corev1.ConditionFalse || !strings.HasPrefix(c.Message, "spec.storageConfig.cassandraDataVolumeClaimSpec.resources.requests.storage: claim server-data-ring-dc1-r1-sts-0") ||
		!strings.Contains(c.Message, "StorageClass of-"+s.ns) {
		t.Errorf("got %+v", c)
	}
	_, templates := s.sets()
	if sizes := append(s.volumeSizes(), templates...); slices.ContainsFunc(sizes, func(size string) bool { return strings.Contains(size, "2Gi") }) {
		t.Errorf("something was changed: %v", sizes)
	}
	if !s.event("allowVolumeExpansion") {
		t.Error("no event tells of it")
	}
}

// staleSets is a cache that still has the StatefulSets as they were.
type staleSets struct {
	client.Client

	old *appsv1.StatefulSetList
}

func (c *staleSets) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if sets, ok := list.(*appsv1.StatefulSetList); ok && c.old != nil {
		c.old.DeepCopyInto(sets)
		return nil
	}
	return c.Client.List(ctx, list, options...)
}

// An operator whose cache lags behind neither deletes a StatefulSet that was made anew, nor makes the former one again.
func TestVolumesGrowOnStaleNews(t *testing.T) {
	s := newStage(t)
	s.withVolumes(true)
	pods := s.uids()
	former, _ := s.sets()
	cache := &staleSets{Client: s.as}
	s.loop.Client = cache
	s.askFor("2Gi")
	for i := range 60 {
		var sets appsv1.StatefulSetList
		s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
		s.pass()
		s.kubernetes()
		if cache.old = &sets; i%2 == 0 { // two times the same news, to the same operator or one that begins
			s.newOperator()
			s.loop.Client = cache
		}
		s.pass()
		cache.old = nil
		now, sizes := s.sets()
		for at, uid := range now {
			if sizes[at] == "1Gi" && !slices.Contains(former, uid) {
				t.Fatalf("a StatefulSet was made anew as it was: %v %v", now, sizes)
			}
		}
	}
	s.settle()
	if _, templates := s.sets(); !slices.Equal(templates, []string{"2Gi", "2Gi", "2Gi"}) {
		t.Errorf("new pods get %v", templates)
	}
	for name, uid := range s.uids() {
		if pods[name] != uid {
			t.Errorf("%s is another pod", name)
		}
	}
}

// A spec that can't be acted on leaves no pod without its StatefulSet, and no node without its pod.
func TestStatefulSetIsMadeAnewForAnInvalidSpec(t *testing.T) {
	s := newStage(t)
	s.withVolumes(true)
	pods := s.uids()
	s.askFor("2Gi")
	gone := false
	for range 40 {
		s.pass()
		s.kubernetes()
		if now, _ := s.sets(); len(now) < 3 {
			gone = true
			break
		}
	}
	if !gone {
		t.Fatal("no StatefulSet was made anew")
	}
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.ServerType = "dse" })
	s.rounds(4)
	now, _ := s.sets()
	if c := s.dc().Status.Condition(api.DatacenterValid); c.Status != corev1.ConditionFalse || len(now) != 3 {
		t.Errorf("StatefulSets %v, %+v", now, c)
	}
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.ServerType = "cassandra" })
	s.settle()
	if _, templates := s.sets(); !slices.Equal(templates, []string{"2Gi", "2Gi", "2Gi"}) {
		t.Errorf("new pods get %v", templates)
	}
	for name, uid := range s.uids() {
		if pods[name] != uid {
			t.Errorf("%s is another pod", name)
		}
	}
}
