package controller

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// fieldOwner is this operator in server-side apply.
const fieldOwner = client.FieldOwner("ringspan")

// apply carries out all steps; those that don't depend on a failed one run all
// the same, in the plan's order.
func (r *Reconciler) apply(ctx context.Context, s *datacenter.State, p datacenter.Plan, m *memory) error {
	var errs []error
	var looked time.Time
	for _, step := range p.Steps {
		if step.Turn != "" && r.Now().Sub(looked) > lookHolds {
			if err := r.stillOurTurn(ctx, s, step.Turn, m); err != nil {
				errs = append(errs, fmt.Errorf("%s %s: %w", step.Verb, step.Target, err))
				continue
			}
			looked = r.Now()
		}
		log.FromContext(ctx).Info(string(step.Verb), "target", step.Target, "reason", step.Why)
		if err := r.step(ctx, s, step, m); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", step.Verb, step.Target, err))
		}
	}
	return errors.Join(errs...)
}

// lookHolds is for how long a look at the ring's other datacenters holds: what this one says of its nodes counts for much longer.
const lookHolds = 20 * time.Second

func (r *Reconciler) step(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	if err := errors.Join(r.stillOnRecord(ctx, s, step), r.stillRemoved(ctx, s, step.Removal)); err != nil {
		return err
	}
	switch step.Verb {
	case datacenter.Apply:
		return r.write(ctx, s, step.Object)
	case datacenter.Delete:
		return r.deleteObject(ctx, step)
	case datacenter.Grow:
		return r.grow(ctx, s, step.Object)
	case datacenter.Remake:
		return r.remake(ctx, s, step.Object, m)
	case datacenter.CopyConfig:
		return r.copyConfig(ctx, s, step.Object)
	case datacenter.MakeSecret:
		return r.makeSecret(ctx, step.Object)
	case datacenter.Certify:
		return r.certify(ctx, s, step.Kind)
	case datacenter.MakeTask:
		return r.makeTask(ctx, s, step.Object)
	case datacenter.Restart:
		return r.restart(ctx, s, step, m)
	case datacenter.DeletePod:
		return client.IgnoreNotFound(r.Client.Delete(ctx, podRef(s, step), ofSame(step), client.GracePeriodSeconds(failedGrace)))
	case datacenter.Label:
		return r.label(ctx, s, step)
	case datacenter.Clear:
		return r.clear(ctx, s, step)
	case datacenter.Record:
		return r.record(ctx, s, step)
	case datacenter.KeepVolumes:
		return r.keepVolumes(ctx, s)
	case datacenter.RecordDeletion:
		return r.recordDeletion(ctx, s)
	case datacenter.DeleteVolumes:
		return r.deleteClaims(ctx, s, s.Volumes)
	case datacenter.DeleteClaims:
		if step.Record == api.ReplaceAnnotation {
			return r.deleteReplaced(ctx, s, step)
		}
		return r.deleteClaims(ctx, s, s.RemainingClaims())
	case datacenter.RemoveFinalizer:
		controllerutil.RemoveFinalizer(s.DC, api.Finalizer)
		controllerutil.RemoveFinalizer(s.DC, datacenter.RingFinalizer)
		return client.IgnoreNotFound(r.Client.Update(ctx, s.DC))
	}
	return r.nodeStep(ctx, s, step, m)
}

// restart takes down the pod of a node that serves, which is drained by that.
func (r *Reconciler) restart(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	if err := r.mayTakeDown(ctx, s, step); err != nil {
		return err
	}
	if err := r.Client.Delete(ctx, podRef(s, step), ofSame(step)); err != nil {
		return client.IgnoreNotFound(err)
	}
	m.taken[step.Pod.Name] = step.Pod.UID
	return nil
}

// failedGrace is how long a node that doesn't serve gets to end, in seconds.
const failedGrace = 5

// ofSame makes sure that a deletion is of the pod that was observed, and not of one that
// replaced it.
func ofSame(step datacenter.Step) client.Preconditions {
	uid := types.UID(step.Pod.UID)
	return client.Preconditions{UID: &uid}
}

// sameAs does the same for an object that was read.
func sameAs(o client.Object) []client.DeleteOption {
	if uid := o.GetUID(); uid != "" {
		return []client.DeleteOption{client.Preconditions{UID: &uid}}
	}
	return nil
}

