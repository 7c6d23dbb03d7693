package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// stopTimeout is for a node that is drained and ended: its agent gives the first 30 s.
const stopTimeout = time.Minute

// stop ends the JVM of a node that is to be replaced, if those that it is relied on are up now.
func (r *Reconciler) stop(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if err := r.mayTakeDown(ctx, s, step); err != nil {
		return err
	}
	if err := r.othersAreUp(ctx, s, step, false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout) // the caller's limit is for calls that start something
	defer cancel()
	return r.nodeOf(step.Pod).Stop(ctx)
}

// deleteReplaced deletes the claims on record, by their UIDs. Where the data is still there, all that this rests on is asked for again: that
// somebody still wants it, that the node is down and in nobody's eyes up, and that those are up which have the other copies.
func (r *Reconciler) deleteReplaced(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if step.HostID != "" {
		if err := r.stillAskedFor(ctx, s, step); err != nil {
			return err
		}
		if err := r.isStopped(ctx, step.Pod); err != nil {
			return err
		}
		if err := r.othersAreUp(ctx, s, step, true); err != nil {
			return err
		}
	}
	return r.deleteClaims(ctx, s, s.ReplacedClaims())
}

// stillAskedFor fails when no task asks for it any more and the spec doesn't either. That the spec is as it was seen is known: see stillOnRecord.
func (r *Reconciler) stillAskedFor(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if s.SpecAsksFor(step.Target, step.HostID) {
		return nil
	}
	for _, q := range s.Replacements {
		if q.Pod != step.Target || q.HostID != step.HostID {
			continue
		}
		t := &control.CassandraTask{}
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: q.Task}, t)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("whether task %s still asks for it: %w", q.Task, err)
		}
		if err == nil && string(t.UID) == q.TaskUID && slices.Contains(datacenter.ReplaceRequestsOf(t, s.DC.Name), q) {
			return nil
		}
	}
	return fmt.Errorf("nobody asks any more for another node in place of %s", step.Target)
}

// isStopped fails when a pod's agent says that its JVM runs. That it doesn't answer is no reason to keep the volume: the ring has to see the node as
// down.
func (r *Reconciler) isStopped(ctx context.Context, pod *datacenter.Pod) error {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	status, err := r.nodeOf(pod).Status(ctx)
	if err == nil && (status.State == mgmtapi.Running || status.State == mgmtapi.Starting) {
		return fmt.Errorf("node %s is %s by now", pod.Name, status.State)
	}
	return nil
}

// othersAreUp fails unless each other node of the datacenter that runs sees all those as up that are relied on, no node on its way in or out, and the
// one that is replaced as a member, and where that matters as one that is down. They are asked at that moment.
func (r *Reconciler) othersAreUp(ctx context.Context, s *datacenter.State, step datacenter.Step, down bool) error {
	asked := 0
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.Name == step.Target || pod.Deleting || pod.Status.State != mgmtapi.Running {
			continue
		}
		view, err := r.view(ctx, pod)
		if err == nil {
			err = datacenter.JudgeView(view, step, down)
		}
		if err != nil {
			return fmt.Errorf("node %s is asked about %s: %w", pod.Name, step.Target, err)
		}
		asked++
	}
	if asked == 0 {
		return fmt.Errorf("no other node runs that could tell of %s", step.Target)
	}
	return nil
}
