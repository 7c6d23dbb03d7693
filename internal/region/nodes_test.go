package region

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestPodsAreAskedInTheOrderOfTheirReadiness(t *testing.T) {
	conditions := func(ready corev1.ConditionStatus) []corev1.PodCondition {
		return []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: ready}}
	}
	for _, c := range []struct {
		why  string
		pod  corev1.PodStatus
		want Order
	}{
		{"a pod that is ready", corev1.PodStatus{Phase: corev1.PodRunning, Conditions: conditions(corev1.ConditionTrue)}, Ready},
		{"a pod that runs and isn't ready", corev1.PodStatus{Phase: corev1.PodRunning, Conditions: conditions(corev1.ConditionFalse)}, Running},
		{"a pod that runs and says nothing yet", corev1.PodStatus{Phase: corev1.PodRunning}, Running},
		{"a pod that doesn't run", corev1.PodStatus{Phase: corev1.PodPending, Conditions: conditions(corev1.ConditionFalse)}, Down},
		{"a pod of which nothing is known", corev1.PodStatus{}, Down},
	} {
		if got := OrderOf(corev1.Pod{Status: c.pod}); got != c.want {
			t.Errorf("%s: %d, want %d", c.why, got, c.want)
		}
	}
}
