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
	job := pod("job", "10.0.0.1", corev1.ConditionFalse)
	job.Status.Phase = corev1.PodSucceeded
	before := []corev1.Pod{job, pod("db", "10.0.0.2", corev1.ConditionTrue)}
	onHost := pod("agent", "10.0.0.9", corev1.ConditionTrue)
	onHost.Spec.HostNetwork = true
	for _, c := range []struct {
		why  string
		now  []corev1.Pod
		back bool
	}{
		{"just after the kill the API server still says what was", before, false},
		{"another address alone does not serve", []corev1.Pod{pod("db", "10.0.0.3", corev1.ConditionFalse)}, false},
		{"ready at another address; one that has ended is not waited for", []corev1.Pod{job, pod("db", "10.0.0.3", corev1.ConditionTrue)}, true},
		{"one that was deleted meanwhile is not waited for", nil, true},
	} {
		if err := notRolled(before, c.now); (err == nil) != c.back {
			t.Errorf("%s: got %v", c.why, err)
		}
	}
	again := pod("set-0", "10.0.0.5", corev1.ConditionTrue)
	again.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: "set", Controller: new(true)}}
	if err := notRolled([]corev1.Pod{again}, nil); err == nil {
		t.Error("a pod that its StatefulSet makes again counts as back before it is there")
	}
	if err := notRolled([]corev1.Pod{onHost}, []corev1.Pod{onHost}); err != nil {
		t.Errorf("a pod with its machine's address keeps it: got %v", err)
	}
}

func TestWhenANodesTurnComes(t *testing.T) {
	pod := func(node string, phase corev1.PodPhase, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{Spec: corev1.PodSpec{NodeName: node}, Status: corev1.PodStatus{Phase: phase, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}}}
	}
	serves := pod("node", corev1.PodRunning, corev1.ConditionTrue)
	for _, c := range []struct {
		why  string
		all  []corev1.Pod
		turn bool
	}{
		{"all serve", []corev1.Pod{serves, serves}, true},
		{"a pod of any node is still coming up", []corev1.Pod{serves, pod("other", corev1.PodRunning, corev1.ConditionFalse)}, false},
		{"one that has ended, or that no node has, serves nobody", []corev1.Pod{serves, pod("other", corev1.PodSucceeded, corev1.ConditionFalse), pod("", corev1.PodPending, corev1.ConditionFalse)}, true},
	} {
		if err := unready(c.all); (err == nil) != c.turn {
			t.Errorf("%s: got %v", c.why, err)
		}
	}
}