// deleteObject deletes one that is asked for no more. One that may go only as it was observed is looked at again when it has changed.
func (r *Reconciler) deleteObject(ctx context.Context, step datacenter.Step) error {
	if !step.Unchanged {
		return client.IgnoreNotFound(r.Client.Delete(ctx, step.Object, sameAs(step.Object)...))
	}
	uid, version := step.Object.GetUID(), step.Object.GetResourceVersion()
	return client.IgnoreNotFound(ignoreConflict(r.Client.Delete(ctx, step.Object, client.Preconditions{UID: &uid, ResourceVersion: &version})))
}

// start starts a node: one that is put on record as known before, only when all know it.
func (r *Reconciler) start(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	if step.HostID != "" {
		if err := r.knownToAll(ctx, s, step.HostID); err != nil {
			return err
		}
	}
	if err := r.nodeOf(step.Pod).Start(ctx, step.Start); err != nil {
		return err
	}
	m.noteSeeds(step.Pod.UID, step.Start.Seeds)
	return nil
}

// nodeStep carries out what is done to nodes, through their agents.
func (r *Reconciler) nodeStep(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	switch step.Verb {
	case datacenter.Start:
		return r.start(ctx, s, step, m)
	case datacenter.Stop:
		return r.stop(ctx, s, step)
	case datacenter.Seeds:
		if _, err := r.nodeOf(step.Pod).ReloadSeeds(ctx, step.Seeds); err != nil {
			return err
		}
		m.noteSeeds(step.Pod.UID, step.Seeds)
		return nil
	case datacenter.OpenNative:
		return r.nodeOf(step.Pod).SetNativeTransport(ctx, true)
	case datacenter.LogQueries:
		err := r.nodeOf(step.Pod).SetFullQueryLog(ctx, step.On)
		m.noteQueryLog(step.Pod.UID, s.Now, err)
		return err
	case datacenter.Replicate:
		return r.onRunning(s, func(n mgmtapi.Node) error { return replicate(ctx, n, step) })
	case datacenter.Withdraw:
		return r.onRunning(s, func(n mgmtapi.Node) error { return withdraw(ctx, n, step) })
	case datacenter.Repair:
		job, err := r.nodeOf(step.Pod).Repair(ctx, mgmtapi.RepairOptions{Keyspace: step.Target, Full: true})
		if err == nil {
			m.repairs = datacenter.NoteRepair(m.repairs, step, job)
		}
		return err
	case datacenter.Decommission:
		if err := mayLeave(ctx, r.nodeOf(step.Pod), s, step); err != nil {
			return err
		}
		job, err := r.nodeOf(step.Pod).Decommission(ctx, step.HostID, step.Force)
		if err == nil {
			m.decommission = datacenter.NoteDecommission(m.decommission, step, job)
		}
		return err
	case datacenter.Roles:
		return r.roles(ctx, s, step, m)
	case datacenter.ConfirmRoles:
		return r.confirmRoles(ctx, s, step, m)
	case datacenter.DropRole:
		return r.dropRole(ctx, s, step)
	}
	return fmt.Errorf("%w: %s", errUnknownVerb, step.Verb)
}

// replicate alters a keyspace through a node that has heard of all datacenters with
// replicas: Cassandra refuses names that the node doesn't know, with a message that
// doesn't say so.
func replicate(ctx context.Context, n mgmtapi.Node, step datacenter.Step) error {
	view, err := n.Endpoints(ctx)
	if err != nil {
		return err
	}
	for _, dc := range slices.Sorted(maps.Keys(step.Factors)) {
		if !slices.ContainsFunc(view, func(e mgmtapi.Endpoint) bool { return e.Datacenter == dc && e.Status == "NORMAL" }) {
			return fmt.Errorf("keyspace %s waits: the node that is to alter it doesn't see a member of datacenter %s yet", step.Target, dc)
		}
	}
	current, err := n.Replication(ctx, step.Target)
	if err != nil {
		return err
	}
	// Another region may have given its datacenter replicas since this plan was made: they stay.
	factors, changed := topology.MergeReplication(current, step.Factors)
	if !changed {
		return nil
	}
	if err := alterable(step.Target, current); err != nil {
		return err
	}
	return n.AlterKeyspace(ctx, step.Target, factors)
}

// writeTimeout limits one request to a node that changes something.
const writeTimeout = 15 * time.Second

