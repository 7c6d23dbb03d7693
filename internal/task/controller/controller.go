package controller

import (
	"context"
	"reflect"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/task"
)

// Reconciler carries out the CassandraTasks of one cluster.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads tasks from the API server: a job must not be started twice because the cache is behind.
	Live   client.Reader
	Events events.EventRecorder
	// Node reaches the agent of a pod.
	Node func(pod *corev1.Pod) mgmtapi.Node
	// MayGoOn says what a task waits for that is a part of a K8ssandraTask, "" for nothing. May be nil.
	MayGoOn func(context.Context, *api.CassandraTask) (string, error)
	Now     func() time.Time
}

// SetupWithManager registers the loop. It makes one pass at a time, so that no two tasks of a datacenter begin together.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("cassandratask").For(&api.CassandraTask{}).Complete(r)
}

// Reconcile is one pass.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	t := &api.CassandraTask{}
	if err := r.Live.Get(ctx, q.NamespacedName, t); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !t.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	seen, err := r.observe(ctx, t)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := task.Make(seen)
	done, err := r.apply(ctx, seen, plan)
	if err != nil {
		log.FromContext(ctx).Info("step failed", "error", err.Error())
	}
	if reportErr := r.report(ctx, seen, task.Summarize(seen, plan, done)); reportErr != nil {
		return ctrl.Result{}, reportErr
	}
	return ctrl.Result{RequeueAfter: plan.Next}, err
}

// report writes the status once, when it says something new. A conflict means that somebody else wrote: the next pass sees it.
func (r *Reconciler) report(ctx context.Context, s *task.State, status api.CassandraTaskStatus) error {
	if reflect.DeepEqual(status, s.Task.Status) {
		return nil
	}
	before := s.Task.Status
	s.Task.Status = status
	if err := r.Client.Status().Update(ctx, s.Task); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.announce(s.Task, before)
	return r.mark(ctx, s, before.StartTime == nil)
}

// mark sets the label by which clients find tasks that run or have ended and, when a task begins, the annotation that tells on
// which datacenter. A task that is made from another one's manifest may carry both already.
func (r *Reconciler) mark(ctx context.Context, s *task.State, begins bool) error {
	t := s.Task
	before := t.DeepCopy()
	switch {
	case t.Status.CompletionTime != nil:
		metav1.SetMetaDataLabel(&t.ObjectMeta, api.StatusLabel, api.StatusCompleted)
	case t.Status.StartTime != nil:
		metav1.SetMetaDataLabel(&t.ObjectMeta, api.StatusLabel, api.StatusActive)
	default:
		return nil
	}
	if s.Datacenter != nil && (begins || before.Labels[api.StatusLabel] == "") {
		metav1.SetMetaDataAnnotation(&t.ObjectMeta, api.DatacenterUIDAnnotation, string(s.Datacenter.UID))
	}
	if begins {
		metav1.SetMetaDataAnnotation(&t.ObjectMeta, api.BegunGenerationAnnotation, strconv.FormatInt(t.Generation, 10))
	}
	if reflect.DeepEqual(before.ObjectMeta, t.ObjectMeta) {
		return nil
	}
	return client.IgnoreNotFound(r.Client.Patch(ctx, t, client.MergeFrom(before)))
}

// announce makes an event of each condition that became true; of a task that has failed, one is enough.
func (r *Reconciler) announce(t *api.CassandraTask, before api.CassandraTaskStatus) {
	failed := meta.IsStatusConditionTrue(t.Status.Conditions, api.JobFailed)
	for _, c := range t.Status.Conditions {
		if c.Status != "True" || meta.IsStatusConditionTrue(before.Conditions, c.Type) || failed && c.Type == api.JobComplete {
			continue
		}
		kind := corev1.EventTypeNormal
		if c.Type == api.JobFailed || c.Type == api.FieldsNotActedOn {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(t, nil, kind, c.Reason, "Reconcile", "%s", c.Message)
	}
}
