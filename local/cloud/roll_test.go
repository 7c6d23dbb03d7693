package cloud

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhenANodesPodsAreBack(t *testing.T) {
	pod := func(name, address string, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Status: corev1.PodStatus{PodIP: address, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}}}
	}
	before := []corev1.Pod{pod("sick", "10.0.0.1", corev1.ConditionFalse), pod("db", "10.0.0.2", corev1.ConditionTrue)}
	onHost := pod("agent", "10.0.0.9", corev1.ConditionTrue)
	onHost.Spec.HostNetwork = true
	for _, c := range []struct {
		why  string
		now  []corev1.Pod
		back bool
	}{
		{"just after the kill the API server still says what was", before, false},
		{"another address alone does not serve", []corev1.Pod{pod("db", "10.0.0.3", corev1.ConditionFalse)}, false},
		{"ready at another address; one that did not serve before is not waited for", []corev1.Pod{pod("sick", "10.0.0.1", corev1.ConditionFalse), pod("db", "10.0.0.3", corev1.ConditionTrue)}, true},
		{"one that was deleted meanwhile is not waited for", nil, true},
	} {
		if err := notRolled(before, c.now); (err == nil) != c.back {
			t.Errorf("%s: got %v", c.why, err)
		}
	}
	if err := notRolled([]corev1.Pod{onHost}, []corev1.Pod{onHost}); err != nil {
		t.Errorf("a pod with its machine's address keeps it: got %v", err)
	}
}
