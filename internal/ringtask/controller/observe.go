package controller

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// observe does all of a pass's reading, once, about a copy that is agreed on.
func (r *Reconciler) observe(ctx context.Context, c *copies.Pass) (*ringtask.State, error) {
	t, _ := c.Object.(*api.K8ssandraTask)
	s := &ringtask.State{Now: r.Now(), Region: r.Region, Task: t, Parts: map[string]*api.CassandraTask{}, InTheWay: map[string]string{}, Ungranted: map[string]string{},
		Held:     c.Plan.Held || c.Plan.Verb == federation.Unread, // by a revision that is superseded nothing may begin: a datacenter may have been left out since
		Problems: append(c.Plan.Problems, c.Plan.Waits...), Diverged: c.Plan.Choice}
	s.Peers = seen(t, c.Peers)
	for i := range s.Peers {
		s.Peers[i].Lost = c.View.LostIn(s.Peers[i].Region)
	}
	k := &k8ssandra.K8ssandraCluster{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: t.Spec.Cluster.Name}, k)
	switch {
	case err == nil:
		s.Ring = k
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	local := s.Local()
	for datacenter, namespace := range local {
		if err := r.observePart(ctx, s, datacenter, namespace); err != nil {
			return nil, err
		}
	}
	return s, r.observeLeft(ctx, s, local)
}

// seen are the other regions, each with its copy of a task and the id of its copy of the ring. Another task of the same name
// is no copy.
func seen(t *api.K8ssandraTask, known []peers.Snapshot) (all []ringtask.Peer) {
	for i := range known {
		p := &known[i]
		one := ringtask.Peer{Region: p.Region, Reachable: p.Reachable, Since: p.Since, Message: p.Message, Lacks: p.Lacks(ringtask.Kind) != ""}
		if o, copied := p.Copy(ringtask.Kind, client.ObjectKeyFromObject(t)); o != nil && !federation.IsAnother(t.Annotations[ringtask.Kind.ID], copied) {
			one.Task, _ = o.(*api.K8ssandraTask)
		}
		if o, copied := p.Copy(ring.Kind, client.ObjectKey{Namespace: t.Namespace, Name: t.Spec.Cluster.Name}); o != nil {
			one.Ring = cmp.Or(copied.ID, string(t.Spec.Cluster.UID)) // one without an id may be the task's
		}
		all = append(all, one)
	}
	return all
}

// MayGoOn says why a CassandraTask must not be begun or gone on with, "" when it may. One that is no part of a K8ssandraTask
// always may. Nothing is said before every other region has been looked at or has failed to answer: one of them may remember
// that the part has ended.
func (r *Reconciler) MayGoOn(ctx context.Context, part *api.CassandraTask) (why string, err error) {
	if part.Annotations[api.TaskIDAnnotation] == "" {
		return "", nil
	}
	known, whole := r.Peers.Snapshots()
	if !whole {
		return "the other regions to be looked at", nil
	}
	own := &api.K8ssandraTask{}
	name := client.ObjectKey{Namespace: part.Labels[k8ssandra.TaskNamespaceLabel], Name: part.Labels[k8ssandra.TaskNameLabel]}
	if err := r.Client.Get(ctx, name, own); apierrors.IsNotFound(err) {
		return ringtask.Hold(part, nil, nil), nil
	} else if err != nil {
		return "", err
	}
	return ringtask.Hold(part, own, seen(own, known)), nil
}

// observeLeft finds the parts of datacenters that have left the task's spec since, or the ring.
func (r *Reconciler) observeLeft(ctx context.Context, s *ringtask.State, local map[string]string) error {
	list, err := parts{client: r.Client, reader: r.Live}.List(ctx, client.ObjectKeyFromObject(s.Task))
	for _, o := range list {
		part, _ := o.(*api.CassandraTask)
		datacenter := part.Spec.Datacenter.Name
		if _, is := local[datacenter]; !is && ringtask.IsPart(part, s.Task) && part.Name == ringtask.PartName(s.Task.Name, datacenter) {
			s.Parts[datacenter] = part
		}
	}
	return err
}

// observePart finds a datacenter's part, or what keeps it from being made.
func (r *Reconciler) observePart(ctx context.Context, s *ringtask.State, datacenter, namespace string) error {
	part := &api.CassandraTask{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ringtask.PartName(s.Task.Name, datacenter)}, part)
	switch {
	case err == nil && ringtask.IsPart(part, s.Task):
		s.Parts[datacenter] = part
		return nil
	case err == nil:
		s.InTheWay[datacenter] = fmt.Sprintf("CassandraTask %s in namespace %s, which is in the way of datacenter %s, to be deleted: it is not this task's", part.Name, namespace, datacenter)
		return nil
	case !apierrors.IsNotFound(err):
		return err
	}
	asker := grant.Asker{Namespace: s.Ring.Namespace, Name: s.Ring.Name}
	if asker.Own(namespace) {
		return nil
	}
	ns := &corev1.Namespace{}
	err = r.Client.Get(ctx, client.ObjectKey{Name: namespace}, ns)
	if apierrors.IsNotFound(err) {
		ns, err = nil, nil
	}
	if err == nil && !grant.Accepts(ns, asker) {
		s.Ungranted[datacenter] = grant.Missing("task "+s.Task.Name, r.Region, namespace, ns, asker)
	}
	return err
}
