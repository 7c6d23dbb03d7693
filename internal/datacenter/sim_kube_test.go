package datacenter_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/topology"
)

// do carries out one step.
func (r *region) do(s *datacenter.State, step datacenter.Step) error {
	ctx := context.Background()
	annotation := cmp.Or(step.Record, api.DecommissionAnnotation)
	if r.rests(step) && step.OnRecord != r.dc.Annotations[annotation] {
		return fmt.Errorf("%s %s rests on the record %q and names %q", step.Verb, step.Target, r.dc.Annotations[annotation], step.OnRecord)
	}
	if step.Removal != r.dc.Annotations[api.RemovalAnnotation] && (step.Removal != "" || step.Force || step.Verb == datacenter.Withdraw && !step.Left) && r.dc.DeletionTimestamp == nil {
		return fmt.Errorf("%s %s rests on the removal %q and names %q", step.Verb, step.Target, r.dc.Annotations[api.RemovalAnnotation], step.Removal)
	}
	if step.Turn != "" {
		if err := r.ourTurn(step); err != nil {
			return err
		}
	}
	switch step.Verb {
	case datacenter.Apply:
		if set, ok := step.Object.(*appsv1.StatefulSet); ok {
			return r.applySet(set)
		}
		if err := r.takeSeedService(step.Target); err != nil {
			return err
		}
		r.objects[step.Target] = object{hash: step.Object.GetAnnotations()[api.ResourceHashAnnotation]}
		if budget, ok := step.Object.(*policyv1.PodDisruptionBudget); ok {
			r.applyBudget(budget)
		}
	case datacenter.CopyConfig:
		return r.copyConfig(step.Object.(*corev1.Secret))
	case datacenter.Delete:
		if copied, ok := step.Object.(*corev1.Secret); ok {
			return r.deleteCopy(copied)
		}
		if set, ok := step.Object.(*appsv1.StatefulSet); ok {
			return r.deleteSet(set, step.Unchanged)
		}
		if pod, ok := step.Object.(*corev1.Pod); ok {
			r.kill(pod.Name)
		}
		if _, ok := step.Object.(*policyv1.PodDisruptionBudget); ok {
			r.budget = nil
		}
		delete(r.objects, step.Target)
	case datacenter.DeleteVolumes:
		r.volumes = nil
	case datacenter.RemoveFinalizer:
		r.dc.Finalizers = nil
		r.goAway()
	case datacenter.Grow:
		return r.growClaim(step.Object.(*corev1.PersistentVolumeClaim))
	case datacenter.Remake:
		return r.orphanPods(step.Object.(*appsv1.StatefulSet))
	case datacenter.MakeSecret:
		r.secret(step.Target, map[string]string{"username": step.Target, "password": "random"})
	case datacenter.Restart:
		if err := r.takeDown(s, step); err != nil {
			return err
		}
		r.taken[step.Pod.Name] = step.Pod.UID
		r.kill(step.Pod.Name)
	case datacenter.DeletePod:
		r.watchTakenDown(s, step)
		r.kill(step.Pod.Name)
	case datacenter.Label:
		maps.Copy(r.pods[step.Pod.Name].Labels, step.Labels)
	case datacenter.Start:
		if step.HostID != "" {
			if err := r.askAll(step.HostID, true); err != nil {
				return err
			}
		}
		r.told[step.Pod.UID] = strings.Join(step.Start.Seeds, ",")
		return r.cassie.Dial(step.Pod.IP).Start(ctx, step.Start)
	case datacenter.Seeds:
		r.told[step.Pod.UID] = strings.Join(step.Seeds, ",")
		_, err := r.cassie.Dial(step.Pod.IP).ReloadSeeds(ctx, step.Seeds)
		return err
	case datacenter.OpenNative:
		return r.cassie.Dial(step.Pod.IP).SetNativeTransport(ctx, true)
	case datacenter.LogQueries:
		return r.switchQueryLog(step)
	case datacenter.Record:
		if r.patched { // dropped: the object isn't the one that was observed any more
			return nil
		}
		r.patched = true
		if step.Target == api.DisruptionAnnotation {
			r.lastSaid = r.now
		}
		return r.record(step)
	case datacenter.Repair:
		job, err := r.cassie.Dial(step.Pod.IP).Repair(ctx, mgmtapi.RepairOptions{Keyspace: step.Target, Full: true})
		if err == nil {
			r.repairs = datacenter.NoteRepair(r.repairs, step, job)
		}
		return err
	case datacenter.Decommission:
		job, err := r.cassie.Dial(step.Pod.IP).Decommission(ctx, step.HostID, step.Force)
		if err == nil {
			r.decommission = datacenter.NoteDecommission(r.decommission, step, job)
		}
		return err
	case datacenter.Stop:
		if err := r.takeDown(s, step); err != nil {
			return err
		}
		if err := r.judgeViews(step, false); err != nil {
			return err
		}
		r.noteStop(step)
		return r.cassie.Dial(step.Pod.IP).Stop(ctx)
	case datacenter.DeleteClaims:
		if step.Record == api.ReplaceAnnotation {
			return r.deleteReplaced(s, step)
		}
		r.deleteClaims(step.Target, s.RemainingClaims())
	case datacenter.Replicate:
		return r.onRunning(s, func(n mgmtapi.Node) error { return n.AlterKeyspace(ctx, step.Target, step.Factors) })
	case datacenter.Withdraw:
		return r.withdraw(s, step)
	case datacenter.Roles:
		return r.writeRoles(ctx, s, step)
	case datacenter.ConfirmRoles:
		err := r.onRunning(s, func(n mgmtapi.Node) error { _, err := n.RolesEverywhere(ctx); return err })
		if err == nil {
			r.confirmed = step.Stamp
		}
		return err
	case datacenter.DropRole:
		if err := r.onRunning(s, func(n mgmtapi.Node) error { return n.DropRole(ctx, step.Target) }); err != nil {
			return err
		}
		r.annotate(api.WrittenRolesAnnotation, step.Owned)
	case datacenter.Certify:
		return r.certify(s, step.Kind)
	case datacenter.RecordDeletion:
		r.annotate(deletion.Annotation, deletion.Asked)
	case datacenter.MakeTask:
		r.tasks = append(r.tasks, step.Target)
	case datacenter.Clear:
		if r.stuck || r.patched {
			return errors.New("conflict: the object has been modified")
		}
		r.patched = true
		if step.Target == "spec.replaceNodes" {
			r.dc.Spec.ReplaceNodes = datacenter.ReplaceNodesBut(r.dc.Spec.ReplaceNodes, step.OnRecord)
			if step.Stamp != "" {
				r.annotate(api.ReplacedNamesAnnotation, step.Stamp)
			}
			r.dc.Generation++
			return nil
		}
		r.clear(step.Target)
	default:
		return fmt.Errorf("no such verb: %s", step.Verb)
	}
	return nil
}

