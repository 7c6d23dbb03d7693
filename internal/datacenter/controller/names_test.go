package controller_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

func (s *stage) setNames() (names []string) {
	s.t.Helper()
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(s.t.Context(), &sets, client.InNamespace(s.ns)))
	for i := range sets.Items {
		names = append(names, sets.Items[i].Name)
	}
	return names
}

// otherNames makes a datacenter whose names the two ways form differently.
func otherNames(dc *api.CassandraDatacenter) {
	dc.Spec.DatacenterName = "DC_One"
	dc.Spec.Racks = []api.Rack{{Name: "r_1"}, {Name: "r2"}, {Name: "r3"}}
}

// How a new datacenter's objects are named is on record before anything is made, and they are named as cass-operator would.
func TestNamesAreOnRecordBeforeAnythingIsMade(t *testing.T) {
	s := newStage(t)
	s.create(otherNames)
	for range 10 {
		s.pass()
		var services corev1.ServiceList
		s.must(s.admin.List(t.Context(), &services, client.InNamespace(s.ns)))
		if recorded := s.dc().Annotations[api.NamesAnnotation]; recorded == "" && len(s.setNames())+len(services.Items) > 0 {
			t.Fatal("objects are made without a record")
		} else if recorded != "" {
			break
		}
	}
	s.newOperator()
	s.settle()
	if got := s.setNames(); !slices.Equal(got, []string{"ring-dc1-r-1-sts", "ring-dc1-r2-sts", "ring-dc1-r3-sts"}) {
		t.Errorf("%v", got)
	}
}

// A datacenter of the first version keeps its names without a record, also when all of its StatefulSets and pods are lost.
func TestNamesOfTheFirstVersionAreKept(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		otherNames(dc)
		dc.Annotations = map[string]string{api.NamesAnnotation: api.NamesFormer}
	})
	s.settle()
	former := []string{"ring-dcone-r1-sts", "ring-dcone-r2-sts", "ring-dcone-r3-sts"}
	if got := s.setNames(); !slices.Equal(got, former) {
		t.Fatalf("%v", got)
	}
	s.change(func(dc *api.CassandraDatacenter) { delete(dc.Annotations, api.NamesAnnotation) })
	s.must(s.admin.DeleteAllOf(t.Context(), &appsv1.StatefulSet{}, client.InNamespace(s.ns)))
	s.newOperator()
	for range 20 {
		s.rounds(1)
		for _, name := range s.setNames() {
			if !slices.Contains(former, name) {
				t.Fatalf("StatefulSet %s beside the data", name)
			}
		}
	}
	if got := s.dc().Annotations[api.NamesAnnotation]; got != api.NamesFormer {
		t.Errorf("on record: %q", got)
	}
}

// Beside a StatefulSet of the other name nothing is done, and the message has both.
func TestNothingIsDoneUnderTwoNames(t *testing.T) {
	s := newStage(t)
	s.create(otherNames)
	s.settle()
	var set appsv1.StatefulSet
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-dc1-r-1-sts"}, &set))
	other := set.DeepCopy()
	other.Name, other.ResourceVersion, other.UID = "ring-dcone-r1-sts", "", ""
	s.must(s.admin.Create(t.Context(), other))
	before := s.setNames()
	s.pass()
	s.pass()
	c := s.dc().Status.Condition(api.DatacenterValid)
	if c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, "ring-dcone-r1-sts") || !strings.Contains(c.Message, "ring-dc1-r-1-sts") {
		t.Errorf("%+v", c)
	}
	if got := s.setNames(); !slices.Equal(got, before) {
		t.Errorf("%v", got)
	}
}

// Volumes that are there before the datacenter decide: those that an earlier one of the first version left, and those that a person has
// restored under its names, without labels.
func TestVolumesThatAreThereTellTheNames(t *testing.T) {
	for _, labels := range []map[string]string{{api.ClusterLabel: "ring", api.DatacenterLabel: "dc1"}, nil} {
		s := newStage(t)
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-ring-dcone-r1-sts-0", Labels: labels}}
		claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
		claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
		s.must(s.admin.Create(t.Context(), claim))
		s.create(otherNames)
		s.rounds(4)
		if got := s.dc().Annotations[api.NamesAnnotation]; got != api.NamesFormer {
			t.Errorf("labels %v: on record: %q", labels, got)
		}
		for _, name := range s.setNames() {
			if !strings.HasPrefix(name, "ring-dcone-") {
				t.Errorf("labels %v: StatefulSet %s beside the volume", labels, name)
			}
		}
		if len(s.setNames()) == 0 {
			t.Error("no StatefulSet was made")
		}
	}
}

// While it can't be read what is there, nothing is made, and nothing is put on record.
func TestNothingIsNamedUnread(t *testing.T) {
	s := newStage(t)
	s.create(otherNames)
	live := s.loop.Live
	s.loop.Live = unreadable{live}
	s.pass() // which adds the finalizer
	for range 3 {
		if _, err := s.loop.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.dc())}); !errors.Is(err, errUnreadable) {
			t.Errorf("%v", err)
		}
	}
	if got := s.dc().Annotations[api.NamesAnnotation]; got != "" || len(s.setNames()) > 0 {
		t.Errorf("on record: %q; made: %v", got, s.setNames())
	}
	s.loop.Live = live
	s.rounds(4)
	if len(s.setNames()) == 0 {
		t.Error("no StatefulSet was made when all could be read again")
	}
}

var errUnreadable = errors.New("the API server doesn't answer")

// unreadable is a reader that lists no claims.
type unreadable struct{ client.Reader }

func (u unreadable) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if _, claims := list.(*corev1.PersistentVolumeClaimList); claims {
		return errUnreadable
	}
	return u.Reader.List(ctx, list, opts...)
}
