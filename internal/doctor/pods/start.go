package pods

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/install"
)

const (
	startLimit  = 20 * time.Second // until a probe runs
	startPoll   = 100 * time.Millisecond
	removeLimit = 10 * time.Second
)

// startProbes makes one probe for each zone and returns those that run in time; late
// says why others don't.
func (r Region) startProbes(ctx context.Context, run string, zones []string) (pods []corev1.Pod, late []string, err error) {
	if err := r.namespace(ctx); err != nil {
		return nil, nil, err
	}
	for i, zone := range zones {
		if err := r.Client.Create(ctx, job(run, zone, i)); err != nil {
			return nil, nil, err
		}
	}
	limit, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		all, err := r.probes(ctx, run)
		if err != nil {
			return nil, nil, err
		}
		if pods, late = running(all, len(zones)); len(late) == 0 {
			return pods, nil, nil
		}
		select {
		case <-limit.Done():
			return pods, late, ctx.Err()
		case <-tick.C:
		}
	}
}

// namespace makes that of the operator where it isn't installed yet.
func (r Region) namespace(ctx context.Context) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: install.Namespace}}
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(ns), ns)
	if apierrors.IsNotFound(err) {
		err = r.Client.Create(ctx, ns)
	}
	return err
}

func (r Region) probes(ctx context.Context, run string) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := r.Client.List(ctx, &list, client.InNamespace(install.Namespace), client.MatchingLabels{nameLabel: probeName, runLabel: run})
	return list.Items, err
}

func running(all []corev1.Pod, want int) (pods []corev1.Pod, late []string) {
	for _, p := range all {
		if p.Status.Phase == corev1.PodRunning && p.Status.PodIP != "" {
			pods = append(pods, p)
			continue
		}
		late = append(late, fmt.Sprintf("pod %s is %s%s", p.Name, p.Status.Phase, whyLate(p)))
	}
	for range want - len(all) {
		late = append(late, "a probe's pod has not been made")
	}
	return pods, late
}

func whyLate(p corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Status == corev1.ConditionFalse && c.Message != "" {
			return ": " + c.Message
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && w.Message != "" {
			return ": " + w.Message
		}
	}
	return ""
}

// remove deletes the probes of a run, and those of older runs that were
// killed. It works although the run itself was interrupted.
func (r Region) remove(ctx context.Context, run string, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
	defer cancel()
	var jobs batchv1.JobList
	if err := r.Client.List(ctx, &jobs, client.InNamespace(install.Namespace), client.MatchingLabels{nameLabel: probeName}); err != nil {
		return err
	}
	for i := range jobs.Items {
		j := &jobs.Items[i]
		if j.Labels[runLabel] != run && now.Sub(j.CreationTimestamp.Time) < lifetime {
			continue // of another run, which may be at work
		}
		if err := r.Client.Delete(ctx, j, client.PropagationPolicy(metav1.DeletePropagationBackground)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
