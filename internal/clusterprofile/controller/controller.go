package controller

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/clusterprofile"
	"github.com/ringspan/ringspan/internal/federation/peers"
)

// Reconciler publishes the fleet's regions in the cluster of one of them.
type Reconciler struct {
	Client  client.Client
	Peers   *peers.Peers
	Region  string
	Version func() (string, error) // of this region's Kubernetes
	Now     func() time.Time

	told map[string]bool // what was said already; one pass runs at a time
}

// How soon the next pass comes when nothing else causes one; the definition may be installed at any time.
const (
	blind = time.Second
	look  = 30 * time.Second
	// answerLimit is how long another region may take to say which cluster it is.
	answerLimit = 4 * time.Second
)

// everything is the one thing that is reconciled.
var everything = []reconcile.Request{{NamespacedName: client.ObjectKey{Name: "everything"}}}

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	all := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request { return everything })
	first := make(chan event.GenericEvent, 1) // a fleet of one region has no peer whose news would begin it
	first <- event.GenericEvent{Object: &metav1.PartialObjectMetadata{}}
	return ctrl.NewControllerManagedBy(m).Named("clusterprofile").
		Watches(&configv1beta1.ClientConfig{}, all).
		WatchesRawSource(source.Channel(first, all)).
		WatchesRawSource(source.Channel(r.Peers.Subscribe(func(client.Object) []types.NamespacedName { return nil }), all)). // that one begins or ceases to answer
		Complete(r)
}

// Reconcile is one pass. What isn't known yet is no reason to delete anything.
func (r *Reconciler) Reconcile(ctx context.Context, _ ctrl.Request) (ctrl.Result, error) {
	mapping, err := r.Client.RESTMapper().RESTMapping(clusterprofile.Kind)
	if meta.IsNoMatchError(err) {
		return ctrl.Result{RequeueAfter: look}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	known, whole := r.Peers.Snapshots()
	if !whole {
		return ctrl.Result{RequeueAfter: blind}, nil
	}
	s, err := r.observe(ctx, mapping, known)
	if err != nil {
		return ctrl.Result{}, err
	}
	d := clusterprofile.Plan(s)
	for _, trouble := range d.Trouble {
		r.tell(ctx, trouble)
	}
	err = r.apply(ctx, d)
	if err == nil && len(d.Steps) > 0 {
		return ctrl.Result{RequeueAfter: blind}, nil // a status is written after its profile
	}
	return ctrl.Result{RequeueAfter: look}, err
}

// observe reads all that is needed to decide.
func (r *Reconciler) observe(ctx context.Context, mapping *meta.RESTMapping, known []peers.Snapshot) (*clusterprofile.State, error) {
	s := &clusterprofile.State{APIVersion: mapping.GroupVersionKind.GroupVersion().String(), Namespace: r.Peers.Namespace, Now: r.Now()}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(mapping.GroupVersionKind)
	if err := r.Client.List(ctx, list, client.InNamespace(r.Peers.Namespace)); err != nil {
		return nil, err
	}
	s.Profiles = list.Items
	own := clusterprofile.Region{Name: r.Region, Answers: true, ID: cluster(ctx, r.Client)}
	var err error
	if own.Kubernetes, err = r.Version(); err != nil {
		return nil, err
	}
	s.Regions = append(s.Regions, own)
	for i := range known {
		s.Regions = append(s.Regions, peer(ctx, &known[i]))
	}
	return s, nil
}

// peer is another region as it was last seen.
func peer(ctx context.Context, s *peers.Snapshot) clusterprofile.Region {
	one := clusterprofile.Region{Name: s.Region, Answers: s.Reachable, Since: s.Since, Message: s.Message}
	if s.Reachable && s.Client != nil {
		ask, cancel := context.WithTimeout(ctx, answerLimit)
		defer cancel()
		one.ID = cluster(ask, s.Client)
	}
	return one
}

// cluster is the UID of the namespace kube-system, which is made with a cluster and lasts as long; "" when it can't be read.
func cluster(ctx context.Context, in client.Client) string {
	ns := &corev1.Namespace{}
	if err := in.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
		return ""
	}
	return string(ns.UID)
}

// newOnly is a resource version that no object has: an apply that names it makes an object, or is refused where there is one.
const newOnly = "1"

// apply carries out a plan. What fails with one profile is no reason to leave the others; what somebody else has written
// since is seen at the next look.
func (r *Reconciler) apply(ctx context.Context, d clusterprofile.Decision) error {
	var errs []error
	for _, step := range d.Steps {
		err := r.carryOut(ctx, step)
		if err == nil {
			log.FromContext(ctx).V(1).Info("published", "step", step.String())
		}
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (r *Reconciler) carryOut(ctx context.Context, step clusterprofile.Step) error {
	owner := client.FieldOwner(clusterprofile.Manager)
	if step.Verb == clusterprofile.Delete {
		uid, version := step.Live.GetUID(), step.Live.GetResourceVersion()
		return r.Client.Delete(ctx, step.Live, client.Preconditions{UID: &uid, ResourceVersion: &version})
	}
	o := step.Wanted.DeepCopy()
	if o.SetResourceVersion(newOnly); step.Live != nil {
		o.SetUID(step.Live.GetUID())
		o.SetResourceVersion(step.Live.GetResourceVersion())
	}
	config := client.ApplyConfigurationFromUnstructured(o)
	switch step.Verb {
	case clusterprofile.Create:
		return r.Client.Apply(ctx, config, owner)
	case clusterprofile.Update:
		return r.Client.Apply(ctx, config, owner, client.ForceOwnership)
	}
	return r.Client.Status().Apply(ctx, config, owner, client.ForceOwnership)
}

// tell says once what a person may want to mend.
func (r *Reconciler) tell(ctx context.Context, words string) {
	if r.told == nil {
		r.told = map[string]bool{}
	}
	if !r.told[words] {
		r.told[words] = true
		log.FromContext(ctx).Info("not published", "why", words)
	}
}
