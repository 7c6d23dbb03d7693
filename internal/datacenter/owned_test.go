package datacenter_test

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

func controlled(name, by string) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{Name: name, UID: types.UID(name)}
	if by != "" {
		meta.OwnerReferences = []metav1.OwnerReference{{Name: by, UID: types.UID(by), Controller: new(true)}}
	}
	return meta
}

// A pod is a datacenter's when a StatefulSet made it that the datacenter made.
func TestOwnPods(t *testing.T) {
	dc := &api.CassandraDatacenter{ObjectMeta: controlled("dc1", "")}
	sets := []appsv1.StatefulSet{{ObjectMeta: controlled("ours", "dc1")}, {ObjectMeta: controlled("theirs", "dc2")}, {ObjectMeta: controlled("nobodys", "")}}
	pods := []corev1.Pod{{ObjectMeta: controlled("node", "ours")}, {ObjectMeta: controlled("their-node", "theirs")}, {ObjectMeta: controlled("made-by-hand", "")},
		{ObjectMeta: controlled("jobs", "job")}, {ObjectMeta: controlled("unclaimed", "nobodys")}}
	own := datacenter.OwnPods(dc, sets, pods)
	if len(own) != 1 || own[0].Name != "node" {
		t.Errorf("%+v", own)
	}
}

// A StatefulSet that is gone to be made anew, and its pods that nobody controls meanwhile, are the datacenter's by the record
// of them. Another pod of their names isn't.
func TestOwnPodsOfASetThatIsMadeAnew(t *testing.T) {
	dc := &api.CassandraDatacenter{ObjectMeta: controlled("dc1", "")}
	dc.Annotations = map[string]string{datacenter.RemakingAnnotation: `{"of":"dc1","rack":"r1","set":{"metadata":{"name":"ours","uid":"ours","generation":2}},"pods":{"node":"node","gone":"gone"}}`}
	other := controlled("other", "other")
	other.Name = "gone"
	pods := []corev1.Pod{{ObjectMeta: controlled("node", "")}, {ObjectMeta: other}, {ObjectMeta: controlled("made-since", "ours")}, {ObjectMeta: controlled("by-hand", "")}}
	var names []string
	for _, pod := range datacenter.OwnPods(dc, nil, pods) {
		names = append(names, string(pod.UID))
	}
	if !slices.Equal(names, []string{"node", "made-since"}) {
		t.Errorf("own pods are %v", names)
	}
	if sets := datacenter.OwnSets(dc, nil); len(sets) != 1 || sets[0].Status.ObservedGeneration >= sets[0].Generation {
		t.Errorf("the set that is made anew isn't there, or counts as settled: %+v", sets)
	}
	anew := appsv1.StatefulSet{ObjectMeta: controlled("ours", "dc1")}
	anew.UID = "new"
	if sets := datacenter.OwnSets(dc, []appsv1.StatefulSet{anew}); len(sets) != 1 || sets[0].UID != "new" {
		t.Errorf("own sets are %+v", sets)
	}
	copied := dc.DeepCopy()
	copied.UID = "restored"
	if pods := datacenter.OwnPods(copied, nil, pods); len(pods) != 0 || len(datacenter.OwnSets(copied, nil)) != 0 {
		t.Errorf("the record of another datacenter gives it %+v", pods)
	}
	dc.Annotations[datacenter.RemakingAnnotation] = "{"
	if sets := datacenter.OwnSets(dc, nil); len(sets) != 0 {
		t.Errorf("a record that can't be read has %+v", sets)
	}
}
