package controller

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// A pod is a node by its name in its rack; labels are anybody's to write.
func TestAPodWithTheLabelsIsNoNode(t *testing.T) {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
	dc.Spec.ClusterName, dc.Spec.DatacenterName = "Ring_One", "DC_1"
	dc.Spec.Racks = []api.Rack{{Name: "r_1"}, {Name: "r2"}}
	for _, test := range []struct {
		name, rack string
		want       bool
	}{
		{"ringone-dc1-r1-sts-0", "r_1", true},
		{"ringone-dc1-r2-sts-11", "r2", true},
		{"ringone-dc1-r1-sts-00", "r_1", false},
		{"ringone-dc1-r1-sts-0-copy-0", "r_1", false},
		{"debug-0", "r_1", false},
		{"ringone-dc1-r1-sts-0", "r2", false},
		{"ringone-dc1-r1-sts-0", "", false},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: test.name, Labels: map[string]string{api.RackLabel: test.rack}}}
		if at, is := positionOf(dc, dc.RackNames(), pod); is != test.want {
			t.Errorf("%s in rack %q: %v %t", test.name, test.rack, at, is)
		}
	}
}

// A pod that was force-deleted and is still in the cache doesn't have the claim of its successor.
func TestAClaimIsNotAnEarlierPods(t *testing.T) {
	at := func(second int) metav1.Time { return metav1.Unix(int64(second), 0) }
	for _, test := range []struct {
		why                      string
		made, scheduled, claimed int
		want                     bool
	}{
		{"a claim is made with its pod", 1, 1, 1, true},
		{"a pod comes back to its claim", 9, 9, 1, true},
		{"a person binds a claim anew while the pod waits for it", 1, 5, 4, true},
		{"a claim has no machine yet", 1, 0, 4, true},
		{"the claim is the next pod's", 1, 2, 9, false},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(test.made)}}
		if test.scheduled > 0 {
			pod.Spec.NodeName = "node"
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: at(test.scheduled)}}
		}
		c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(test.claimed)}}
		if got := mounted(c, pod); got != test.want {
			t.Errorf("%s: %t", test.why, got)
		}
	}
}
