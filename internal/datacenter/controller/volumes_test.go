package controller

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kinds "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// remade is an API server in which the claim of a name is another one by now.
type remade struct {
	client.Client

	now     types.UID
	deleted bool
}

var claimKind = kinds.GroupResource{Resource: "persistentvolumeclaims"}

func (r *remade) Delete(_ context.Context, o client.Object, options ...client.DeleteOption) error {
	said := (&client.DeleteOptions{}).ApplyOptions(options)
	if said.Preconditions != nil && said.Preconditions.UID != nil && *said.Preconditions.UID != r.now {
		return apierrors.NewConflict(claimKind, o.GetName(), nil)
	}
	r.deleted = true
	return nil
}

func (r *remade) Get(_ context.Context, name client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(claimKind, name.Name)
}

// A claim that was made in the place of the one that was read keeps its volume.
func TestVolumesGoByTheirUID(t *testing.T) {
	server := &remade{now: "the new one"}
	r := &Reconciler{Client: server}
	s := &datacenter.State{DC: &api.CassandraDatacenter{}, Volumes: []datacenter.Volume{{Name: "server-data-a-0", UID: "the old one"}}}
	if err := r.deleteClaims(t.Context(), s, s.Volumes); server.deleted || !apierrors.IsConflict(err) {
		t.Errorf("the new claim was deleted: %t, %v", server.deleted, err)
	}
}

// volumes is an API server that has claims.
type volumes struct {
	client.Client

	claims []corev1.PersistentVolumeClaim
}

func (v *volumes) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*corev1.PersistentVolumeClaimList).Items = v.claims
	return nil
}

// A datacenter whose volumes are older than itself has data of an earlier one, even if they have no annotation that says so.
func TestOldVolumesAreSeenByTheirAge(t *testing.T) {
	born := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		why  string
		made time.Duration
		want bool
	}{{"made for it", time.Second, false}, {"made with it", 0, false}, {"kept", -time.Hour, true}} {
		claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "server-data-a-0", CreationTimestamp: metav1.NewTime(born.Add(test.made))}}
		s := &datacenter.State{DC: &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{UID: "now", CreationTimestamp: born}}}
		claims, err := (&Reconciler{Client: &volumes{claims: []corev1.PersistentVolumeClaim{claim}}}).claims(t.Context(), s)
		if sortClaims(s, claims); err != nil || s.EarlierVolumes != test.want {
			t.Errorf("%s: %t, %v", test.why, s.EarlierVolumes, err)
		}
	}
}
