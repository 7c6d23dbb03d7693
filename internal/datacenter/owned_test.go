package datacenter_test

import (
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
