package controller

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/schedule"
)

// Reconciler makes the tasks of one cluster's ScheduledTasks.
type Reconciler struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server: no time may get a second task, or none, because a cache is behind.
	Live   client.Reader
	Events events.EventRecorder
	Now    func() time.Time
}

// SetupWithManager registers the loop. The end of a task wakes its schedule, which may wait for it.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("scheduledtask").For(&api.ScheduledTask{}).
		Watches(&api.CassandraTask{}, handler.EnqueueRequestsFromMapFunc(scheduleOf)).Complete(r)
}

func scheduleOf(_ context.Context, task client.Object) []reconcile.Request {
	name := task.GetLabels()[api.ScheduledTaskLabel]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: task.GetNamespace(), Name: name}}}
}

// Reconcile is one pass.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	of := &api.ScheduledTask{}
	if err := r.Live.Get(ctx, q.NamespacedName, of); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !of.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	seen, err := r.observe(ctx, of)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := schedule.Make(seen)
	done := r.apply(ctx, plan)
	if err := r.report(ctx, seen, plan, done); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: plan.Again}, done.Err
}

// report writes the status once, when it says something new, and then tells what was done. A conflict means that somebody else
// wrote: the next pass sees it.
func (r *Reconciler) report(ctx context.Context, s *schedule.State, p schedule.Plan, done schedule.Done) error {
	status, before := schedule.Summarize(s, p, done), s.Schedule.Status
	if !equality.Semantic.DeepEqual(status, before) {
		s.Schedule.Status = status
		if err := r.Client.Status().Update(ctx, s.Schedule); err != nil {
			return client.IgnoreNotFound(err)
		}
	}
	if done.Made {
		r.Events.Eventf(s.Schedule, nil, corev1.EventTypeNormal, api.ReasonTaskMade, "Reconcile", "%s", p.Steps[0])
	}
	if p.LeftOut != "" {
		r.Events.Eventf(s.Schedule, nil, corev1.EventTypeWarning, api.ReasonTimeLeftOut, "Reconcile", "%s", p.LeftOut)
	}
	c := meta.FindStatusCondition(status.Conditions, api.Scheduled)
	was := meta.FindStatusCondition(before.Conditions, api.Scheduled)
	if c.Status != "True" && (was == nil || was.Message != c.Message) {
		r.Events.Eventf(s.Schedule, nil, corev1.EventTypeWarning, c.Reason, "Reconcile", "%s", c.Message)
	}
	return nil
}