func (r *region) writeRoles(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if s.ReadsRolesFirst() {
		if err := r.onRunning(s, func(n mgmtapi.Node) error {
			roles, err := n.RolesEverywhere(ctx)
			s.KnowRoles(roles)
			step.Owned = s.OwnedRoles(roles)
			return err
		}); err != nil {
			return err
		}
	}
	all := s.RolesToWrite()
	if owned := step.Owned; owned != r.dc.Annotations[api.WrittenRolesAnnotation] {
		if r.dc.Status.IsTrue(api.DatacenterInitialized) {
			if err := r.onRunning(s, func(n mgmtapi.Node) error {
				roles, err := n.RolesEverywhere(ctx)
				owned = s.OwnedRoles(roles)
				return err
			}); err != nil {
				owned = r.dc.Annotations[api.WrittenRolesAnnotation]
			}
		}
		r.annotate(api.WrittenRolesAnnotation, owned)
	}
	for _, c := range all {
		err := r.onRunning(s, func(n mgmtapi.Node) error {
			return n.PutRole(ctx, mgmtapi.Role{Name: c.Username, Password: c.Password, Login: true, Superuser: true})
		})
		if err != nil {
			return err
		}
	}
	r.rolled, r.rolledAt = step.Stamp, r.now
	if r.onRunning(s, func(n mgmtapi.Node) error { _, err := n.RolesEverywhere(ctx); return err }) == nil {
		r.confirmed = step.Stamp
	}
	return nil
}

func (r *region) clear(what string) {
	switch what {
	case "spec.rollingRestartRequested":
		r.dc.Spec.RollingRestartRequested = false
		r.dc.Generation++
	case "spec.forceUpgradeRacks":
		r.dc.Spec.ForceUpgradeRacks = nil
		r.dc.Generation++
	default:
		delete(r.dc.Annotations, what)
	}
}

func (r *region) onRunning(s *datacenter.State, do func(mgmtapi.Node) error) error {
	for i := range s.Pods {
		if s.Pods[i].Status.State == mgmtapi.Running {
			return do(r.cassie.Dial(s.Pods[i].IP))
		}
	}
	return errors.New("no node runs")
}

