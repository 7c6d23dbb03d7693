package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/task"
)

// apply carries out the steps. Jobs start on all their nodes together. A node that refuses its job is named in Done; one that
// doesn't answer is asked again in the next pass.
func (r *Reconciler) apply(ctx context.Context, s *task.State, p task.Plan) (task.Done, error) {
	done := task.Done{JobIDs: map[string]string{}, Errors: map[string]error{}, Silent: map[string]error{}}
	var errs []error
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, step := range p.Steps {
		log.FromContext(ctx).Info(string(step.Verb), "target", step.Target, "reason", step.Why)
		if step.Verb != task.StartJob {
			err := r.step(ctx, s, step)
			done.Allowed = done.Allowed || step.Verb == task.AllowUpdate && err == nil
			errs = append(errs, err)
			continue
		}
		group.Go(func() {
			id, err := r.startJob(ctx, s, step.Target)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done.JobIDs[step.Target] = id
			case errors.Is(err, mgmtapi.ErrUnavailable):
				done.Silent[step.Target] = err
			default:
				done.Errors[step.Target] = err
			}
		})
	}
	group.Wait()
	return done, errors.Join(errs...)
}

func (r *Reconciler) step(ctx context.Context, s *task.State, step plan.Step) error {
	switch step.Verb {
	case task.DeleteTask:
		return client.IgnoreNotFound(r.Client.Delete(ctx, s.Task, client.Preconditions{UID: &s.Task.UID}))
	case task.AllowUpdate:
		return r.allowUpdate(ctx, s.Datacenter.DeepCopy())
	}
	return fmt.Errorf("the plan has a verb that this version can't carry out: %s", step.Verb)
}

// allowUpdate sets the annotation, unless somebody has written to the datacenter since it was read: they may have set it too.
func (r *Reconciler) allowUpdate(ctx context.Context, dc *cass.CassandraDatacenter) error {
	before := dc.DeepCopy()
	metav1.SetMetaDataAnnotation(&dc.ObjectMeta, cass.UpdateAllowedAnnotation, cass.UpdateAllowedOnce)
	return r.Client.Patch(ctx, dc, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// startJob begins the task's command on a pod's node and returns the id of the node's job.
func (r *Reconciler) startJob(ctx context.Context, s *task.State, name string) (string, error) {
	pod := &corev1.Pod{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.Task.Namespace, Name: name}, pod); err != nil {
		return "", fmt.Errorf("%w: %w", mgmtapi.ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	return task.Call(s.Task)(ctx, r.Node(pod), name)
}
