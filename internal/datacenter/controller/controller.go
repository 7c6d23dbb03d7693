package controller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Reconciler runs the datacenters of one cluster.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // not a cache: proof of what is being deleted
	Events events.EventRecorder
	// Node reaches the agent of a pod.
	Node func(pod *corev1.Pod) mgmtapi.Node
	Now  func() time.Time
	// MayGoOn says what a task waits for that is a part of a K8ssandraTask, "" for nothing. May be nil.
	MayGoOn func(context.Context, *control.CassandraTask) (string, error)
	// Peers are the other regions, for rings whose datacenters have one disruption budget. May be nil.
	Peers *peers.Peers
	// Agent is the image of the agent for datacenters that name none.
	Agent string

	mu     sync.Mutex
	memory map[types.NamespacedName]*memory
}

// memory is what a process remembers and the API doesn't have. It is lost with the process,
// which does no harm: steps are taken once more.
type memory struct {
	mu        sync.Mutex
	rolesDone string
	rolesAt   time.Time
	confirmed string            // rolesDone, once each datacenter was seen to have the roles
	login     *datacenter.Login // as it was seen last
	seeds     map[string]string // by pod UID

	certified    time.Time // when our Secrets were read and all were valid
	certificates map[certificates.Kind]*corev1.Secret
	repairs      []datacenter.RepairRun
	decommission *datacenter.DecommissionRun
	taken        map[string]string // UIDs of pods that were taken down, by name, until they serve again
	schema       schema
	queryLogs    map[string]datacenter.QueryLogFailure // by pod UID
	noCopies     bool                                  // of configurations, when they were last listed
	others       map[string]sighting                   // by datacenter: what the ring's others said last
	unknown      map[string]time.Time                  // by region: since when it isn't known
	deletedSet   types.UID                             // of the StatefulSet that was deleted last to be made anew
}

// noteSeeds remembers which seeds a node knows.
func (m *memory) noteSeeds(uid string, seeds []string) { m.seeds[uid] = strings.Join(seeds, ",") }

// noteQueryLog remembers that a node couldn't switch the log of all queries, or could.
func (m *memory) noteQueryLog(uid string, now time.Time, err error) {
	if delete(m.queryLogs, uid); err == nil || errors.Is(err, mgmtapi.ErrUnavailable) {
		return
	}
	if m.queryLogs == nil {
		m.queryLogs = map[string]datacenter.QueryLogFailure{}
	}
	m.queryLogs[uid] = datacenter.QueryLogFailure{At: now, Words: err.Error()}
}

// retryAfter is when the next pass comes after a step that failed.
const retryAfter = 500 * time.Millisecond

// SetupWithManager registers the loop.
func (r *Reconciler) SetupWithManager(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("cassandradatacenter").
		For(&api.CassandraDatacenter{}).
		Owns(&appsv1.StatefulSet{}).
		Owns(&corev1.Service{}).
		Owns(&policyv1.PodDisruptionBudget{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(r.ofPod)).
		Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(r.all)).
		Watches(&control.CassandraTask{}, handler.EnqueueRequestsFromMapFunc(ofTask)).
		WithOptions(controller.Options{MaxConcurrentReconciles: 4}).
		Complete(r)
}

// ofPod finds a pod's datacenter by its label.
func (r *Reconciler) ofPod(ctx context.Context, o client.Object) []reconcile.Request {
	if o.GetLabels()[api.DatacenterLabel] == "" {
		return nil
	}
	return r.all(ctx, o)
}

// ofTask is the datacenter whose nodes a task restarts or replaces.
func ofTask(_ context.Context, o client.Object) []reconcile.Request {
	t, ok := o.(*control.CassandraTask)
	if !ok || datacenter.RestartTaskOf(t, t.Spec.Datacenter.Name) == nil && len(datacenter.ReplaceRequestsOf(t, t.Spec.Datacenter.Name)) == 0 {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: t.Namespace, Name: t.Spec.Datacenter.Name}}}
}