// rests tells whether a step can't be taken back and rests on the record of the node that leaves: it has to name that, so that it is
// read again.
func (r *region) rests(step datacenter.Step) bool {
	set, is := step.Object.(*appsv1.StatefulSet)
	if step.Verb == datacenter.Apply && is && strings.Contains(r.dc.Annotations[api.DecommissionAnnotation], " left") {
		pods := 0
		for _, pod := range r.pods {
			if pod.Labels[api.RackLabel] == set.Labels[api.RackLabel] {
				pods++
			}
		}
		return int(*set.Spec.Replicas) < pods
	}
	return step.Verb == datacenter.Decommission || step.Verb == datacenter.DeleteClaims || step.Verb == datacenter.Stop || step.Record != ""
}

func (r *region) applySet(set *appsv1.StatefulSet) error {
	rack := set.Labels[api.RackLabel]
	set = set.DeepCopy()
	switch old := r.sets[rack]; {
	case old == nil && set.UID != "" || old != nil && set.UID != "" && set.UID != old.UID:
		return errors.New("uid mismatch")
	case old == nil:
		r.setsMade++
		set.Generation, set.UID = 1, types.UID("set-"+strconv.Itoa(r.setsMade))
	case !reflect.DeepEqual(set.Spec.VolumeClaimTemplates, old.Spec.VolumeClaimTemplates) || set.Spec.ServiceName != old.Spec.ServiceName:
		return errors.New("fields other than replicas and template can't be changed")
	default:
		set.Status, set.Generation, set.UID, set.DeletionTimestamp = old.Status, old.Generation, old.UID, old.DeletionTimestamp
		if !reflect.DeepEqual(set.Spec, old.Spec) {
			set.Generation++
		}
	}
	set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(r.dc, api.GroupVersion.WithKind("CassandraDatacenter"))}
	r.sets[rack] = set
	return nil
}

// deleteSet is the API server and the garbage collector: its pods go with it.
func (r *region) deleteSet(set *appsv1.StatefulSet, unchanged bool) error {
	there := r.sets[set.Labels[api.RackLabel]]
	if there == nil || there.UID != set.UID || unchanged && there.Generation != set.Generation {
		return errors.New("it is another one by now")
	}
	delete(r.sets, set.Labels[api.RackLabel])
	for name, pod := range r.pods {
		if pod.Labels[api.RackLabel] != set.Labels[api.RackLabel] {
			continue
		}
		if n := r.nodes[name]; r.dc.DeletionTimestamp == nil && n != nil && n.Member() {
			r.world.broken = append(r.world.broken, name+" goes with its StatefulSet and has not left the ring")
		}
		r.kill(name)
	}
	return nil
}

// kill ends a pod: it is gone after the next tick.
func (r *region) kill(name string) {
	if pod := r.pods[name]; pod != nil && pod.DeletionTimestamp == nil {
		pod.DeletionTimestamp = &metav1.Time{Time: r.now}
		if n := r.nodes[name]; n != nil {
			n.Move("gone-" + name)
		}
	}
}

// recreate is the loss of the region with all volumes, and a new datacenter of the
// old name in it.
func (r *region) recreate() {
	for _, n := range r.nodes {
		n.LoseVolume("nowhere")
		r.lost = append(r.lost, n)
	}
	clear(r.storage)
	r.nodes, r.pods, r.sets, r.objects = map[string]*fake.Node{}, map[string]*corev1.Pod{}, map[string]*appsv1.StatefulSet{}, map[string]object{}
	r.budget = nil
	r.dc.Status, r.dc.UID = api.CassandraDatacenterStatus{}, "another"
	r.dc.Annotations = map[string]string{api.RebuildFromAnnotation: "dc1"}
}

// takeUp is a new datacenter of the old name on the volumes that were kept of the earlier one.
func (r *region) takeUp() {
	for name := range r.pods {
		r.kill(name)
	}
	r.endPods()
	r.forget()
	r.pods, r.sets, r.objects = map[string]*corev1.Pod{}, map[string]*appsv1.StatefulSet{}, map[string]object{}
	r.budget = nil
	r.dc.Status, r.dc.UID, r.dc.Annotations, r.tookUp = api.CassandraDatacenterStatus{}, "another", nil, true
}

// loseVolume ends a pod whose claim was deleted: both come anew.
func (r *region) loseVolume(name string) {
	pod, n := r.pods[name], r.nodes[name]
	if pod == nil || n == nil || pod.DeletionTimestamp != nil {
		return
	}
	pod.DeletionTimestamp = &metav1.Time{Time: r.now}
	r.nodes[name] = n.LoseVolume("gone-" + name)
	r.claims[name]++
	delete(r.storage, datacenter.Claim(name))
	delete(r.leaving, name)
}

