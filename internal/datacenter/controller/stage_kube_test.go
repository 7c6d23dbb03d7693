package controller_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// kubernetes lets a second pass: pods are made, run and ended as their
// StatefulSets say (strategy OnDelete), and Cassandra does what it was asked.
func (s *stage) kubernetes() {
	s.t.Helper()
	s.clock = s.clock.Add(time.Second)
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(s.t.Context(), &sets, client.InNamespace(s.ns)))
	wanted := map[string]bool{}
	for i := range sets.Items {
		if set := &sets.Items[i]; set.DeletionTimestamp.IsZero() {
			s.controlSet(set, wanted)
		} else {
			s.collect(set, wanted)
		}
	}
	s.resizeVolumes()
	s.endPods(wanted)
	s.ring.Advance()
	for name := range wanted {
		s.kubelet(name)
	}
	s.countPods()
}

// countPods is the controller of PodDisruptionBudgets.
func (s *stage) countPods() {
	s.t.Helper()
	var budgets policyv1.PodDisruptionBudgetList
	s.must(s.admin.List(s.t.Context(), &budgets, client.InNamespace(s.ns)))
	for i := range budgets.Items {
		budget := &budgets.Items[i]
		if budget.Spec.Selector == nil || budget.Spec.MinAvailable == nil { // somebody else's
			continue
		}
		var pods corev1.PodList
		s.must(s.admin.List(s.t.Context(), &pods, client.InNamespace(s.ns), client.MatchingLabels(budget.Spec.Selector.MatchLabels)))
		desired, err := intstr.GetScaledValueFromIntOrPercent(budget.Spec.MinAvailable, len(pods.Items), true)
		s.must(err)
		status := policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, ExpectedPods: int32(len(pods.Items)), DesiredHealthy: int32(desired)}
		for j := range pods.Items {
			if isReady(&pods.Items[j]) && pods.Items[j].DeletionTimestamp == nil {
				status.CurrentHealthy++
			}
		}
		status.DisruptionsAllowed = max(0, status.CurrentHealthy-status.DesiredHealthy)
		if reflect.DeepEqual(status, budget.Status) {
			continue
		}
		budget.Status = status
		s.must(s.admin.Status().Update(s.t.Context(), budget))
	}
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func items(t *testing.T, list client.ObjectList) (all []client.Object) {
	t.Helper()
	raw, err := meta.ExtractList(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range raw {
		all = append(all, o.(client.Object))
	}
	return all
}

func (s *stage) controlSet(set *appsv1.StatefulSet, wanted map[string]bool) {
	s.t.Helper()
	data, err := json.Marshal(set.Spec.Template)
	s.must(err)
	revision := fmt.Sprintf("%x", sha256.Sum256(data))[:8]
	if set.Status.ObservedGeneration != set.Generation || set.Status.UpdateRevision != revision {
		set.Status.ObservedGeneration, set.Status.UpdateRevision = set.Generation, revision
		s.must(s.admin.Status().Update(s.t.Context(), set))
	}
	for i := range int(*set.Spec.Replicas) {
		name := fmt.Sprintf("%s-%d", set.Name, i)
		wanted[name] = true
		pod := &corev1.Pod{}
		err := s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, pod)
		switch {
		case client.IgnoreNotFound(err) == nil && err != nil:
			s.makePod(set, name, revision)
		case metav1.GetControllerOf(pod) == nil:
			pod.OwnerReferences = append(pod.OwnerReferences, *metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet")))
			s.must(s.admin.Update(s.t.Context(), pod))
		}
	}
}

// collect is the garbage collector's part in a deletion that leaves the pods.
func (s *stage) collect(set *appsv1.StatefulSet, wanted map[string]bool) {
	s.t.Helper()
	var pods corev1.PodList
	s.must(s.admin.List(s.t.Context(), &pods, client.InNamespace(s.ns)))
	for i := range pods.Items {
		if pod := &pods.Items[i]; metav1.IsControlledBy(pod, set) {
			wanted[pod.Name] = true
			pod.OwnerReferences = nil
			s.must(s.admin.Update(s.t.Context(), pod))
		}
	}
	set.Finalizers = nil
	s.must(s.admin.Update(s.t.Context(), set))
}

// resizeVolumes is the provisioner of claims with a StorageClass: it binds them, and makes their volumes larger.
func (s *stage) resizeVolumes() {
	s.t.Helper()
	var claims corev1.PersistentVolumeClaimList
	s.must(s.admin.List(s.t.Context(), &claims, client.InNamespace(s.ns)))
	for i := range claims.Items {
		c := &claims.Items[i]
		if want := c.Spec.Resources.Requests; c.Spec.StorageClassName != nil && c.Status.Capacity.Storage().Cmp(*want.Storage()) < 0 {
			c.Status.Phase, c.Status.Capacity = corev1.ClaimBound, want
			s.must(s.admin.Status().Update(s.t.Context(), c))
		}
	}
}

func (s *stage) makePod(set *appsv1.StatefulSet, name, revision string) {
	s.t.Helper()
	spec := *set.Spec.Template.Spec.DeepCopy()
	for _, c := range set.Spec.VolumeClaimTemplates {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: c.Name + "-" + name, Labels: c.Labels}, Spec: c.Spec}
		claim.Spec.VolumeName = "pv-of-" + claim.Name // as the scheduler and the volumes' controllers leave it
		_ = s.admin.Create(s.t.Context(), claim)      // it may be there
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: c.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name}}})
	}
	labels := maps.Clone(set.Spec.Template.Labels)
	labels[appsv1.ControllerRevisionHashLabelKey] = revision
	s.must(s.admin.Create(s.t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name, Labels: labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}}, Spec: spec}))
}

