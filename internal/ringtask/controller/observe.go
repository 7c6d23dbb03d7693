package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	copies "github.com/ringspan/ringspan/internal/federation/controller"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// observe does all of a pass's reading, once, about a copy that is agreed on.
func (r *Reconciler) observe(ctx context.Context, c *copies.Pass) (*ringtask.State, error) {
	t, _ := c.Object.(*api.K8ssandraTask)
	s := &ringtask.State{Now: r.Now(), Region: r.Region, Task: t, Parts: map[string]*api.CassandraTask{}, InTheWay: map[string]string{}, Ungranted: map[string]string{},
		Held: c.Plan.Held, Problems: append(c.Plan.Problems, c.Plan.Waits...), Diverged: c.Plan.Choice}
	for i := range c.Peers {
		p := &c.Peers[i]
		one := ringtask.Peer{Region: p.Region, Reachable: p.Reachable, Since: p.Since, Message: p.Message, Lacks: p.Lacks(ringtask.Kind) != "", Lost: c.View.LostIn(p.Region)}
		if o, _ := p.Copy(ringtask.Kind, client.ObjectKeyFromObject(t)); o != nil && !c.View.Stranger(p.Region) {
			one.Task, _ = o.(*api.K8ssandraTask)
		}
		s.Peers = append(s.Peers, one)
	}
	k := &k8ssandra.K8ssandraCluster{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: t.Spec.Cluster.Name}, k)
	switch {
	case err == nil:
		s.Ring = k
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	for datacenter, namespace := range s.Here() {
		if err := r.observePart(ctx, s, datacenter, namespace); err != nil {
			return nil, err
		}
	}
	return s, nil
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
		s.InTheWay[datacenter] = fmt.Sprintf("CassandraTask %s in namespace %s, which is in the way of datacenter %s: it is not this task's", part.Name, namespace, datacenter)
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
