package controller

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	if err := r.dropVolumes(t.Context(), s); server.deleted || !apierrors.IsConflict(err) {
		t.Errorf("the new claim was deleted: %t, %v", server.deleted, err)
	}
}
