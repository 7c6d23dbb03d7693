package controller

import (
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/ring"
)

// tell changes annotations of a datacenter that leaves the ring, if it is still as it was read. All else of it stays.
func (r *Reconciler) tell(ctx context.Context, step ring.Step) error {
	before, is := step.Object.(*cassandra.CassandraDatacenter)
	if !is {
		return errUnknownVerb
	}
	dc := before.DeepCopy()
	ring.Retell(dc, step.Told)
	return r.Client.Patch(ctx, dc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// holdLeaderless keeps nodes from leaving a ring whose copy is being deleted here, or isn't there: no region agrees on their leaving any more,
// and an edit may yet overrule the deletion.
func (r *Reconciler) holdLeaderless(ctx context.Context, name client.ObjectKey) error {
	k := &api.K8ssandraCluster{}
	if err := r.Client.Get(ctx, name, k); client.IgnoreNotFound(err) != nil || err == nil && k.DeletionTimestamp.IsZero() {
		return err
	}
	return r.holdAll(ctx, k, name)
}

// holdAll keeps the nodes of all of a ring's datacenters here from leaving it.
func (r *Reconciler) holdAll(ctx context.Context, k *api.K8ssandraCluster, name client.ObjectKey) error {
	list, err := datacenters(ctx, r.Client, name)
	for i := range list {
		if told := ring.Hold(k, &list[i]); told != nil && list[i].DeletionTimestamp.IsZero() {
			err = errors.Join(err, ignoreConflict(r.tell(ctx, ring.Step{Object: &list[i], Told: told})))
		}
	}
	return err
}

// remove deletes a datacenter whose nodes have left the ring, if it is still as it was read. That its deletion is agreed on is written on
// it first, or it would be kept as lost; its protection is about data that it has no more. What keeps volumes stays: one that is left may be of a
// node that gave its data to nobody, because the others were told to forget it.
func (r *Reconciler) remove(ctx context.Context, step ring.Step) error {
	before, is := step.Object.(*cassandra.CassandraDatacenter)
	if !is {
		return errUnknownVerb
	}
	dc := before.DeepCopy()
	dc.Annotations[deletion.Annotation] = deletion.Asked
	delete(dc.Annotations, deletion.Protection)
	if err := r.Client.Patch(ctx, dc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return client.IgnoreNotFound(err)
	}
	uid, version := dc.UID, dc.ResourceVersion
	return client.IgnoreNotFound(r.Client.Delete(ctx, dc, client.Preconditions{UID: &uid, ResourceVersion: &version}))
}
