package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// observeStreams asks the node that leaves the ring how far it is. That it can't be asked is said by other means.
func (r *Reconciler) observeStreams(ctx context.Context, s *datacenter.State) {
	i := slices.IndexFunc(s.Pods, func(p datacenter.Pod) bool { return p.Name == s.LeaverPod() })
	if i < 0 || !s.Pods[i].Agent || s.Pods[i].Status.OperationMode != mgmtapi.ModeLeaving {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	s.Streams, _ = r.nodeOf(&s.Pods[i]).Streams(ctx)
}

// stillOnRecord fails unless the datacenter has the record still that a step rests on, as the API server says: what was observed may be of a time before the record
// was removed and another node took the place.
func (r *Reconciler) stillOnRecord(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	record, annotation := step.OnRecord, cmp.Or(step.Record, api.DecommissionAnnotation)
	if record == "" {
		return nil
	}
	now := &api.CassandraDatacenter{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.DC), now); err != nil {
		return fmt.Errorf("whether annotation %s is still what it was: %w", annotation, err)
	}
	if now.UID != s.DC.UID || now.Generation != s.DC.Generation || now.Annotations[annotation] != record {
		return fmt.Errorf("annotation %s is no longer %q, or the spec is another one: they are looked at again", annotation, record)
	}
	return nil
}

// knownToNobody fails as long as a node that runs knows a host id as a member, or can't be asked. It is asked at the moment when
// that matters: what was observed may be some seconds old, and of one node only.
func (r *Reconciler) knownToNobody(ctx context.Context, s *datacenter.State, hostID string) error {
	return r.askAll(ctx, s, func(pod string, knows bool) error {
		if knows {
			return fmt.Errorf("node %s still knows host id %s as a member", pod, hostID)
		}
		return nil
	}, hostID)
}

// knownToAll fails unless each other node that runs knows a host id as a member: one that was leaving may have left, and its last
// words may have reached some of them only.
func (r *Reconciler) knownToAll(ctx context.Context, s *datacenter.State, hostID string) error {
	return r.askAll(ctx, s, func(pod string, knows bool) error {
		if !knows {
			return fmt.Errorf("node %s doesn't know host id %s as a member", pod, hostID)
		}
		return nil
	}, hostID)
}

// askAll asks each node that runs, but the one that leaves, whether it knows a host id as a member, and judges each answer.
func (r *Reconciler) askAll(ctx context.Context, s *datacenter.State, judge func(pod string, knows bool) error, hostID string) error {
	asked := 0
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.Name == s.LeaverPod() || pod.Deleting || pod.Status.State != mgmtapi.Running {
			continue
		}
		view, err := r.view(ctx, pod)
		if err != nil {
			return fmt.Errorf("whether node %s knows host id %s as a member: %w", pod.Name, hostID, err)
		}
		if err := judge(pod.Name, slices.ContainsFunc(view, func(e mgmtapi.Endpoint) bool { return e.HostID == hostID })); err != nil {
			return err
		}
		asked++
	}
	if asked == 0 {
		return fmt.Errorf("no node runs that could tell whether host id %s is a member", hostID)
	}
	return nil
}

// view is what a node knows of the ring now.
func (r *Reconciler) view(ctx context.Context, pod *datacenter.Pod) ([]mgmtapi.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	return r.nodeOf(pod).Endpoints(ctx)
}