// endPods deletes pods beyond the replicas. Pods that are being deleted are gone at once, as
// there is no kubelet.
func (s *stage) endPods(wanted map[string]bool) {
	s.t.Helper()
	var pods corev1.PodList
	s.must(s.admin.List(s.t.Context(), &pods, client.InNamespace(s.ns)))
	for i := range pods.Items {
		if !wanted[pods.Items[i].Name] && metav1.GetControllerOf(&pods.Items[i]) != nil { // nobody ends a pod that nobody controls
			s.must(client.IgnoreNotFound(s.admin.Delete(s.t.Context(), &pods.Items[i], client.GracePeriodSeconds(0))))
		}
	}
}

// kubelet runs a pod, and says how it does.
func (s *stage) kubelet(name string) {
	s.t.Helper()
	pod := s.pod(name)
	if pod.Status.PodIP == "" {
		s.runPod(pod)
	}
	node := s.nodes[name]
	status, err := node.Status(s.t.Context())
	s.must(err)
	is := corev1.ConditionFalse
	if status.State == mgmtapi.Running && status.NativeTransport {
		is = corev1.ConditionTrue
	}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: is}}
	if words := node.Terminated(); words != "" {
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: words}
	}
	s.must(s.admin.Status().Update(s.t.Context(), pod))
}

// loseVolume deletes a pod with the claim of its data.
func (s *stage) loseVolume(name string) {
	s.t.Helper()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "server-data-" + name}}
	s.must(s.admin.Delete(s.t.Context(), claim))
	s.must(s.admin.Delete(s.t.Context(), s.pod(name), client.GracePeriodSeconds(0)))
	s.must(s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(claim), claim))
	claim.Finalizers = nil // no controller takes kubernetes.io/pvc-protection off
	s.must(client.IgnoreNotFound(s.admin.Update(s.t.Context(), claim)))
	s.nodes[name] = s.nodes[name].LoseVolume("gone")
}

func (s *stage) runPod(pod *corev1.Pod) {
	s.serial++
	address := fmt.Sprintf("10.0.0.%d", s.serial)
	if node := s.nodes[pod.Name]; node != nil {
		node.Move(address)
	} else {
		s.nodes[pod.Name] = s.ring.Add(address, "dc1", pod.Labels[api.RackLabel])
	}
	pod.Status.PodIP, pod.Status.PodIPs, pod.Status.Phase = address, []corev1.PodIP{{IP: address}}, corev1.PodRunning
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "cassandra", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	words := ""
	for _, e := range pod.Spec.Containers[0].Env {
		if e.Name == "CONFIG_FILE_DATA" && strings.Contains(e.Value, "no_such_key") {
			words = "Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml"
		}
	}
	s.nodes[pod.Name].RefuseConfig(words)
}
