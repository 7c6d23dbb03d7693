package controller

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	federation "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/ring"
)

// parts are a ring's in this region: its datacenters.
type parts struct {
	client client.Client
	now    func() time.Time
}

// List are the region's datacenters of a ring.
func (p parts) List(ctx context.Context, ring types.NamespacedName) ([]client.Object, error) {
	list, err := datacenters(ctx, p.client, ring)
	all := make([]client.Object, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all, err
}

func datacenters(ctx context.Context, kube client.Client, ring types.NamespacedName) ([]cassandra.CassandraDatacenter, error) {
	var list cassandra.CassandraDatacenterList
	err := kube.List(ctx, &list, client.MatchingLabels{api.ClusterNameLabel: ring.Name, api.ClusterNamespaceLabel: ring.Namespace})
	slices.SortFunc(list.Items, func(a, b cassandra.CassandraDatacenter) int { return strings.Compare(a.Name, b.Name) })
	return list.Items, err
}

// At tells whether a peer has datacenters of a ring.
func (parts) At(s *peers.Snapshot, ring types.NamespacedName) bool {
	return len(datacentersAt(s, ring)) > 0
}

// ID is that of the ring that a datacenter is of.
func (parts) ID(dc client.Object) string { return dc.GetAnnotations()[cassandra.RingIDAnnotation] }

// HeldUp is what a datacenter's deletion waits for when a person has to do something, in parentheses.
func (parts) HeldUp(o client.Object) string {
	dc, _ := o.(*cassandra.CassandraDatacenter)
	c := dc.Status.Condition(cassandra.DatacenterDeleting)
	if c == nil || c.Reason != cassandra.ReasonDecommission {
		return ""
	}
	return " (" + c.Message + ")"
}

// TakeDown deletes a datacenter. Deleted without the agreement on it, it would be kept as lost. One that somebody has made in
// its place since it was read isn't taken for it.
func (p parts) TakeDown(ctx context.Context, k, o client.Object) error {
	dc, _ := o.(*cassandra.CassandraDatacenter)
	if err := p.agreeTo(ctx, k, dc); err != nil || !dc.DeletionTimestamp.IsZero() {
		return err
	}
	uid := dc.UID
	return client.IgnoreNotFound(p.client.Delete(ctx, dc, client.Preconditions{UID: &uid}))
}

// agreeTo says on a datacenter that its deletion was agreed on: only then its own loop lets its volumes go, or keeps them for
// as long as the ring says. That may have been raised since the datacenter was told; what it keeps them for isn't shortened.
func (p parts) agreeTo(ctx context.Context, k client.Object, dc *cassandra.CassandraDatacenter) error {
	keep := deletion.Longer(dc.Annotations[deletion.KeepVolumes], k.GetAnnotations()[deletion.KeepVolumes])
	if dc.Annotations[deletion.Annotation] == deletion.Asked && dc.Annotations[deletion.KeepVolumes] == keep {
		return nil
	}
	before := dc.DeepCopy()
	if dc.Annotations == nil {
		dc.Annotations = map[string]string{}
	}
	dc.Annotations[deletion.Annotation] = deletion.Asked
	if keep != "" {
		dc.Annotations[deletion.KeepVolumes] = keep
	}
	return client.IgnoreNotFound(p.client.Patch(ctx, dc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// Heed takes over what the copy that is deleted in another region says of volumes, where that keeps them longer: annotations
// that are put on later don't travel.
func (p parts) Heed(ctx context.Context, o, other client.Object) error {
	k, _ := o.(*api.K8ssandraCluster)
	if other == nil {
		return nil
	}
	keep := deletion.Longer(k.Annotations[deletion.KeepVolumes], other.GetAnnotations()[deletion.KeepVolumes])
	if keep == k.Annotations[deletion.KeepVolumes] {
		return nil
	}
	before := k.DeepCopy()
	if k.Annotations == nil {
		k.Annotations = map[string]string{}
	}
	k.Annotations[deletion.KeepVolumes] = keep
	return patch(ctx, p.client, k, before)
}

// Unprotect takes the protection from deletion off this region's copy and off those of its datacenters that go with it: a
// person said that what is lost may go.
func (p parts) Unprotect(ctx context.Context, o client.Object) error {
	k, _ := o.(*api.K8ssandraCluster)
	list, err := datacenters(ctx, p.client, client.ObjectKeyFromObject(k))
	if err != nil {
		return err
	}
	for i := range list {
		dc := &list[i]
		if dc.Annotations[deletion.Protection] == "" || dc.Namespace != k.Namespace {
			continue
		}
		before := dc.DeepCopy()
		delete(dc.Annotations, deletion.Protection)
		if err := p.client.Patch(ctx, dc, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	if k.Annotations[deletion.Protection] == "" {
		return nil
	}
	before := k.DeepCopy()
	delete(k.Annotations, deletion.Protection)
	return patch(ctx, p.client, k, before)
}

// Told are the revisions that this copy names as diverged from it.
func (parts) Told(o client.Object) map[string]string {
	k, _ := o.(*api.K8ssandraCluster)
	if !k.Status.IsTrue(api.ClusterDiverged) {
		return nil
	}
	all := map[string]string{}
	for _, s := range k.Status.Peers {
		all[s.Region] = s.Revision
	}
	return all
}

// SetDeleting makes the condition Deleting and status.error say how a deletion goes.
func (p parts) SetDeleting(o client.Object, d federation.Deleting) (news bool) {
	k, _ := o.(*api.K8ssandraCluster)
	k.Status, news = ring.Leaving(k, p.now(), ring.Deletion(d))
	return news
}

// patch writes what differs from before, and nothing if the copy was written meanwhile.
func patch(ctx context.Context, kube client.Client, k, before *api.K8ssandraCluster) error {
	return kube.Patch(ctx, k, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