// calmAfterTick ticks, and counts how many rounds in a row nothing was to be done: by the operators, which say themselves
// whether they were done, and by Kubernetes.
func (w *world) calmAfterTick(calm int, done bool) int {
	if !done {
		w.tick()
		return 0
	}
	before := w.picture()
	if w.tick(); !w.looksLike(before) {
		return 0
	}
	return calm + 1
}

// tick lets a second pass: StatefulSets, kubelets and Cassandra do their work.
func (w *world) tick() {
	w.now = w.now.Add(1e9)
	for _, r := range w.regions {
		r.endPods()
		r.endSets()
		r.resizeVolumes()
		for _, rack := range slices.Sorted(maps.Keys(r.sets)) {
			r.makePods(r.sets[rack], rack)
		}
	}
	w.cassie.Advance()
	for _, r := range w.regions {
		for name := range r.pods {
			r.probe(name)
		}
		_ = r.downByHand("") // forgets those that are back
		r.countPods()
	}
}

// picture is a copy of what the StatefulSets' controller and the kubelets have made.
func (w *world) picture() (all []any) {
	for _, r := range w.regions {
		pods, sets := map[string]*corev1.Pod{}, map[string]*appsv1.StatefulSet{}
		for name, pod := range r.pods {
			pods[name] = pod.DeepCopy()
		}
		for name, set := range r.sets {
			sets[name] = set.DeepCopy()
		}
		all = append(all, pods, sets)
	}
	return all
}

// looksLike tells whether nothing has changed since a picture was taken.
func (w *world) looksLike(picture []any) bool {
	for i, r := range w.regions {
		if !equality.Semantic.DeepEqual(picture[2*i], r.pods) || !equality.Semantic.DeepEqual(picture[2*i+1], r.sets) {
			return false
		}
	}
	return true
}

func (r *region) endPods() {
	for name, pod := range r.pods {
		if pod.DeletionTimestamp != nil {
			delete(r.pods, name)
			r.endClaims(name)
		}
	}
}

// makePods is the controller of StatefulSets, with OnDelete.
func (r *region) makePods(set *appsv1.StatefulSet, rack string) {
	set.Status.ObservedGeneration, set.Status.UpdateRevision = set.Generation, revision(set.Spec.Template)
	for name, pod := range r.pods {
		if at, ok := ordinal(name, set.Name); ok && at >= int(*set.Spec.Replicas) && pod.DeletionTimestamp == nil {
			if n := r.nodes[name]; n != nil && n.Member() && *set.Spec.Replicas > 0 {
				r.world.broken = append(r.world.broken, name+" is removed and has not left the ring")
			}
			r.kill(name)
		}
	}
	for i := range int(*set.Spec.Replicas) {
		name := fmt.Sprintf("%s-%d", set.Name, i)
		pod := r.pods[name]
		if pod == nil {
			r.makePod(set, name)
			continue
		}
		if metav1.GetControllerOf(pod) == nil {
			pod.OwnerReferences = controlledBy(set)
		}
		if pod.Status.PodIP == "" {
			r.runPod(pod, rack)
		}
	}
}

func (r *region) makePod(set *appsv1.StatefulSet, name string) {
	r.serial++
	r.pods[name] = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(strconv.Itoa(r.serial)), CreationTimestamp: metav1.Time{Time: r.now}, Labels: maps.Clone(set.Spec.Template.Labels), Annotations: maps.Clone(set.Spec.Template.Annotations),
			OwnerReferences: controlledBy(set)},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	if r.ailmentOf(r.pods[name]).unmade {
		delete(r.pods, name)
		return
	}
	delete(r.unclaimed, name)
	r.pods[name].Status.Phase = corev1.PodPending
	r.makeClaims(set, name)
	r.pods[name].Labels[appsv1.ControllerRevisionHashLabelKey] = set.Status.UpdateRevision
}