func (r *Reconciler) write(ctx context.Context, s *datacenter.State, o client.Object) error {
	if err := controllerutil.SetControllerReference(s.DC, o, r.Client.Scheme()); err != nil {
		return err
	}
	if err := r.claimSeedService(ctx, s, o); err != nil {
		return err
	}
	return r.Client.Patch(ctx, o, client.Apply, fieldOwner, client.ForceOwnership) //nolint:staticcheck // typed objects: the apply configurations would be a second set of builders
}

// makeSecret adds a password and creates the Secret; one that is there is kept.
func (r *Reconciler) makeSecret(ctx context.Context, o client.Object) error {
	secret, ok := o.(*corev1.Secret)
	if !ok {
		return fmt.Errorf("%w: a %T for a Secret", errUnknownVerb, o)
	}
	password := make([]byte, 40)
	_, _ = rand.Read(password) // never fails
	secret.Data["password"] = []byte(base64.RawURLEncoding.EncodeToString(password))
	if err := r.Client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// makeTask creates a task that goes with its datacenter; one that is there is
// the same.
func (r *Reconciler) makeTask(ctx context.Context, s *datacenter.State, o client.Object) error {
	if err := controllerutil.SetOwnerReference(s.DC, o, r.Client.Scheme()); err != nil {
		return err
	}
	if err := r.Client.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// clear removes a request, if it is still the one that was carried out.
func (r *Reconciler) clear(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	changed := s.DC.DeepCopy()
	switch step.Target {
	case "spec.rollingRestartRequested":
		changed.Spec.RollingRestartRequested = false
	case "spec.replaceNodes":
		changed.Spec.ReplaceNodes = datacenter.ReplaceNodesBut(changed.Spec.ReplaceNodes, step.OnRecord)
		if step.Stamp != "" { // in one write: whoever puts a name back is known by it
			metav1.SetMetaDataAnnotation(&changed.ObjectMeta, api.ReplacedNamesAnnotation, step.Stamp)
		}
	case "spec.forceUpgradeRacks":
		changed.Spec.ForceUpgradeRacks = nil
	default:
		delete(changed.Annotations, step.Target)
	}
	patch := client.MergeFromWithOptions(s.DC, client.MergeFromWithOptimisticLock{})
	return client.IgnoreNotFound(r.Client.Patch(ctx, changed, patch))
}

// record puts an annotation on the datacenter, if it is still as it was seen.
func (r *Reconciler) record(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if step.Readable != "" {
		if err := r.onRunning(s, func(n mgmtapi.Node) error { return knowsEverywhere(ctx, n, step.Readable) }); err != nil {
			return err
		}
	}
	if step.HostID != "" {
		if err := r.knownToNobody(ctx, s, step.HostID); err != nil {
			return err
		}
	}
	changed := s.DC.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[step.Target] = step.Stamp
	patch := client.MergeFromWithOptions(s.DC, client.MergeFromWithOptimisticLock{})
	return ignoreConflict(r.Client.Patch(ctx, changed, patch))
}

// knowsEverywhere fails unless a quorum of the replicas in each datacenter has a
// role, as a login there needs it.
func knowsEverywhere(ctx context.Context, n mgmtapi.Roles, role string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	roles, err := n.RolesEverywhere(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(roles, func(r mgmtapi.Role) bool { return r.Name == role }) {
		return fmt.Errorf("role %s isn't known in every datacenter yet", role)
	}
	return nil
}

func podRef(s *datacenter.State, step datacenter.Step) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = s.DC.Namespace, step.Pod.Name
	return pod
}

func (r *Reconciler) label(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	pod := podRef(s, step)
	before := pod.DeepCopy()
	pod.Labels = step.Labels
	return client.IgnoreNotFound(r.Client.Patch(ctx, pod, client.MergeFrom(before)))
}

// nodeOf reaches a pod's agent in the way that the pod was made for.
func (r *Reconciler) nodeOf(p *datacenter.Pod) mgmtapi.Node {
	return r.Node(p.Object)
}

// onRunning makes a call that concerns the whole ring on the first node where it succeeds.
func (r *Reconciler) onRunning(s *datacenter.State, do func(mgmtapi.Node) error) error {
	var errs []error
	for i := range s.Pods {
		if p := &s.Pods[i]; !p.Deleting && p.Status.State == mgmtapi.Running {
			err := do(r.nodeOf(p))
			if err == nil {
				return nil
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
