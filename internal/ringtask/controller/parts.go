package controller

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// parts are a task's in this region: its CassandraTasks.
type parts struct {
	client client.Client
	reader client.Reader // of the parts
	now    func() time.Time
}

// List lists the region's parts of a task by their labels. In a namespace other than the task's anybody with rights there can
// write these labels, so parts count only in namespaces that accept the task's ring.
func (p parts) List(ctx context.Context, task types.NamespacedName) (all []client.Object, err error) {
	if len(task.Name) > 63 { // too long for a label, so no part carries it
		return nil, nil
	}
	var list api.CassandraTaskList
	if err := p.reader.List(ctx, &list, client.MatchingLabels(ringtask.Labels(task.Namespace, task.Name))); err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b api.CassandraTask) int { return strings.Compare(a.Name, b.Name) })
	for i := range list.Items {
		part := &list.Items[i]
		ours, err := p.mayBeIn(ctx, part.Namespace, task)
		if err != nil {
			return nil, err
		}
		if ours {
			all = append(all, part)
		}
	}
	return all, nil
}

// mayBeIn tells whether a task can have parts in a namespace at all.
func (p parts) mayBeIn(ctx context.Context, namespace string, task types.NamespacedName) (bool, error) {
	if namespace == task.Namespace {
		return true, nil
	}
	t := &api.K8ssandraTask{}
	if err := p.client.Get(ctx, task, t); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	ns := &corev1.Namespace{}
	if err := p.client.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return grant.Accepts(ns, grant.Asker{Namespace: task.Namespace, Name: t.Spec.Cluster.Name}), nil
}

// At says that no peer has parts: they aren't read there, because no deletion has to wait for them.
func (parts) At(*peers.Snapshot, types.NamespacedName) bool { return false }

// ID says that a part doesn't tell which task it is of. Otherwise a new task would get the id, and with it the parts, of an
// earlier task of its name of which something is left.
func (parts) ID(client.Object) string { return "" }

// HeldUp says that the end of a CassandraTask waits for nobody.
func (parts) HeldUp(client.Object) string { return "" }

// TakeDown deletes a CassandraTask. A job that it has begun on a node goes on there; no other one begins.
func (p parts) TakeDown(ctx context.Context, _, o client.Object) error {
	part, _ := o.(*api.CassandraTask)
	if !part.DeletionTimestamp.IsZero() {
		return nil
	}
	return client.IgnoreNotFound(p.client.Delete(ctx, part, client.Preconditions{UID: &part.UID}))
}

// Heed and Unprotect have nothing to do: tasks keep no volumes, and nothing protects them from deletion.
func (parts) Heed(context.Context, client.Object, client.Object) error { return nil }

// Unprotect has nothing to do.
func (parts) Unprotect(context.Context, client.Object) error { return nil }

// Told are the revisions that the status names as diverged from this copy.
func (parts) Told(o client.Object) map[string]string {
	t, _ := o.(*api.K8ssandraTask)
	if !meta.IsStatusConditionTrue(t.Status.Conditions, api.Diverged) {
		return nil
	}
	all := map[string]string{}
	for _, r := range t.Status.Regions {
		all[r.Region] = r.Revision
	}
	return all
}

// SetDeleting makes the condition Deleting say how a deletion goes.
func (p parts) SetDeleting(o client.Object, d copies.Deleting) (news bool) {
	t, _ := o.(*api.K8ssandraTask)
	value := metav1.ConditionFalse
	if d.Is {
		value = metav1.ConditionTrue
	}
	return meta.SetStatusCondition(&t.Status.Conditions, metav1.Condition{Type: api.Deleting, Status: value, Reason: d.Reason, Message: d.Message,
		ObservedGeneration: t.Generation, LastTransitionTime: metav1.NewTime(p.now().Truncate(time.Second))})
}
