package datacenter_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// applyBudget is a write of the datacenter's PodDisruptionBudget.
func (r *region) applyBudget(b *policyv1.PodDisruptionBudget) {
	old := r.budget
	r.budget = b.DeepCopy()
	if r.budget.Generation = 1; old == nil {
		return
	}
	r.budget.Generation, r.budget.Status = old.Generation, old.Status
	if old.Spec.MinAvailable.String() != b.Spec.MinAvailable.String() {
		r.budget.Generation++
	}
}

// countPods is the controller of PodDisruptionBudgets. Between two of its looks its status is old.
func (r *region) countPods() {
	if r.budget == nil || r.lagging {
		return
	}
	status := &r.budget.Status
	status.ObservedGeneration, status.ExpectedPods, status.CurrentHealthy = r.budget.Generation, int32(len(r.pods)), 0
	for name, pod := range r.pods {
		if pod.DeletionTimestamp == nil && ready(pod) {
			status.CurrentHealthy++
		} else {
			delete(status.DisruptedPods, name)
		}
	}
	for name, at := range status.DisruptedPods {
		if r.now.Sub(at.Time) >= 2*time.Minute || r.pods[name] == nil { // it never came to a deletion
			delete(status.DisruptedPods, name)
		}
	}
	desired, _ := intstr.GetScaledValueFromIntOrPercent(r.budget.Spec.MinAvailable, len(r.pods), true)
	status.DesiredHealthy = int32(desired)
	status.DisruptionsAllowed = max(0, status.CurrentHealthy-status.DesiredHealthy)
}

// evict is the API server when kubectl drain asks for a pod.
func (r *region) evict(name string) error {
	pod := r.pods[name]
	if pod == nil || pod.DeletionTimestamp != nil {
		return nil
	}
	if b := r.budget; b != nil && pod.Status.Phase != corev1.PodPending {
		unready := !ready(pod) && b.Status.CurrentHealthy >= b.Status.DesiredHealthy && b.Status.DesiredHealthy > 0
		switch {
		case unready: // it needs no leave
		case b.Status.ObservedGeneration < b.Generation:
			return errors.New("the disruption budget is still being processed by the server")
		case b.Status.DisruptionsAllowed <= 0:
			return errors.New("cannot evict pod as it would violate the pod's disruption budget")
		default:
			b.Status.DisruptionsAllowed--
			b.Status.DisruptedPods = map[string]metav1.Time{name: {Time: r.now}}
		}
	}
	if other := r.downByHand(name); other != "" && ready(pod) {
		r.world.broken = append(r.world.broken, fmt.Sprintf("%s is evicted while %s is down by our own hand", name, other))
	}
	r.kill(name)
	return nil
}

// drains is what a person or an autoscaler does who evicts pods, at any moment: also between an operator's look and what follows from it.
func (r *region) drains(what, pod string) {
	switch what {
	case "evict":
		r.noteEviction(r.evict(pod))
	case "evict after": // before anybody has seen what the pass has done
		if !r.idle {
			r.pass(-1)
		}
		r.noteEviction(r.evict(pod))
	case "evict between":
		r.between = func() {
			r.between = nil
			r.noteEviction(r.evict(pod))
		}
		r.pass(-1)
	case "budgets lag", "budgets follow":
		r.lagging = what == "budgets lag"
	}
}

func (r *region) noteEviction(err error) {
	if err == nil {
		r.world.evicted++
	} else {
		r.world.refused++
	}
}

// downByHand names another node that the operator took down and that isn't back.
func (r *region) downByHand(besides string) string {
	for _, name := range slices.Sorted(maps.Keys(r.byHand)) {
		if pod := r.pods[name]; pod != nil && string(pod.UID) != r.byHand[name] && ready(pod) && pod.DeletionTimestamp == nil {
			delete(r.byHand, name)
			continue
		}
		if name != besides {
			return name
		}
	}
	return ""
}

// takeDown is what comes before a node is taken down: nobody is let go any more, and the others are looked at once more.
func (r *region) takeDown(s *datacenter.State, step datacenter.Step) error {
	var evicted map[string]metav1.Time
	if step.Budget != nil {
		r.applyBudget(step.Budget)
		r.objects["PodDisruptionBudget "+step.Budget.Name] = object{hash: step.Budget.Annotations[api.ResourceHashAnnotation]}
		evicted = r.budget.Status.DisruptedPods
	}
	var pods []corev1.Pod
	for _, pod := range r.pods {
		pods = append(pods, *pod)
	}
	if gone := s.GoneSince(pods, evicted, step.Pod.Name); gone != "" {
		return fmt.Errorf("pod %s is not as it was seen any more", gone)
	}
	r.watchTakenDown(s, step)
	r.watchTurn(step.Pod.Name)
	r.byHand[step.Pod.Name] = step.Pod.UID
	return nil
}