func (r *Reconciler) all(ctx context.Context, o client.Object) (requests []reconcile.Request) {
	var list api.CassandraDatacenterList
	if err := r.Client.List(ctx, &list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil
	}
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// Reconcile is one pass.
func (r *Reconciler) Reconcile(ctx context.Context, q ctrl.Request) (ctrl.Result, error) {
	dc := &api.CassandraDatacenter{}
	if err := r.Client.Get(ctx, q.NamespacedName, dc); err != nil {
		r.forget(q.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if stale, finalized := withdrawDeletion(dc), r.addFinalizer(dc); stale || finalized {
		return ctrl.Result{}, ignoreConflict(r.Client.Update(ctx, dc))
	}
	if waits, err := r.settleNames(ctx, dc); waits || err != nil {
		return ctrl.Result{RequeueAfter: retryAfter}, ignoreConflict(err)
	}
	m := r.remember(q.NamespacedName)
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, err := r.observe(ctx, dc, m)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := datacenter.Make(seen)
	applied := r.apply(ctx, seen, plan, m)
	if err := r.report(ctx, seen, plan, applied); err != nil {
		return ctrl.Result{}, ignoreConflict(err)
	}
	if applied != nil {
		log.FromContext(ctx).Info("step failed", "error", applied.Error())
		return ctrl.Result{RequeueAfter: retryAfter}, nil
	}
	return ctrl.Result{RequeueAfter: plan.Next()}, nil
}

// addFinalizer adds the finalizer that keeps a datacenter until its volumes are deleted or
// kept, and tells whether it did.
func (r *Reconciler) addFinalizer(dc *api.CassandraDatacenter) bool {
	_, unwanted := dc.Annotations[api.NoFinalizerAnnotation]
	return dc.DeletionTimestamp.IsZero() && !unwanted && controllerutil.AddFinalizer(dc, api.Finalizer)
}

// withdrawDeletion removes the annotation that a deletion was asked for from a datacenter that stands alone and isn't being
// deleted: it is from an earlier one, and the manifest was applied again. On a datacenter of a ring the ring's controller writes
// it just before it deletes the datacenter.
func withdrawDeletion(dc *api.CassandraDatacenter) bool {
	if !dc.DeletionTimestamp.IsZero() || dc.Labels[k8ssandra.ClusterNameLabel] != "" || dc.Annotations[deletion.Annotation] == "" {
		return false
	}
	delete(dc.Annotations, deletion.Annotation)
	return true
}

// report writes the status once, and only when it says something new.
func (r *Reconciler) report(ctx context.Context, seen *datacenter.State, plan datacenter.Plan, applied error) error {
	status := datacenter.Summarize(seen, plan, applied)
	if !seen.DC.DeletionTimestamp.IsZero() {
		if len(seen.DC.Finalizers) == 0 {
			return nil // it is gone
		}
		if seen.Loss == "" || seen.NamespaceDeleting {
			status = datacenter.SummarizeDeletion(seen, plan, applied)
		}
	}
	if reflect.DeepEqual(canonical(status), canonical(seen.DC.Status)) {
		return nil
	}
	before := seen.DC.Status
	seen.DC.Status = status
	if err := r.Client.Status().Update(ctx, seen.DC); err != nil {
		return err
	}
	r.announce(seen.DC, before)
	return nil
}

// announce records events of what changed: what can't be acted on, nodes that fail and nodes
// that serve.
func (r *Reconciler) announce(dc *api.CassandraDatacenter, before api.CassandraDatacenterStatus) {
	for _, c := range dc.Status.Conditions {
		old := before.Condition(c.Type)
		if old != nil && old.Status == c.Status && old.Reason == c.Reason && old.Message == c.Message {
			continue
		}
		bad := c.Status == corev1.ConditionFalse && c.Message != ""
		began := c.Status == corev1.ConditionTrue && (old == nil || old.Status != c.Status)
		switch {
		case c.Type == api.DatacenterFieldsNotActedOn, c.Type == api.DatacenterMayMerge, c.Type == api.DatacenterDeleting && c.Reason == api.ReasonLost, c.Type == api.DatacenterDecommission && c.Reason == api.ReasonStillReplicated, c.Type == api.DatacenterValid && bad,
			c.Type == api.DatacenterResizingVolumes && c.Reason == api.ReasonResizeFailed,
			c.Type == api.DatacenterHealthy && bad && slices.Contains([]string{api.ReasonConfigRefused, api.ReasonNodeFailed, api.ReasonDataLost}, c.Reason):
			r.Events.Eventf(dc, nil, corev1.EventTypeWarning, c.Reason, "Reconcile", "%s", c.Message)
		case c.Type == api.DatacenterScalingDown && c.Reason == api.ReasonDecommissionFailed && (old == nil || old.Reason != c.Reason):
			r.Events.Eventf(dc, nil, corev1.EventTypeWarning, c.Reason, "Reconcile", "%s", c.Message)
		case c.Type == api.DatacenterScalingDown && (c.Status == corev1.ConditionTrue || old != nil) && (old == nil || old.Status != c.Status):
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, string(c.Type), "Reconcile", "%s", scaleDownEvent(dc, c))
		case c.Type == api.DatacenterReplacingNodes && began && len(dc.Status.NodeReplacements) > 0:
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, string(c.Type), "Reconcile", "node %s is replaced, because somebody asked for it", strings.Join(dc.Status.NodeReplacements, ", "))
		case c.Type == api.DatacenterReplacingNodes && old != nil && old.Status == corev1.ConditionTrue && c.Status == corev1.ConditionFalse:
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, string(c.Type), "Reconcile", "no node is replaced any more")
		case c.Type == api.DatacenterReady && began:
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, string(c.Type), "Reconcile", "all %d nodes serve", dc.Spec.Size)
		case c.Type == api.DatacenterResizingVolumes && began:
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, eventResizing, "Reconcile", "%s", c.Message)
		case c.Type == api.DatacenterResizingVolumes && old != nil && old.Status == corev1.ConditionTrue && c.Status == corev1.ConditionFalse:
			r.Events.Eventf(dc, nil, corev1.EventTypeNormal, eventResizing, "Reconcile", "the volumes are as large as the spec asks for")
		}
	}
}

// scaleDownEvent says that nodes begin to leave, or that all have that should.
func scaleDownEvent(dc *api.CassandraDatacenter, c api.DatacenterCondition) string {
	if c.Status == corev1.ConditionTrue {
		return fmt.Sprintf("nodes leave the ring, one after another, until there are %d in racks %s", dc.Spec.Size, strings.Join(dc.RackNames(), ", "))
	}
	return fmt.Sprintf("no node leaves the ring any more; %d are members", len(dc.Status.NodeStatuses))
}

func (r *Reconciler) remember(name types.NamespacedName) *memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.memory == nil {
		r.memory = map[types.NamespacedName]*memory{}
	}
	if r.memory[name] == nil {
		r.memory[name] = newMemory()
	}
	return r.memory[name]
}

func newMemory() *memory { return &memory{seeds: map[string]string{}, taken: map[string]string{}} }

func (r *Reconciler) forget(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.memory, name)
}

// ignoreConflict drops errors of writes that were based on an old read: another pass follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

var errUnknownVerb = errors.New("the plan has a verb that this version can't carry out")
