package controller

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
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
