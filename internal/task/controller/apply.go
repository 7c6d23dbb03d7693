package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/task"
)

// fieldOwner is the tasks' own name in server-side apply: the restart stamp on a pod template is theirs, everything else
// there is the datacenter's, and neither takes the other's away.
const fieldOwner = client.FieldOwner("ringspan-tasks")

// apply carries out the steps. Jobs start on their nodes at once; a node that says no is part of what was done, one that
// doesn't answer is asked again in the next pass.
func (r *Reconciler) apply(ctx context.Context, s *task.State, plan task.Plan) (task.Done, error) {
	done := task.Done{JobIDs: map[string]string{}, Errors: map[string]error{}}
	var errs []error
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, step := range plan.Steps {
		log.FromContext(ctx).Info(string(step.Verb), "target", step.Target, "reason", step.Why)
		if step.Verb != task.StartJob {
			errs = append(errs, r.step(ctx, s, step))
			continue
		}
		group.Go(func() {
			id, err := r.startJob(ctx, s, step.Target)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done.JobIDs[step.Target] = id
			case !errors.Is(err, mgmtapi.ErrUnavailable):
				done.Errors[step.Target] = err
			}
		})
	}
	group.Wait()
	return done, errors.Join(errs...)
}

func (r *Reconciler) step(ctx context.Context, s *task.State, step task.Step) error {
	meta := metav1.ObjectMeta{Namespace: s.Task.Namespace, Name: step.Target}
	switch step.Verb {
	case task.Restart:
		return r.stamp(ctx, meta, step.Stamp)
	case task.DeletePod:
		uid := types.UID(step.UID) // of the pod that was looked at, and not of the one that was made in its place
		return client.IgnoreNotFound(r.Client.Delete(ctx, &corev1.Pod{ObjectMeta: meta}, client.Preconditions{UID: &uid}))
	case task.DeleteTask:
		return client.IgnoreNotFound(r.Client.Delete(ctx, s.Task, client.Preconditions{UID: &s.Task.UID}))
	}
	return fmt.Errorf("the plan has a verb that this version can't carry out: %s", step.Verb)
}

// stamp writes one annotation of a StatefulSet's pod template; its controller then makes the pods anew, one by one.
func (r *Reconciler) stamp(ctx context.Context, set metav1.ObjectMeta, stamp string) error {
	patch := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": map[string]any{"namespace": set.Namespace, "name": set.Name},
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
			"annotations": map[string]any{api.RestartedAtAnnotation: stamp},
		}}},
	}}
	return r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), fieldOwner, client.ForceOwnership)
}

func (r *Reconciler) startJob(ctx context.Context, s *task.State, name string) (string, error) {
	pod := &corev1.Pod{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.Task.Namespace, Name: name}, pod); err != nil {
		return "", fmt.Errorf("%w: %w", mgmtapi.ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	node := r.Node(pod)
	job := s.Task.Spec.Jobs[0]
	if job.Command == api.CommandRebuild {
		return node.Rebuild(ctx, job.Arguments.SourceDatacenter)
	}
	return node.Cleanup(ctx, cleanupOptions(job.Arguments))
}

// allKeyspaces is the management API's word for every keyspace whose replicas are spread.
const allKeyspaces = "NON_LOCAL_STRATEGY"

func cleanupOptions(args api.JobArguments) mgmtapi.CleanupOptions {
	o := mgmtapi.CleanupOptions{Keyspace: args.KeyspaceName, Tables: args.Tables}
	if o.Keyspace == "" {
		o.Keyspace = allKeyspaces
	}
	if args.JobsCount != nil {
		o.Jobs = *args.JobsCount
	}
	return o
}
