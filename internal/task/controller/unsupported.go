package controller

import (
	"context"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// NotActedOn tells every ScheduledTask that this version does not act on it: a condition and an event.
type NotActedOn[T client.Object] struct {
	Client client.Client
	Events events.EventRecorder
	Now    func() time.Time
	// New makes an empty object.
	New func() T
	// Conditions are the object's.
	Conditions func(T) *[]metav1.Condition
	// Name of the kind, and what to use instead.
	Kind, Instead string
}

// ScheduledTasks tells each ScheduledTask.
func ScheduledTasks(r *Reconciler) *NotActedOn[*api.ScheduledTask] {
	return &NotActedOn[*api.ScheduledTask]{
		Client: r.Client, Events: r.Events, Now: r.Now,
		New:        func() *api.ScheduledTask { return &api.ScheduledTask{} },
		Conditions: func(t *api.ScheduledTask) *[]metav1.Condition { return &t.Status.Conditions },
		Kind:       "ScheduledTask", Instead: "make CassandraTasks with scheduledTime",
	}
}

// SetupWithManager registers the loop.
func (n *NotActedOn[T]) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("notactedon-" + n.Kind).For(n.New()).Complete(n)
}

// Reconcile is one pass.
func (n *NotActedOn[T]) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	obj := n.New()
	if err := n.Client.Get(ctx, q.NamespacedName, obj); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	conditions := n.Conditions(obj)
	before := append([]metav1.Condition(nil), *conditions...)
	message := n.Kind + " is not acted on by this version: " + n.Instead
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: api.FieldsNotActedOn, Status: metav1.ConditionTrue, Reason: api.ReasonKindNotActedOn, Message: message,
		ObservedGeneration: obj.GetGeneration(), LastTransitionTime: metav1.Time{Time: n.Now()},
	})
	if reflect.DeepEqual(before, *conditions) {
		return ctrl.Result{}, nil
	}
	if err := n.Client.Status().Update(ctx, obj); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	n.Events.Eventf(obj, nil, corev1.EventTypeWarning, api.ReasonKindNotActedOn, "Reconcile", "%s", message)
	return ctrl.Result{}, nil
}

// SetupAll registers every loop of this package.
func SetupAll(m ctrl.Manager, r *Reconciler) error {
	if err := r.SetupWithManager(m); err != nil {
		return err
	}
	return ScheduledTasks(r).SetupWithManager(m)
}