// runPod gives a pod its address and starts its agent.
func (r *region) runPod(pod *corev1.Pod, rack string) {
	if r.held || r.unplaced[pod.Name] || r.unclaimed[pod.Name] || r.configOf(pod) == "" {
		return
	}
	ailment := r.ailmentOf(pod)
	if ailment.stops(pod) {
		return
	}
	r.serial++
	pod.Status.PodIP = fmt.Sprintf("10.0.%d.%d", slices.Index(r.regions, r), r.serial)
	pod.Spec.NodeName, pod.Status.Phase = "node", corev1.PodRunning
	if n := r.nodes[pod.Name]; n != nil {
		n.Move(pod.Status.PodIP)
	} else {
		r.nodes[pod.Name] = r.cassie.Add(pod.Status.PodIP, r.dc.Name, rack)
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "cassandra", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	words := ailment.refuses
	if strings.Contains(r.configOf(pod), "no_such_key") {
		words = "Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml"
	}
	r.nodes[pod.Name].RefuseConfig(words)
}

// probe is the kubelet's view of a pod.
func (r *region) probe(name string) {
	pod, node := r.pods[name], r.nodes[name]
	if pod.Status.PodIP == "" || pod.DeletionTimestamp != nil {
		return
	}
	status, err := node.Status(context.Background())
	is := corev1.ConditionFalse
	if err == nil && status.State == mgmtapi.Running && status.NativeTransport && !r.ailmentOf(pod).unready {
		is = corev1.ConditionTrue
	}
	since := metav1.Time{Time: r.now}
	if before := pod.Status.Conditions; len(before) > 0 && before[0].Status == is {
		since = before[0].LastTransitionTime
	}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: is, LastTransitionTime: since}}
	if words := node.Terminated(); words != "" {
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: words}
	}
}

func (r *region) readPods(s *datacenter.State) {
	for _, name := range slices.SortedFunc(maps.Keys(r.pods), datacenter.ComparePods) {
		pod := r.pods[name].DeepCopy()
		at := r.positionOf(name)
		var sets []appsv1.StatefulSet
		if set := r.sets[at.Rack]; set != nil {
			sets = append(sets, *set)
		}
		mine := len(datacenter.OwnPods(s.DC, sets, []corev1.Pod{*pod})) == 1
		if !mine && len(sets) > 0 { // as the controller's loop sees it
			continue
		}
		one := datacenter.FromPod(pod, at)
		if r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec != nil {
			one.Claim, one.ClaimDeleting = fmt.Sprintf("%s-volume-%d", name, r.claims[name]), r.leaving[name]
		}
		if r.unclaimed[name] && len(s.ClaimsAwaited(&one)) > 0 {
			one.Unclaimed = datacenter.Claim(name)
		}
		if mine && pod.Status.PodIP != "" && pod.DeletionTimestamp == nil {
			if status, err := r.cassie.Dial(pod.Status.PodIP).Status(context.Background()); err == nil {
				one.Agent, one.Status = true, status
			}
		}
		s.Pods = append(s.Pods, one)
	}
}

func (r *region) readRing(s *datacenter.State) {
	ctx := context.Background()
	for _, pod := range s.LeaverLast() {
		if pod.Status.State != mgmtapi.Running || pod.Status.GossipStopped {
			continue
		}
		n := r.cassie.Dial(pod.IP)
		s.Ringview, _ = n.Endpoints(ctx)
		if s.Schemas = datacenter.GossipedSchemas(s.Ringview); !s.DC.Status.IsTrue(api.DatacenterInitialized) {
			versions, _ := n.SchemaVersions(ctx)
			delete(versions, "UNREACHABLE")
			s.Schemas = len(versions)
		}
		s.Replication = map[string]map[string]string{}
		users, _ := s.UserKeyspaces()
		keyspaces := append(slices.Collect(maps.Keys(users)), topology.SystemKeyspaces...)
		if s.AllKeyspaces() {
			keyspaces, _ = n.Keyspaces(ctx)
			s.AllReplication = true
		}
		for _, k := range keyspaces {
			if replication, err := n.Replication(ctx, k); err == nil {
				s.Replication[k] = replication
			}
		}
		if s.ObservesKeyspaces() {
			s.Keyspaces = map[string]map[string]string{}
			names, _ := n.Keyspaces(ctx)
			for _, k := range slices.DeleteFunc(names, func(k string) bool { return !datacenter.IsUsers(k) }) {
				s.Keyspaces[k], _ = n.Replication(ctx, k)
			}
		}
		if roles, err := n.Roles(ctx); err == nil {
			s.Roles = []string{}
			for _, role := range roles {
				s.Roles = append(s.Roles, role.Name)
			}
		}
		return
	}
}

func ready(pod *corev1.Pod) bool {
	return len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue
}

func ordinal(pod, set string) (n int, ok bool) {
	rest, ok := strings.CutPrefix(pod, set+"-")
	if !ok {
		return 0, false
	}
	_, err := fmt.Sscan(rest, &n)
	return n, err == nil
}

func revision(template corev1.PodTemplateSpec) string {
	data, _ := json.Marshal(template)
	return fmt.Sprintf("%x", sha256.Sum256(data))[:8]
}
