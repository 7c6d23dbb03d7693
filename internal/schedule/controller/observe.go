package controller

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/schedule"
)

// observe does all of a pass's reading, once.
func (r *Reconciler) observe(ctx context.Context, of *api.ScheduledTask) (*schedule.State, error) {
	s := &schedule.State{Now: r.Now().UTC().Truncate(time.Second), Schedule: of}
	var err error
	if s.Datacenter, err = r.hasDatacenter(ctx, of); err != nil {
		return nil, err
	}
	var list api.CassandraTaskList
	if err := r.Live.List(ctx, &list, client.InNamespace(of.Namespace)); err != nil {
		return nil, err
	}
	s.Tasks = list.Items
	return s, nil
}

// hasDatacenter tells whether the datacenter is there. A time is left out for good when it isn't, so that the API server is
// asked: a cache may have none yet, or one of the name that has gone since.
func (r *Reconciler) hasDatacenter(ctx context.Context, of *api.ScheduledTask) (bool, error) {
	dc := &cass.CassandraDatacenter{}
	name := client.ObjectKey{Namespace: of.Namespace, Name: of.Spec.TaskDetails.Datacenter.Name}
	if name.Name == "" {
		return false, nil
	}
	err := r.Live.Get(ctx, name, dc)
	return err == nil && dc.DeletionTimestamp.IsZero(), client.IgnoreNotFound(err)
}
