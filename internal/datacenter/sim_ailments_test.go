package datacenter_test

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ailment is what is wrong with pods whose template, or configuration, has a text in it.
type ailment struct {
	text     string
	unmade   bool   // the API server doesn't take them
	unplaced string // no machine has what they ask for
	waiting  string // their containers don't start
	unnamed  bool   // and don't say why
	refuses  string // Cassandra ends with these words
	unready  bool   // Cassandra runs, and their probe never succeeds
}

// ailmentOf is that of a pod; none is the zero one.
func (r *region) ailmentOf(pod *corev1.Pod) ailment {
	data, _ := json.Marshal(pod.Spec)
	for _, a := range r.ailments {
		if strings.Contains(string(data), a.text) || strings.Contains(r.configOf(pod), a.text) {
			return a
		}
	}
	return ailment{}
}

// stops tells whether a pod gets no address, and shows why.
func (a ailment) stops(pod *corev1.Pod) bool {
	switch {
	case a.unplaced != "":
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: a.unplaced}}
	case a.waiting != "":
		pod.Spec.NodeName = "node"
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "cassandra", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: a.waiting}}}}
	case !a.unnamed:
		return false
	}
	return true
}
